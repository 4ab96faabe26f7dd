//! The text surfaces of the command itself: help, `check`, `plan`, `try`, `convert`, `--print-config`, usage errors, live lines.

use crate::golden;
use autoperf::campaign::state::Progress;
use autoperf::cli::progress::{begin_line, level_line, progress_line};
use autoperf_models::Estimate;
use autoperf_models::level::{LevelState, StopReason};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Width of the help, whatever terminal a test runs on.
const WIDTH: usize = 100;

const INPUT: &str = r#"<autoperf>
<Load>
  <transaction>
    <name>Home</name>
    <url>http://127.0.0.1:PORT/home</url>
    <thinktime>2000</thinktime>
  </transaction>
  <transaction>
    <name>Order</name>
    <url method="post">http://127.0.0.1:PORT/order?item=lamp</url>
    <thinktime>1000</thinktime>
    <timeout>10000</timeout>
    <contains>thanks</contains>
  </transaction>
</Load>
<ServerInfo>
  <NodeInfo type="NonJavaNode"><Node>127.0.0.1</Node><Process>httpd</Process><Port>22221</Port></NodeInfo>
</ServerInfo>
<Profile>
  <usetransactions><name>Order</name><requires>Home</requires></usetransactions>
</Profile>
</autoperf>
"#;

const CBMG: &str = "Entry Home Order Exit\nEntry 0 1 0 0\nHome 0 0 1 0\nOrder 0 0.5 0 0.5\nExit 0 0 0 0\n";

/// A folder of its own with a workload, removed afterwards.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, port: u16) -> Self {
        let path = std::env::temp_dir().join(format!("autoperf-surface-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("shop")).unwrap();
        let place = Self(path);
        place.write("shop/input.xml", &INPUT.replace("PORT", &port.to_string()));
        place.write("shop/cbmg.txt", CBMG);
        place.write("shop/mll.txt", "1 20\nrepeat 2\n10 30\nend 2\n");
        place.write("shop/config.properties", "infinity=5000\n");
        place
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// The command as typed, what it says on both streams, and its exit code.
    fn told(&self, line: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_autoperf"))
            .args(line.split_whitespace())
            .current_dir(&self.0)
            .env("XDG_CONFIG_HOME", &self.0)
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut told = format!("$ autoperf {line}\n{}", text(&output.stdout));
        if !output.stderr.is_empty() {
            told.push_str(&format!("-- stderr\n{}\n", text(&output.stderr).trim_end()));
        }
        told.push_str(&format!("-- exit code {}\n\n", output.status.code().unwrap()));
        told
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Digits before ` ms` and after `127.0.0.1:`, which differ from run to run, as `#`.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        if let (Some(end), Some(start)) = (line.find(" ms,"), line.find(", ")) {
            line.replace_range(start + 2..end, "#");
        }
        masked.push_str(&line);
    }
    masked
}

#[test]
fn the_help_of_every_verb() {
    let mut command = autoperf::cli::command().term_width(WIDTH);
    command.build();
    let mut text = command.render_long_help().to_string();
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
        .map(|verb| verb.get_name().to_owned())
        .collect();
    for name in names {
        let verb = command.find_subcommand_mut(&name).unwrap();
        text.push_str(&format!(
            "\n\n=== autoperf {name} --help\n{}",
            verb.render_long_help()
        ));
    }
    golden::check("help.txt", &text);
}

#[test]
fn check_convert_and_print_config() {
    let place = Place::new("files", 8080);
    place.write("autoperf.toml", "max-users = 300\n[capacity]\nslo = \"p95=2s\"\n");
    let text: String = [
        "check --input shop",
        "convert shop shop.toml",
        "convert shop.toml back",
        "convert shop autoperf.toml",
        "capacity --input shop --seed 7 --print-config",
    ]
    .iter()
    .map(|line| place.told(line))
    .collect();
    golden::check("files.txt", &text);
}

#[test]
fn plan_says_what_would_be_done() {
    let place = Place::new("plan", 8080);
    let mut text = String::new();
    for line in [
        "plan --input shop --max-users 200 --suppose 20ms",
        "plan --input shop --manual shop/mll.txt",
        "plan --input shop --profile",
        "plan --input shop --profile --manual",
        "plan http://127.0.0.1:8080/",
    ] {
        // The levels themselves are the strategy's matter and may get better; here only their form is held.
        let told = place.told(line);
        let rows =
            told.split_inclusive('\n')
                .map(|row| match row.contains("/s  ") && row.contains(" ms  ") {
                    true => "(a supposed site and its levels)\n",
                    false => row,
                });
        text.extend(rows);
    }
    golden::check("plan.txt", &text);
}

/// Serves so many connections, one request each: Order is answered with `answer`, the rest is always well.
fn serve(listener: &TcpListener, connections: usize, answer: &str) {
    for stream in listener.incoming().take(connections) {
        let mut stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            if head.is_empty() {
                break;
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let body = if head.contains("/order") {
                answer
            } else {
                "welcome"
            };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ";
            write!(stream, "{head}{}\r\n\r\n{body}", body.len()).unwrap();
        }
    }
}

#[test]
fn try_shows_each_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new("try", port);
    let text = std::thread::scope(|scope| {
        scope.spawn(|| {
            serve(&listener, 1, "thanks");
            serve(&listener, 1, "sorry");
        });
        place.told("try --input shop --steps 2") + &place.told("try --input shop --steps 2")
    });
    drop(listener);
    let text = text + &place.told("try --input shop");
    golden::check("try.txt", &masked(&text.replace(&port.to_string(), "PORT")));
}

