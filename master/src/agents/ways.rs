//! The ways to the profilers: over TCP, encrypted where there is a key, or through ssh, which starts and ends them.

use autoperf_profiler::client::ssh::{Program, Ssh, Target};
use autoperf_profiler::client::{Client, ClientError};
use autoperf_profiler::wire::key::Key;
use std::path::PathBuf;
use std::time::Duration;

/// How long an agent may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The same through ssh, after it has started it: a program just sent begins with a look at the whole machine.
const FIRST_WORD_WITHIN: Duration = Duration::from_secs(20);
/// The agent's own program, as it is installed beside this one.
const AGENT: &str = "autoperf-profiler";

/// How a user wants the profilers to be reached. By default over TCP without encryption.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// The key for connections over TCP.
    pub key: Option<Key>,
    /// Nodes, by their names in the input files, whose profilers ssh starts.
    pub through_ssh: Vec<(String, Target)>,
    /// The ssh program and its options.
    pub ssh_command: Vec<String>,
}

/// The way to one profiler.
#[derive(Debug)]
pub(super) enum Way {
    /// To a profiler that listens.
    Tcp {
        /// Host and port.
        address: String,
        /// The key, where it wants one.
        key: Option<Key>,
    },
    /// To one that ssh starts.
    Ssh(Box<Ssh>),
}

impl Ways {
    /// The first node of a way that the run does not have.
    #[must_use]
    pub fn without_node<'a>(&'a self, nodes: &[&str]) -> Option<&'a str> {
        let mut named = self.through_ssh.iter().map(|(node, _)| node.as_str());
        named.find(|named| !nodes.contains(named))
    }

    /// The way to a node's profiler.
    pub(super) fn to(&self, node: &str, port: u16) -> Way {
        match self.through_ssh.iter().find(|(named, _)| named == node) {
            Some((_, target)) => Way::Ssh(Box::new(Ssh {
                command: self.ssh_command.clone(),
                target: target.clone(),
                program: program(),
            })),
            None => Way::Tcp {
                address: address(node, port),
                key: self.key.clone(),
            },
        }
    }
}

impl Way {
    /// What errors call it.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Tcp { address, .. } => address.clone(),
            Self::Ssh(ssh) => ssh.target.to_string(),
        }
    }

    /// How the journal calls it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Tcp { key: None, .. } => String::new(),
            Self::Tcp { key: Some(_), .. } => ", encrypted".into(),
            Self::Ssh(ssh) => format!(", started by {}", ssh.target),
        }
    }

    /// Goes it.
    pub(super) fn connect(&self) -> Result<Client, ClientError> {
        match self {
            Self::Tcp { address, key: None } => Client::connect(address, ANSWER_WITHIN),
            Self::Tcp {
                address,
                key: Some(key),
            } => Client::connect_secured(address, ANSWER_WITHIN, key),
            Self::Ssh(ssh) => ssh.start(FIRST_WORD_WITHIN),
        }
    }

    /// Whether its agents end with their connections.
    pub(super) const fn starts_agents(&self) -> bool {
        matches!(self, Self::Ssh(_))
    }
}

/// What is sent along: the agent's own program where it lies beside this one, else this one, which carries the agent inside.
fn program() -> Program {
    let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let beside = own.with_file_name(AGENT);
    if beside.is_file() {
        Program {
            path: beside,
            words: Vec::new(),
        }
    } else {
        Program {
            path: own,
            words: vec!["profiler".into()],
        }
    }
}

fn address(node: &str, port: u16) -> String {
    if node.contains(':') && !node.starts_with('[') {
        format!("[{node}]:{port}")
    } else {
        format!("{node}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_reached_as_the_user_wants() {
        let ways = Ways {
            key: Some(Key::random().unwrap()),
            through_ssh: vec![("web".into(), "ssh://ann@web.example".parse().unwrap())],
            ssh_command: vec!["ssh".into()],
        };
        assert_eq!(ways.to("web", 1).address(), "ssh://ann@web.example");
        assert_eq!(ways.to("::1", 2).address(), "[::1]:2");
        assert_eq!(ways.to("db", 3).describe(), ", encrypted");
        assert_eq!(ways.without_node(&["db", "web"]), None);
        assert_eq!(ways.without_node(&["db"]), Some("web"));
    }
}
