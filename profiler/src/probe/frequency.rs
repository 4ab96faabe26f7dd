//! Frequency of the cores: what they run at, and what they are sold at. A virtual machine sees the latter only.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::HostReading;
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "frequency",
    about: "mean frequency of the cores now, and their nominal one",
    file: "proc/cpuinfo",
    depth: Depth::Full,
    parse,
};

fn parse(text: &str, system: &System, reading: &mut HostReading) {
    let by_governor = mean(
        cores(system, "scaling_cur_freq")
            .into_iter()
            .map(|khz| khz as f64 * 1e3),
    );
    let by_list = || mean(values(text, "cpu MHz").map(|mhz| mhz * 1e6));
    reading.detail.frequency_hz = by_governor.or_else(by_list);
    let base = cores(system, "base_frequency")
        .into_iter()
        .max()
        .map(|khz| khz * 1_000);
    reading.detail.frequency_nominal_hz = base.or_else(|| in_model_name(text));
}

fn values(text: &str, name: &str) -> impl Iterator<Item = f64> {
    let lines = text
        .lines()
        .filter_map(move |line| line.strip_prefix(name)?.split_once(':'));
    lines.filter_map(|(_, value)| value.trim().parse().ok())
}

/// A file of every core's frequency governor, kHz.
fn cores(system: &System, file: &str) -> Vec<u64> {
    let folder = "sys/devices/system/cpu";
    let names = system.list(folder);
    let cores = names.iter().filter(|name| {
        name.strip_prefix("cpu")
            .is_some_and(|rest| rest.parse::<u32>().is_ok())
    });
    cores
        .filter_map(|core| {
            system
                .text(&format!("{folder}/{core}/cpufreq/{file}"))?
                .trim()
                .parse()
                .ok()
        })
        .collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<u64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values.filter(|value| value.is_finite() && *value > 0.0) {
        sum += value;
        count += 1;
    }
    if count == 0 {
        None
    } else {
        Some((sum / f64::from(count)) as u64)
    }
}

/// `Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz`.
fn in_model_name(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let ghz: f64 = line
        .rsplit_once("@ ")?
        .1
        .trim()
        .strip_suffix("GHz")?
        .parse()
        .ok()?;
    if ghz.is_finite() && ghz > 0.0 {
        Some((ghz * 1e9) as u64)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_governor_the_list_of_processors_tells() {
        let folder = std::env::temp_dir().join("no-such-machine");
        let system = System::recorded(&folder, *System::live().facts());
        let text =
            "model name\t: Intel(R) Xeon(R) CPU @ 2.40GHz\ncpu MHz\t\t: 2000.0\n\ncpu MHz\t\t: 3000.0\n";
        let mut reading = HostReading::default();
        parse(text, &system, &mut reading);
        assert_eq!(reading.detail.frequency_hz, Some(2_500_000_000));
        assert_eq!(reading.detail.frequency_nominal_hz, Some(2_400_000_000));
        let mut none = HostReading::default();
        parse("", &system, &mut none);
        assert_eq!(
            (none.detail.frequency_hz, none.detail.frequency_nominal_hz),
            (None, None)
        );
    }
}
