//! Every exit code of the documented table comes out of the command where it should.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;

/// The codes of the table in docs/results.md, which is made from the command's own.
fn documented() -> Vec<i32> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/results.md");
    let text = std::fs::read_to_string(page).unwrap();
    let table = text.split("<!-- generated: exit codes -->").nth(1).unwrap();
    let rows = table.split("<!--").next().unwrap().lines();
    rows.filter_map(|row| row.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Interrupts an analysis once its first level has begun.
fn interrupted(folder: &Folder) -> i32 {
    let mut child = folder
        .command(&["capacity", "--out", "broken-off"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().starts_with("level 1")),
        "no level began"
    );
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // Read on, so that what is still said finds a reader.
    lines.for_each(drop);
    child.wait().unwrap().code().unwrap()
}

#[test]
fn each_code_of_the_table_comes_out() {
    let folder = Folder::new("exits");
    let demo = Demo::start(&folder).unwrap();
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let failing = format!("{}/status/503", demo.site.url());
    let page = format!("{}/slow?ms=5", demo.site.url());
    let one_user = [
        "capacity",
        page.as_str(),
        "--max-users",
        "1",
        "--max-level-time",
        "3s",
        "--out",
        "one-user",
    ];
    let code = |arguments: &[&str]| folder.run(arguments).status.code().unwrap();
    let mut seen = vec![
        (0, code(&["check"]), "files that are right"),
        (
            1,
            code(&["capacity", "--out", "input.xml/below-a-file"]),
            "a folder that cannot be made",
        ),
        (2, code(&["capacity", "--no-such-option"]), "a wrong option"),
        (3, code(&["try", failing.as_str()]), "a transaction that fails"),
        (4, code(&one_user), "a limit before the site's"),
        (5, code(&["try", nobody.as_str()]), "nobody at the address"),
    ];
    seen.push((130, interrupted(&folder), "Ctrl-C"));
    for (wanted, found, what) in &seen {
        assert_eq!(found, wanted, "{what}");
    }
    let codes: Vec<i32> = seen.iter().map(|(code, _, _)| *code).collect();
    assert_eq!(codes, documented(), "every code has its case");
}
