//! The arguments. By hand: the agent is small, and so is what it can be told.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// What the agent is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say what can be said.
    Help,
    /// Say its version.
    Version,
    /// Print a table of these groups.
    Once(Vec<String>),
    /// Serve clients.
    Serve(Serve),
    /// Serve one client over the standard input and output.
    Stdio,
    /// Write a new key to this file.
    NewKey(PathBuf),
    /// Record the machine in this folder.
    Capture(PathBuf),
}

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serve {
    listen: Option<String>,
    port: Option<u16>,
    insecure: bool,
    key: Option<PathBuf>,
    metrics: Option<String>,
    watch: Vec<String>,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// A sentence that says what is not understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Action, String> {
    let mut words = Words {
        rest: arguments.into_iter().collect::<Vec<_>>().into_iter(),
    };
    let mut serve = Serve::default();
    let mut names = Vec::new();
    let mut once = false;
    while let Some((option, value)) = words.next()? {
        match option.as_str() {
            "-h" | "--help" => return Ok(Action::Help),
            "-V" | "--version" => return Ok(Action::Version),
            "-d" | "--port" => {
                let text = words.value(&option, value)?;
                let port = text
                    .parse()
                    .map_err(|_| format!("{option}: {text:?} is no port (0 to 65535)"))?;
                serve.port = Some(port);
            }
            "--listen" => serve.listen = Some(words.value(&option, value)?),
            "--insecure-plain" => serve.insecure = true,
            "--key" => serve.key = Some(words.value(&option, value)?.into()),
            "--metrics" => serve.metrics = Some(words.value(&option, value)?),
            "--watch" => serve.watch.extend(split(&words.value(&option, value)?)),
            "--stdio" => return Ok(Action::Stdio),
            "key" => {
                let verb = words.value(&option, None)?;
                if verb != "new" {
                    return Err(format!("key {verb:?} is not understood; key new FILE"));
                }
                return Ok(Action::NewKey(words.value("key new", None)?.into()));
            }
            "capture" => return Ok(Action::Capture(words.value(&option, None)?.into())),
            "--once" => {
                once = true;
                names.extend(split(&words.value(&option, value)?));
            }
            other => return Err(format!("{other:?} is not understood")),
        }
    }
    if once {
        if names.is_empty() {
            Err("--once needs the names of processes".into())
        } else {
            Ok(Action::Once(names))
        }
    } else if serve.port.is_none() && serve.listen.is_none() {
        Err("no port given (-d PORT)".into())
    } else if serve.metrics.is_none() && !serve.watch.is_empty() {
        Err("--watch names the processes for --metrics; a client names its own".into())
    } else {
        Ok(Action::Serve(serve))
    }
}

fn split(names: &str) -> Vec<String> {
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

struct Words {
    rest: std::vec::IntoIter<OsString>,
}

impl Words {
    /// The next option, and its value where it is joined to it (`--listen=ADDRESS`).
    fn next(&mut self) -> Result<Option<(String, Option<String>)>, String> {
        let Some(word) = self.rest.next() else {
            return Ok(None);
        };
        let word = word
            .into_string()
            .map_err(|word| format!("{} is not text", word.display()))?;
        Ok(Some(match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option.to_owned(), Some(value.to_owned())),
            _ => (word, None),
        }))
    }

    fn value(&mut self, option: &str, joined: Option<String>) -> Result<String, String> {
        if let Some(value) = joined {
            return Ok(value);
        }
        let word = self
            .rest
            .next()
            .ok_or_else(|| format!("{option} needs a value"))?;
        word.into_string()
            .map_err(|word| format!("{} is not text", word.display()))
    }
}

impl Serve {
    /// The file with the key.
    #[must_use]
    pub fn key(&self) -> Option<&Path> {
        self.key.as_deref()
    }

    /// The groups that scrapers are shown.
    #[must_use]
    pub fn watched(&self) -> &[String] {
        &self.watch
    }

