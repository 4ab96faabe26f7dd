//! The commands of the documentation work: every line of a block marked `sh` is run against the demo site, unless the mark says
//! `sh no-run`.
//!
//! `AUTOPERF_BLESS=1 cargo test -p autoperf-tests --test docs -- --ignored` runs the tutorial at full length and records what
//! the commands say in the `text` block behind each of them.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder, autoperf};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Ports that the pages name; those of the test take their place.
const SITE_PORT: &str = "8080";
const PROFILER_PORT: &str = "22221";

/// Limits under which a page's runs are short. What a page itself types goes before them.
const SHORT: [(&str, &str); 4] = [
    ("AUTOPERF_MAX_DURATION", "3s"),
    ("AUTOPERF_TIME_BUDGET", "1s"),
    ("AUTOPERF_MAX_LEVEL_TIME", "2s"),
    ("AUTOPERF_SEED", "1"),
];

/// A limit for the record, far beyond what an undisturbed machine needs.
const PATIENT: [(&str, &str); 1] = [("AUTOPERF_MAX_DURATION", "4m")];

/// Ends of a command that say nothing about the site: run error, usage error, unreachable, panic, not found.
const MISTAKES: [i32; 6] = [1, 2, 5, 101, 126, 127];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn read(page: &str) -> String {
    std::fs::read_to_string(docs().join(page)).unwrap()
}

/// Where a fenced block begins and ends in a page's lines, and its mark.
struct Block {
    mark: String,
    from: usize,
    to: usize,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(mark) = line.strip_prefix("```") else {
            continue;
        };
        open = match open {
            None => Some((mark.trim().to_owned(), number + 1)),
            Some((mark, from)) => {
                blocks.push(Block {
                    mark,
                    from,
                    to: number,
                });
                None
            }
        };
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// Commands to be run in a block: one a line.
fn commands(text: &str, block: &Block) -> Vec<String> {
    let lines = text.lines().skip(block.from).take(block.to - block.from);
    lines
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

/// The demo site with its profiler, and a fresh folder with its files and `autoperf` on the path for every page.
struct Stage {
    demo: Demo,
    files: Folder,
    folder: Folder,
}

impl Stage {
    fn new() -> Self {
        let files = Folder::new("docs-files");
        let demo = Demo::start(&files).unwrap();
        let folder = Folder::new("docs");
        let mut stage = Self { demo, files, folder };
        stage.clear();
        stage
    }

    /// Another folder, as if nothing had been run.
    fn clear(&mut self) {
        self.folder = Folder::new("docs");
        for name in ["input.xml", "cbmg.txt"] {
            self.folder.write(name, &self.files.read(name));
        }
        std::fs::create_dir(self.folder.path().join("bin")).unwrap();
        std::os::unix::fs::symlink(autoperf(), self.folder.path().join("bin/autoperf")).unwrap();
    }

    /// Runs a command in the folder; its exit code and what it said on both streams.
    fn run(&self, command: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let [site, profiler] =
            [self.demo.site.web_port(), self.demo.profiler.port].map(|port| port.to_string());
        let command = command
            .replace(SITE_PORT, &site)
            .replace(PROFILER_PORT, &profiler);
        let path = format!(
            "{}/bin:{}",
            self.folder.path().display(),
            std::env::var("PATH").unwrap()
        );
        let output = Command::new("bash")
            .args(["-u", "-c", &format!("exec 2>&1; {command}")])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout)
            .replace(&site, SITE_PORT)
            .replace(&profiler, PROFILER_PORT);
        (output.status.code(), said)
    }
}

#[test]
fn the_commands_of_the_pages_work() {
    let mut pages = vec!["tutorial.md".to_owned(), "configuration.md".to_owned()];
    let verbs = std::fs::read_dir(docs().join("verbs")).unwrap();
    pages.extend(verbs.map(|file| format!("verbs/{}", file.unwrap().file_name().to_string_lossy())));
    pages.sort();
    let mut run = 0;
    let mut stage = Stage::new();
    for page in pages {
        let text = read(&page);
        let blocks = blocks(&text);
        let marked = blocks.iter().filter(|block| block.mark == "sh");
        let commands: Vec<_> = marked.flat_map(|block| commands(&text, block)).collect();
        stage.clear();
        for command in commands {
            let (code, said) = stage.run(&command, &SHORT);
            let code = code.unwrap_or_else(|| panic!("docs/{page}: `{command}` was killed\n{said}"));
            assert!(
                !MISTAKES.contains(&code),
                "docs/{page}: `{command}` ends with {code}:\n{said}"
            );
            run += 1;
        }
    }
    assert!(run >= 20, "only {run} commands were found");
}

#[test]
fn every_block_says_what_it_is() {
    let known = ["sh", "sh no-run", "text", "xml", "toml", "json", "yaml"];
    let mut pages: Vec<_> = ["tutorial.md", "configuration.md"].map(str::to_owned).to_vec();
    let verbs = std::fs::read_dir(docs().join("verbs")).unwrap();
    pages.extend(verbs.map(|file| format!("verbs/{}", file.unwrap().file_name().to_string_lossy())));
    for page in pages {
        for block in blocks(&read(&page)) {
            assert!(
                known.contains(&block.mark.as_str()),
                "docs/{page}, line {}: `{}`",
                block.from,
                block.mark
            );
        }
    }
}

/// The tutorial as it is when its commands are run at full length.
#[test]
#[ignore = "takes minutes, and its figures are measurements; it records the tutorial"]
fn the_tutorial_is_a_record() {
    let text = read("tutorial.md");
    let blocks = blocks(&text);
    let lines: Vec<&str> = text.lines().collect();
    let stage = Stage::new();
    let (mut written, mut at) = (String::new(), 0);
    let mut copy = |until: usize, written: &mut String| {
        lines[at..until]
            .iter()
            .for_each(|line| *written += &format!("{line}\n"));
        at = until;
        until
    };
    for pair in blocks.windows(2) {
        let ([asked, answer], "sh") = (pair, pair[0].mark.as_str()) else {
            continue;
        };
        let said: String = commands(&text, asked)
            .iter()
            .map(|command| {
                let (code, said) = stage.run(command, &PATIENT);
                assert!(
                    code.is_some_and(|code| !MISTAKES.contains(&code)),
                    "`{command}`:\n{said}"
                );
                std::thread::sleep(Duration::from_secs(2));
                said
            })
            .collect();
        // An answer stands right behind its command.
        if answer.mark == "text" && answer.from - asked.to == 3 {
            copy(answer.from, &mut written);
            written += said.trim_end();
            written.push('\n');
            let _ = copy(answer.to, &mut String::new());
        }
    }
    copy(lines.len(), &mut written);
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        std::fs::write(docs().join("tutorial.md"), written).unwrap();
    }
}
