//! Wrong files: one clear error with file, line and column; exit code 2; nothing is started.

use autoperf_tests::stage::Folder;
use std::net::TcpListener;
use std::time::Duration;

/// A workload that would be right if it were not for one change.
fn input(port: u16) -> String {
    format!(
        "<autoperf>\n<Load>\n<transaction>\n<name>Home</name>\n<url>http://127.0.0.1:{port}/</url>\n\
         <thinktime>100</thinktime>\n</transaction>\n</Load>\n</autoperf>\n"
    )
}

const CBMG: &str = "Entry Home Exit\nEntry 0 1 0\nHome 0 0.5 0.5\nExit 0 0 0\n";

#[test]
fn each_is_named_with_its_place_and_nothing_is_started() {
    let cases = [
        ("malformed XML", ("</Load>", "<Load>"), ("", ""), "input.xml:"),
        (
            "unknown tag",
            ("<thinktime>", "<thinktyme>"),
            ("", ""),
            "input.xml:6:",
        ),
        (
            "unknown attribute",
            ("<url>", "<url colour=\"red\">"),
            ("", ""),
            "input.xml:5:",
        ),
        (
            "undefined variable",
            ("/</url>", "/${nowhere}</url>"),
            ("", ""),
            "input.xml:5:",
        ),
        (
            "a row that does not sum to 1",
            ("", ""),
            ("Home 0 0.5 0.5", "Home 0 0.5 0.4"),
            "cbmg.txt:3:",
        ),
        (
            "a state without a transaction",
            ("", ""),
            ("Home", "Away"),
            "cbmg.txt:1:",
        ),
    ];
    for (what, in_input, in_cbmg, place) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let folder = Folder::new("bad-input");
        let change = |text: &str, (from, to): (&str, &str)| {
            if from.is_empty() {
                text.to_owned()
            } else {
                text.replace(from, to)
            }
        };
        folder.write(
            "input.xml",
            &change(&input(listener.local_addr().unwrap().port()), in_input),
        );
        folder.write("cbmg.txt", &change(CBMG, in_cbmg));
        let output = folder.run(&["capacity", "--out", "run"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{what}: {stderr}");
        assert!(stderr.contains(place), "{what}: {stderr}");
        assert!(!folder.path().join("run").exists(), "{what}: a run was begun");
        std::thread::sleep(Duration::from_millis(20));
        assert!(listener.accept().is_err(), "{what}: the site was contacted");
    }
}

#[test]
fn a_missing_file_and_a_wrong_option_are_usage_errors() {
    let folder = Folder::new("usage");
    for (arguments, said) in [
        (&["capacity"][..], "input.xml"),
        (&["capacity", "--max-duration", "30"], "unit"),
        (&["capacity", "--slo", "p95"], "p95"),
        (&["capacity", "--strategy", "guess"], "guess"),
        (&["-c", "-p"], "-c and -p"),
        (&["nonsense"], "nonsense"),
        (&["report", "nowhere"], "nowhere"),
    ] {
        let output = folder.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
