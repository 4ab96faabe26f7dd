//! Packets of the network interfaces.

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::{HostReading, Interface};
use crate::system::System;

pub(super) const PROBE: HostProbe = HostProbe {
    name: "network",
    about: "bytes and error-free packets of each network interface and of all but loopback",
    file: "proc/net/dev",
    depth: Depth::Quick,
    parse,
};

fn parse(text: &str, _: &System, reading: &mut HostReading) {
    let (mut received, mut sent) = (0_u64, 0_u64);
    for interface in text.lines().filter_map(interface) {
        if interface.name == "lo" {
            reading.loopback_packets = Some(interface.packets_received);
        } else {
            received = received.saturating_add(interface.packets_received);
            sent = sent.saturating_add(interface.packets_sent);
        }
        reading.detail.interfaces.push(interface);
    }
    reading.packets_received = Some(received);
    reading.packets_sent = Some(sent);
}

/// The kernel's packet columns leave out those with errors already.
fn interface(line: &str) -> Option<Interface> {
    let (name, columns) = line.split_once(':')?;
    let numbers: Vec<u64> = columns
        .split_ascii_whitespace()
        .map_while(|column| column.parse().ok())
        .collect();
    let column = |index: usize| numbers.get(index).copied();
    Some(Interface {
        name: name.trim().to_owned(),
        bytes_received: column(0)?,
        packets_received: column(1)?,
        bytes_sent: column(8)?,
        packets_sent: column(9)?,
        errors: column(2)?.saturating_add(column(10)?),
        drops: column(3)?.saturating_add(column(11)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_counted_apart() {
        let text = "Inter-|   Receive                            |  Transmit\n face |bytes packets errs drop\n    \
                    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n  \
                    eth0: 231687634    5689    1    2    0     0          0         0   395256    3532    3    4    0     0       0          0\n  \
                    eth1:1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n";
        let mut reading = HostReading::default();
        parse(text, &System::live(), &mut reading);
        assert_eq!(reading.loopback_packets, Some(29));
        assert_eq!(
            (reading.packets_received, reading.packets_sent),
            (Some(5691), Some(3536))
        );
        let ethernet = &reading.detail.interfaces[1];
        assert_eq!(
            (ethernet.bytes_received, ethernet.bytes_sent),
            (231_687_634, 395_256)
        );
        assert_eq!((ethernet.errors, ethernet.drops), (4, 6));
    }
}