    /// The addresses for scrapers, if there are to be any.
    ///
    /// # Errors
    /// When there are no such addresses, or others than loopback addresses without leave.
    pub fn metrics(&self) -> Result<Option<Vec<SocketAddr>>, String> {
        let Some(text) = &self.metrics else {
            return Ok(None);
        };
        let addresses = text
            .to_socket_addrs()
            .map_err(|error| format!("{text:?} is no address to listen on: {error}"))?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        match addresses.iter().find(|address| !address.ip().is_loopback()) {
            Some(open) if !self.insecure => Err(format!(
                "{open} can be reached from other machines and metrics are not encrypted; \
                 listen on 127.0.0.1, or say --insecure-plain"
            )),
            _ => Ok(Some(addresses)),
        }
    }

    /// The address as it was asked for.
    #[must_use]
    pub fn text(&self) -> String {
        match (&self.listen, self.port) {
            (None, port) => format!("127.0.0.1:{}", port.unwrap_or(0)),
            (Some(listen), Some(port)) if listen.contains(':') && !listen.starts_with('[') => {
                format!("[{listen}]:{port}")
            }
            (Some(listen), Some(port)) => format!("{listen}:{port}"),
            (Some(listen), None) => listen.clone(),
        }
    }

    /// The addresses to listen on.
    ///
    /// # Errors
    /// When there are none, or when they are not safe to listen on without encryption.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let text = self.text();
        let addresses = text
            .to_socket_addrs()
            .map_err(|error| format!("{text:?} is no address to listen on: {error}"))?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        match addresses.iter().find(|address| !address.ip().is_loopback()) {
            Some(open) if !self.insecure && self.key.is_none() => Err(format!(
                "{open} can be reached from other machines and the connection is not encrypted; \
                 give it a key (--key FILE), listen on 127.0.0.1 and forward the port through ssh, or say --insecure-plain"
            )),
            _ => Ok(addresses),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Action, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn address(line: &str) -> Result<String, String> {
        match parsed(line)? {
            Action::Serve(serve) => Ok(serve.addresses()?[0].to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_manual_s_own_call_listens_on_loopback() {
        assert_eq!(address("-d 5678").unwrap(), "127.0.0.1:5678");
        assert_eq!(address("--listen ::1 -d 5678").unwrap(), "[::1]:5678");
        assert_eq!(address("--listen=127.0.0.2:80").unwrap(), "127.0.0.2:80");
    }

    #[test]
    fn an_open_address_must_be_wanted() {
        assert!(
            address("--listen 0.0.0.0 -d 1")
                .unwrap_err()
                .contains("--insecure-plain")
        );
        assert_eq!(
            address("--listen 0.0.0.0:1 --insecure-plain").unwrap(),
            "0.0.0.0:1"
        );
        assert!(address("--listen [::]:1").is_err());
        assert_eq!(address("--listen 0.0.0.0:1 --key k").unwrap(), "0.0.0.0:1");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (line, expected) in [
            ("", "no port"),
            ("-d", "needs a value"),
            ("-d 70000", "no port (0"),
            ("-x", "not understood"),
            ("--once ,", "names"),
            ("key old f", "key new FILE"),
            ("key new", "needs a value"),
            ("-d 1 --watch x", "--metrics"),
            ("--listen nonsense", "no address"),
        ] {
            let error = parsed(line).and_then(|action| match action {
                Action::Serve(serve) => serve.addresses().map(|_| ()),
                _ => Ok(()),
            });
            assert!(
                error.as_ref().is_err_and(|error| error.contains(expected)),
                "{line:?}: {error:?}"
            );
        }
        let names = ["apache2", "mysqld|mariadbd"].map(str::to_owned).to_vec();
        assert_eq!(
            parsed("--once apache2,mysqld|mariadbd").unwrap(),
            Action::Once(names)
        );
        assert_eq!(parsed("-d 1 --help").unwrap(), Action::Help);
        let Ok(Action::Serve(open)) = parsed("-d 1 --metrics 0.0.0.0:9") else {
            panic!("it is understood")
        };
        assert!(open.metrics().unwrap_err().contains("--insecure-plain"));
        assert_eq!(parsed("-V").unwrap(), Action::Version);
        assert_eq!(parsed("key new /tmp/k").unwrap(), Action::NewKey("/tmp/k".into()));
        assert_eq!(parsed("capture d").unwrap(), Action::Capture("d".into()));
        assert_eq!(parsed("--stdio").unwrap(), Action::Stdio);
    }
}
