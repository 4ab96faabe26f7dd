//! The pages of the documentation whose commands are run: every line of a block marked `sh`, against the demo site, unless the
//! mark says `sh no-run`. The check runs them short; the recorder of the tutorial runs them at full length.

use crate::stage::{Demo, Folder, autoperf};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The page whose answers are recorded.
pub const TUTORIAL: &str = "tutorial.md";

/// Ports that the pages name; those of the stage take their place.
const SITE_PORT: &str = "8080";
const PROFILER_PORT: &str = "22221";

/// Limits under which a page's runs are short. What a page itself types goes before them.
pub const SHORT: [(&str, &str); 4] = [
    ("AUTOPERF_MAX_DURATION", "3s"),
    ("AUTOPERF_TIME_BUDGET", "1s"),
    ("AUTOPERF_MAX_LEVEL_TIME", "2s"),
    ("AUTOPERF_SEED", "1"),
];

/// A limit for the record, far beyond what an undisturbed machine needs.
pub const PATIENT: [(&str, &str); 1] = [("AUTOPERF_MAX_DURATION", "4m")];

/// Ends of a command that say nothing about the site: run error, usage error, unreachable, panic, not found.
const MISTAKES: [i32; 6] = [1, 2, 5, 101, 126, 127];

/// The folder of the pages.
#[must_use]
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The names of the pages whose commands are run, in order, relative to [`docs`].
///
/// # Errors
/// Where the folder of the verbs cannot be read.
pub fn names() -> io::Result<Vec<String>> {
    let mut names = vec![TUTORIAL.to_owned(), "configuration.md".to_owned()];
    for file in std::fs::read_dir(docs().join("verbs"))? {
        names.push(format!("verbs/{}", file?.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names)
}

/// The text of a page.
///
/// # Errors
/// Where it cannot be read.
pub fn read(page: &str) -> io::Result<String> {
    std::fs::read_to_string(docs().join(page))
}

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the opening fence.
    pub mark: String,
    /// Index of the first line within the fences.
    pub from: usize,
    /// Index of the closing fence.
    pub to: usize,
}

impl Block {
    /// The lines within the fences, those that hold nothing left out: the commands, one a line, of a block of them.
    #[must_use]
    pub fn commands(&self, text: &str) -> Vec<String> {
        let lines = text.lines().skip(self.from).take(self.to - self.from);
        lines
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether this block stands right behind another and holds what its commands say.
    #[must_use]
    pub fn answers(&self, asked: &Self) -> bool {
        asked.mark == "sh" && self.mark == "text" && self.from - asked.to == 3
    }
}

/// The fenced blocks of a page in order.
///
/// # Panics
/// Where a block does not end.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(mark) = line.strip_prefix("```") else {
            continue;
        };
        open = match open {
            None => Some((mark.trim().to_owned(), number + 1)),
            Some((mark, from)) => {
                let to = number;
                blocks.push(Block { mark, from, to });
                None
            }
        };
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// A page whose recorded answers are replaced: `answer` is asked for what the commands of a block say, in the page's order, for
/// every block of commands, also for those whose answer the page does not show.
///
/// # Errors
/// The first one of `answer`.
pub fn recorded<E>(text: &str, mut answer: impl FnMut(&[String]) -> Result<String, E>) -> Result<String, E> {
    let blocks = blocks(text);
    let lines: Vec<&str> = text.lines().collect();
    let (mut written, mut at) = (String::new(), 0);
    let copy = |written: &mut String, lines: &[&str]| {
        for line in lines {
            *written += line;
            written.push('\n');
        }
    };
    for (index, asked) in blocks.iter().enumerate() {
        if asked.mark != "sh" {
            continue;
        }
        let said = answer(&asked.commands(text))?;
        if let Some(shown) = blocks.get(index + 1).filter(|block| block.answers(asked)) {
            copy(&mut written, &lines[at..shown.from]);
            copy(&mut written, &[said.trim_end()]);
            at = shown.to;
        }
    }
    copy(&mut written, &lines[at..]);
    Ok(written)
}

/// The demo site with its profiler, and a folder with its files and `autoperf` on the path for every page.
#[derive(Debug)]
pub struct Stage {
    demo: Demo,
    files: Folder,
    folder: Folder,
}

impl Stage {
    /// Starts site and profiler.
    ///
    /// # Errors
    /// Where one does not start or a file cannot be written.
    pub fn new() -> io::Result<Self> {
        let files = Folder::new("docs-files");
        let demo = Demo::start(&files)?;
        let folder = Folder::new("docs");
        let mut stage = Self { demo, files, folder };
        stage.clear()?;
        Ok(stage)
    }

    /// Another folder, as if nothing had been run.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        self.folder = Folder::new("docs");
        for name in ["input.xml", "cbmg.txt"] {
            self.folder.write(name, &self.files.read(name));
        }
        let bin = self.folder.path().join("bin");
        std::fs::create_dir(&bin)?;
        std::os::unix::fs::symlink(autoperf(), bin.join("autoperf"))
    }

    /// Runs a command in the folder; its exit code and what it said on both streams.
    ///
    /// # Errors
    /// Where it cannot be started, was killed, or ended with a code that says nothing about the site: those of an error in the
    /// command or on the way to the site.
    pub fn run(&self, command: &str, environment: &[(&str, &str)]) -> io::Result<(i32, String)> {
        let [site, profiler] =
            [self.demo.site.web_port(), self.demo.profiler.port].map(|port| port.to_string());
        let typed = command
            .replace(SITE_PORT, &site)
            .replace(PROFILER_PORT, &profiler);
        let mut path = self.folder.path().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["-u", "-c", &format!("exec 2>&1; {typed}")])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout)
            .replace(&site, SITE_PORT)
            .replace(&profiler, PROFILER_PORT);
        match output.status.code() {
            Some(code) if !MISTAKES.contains(&code) => Ok((code, said)),
            _ => Err(io::Error::other(format!(
                "`{command}`: {}:\n{said}",
                output.status
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{blocks, recorded};

    const PAGE: &str = "Intro\n\n```sh no-run\nbuild\n```\n\n```sh\none\n\ntwo\n```\n\n```text\nold\nanswer\n```\n\n\
                        ```sh\nsilent\n```\n\nProse.\n\n```text\na file\n```\nEnd\n";

    #[test]
    fn only_the_answers_of_commands_are_replaced() {
        let mut asked = Vec::new();
        let record = |commands: &[String]| {
            asked.push(commands.join("+"));
            Ok::<_, ()>(format!("new {}\nline\n\n", commands.len()))
        };
        let written = recorded(PAGE, record).unwrap();
        assert_eq!(asked, ["one+two", "silent"]);
        assert_eq!(written, PAGE.replace("old\nanswer", "new 2\nline"));
    }

    #[test]
    fn a_failed_command_gives_no_record() {
        assert_eq!(recorded(PAGE, |_| Err("broken")), Err("broken"));
    }

    #[test]
    #[should_panic(expected = "does not end")]
    fn an_open_block_is_found() {
        let _ = blocks("```sh\none\n");
    }
}
