//! Limits of the system that the generator raises by itself where it may.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More descriptors than any run needs; the kernel's own ceiling is usually this or more.
const WANTED: u64 = 1 << 20;

/// Raises the limit on open descriptors as far as allowed; the limit that holds now.
pub fn raise_descriptors() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let hard = before.maximum.unwrap_or(WANTED);
    // Only a privileged process may raise the hard limit; then the soft one is raised to the hard one.
    let attempts = [WANTED.max(hard), hard];
    for limit in attempts {
        let wanted = Rlimit {
            current: Some(limit),
            maximum: Some(limit.max(hard)),
        };
        if before.current.is_some_and(|now| now < limit) && setrlimit(Resource::Nofile, wanted).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_reaches_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        assert!(raise_descriptors() >= hard.min(WANTED));
        assert!(raise_descriptors() >= hard.min(WANTED));
    }
}
