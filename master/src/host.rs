//! The generator's own machine, in words.

use autoperf_models::grammar::counted;

/// Host name, kernel, cores and processor of this machine, as far as it tells.
#[must_use]
pub fn describe() -> String {
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(':')
                .map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown processor".to_owned());
    let (name, kernel) = (
        read("/proc/sys/kernel/hostname"),
        read("/proc/sys/kernel/osrelease"),
    );
    format!(
        "{name}, Linux {kernel}, {}, {processor}",
        counted(cores as u64, "core")
    )
}
