//! What the other side is told to do before it is an agent, and what it answers. Pure.
//!
//! The line is for whatever shell the user has there: it holds no quote but the two around it, and `sh` does the rest. The
//! program's file has no name any more when the agent begins, so nothing is left behind however the connection ends.

/// Begins each line that is meant for us; login scripts may say other things.
const MARK: &str = "autoperf-agent:";

/// What the other side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The agent speaks from now on.
    Ready,
    /// It wants the program.
    Send {
        /// What it runs on, such as `Linux x86_64`.
        system: String,
    },
    /// It cannot.
    Failed(String),
}

impl Answer {
    /// Reads a line; `None` when it is not for us.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let said = line.trim().strip_prefix(MARK)?.trim();
        let (verb, rest) = said.split_once(' ').unwrap_or((said, ""));
        match verb {
            "ready" => Some(Self::Ready),
            "send" => Some(Self::Send { system: rest.into() }),
            "failed" => Some(Self::Failed(rest.into())),
            _ => None,
        }
    }
}

/// The line: an agent of this version is used where there is one, else `bytes` of one are taken from the input. `words` come
/// before the arguments of one that is sent.
pub(super) fn line(bytes: u64, words: &[String]) -> String {
    let version = concat!("autoperf-profiler ", env!("CARGO_PKG_VERSION"));
    let words = words.join(" ");
    let steps = [
        "umask 077".into(),
        format!("v=\"{version}\""),
        // There already.
        format!(
            "p=$(command -v autoperf-profiler) && [ \"$(\"$p\" --version 2>/dev/null)\" = \"$v\" ] && echo \"{MARK} ready\" \
             && exec \"$p\" --stdio"
        ),
        // A folder from which programs may be started: one line of shell is tried there.
        "f=".into(),
        "for d in \"$XDG_RUNTIME_DIR\" /tmp /var/tmp /dev/shm \"$HOME\"; do [ -d \"$d\" ] || continue".into(),
        "f=$(mktemp \"$d/.autoperf-XXXXXXXXXX\" 2>/dev/null) || { f=; continue; }".into(),
        "trap \"rm -f \\\"$f\\\"\" HUP INT TERM".into(),
        "printf \"\\043\\041/bin/sh\\nexit 0\\n\" >\"$f\" && chmod 700 \"$f\" && \"$f\" 2>/dev/null && break"
            .into(),
        "rm -f \"$f\"; f=; done".into(),
        format!(
            "[ -n \"$f\" ] || {{ echo \"{MARK} failed no folder there allows programs to be written and started\"; exit 1; }}"
        ),
        format!("echo \"{MARK} send $(uname -s) $(uname -m)\""),
        format!("head -c {bytes} >\"$f\""),
        "[ \"$(wc -c <\"$f\")\" -eq ".to_owned()
            + &format!(
                "{bytes} ] || {{ rm -f \"$f\"; echo \"{MARK} failed the program has not arrived whole\"; exit 1; }}"
            ),
        format!(
            "s=$(\"$f\" {words} --version 2>&1); [ \"$s\" = \"$v\" ] || {{ rm -f \"$f\"; echo \"{MARK} failed the program sent \
             does not run there:\" $s; exit 1; }}"
        ),
        "exec 3<\"$f\"; rm -f \"$f\"".into(),
        format!("echo \"{MARK} ready\""),
        format!("exec /proc/self/fd/3 {words} --stdio"),
    ];
    format!("exec sh -c '{}'", steps.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_among_other_talk() {
        assert_eq!(Answer::parse("Welcome to web1"), None);
        assert_eq!(Answer::parse("autoperf-agent: ready"), Some(Answer::Ready));
        let send = Answer::parse("autoperf-agent: send Linux x86_64\r");
        assert_eq!(
            send,
            Some(Answer::Send {
                system: "Linux x86_64".into()
            })
        );
        let failed = Answer::parse("autoperf-agent: failed no room there");
        assert_eq!(failed, Some(Answer::Failed("no room there".into())));
        assert_eq!(Answer::parse("autoperf-agent: hello"), None);
    }

    #[test]
    fn the_line_has_two_single_quotes_and_no_exclamation_mark() {
        let line = line(1234, &["profiler".into()]);
        assert_eq!(line.matches('\'').count(), 2, "{line}");
        assert!(!line.contains(['!', '\n']), "{line}");
    }
}
