//! TCP: retransmissions of the host, and the connections of each listening port.
//!
//! The kernel's text file of all connections takes tenths of a second on a busy server, most of it for connections that are
//! over. Of the living machine the connections are therefore asked for over netlink, without those; a recorded machine has
//! the file.

use std::collections::BTreeMap;

use super::HostProbe;
use super::tcp::socket::Socket;
use crate::observer::Depth;
use crate::reading::{HostReading, ListeningPort};
use crate::system::System;

mod socket;

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
    file: "proc/net/sockstat",
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
    reading.detail.tcp_time_wait = time_wait(text);
    let sockets = if system.is_live() {
        socket::living().unwrap_or_default()
    } else {
        socket::recorded(system)
    };
    reading.detail.ports = by_port(&sockets);
}

/// `TCP: inuse 5 orphan 0 tw 3 alloc 8 mem 1`.
fn time_wait(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = line.split(' ').skip_while(|word| *word != "tw");
    words.nth(1)?.parse().ok()
}

fn by_port(sockets: &[Socket]) -> Vec<ListeningPort> {
    let mut ports: BTreeMap<u16, ListeningPort> = BTreeMap::new();
    for socket in sockets.iter().filter(|socket| socket.state == socket::LISTEN) {
        let port = ports.entry(socket.port).or_default();
        port.port = socket.port;
        port.backlog = port.backlog.saturating_add(socket.waiting);
    }
    for socket in sockets.iter().filter(|socket| socket.state != socket::LISTEN) {
        let Some(port) = ports.get_mut(&socket.port) else {
            continue;
        };
        port.established += u32::from(socket.state == socket::ESTABLISHED);
        port.close_wait += u32::from(socket.state == socket::CLOSE_WAIT);
        port.retransmitting = port.retransmitting.saturating_add(socket.retransmissions);
    }
    ports.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_at_the_port_that_they_came_to() {
        let socket = |port, state, waiting, retransmissions| Socket {
            port,
            state,
            waiting,
            retransmissions,
        };
        let sockets = [
            socket(8080, socket::LISTEN, 3, 0),
            socket(8080, socket::ESTABLISHED, 0, 2),
            socket(8080, socket::CLOSE_WAIT, 1, 0),
            socket(49153, socket::ESTABLISHED, 0, 9),
        ];
        let expected = ListeningPort {
            port: 8080,
            established: 1,
            close_wait: 1,
            backlog: 3,
            retransmitting: 2,
        };
        assert_eq!(by_port(&sockets), [expected]);
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "Ip: Forwarding\nIp: 2\nTcp: RtoMin RetransSegs InErrs\nTcp: 200 17 3\n";
        let mut reading = HostReading::default();
        retransmissions(text, &System::live(), &mut reading);
        assert_eq!(reading.detail.tcp_retransmissions, Some(17));
        assert_eq!(
            time_wait("sockets: used 9\nTCP: inuse 5 orphan 0 tw 28 alloc 8 mem 1\n"),
            Some(28)
        );
    }

    #[test]
    fn a_listening_socket_and_its_connection_are_found_here() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let _client = std::net::TcpStream::connect(address).unwrap();
        let mut reading = HostReading::default();
        ports("", &System::live(), &mut reading);
        let port = reading
            .detail
            .ports
            .iter()
            .find(|port| port.port == address.port());
        assert_eq!(
            port.map(|port| (port.established, port.backlog)),
            Some((1, 1)),
            "{:?}",
            reading.detail.ports
        );
    }
}
