//! An agent that ssh starts: a real sshd on loopback with keys and settings of its own, where one is installed.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use autoperf_profiler::client::ClientError;
use autoperf_profiler::client::ssh::{Program, Ssh};

use crate::stage::{Load, Running};

const PATIENCE: Duration = Duration::from_secs(20);

/// A ssh server, and what one needs to get in.
struct Site {
    _server: Running,
    folder: PathBuf,
    port: u16,
}

impl Site {
    /// Starts one whose users' programs are found in `path`; the reason where there is none here.
    fn start(name: &str, path: &str) -> Result<Self, String> {
        let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let sshd = sshd.ok_or("no sshd here")?;
        let folder = std::env::temp_dir().join(format!("autoperf-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("runtime")).unwrap();
        for key in ["host", "user", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join(key));
            keygen
                .status()
                .map_err(|error| format!("no ssh-keygen here: {error}"))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let place = folder.display();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
             SetEnv XDG_RUNTIME_DIR={place}/runtime PATH={path}\n"
        );
        std::fs::write(folder.join("sshd_config"), settings).unwrap();
        let host_key = std::fs::read_to_string(folder.join("host.pub")).unwrap();
        std::fs::write(folder.join("known"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        std::fs::write(folder.join("unknown"), "").unwrap();
        // Where it drops privileges, it wants a folder that a service manager makes otherwise.
        let _ = std::fs::create_dir_all("/run/sshd");
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut server = Command::new(sshd);
        server.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        let mut server = Running(
            server
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap(),
        );
        let mut left = 1000;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            left -= 1;
            if server.0.try_wait().unwrap().is_some() || left == 0 {
                let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
                let _ = std::fs::remove_dir_all(&folder);
                return Err(format!("sshd does not start here: {log}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self {
            _server: server,
            folder,
            port,
        })
    }

    fn ssh(&self) -> Ssh {
        self.ssh_with("user", "known")
    }

    fn ssh_with(&self, identity: &str, known: &str) -> Ssh {
        let place = self.folder.display();
        let command = format!(
            "ssh -F none -o IdentitiesOnly=yes -o IdentityFile={place}/{identity} -o UserKnownHostsFile={place}/{known}"
        );
        Ssh {
            command: command.split(' ').map(str::to_owned).collect(),
            target: format!("ssh://127.0.0.1:{}", self.port).parse().unwrap(),
            program: Program {
                path: env!("CARGO_BIN_EXE_autoperf-profiler").into(),
                words: Vec::new(),
            },
        }
    }

    /// Agents that were sent here and are alive.
    fn sent(&self) -> Vec<u32> {
        let ours = self.folder.join("runtime");
        let listed = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = listed.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| {
            std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path.starts_with(&ours))
        })
        .collect()
    }

    fn files_left(&self) -> usize {
        std::fs::read_dir(self.folder.join("runtime")).unwrap().count()
    }

    fn wait_for_end(&self) {
        let mut left = 1000;
        while !self.sent().is_empty() && left > 0 {
            left -= 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!((self.sent(), self.files_left()), (Vec::new(), 0));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn site(name: &str, path: &str) -> Option<Site> {
    Site::start(name, path)
        .inspect_err(|reason| eprintln!("not tested: {reason}"))
        .ok()
}

#[test]
fn an_agent_is_sent_works_and_leaves_nothing_behind() {
    let Some(site) = site("sent", "/usr/bin:/bin") else {
        return;
    };
    let _load = Load::start("sshload", "single", 5);
    let mut client = site.ssh().start(PATIENCE).unwrap();
    client.watch(&["sshload".into()]).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let drained = client.drain(0).unwrap();
    assert!(drained.readings.len() >= 2, "it samples by itself");
    assert_eq!(drained.readings[0].groups[0].processes, 1);
    assert_eq!(
        (site.sent().len(), site.files_left()),
        (1, 0),
        "its file is gone while it works"
    );
    let comm = std::fs::read_to_string(format!("/proc/{}/comm", site.sent()[0])).unwrap();
    assert_eq!(comm, "autoperf-profil\n");
    drop(client);
    site.wait_for_end();
}

#[test]
fn a_broken_connection_ends_the_agent_and_another_can_be_started() {
    let Some(site) = site("broken", "/usr/bin:/bin") else {
        return;
    };
    let mut client = site.ssh().start(PATIENCE).unwrap();
    let ssh = rustix::process::Pid::from_raw(client.agent_process().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(ssh, rustix::process::Signal::KILL).unwrap();
    let broken = client.snapshot();
    assert!(matches!(broken, Err(ClientError::Broken { .. })), "{broken:?}");
    assert!(client.reconnect().is_err());
    site.wait_for_end();
    assert!(site.ssh().start(PATIENCE).is_ok());
    site.wait_for_end();
}

#[test]
fn an_agent_that_is_installed_there_is_used() {
    let own = Path::new(env!("CARGO_BIN_EXE_autoperf-profiler"))
        .parent()
        .unwrap();
    let Some(site) = site("installed", &format!("{}:/usr/bin:/bin", own.display())) else {
        return;
    };
    let mut ssh = site.ssh();
    ssh.program.path = "/no/such/program".into();
    let client = ssh.start(PATIENCE).unwrap();
    assert_eq!(client.hello().version, env!("CARGO_PKG_VERSION"));
    assert!(site.sent().is_empty());
}

#[test]
fn what_fails_is_said_with_the_reason() {
    let Some(site) = site("refused", "/usr/bin:/bin") else {
        return;
    };
    let reason = |ssh: &Ssh| match ssh.start(PATIENCE) {
        Err(ClientError::Unreachable { address, reason }) => {
            assert_eq!(address, format!("ssh://127.0.0.1:{}", site.port));
            reason
        }
        other => panic!("{other:?}"),
    };
    let stranger = reason(&site.ssh_with("stranger", "known"));
    assert!(stranger.contains("Permission denied"), "{stranger}");
    let unknown = reason(&site.ssh_with("user", "unknown"));
    assert!(unknown.contains("Host key verification failed"), "{unknown}");
    let mut lame = site.ssh();
    lame.program.path = site.folder.join("lame");
    std::fs::write(
        &lame.program.path,
        "#!/bin/sh\necho the C library is too old >&2\n",
    )
    .unwrap();
    let lame = reason(&lame);
    assert!(
        lame.contains("does not run there: the C library is too old"),
        "{lame}"
    );
    let mut nothing = site.ssh();
    nothing.command = vec!["/no/such/ssh".into()];
    assert!(reason(&nothing).contains("No such file"));
    assert_eq!(site.files_left(), 0);
}