#[test]
fn wrong_usage_is_told_with_a_hint() {
    let place = Place::new("usage", 8080);
    let mut text: String = [
        "capacty",
        "capacity --max-duraton 5m",
        "capacity http://127.0.0.1:1/ --max-duration 5",
        "capacity http://127.0.0.1:1/ --slo 95=2s",
        "-c -p",
        "report shop",
        "compare shop shop",
    ]
    .iter()
    .map(|line| place.told(line))
    .collect();
    place.write("autoperf.toml", "max-user = 3\n[capcity]\nslo = \"p95=2s\"\n");
    text += &place.told("capacity http://127.0.0.1:1/");
    place.write("autoperf.toml", "max-users = 0\n");
    text += &place.told("capacity http://127.0.0.1:1/");
    golden::check("usage.txt", &text);
}

#[test]
fn the_live_lines() {
    let known = |value: f64| Estimate::symmetric(value, value / 20.0, 300);
    let progress = |users: u32, state: LevelState| Progress {
        level: 2,
        users,
        why: "The demands put N* at 54 users.".to_owned(),
        elapsed_s: 12.3,
        forecast_s: 30.0,
        limit_s: 60.0,
        remaining_s: Some(151.0),
        state,
        note: None,
    };
    let measuring = |remaining_s: Option<f64>| LevelState::Measuring {
        since_s: 3.0,
        throughput_per_s: known(120.0),
        response_time_s: known(0.035),
        remaining_s,
    };
    let mut lines = vec![begin_line(&progress(1, LevelState::Warming))];
    for state in [
        LevelState::Warming,
        measuring(Some(18.2)),
        // Shorter than a second is not nothing, and the level's limit is 60 s.
        measuring(Some(0.2)),
        measuring(Some(70.0)),
        measuring(None),
        LevelState::Measuring {
            since_s: 3.0,
            throughput_per_s: None,
            response_time_s: None,
            remaining_s: None,
        },
        LevelState::Done(StopReason::PreciseEnough),
    ] {
        lines.push(progress_line(&progress(40, state)));
    }
    let late = Progress {
        elapsed_s: 31.0,
        ..progress(40, LevelState::Warming)
    };
    lines.push(progress_line(&late));
    let noted = Progress {
        note: Some("18 s of this level left".to_owned()),
        remaining_s: None,
        ..progress(1, LevelState::Warming)
    };
    lines.extend([begin_line(&noted), progress_line(&noted)]);
    lines.extend(crate::fixture::summary().levels.iter().map(level_line));
    golden::check("live.txt", &format!("{}\n", lines.join("\n")));
}
