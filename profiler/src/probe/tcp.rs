//! TCP: retransmissions of the host, and the connections of each listening port. The list of all connections is dear on a
//! busy server, so it is read in full looks only.

use std::collections::BTreeMap;

use super::HostProbe;
use crate::observer::Depth;
use crate::reading::{HostReading, ListeningPort};
use crate::system::System;

pub(super) const RETRANSMISSIONS: HostProbe = HostProbe {
    name: "tcp",
    about: "segments that TCP has sent again",
    file: "proc/net/snmp",
    depth: Depth::Quick,
    parse: retransmissions,
};

pub(super) const PORTS: HostProbe = HostProbe {
    name: "ports",
    about: "for each listening TCP port its connections by state, backlog and retransmissions under way",
    file: "proc/net/tcp",
    depth: Depth::Full,
    parse: ports,
};

/// The line of names precedes that of numbers.
fn retransmissions(text: &str, _: &System, reading: &mut HostReading) {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (Some(names), Some(numbers)) = (lines.next(), lines.next()) else {
        return;
    };
    let mut pairs = names.split(' ').zip(numbers.split(' '));
    let found = pairs.find(|(name, _)| *name == "RetransSegs");
    reading.detail.tcp_retransmissions = found.and_then(|(_, number)| number.parse().ok());
}

fn ports(text: &str, system: &System, reading: &mut HostReading) {
    let six = system.text("proc/net/tcp6").unwrap_or_default();
    let sockets: Vec<Socket> = text
        .lines()
        .chain(six.lines())
        .filter_map(Socket::parse)
        .collect();
    let mut ports: BTreeMap<u16, ListeningPort> = BTreeMap::new();
    for socket in sockets.iter().filter(|socket| socket.state == LISTEN) {
        let port = ports.entry(socket.port).or_default();
        port.port = socket.port;
        port.backlog = port.backlog.saturating_add(socket.waiting);
    }
    for socket in &sockets {
        let Some(port) = ports.get_mut(&socket.port) else {
            continue;
        };
        match socket.state {
            ESTABLISHED => port.established += 1,
            CLOSE_WAIT => port.close_wait += 1,
            TIME_WAIT => port.time_wait += 1,
            _ => {}
        }
        if socket.state != LISTEN {
            port.retransmitting = port.retransmitting.saturating_add(socket.retransmissions);
        }
    }
    reading.detail.ports = ports.into_values().collect();
}

const ESTABLISHED: u8 = 0x01;
const TIME_WAIT: u8 = 0x06;
const CLOSE_WAIT: u8 = 0x08;
const LISTEN: u8 = 0x0a;

/// A line of `/proc/net/tcp`: all numbers but two are hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Socket {
    port: u16,
    state: u8,
    /// Bytes to be read, or of a listening socket the connections to be accepted.
    waiting: u32,
    retransmissions: u32,
}

impl Socket {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (_, port) = words.next()?.rsplit_once(':')?;
        let state = words.nth(1)?;
        let (_, waiting) = words.next()?.split_once(':')?;
        let retransmissions = words.nth(1)?;
        Some(Self {
            port: u16::from_str_radix(port, 16).ok()?,
            state: u8::from_str_radix(state, 16).ok()?,
            waiting: u32::from_str_radix(waiting, 16).ok()?,
            retransmissions: u32::from_str_radix(retransmissions, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_at_the_port_that_they_came_to() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
             1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 01:00000020 00000002     0        0 2 1 0 100 0 0 10 0\n\
             2: 0100007F:1F90 0100007F:C002 08 00000000:00000001 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0\n\
             3: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0\n\
             4: 0100007F:1F90 0100007F:C003 06 00000000:00000000 03:00000F00 00000000     0        0 0 3 0\n";
        let mut reading = HostReading::default();
        let folder = std::env::temp_dir().join("no-such-machine");
        let facts = *System::live().facts();
        ports(text, &System::recorded(&folder, facts), &mut reading);
        let expected = ListeningPort {
            port: 8080,
            established: 1,
            close_wait: 1,
            time_wait: 1,
            backlog: 3,
            retransmitting: 2,
        };
        assert_eq!(reading.detail.ports, [expected]);
    }

    #[test]
    fn the_column_is_found_by_its_name() {
        let text = "Ip: Forwarding\nIp: 2\nTcp: RtoMin RetransSegs InErrs\nTcp: 200 17 3\n";
        let mut reading = HostReading::default();
        retransmissions(text, &System::live(), &mut reading);
        assert_eq!(reading.detail.tcp_retransmissions, Some(17));
    }
}
