//! The load average.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::HostReading;
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "load",
    about: "processes that run or wait for a core or a disk, averaged over a minute",
    file: "proc/loadavg",
    depth: Depth::Quick,
    parse,
};

fn parse(text: &str, _: &System, reading: &mut HostReading) {
    let load: Option<f64> = text.split(' ').next().and_then(|word| word.parse().ok());
    reading.detail.load_1min = load.filter(|load| load.is_finite());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_the_minute_s() {
        let mut reading = HostReading::default();
        parse("9.06 8.46 6.18 12/171 32725\n", &System::live(), &mut reading);
        assert_eq!(reading.detail.load_1min, Some(9.06));
        parse("nan", &System::live(), &mut reading);
        assert_eq!(reading.detail.load_1min, None);
    }
}
