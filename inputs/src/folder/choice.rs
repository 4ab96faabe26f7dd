//! Which path is meant: flags before names inside of files before standard names. Pure.

use std::path::{Component, Path, PathBuf};

/// A file that is wanted: the paths to try, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) candidates: Vec<PathBuf>,
    pub(super) naming: Naming,
    /// The folder that a name inside of a file must not leave; `None` for flags and standard names.
    pub(super) within: Option<PathBuf>,
}

/// Who named a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// A flag: it must be there.
    Flag,
    /// A name inside of another file: it should be there.
    Inside,
    /// Nobody: it may be there.
    Standard,
}

/// Folder of a file; empty for the current one.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Whether a path names the single file of our own form.
pub(super) fn is_single(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// A file by flag, else by a name inside of another file, else by its standard name in the current folder or beside
/// input.xml.
pub(super) fn wanted(
    flag: Option<&Path>,
    inside: Option<(&str, &Path)>,
    standard: &str,
    beside: &Path,
) -> Wanted {
    if let Some(flag) = flag {
        return Wanted {
            candidates: vec![flag.to_path_buf()],
            naming: Naming::Flag,
            within: None,
        };
    }
    if let Some((name, folder)) = inside {
        return Wanted {
            candidates: vec![folder.join(name)],
            naming: Naming::Inside,
            within: Some(folder.to_path_buf()),
        };
    }
    let mut candidates = vec![PathBuf::from(standard)];
    if !beside.as_os_str().is_empty() {
        candidates.push(beside.join(standard));
    }
    Wanted {
        candidates,
        naming: Naming::Standard,
        within: None,
    }
}

/// Whether a name, joined to a folder, stays in it as far as the name tells.
pub(super) fn stays_inside(name: &Path) -> bool {
    let mut depth = 0_usize;
    for component in name.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_names_before_standard_names() {
        let folder = Path::new("1");
        let by_flag = wanted(
            Some(Path::new("2/c.txt")),
            Some(("x", folder)),
            "cbmg.txt",
            folder,
        );
        assert_eq!(by_flag.candidates, [PathBuf::from("2/c.txt")]);
        let by_name = wanted(None, Some(("x", folder)), "cbmg.txt", folder);
        assert_eq!(by_name.candidates, [PathBuf::from("1/x")]);
        assert_eq!(by_name.within.as_deref(), Some(folder));
        let standard = wanted(None, None, "cbmg.txt", folder);
        assert_eq!(
            standard.candidates,
            [PathBuf::from("cbmg.txt"), PathBuf::from("1/cbmg.txt")]
        );
        assert_eq!(standard.naming, Naming::Standard);
    }

    #[test]
    fn names_that_lead_out_are_seen() {
        for inside in ["a", "a/b", "./a", "a/../b", ""] {
            assert!(stays_inside(Path::new(inside)), "{inside}");
        }
        for outside in ["..", "../a", "a/../../b", "/etc/passwd"] {
            assert!(!stays_inside(Path::new(outside)), "{outside}");
        }
    }
}
