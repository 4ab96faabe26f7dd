//! How the profilers are reached, as the command line says it.

use crate::agents::ways::Ways;
use autoperf_inputs::Workload;
use autoperf_profiler::client::ssh::Target;
use autoperf_profiler::wire::key::Key;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How the profilers are reached.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Profilers {
    /// Let ssh start (and end) the profiler of a node, instead of connecting to one that listens. The node is the one of that
    /// host's name in the input files, or NODE. May be given for each node.
    #[arg(long = "agent", value_name = "[NODE=]ssh://[USER@]HOST[:PORT]", value_parser = agent)]
    pub agents: Vec<(String, Target)>,
    /// Encrypt connections to profilers that listen, with the key in this file (see `autoperf key new`).
    #[arg(long, value_name = "FILE")]
    pub agent_key: Option<PathBuf>,
    /// The ssh program, with options that it needs.
    #[arg(long, value_name = "COMMAND", default_value = "ssh")]
    pub ssh: String,
}

impl Profilers {
    /// The ways that were asked for.
    ///
    /// # Errors
    /// An unusable key file, or a node that the workload does not have, as text.
    pub fn ways(&self, workload: &Workload) -> Result<Ways, String> {
        let key = self.agent_key.as_deref().map(Key::read).transpose();
        let ways = Ways {
            key: key.map_err(|reason| format!("autoperf: {reason}"))?,
            through_ssh: self.agents.clone(),
            ssh_command: self.ssh.split_whitespace().map(str::to_owned).collect(),
        };
        if ways.ssh_command.is_empty() && !ways.through_ssh.is_empty() {
            return Err("autoperf: --ssh names no program".into());
        }
        let nodes: BTreeSet<&str> = workload.nodes.iter().map(|info| info.node.as_str()).collect();
        let nodes: Vec<&str> = nodes.into_iter().collect();
        match ways.without_node(&nodes) {
            None => Ok(ways),
            Some(node) => Err(format!(
                "autoperf: --agent: no profiled process is on a node called `{node}`\n  expected: {}\n  hint: NODE=ssh://... \
                 where the input files call the host otherwise",
                if nodes.is_empty() {
                    "input files with a <NodeInfo>".to_owned()
                } else {
                    format!("one of {}", nodes.join(", "))
                }
            )),
        }
    }
}

fn agent(text: &str) -> Result<(String, Target), String> {
    let (node, address) = match text.split_once('=') {
        Some((node, address)) if !node.is_empty() => (Some(node), address),
        _ => (None, text),
    };
    let target: Target = address.parse()?;
    let node = node.unwrap_or_else(|| target.host()).to_owned();
    Ok((node, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_its_host_or_beside_it() {
        let (node, target) = agent("ssh://ann@web:22").unwrap();
        assert_eq!(
            (node.as_str(), target.to_string().as_str()),
            ("web", "ssh://ann@web:22")
        );
        let (node, target) = agent("10.0.0.1=ssh://web").unwrap();
        assert_eq!((node.as_str(), target.host()), ("10.0.0.1", "web"));
        assert!(agent("web:22").is_err() && agent("=ssh://web").is_err());
    }
}
