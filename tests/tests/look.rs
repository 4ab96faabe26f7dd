//! Before any load: `check` says what would be run without contact, `try` walks one session, `convert` changes the form.

use autoperf_inputs::{FolderRequest, Mode, Workload};
use autoperf_tests::stage::{Demo, Folder};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

fn texts(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// A login whose answer holds a value, and a page that needs it; the server at this port echoes every request.
fn with_token(port: u16, expected: &str) -> String {
    format!(
        "<autoperf>\n<Load>\n\
         <transaction><name>Login</name><url method=\"post\">http://127.0.0.1:{port}/echo?user=ann</url>\n\
         <extract name=\"token\" from=\"jsonpath\">$.connection</extract></transaction>\n\
         <transaction><name>Page</name><url>http://127.0.0.1:{port}/echo?token=${{token}}</url>\n\
         <contains>{expected}</contains></transaction>\n\
         </Load>\n</autoperf>\n"
    )
}

const LOGIN_THEN_PAGE: &str =
    "Entry Login Page Exit\nEntry 0 1 0 0\nLogin 0 0 1 0\nPage 0 0 0 1\nExit 0 0 0 0\n";

#[test]
fn check_says_what_would_be_run_and_contacts_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = Folder::new("check");
    let profile = "<ServerInfo><NodeInfo type=\"NonJavaNode\"><Node>127.0.0.1</Node><Process>httpd</Process><Port>7</Port></NodeInfo></ServerInfo>\n\
                   <Profile><usetransactions><name>Page</name><requires>Login</requires></usetransactions></Profile>\n</autoperf>";
    folder.write(
        "input.xml",
        &with_token(port, "x").replace("</autoperf>", profile),
    );
    folder.write("cbmg.txt", LOGIN_THEN_PAGE);
    folder.write("mll.txt", "3 14\nrepeat 2\n6 10\nend 2\n");
    let (stdout, stderr) = texts(&folder.run(&["check"]));
    for part in [
        "Login",
        "50.00 %",
        "POST http://127.0.0.1",
        "session: 2.00 transactions on average (standard deviation 0.00)",
        "profiler: httpd on 127.0.0.1 port 7",
        "N* is unknown until demands are measured",
        "schedule: 3 levels, at most 6 users, 34 s in all: 3 for 14 s, 6 for 10 s, 6 for 10 s",
        "profile: Page (after Login); 1 user, think time 0 s, 100 to 100000 executions",
        "can be run: capacity, capacity --manual, profile, profile --manual, try",
        "Nothing was contacted.",
    ] {
        assert!(stdout.contains(part), "{part} is missing in\n{stdout}\n{stderr}");
    }
    assert!(listener.accept().is_err(), "the site was contacted");
    assert!(!folder.path().join("results").exists());

    folder.write(
        "cbmg.txt",
        &LOGIN_THEN_PAGE.replace("Login 0 0 1 0", "Login 0 0 0.9 0"),
    );
    let output = folder.run(&["check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(texts(&output).1.contains("cbmg.txt:3:"), "{}", texts(&output).1);
}

#[test]
fn try_walks_one_session_and_shows_each_request() {
    let folder = Folder::new("try");
    let demo = Demo::start(&folder).unwrap();
    folder.write("input.xml", &with_token(demo.site.web_port(), "token="));
    folder.write("cbmg.txt", LOGIN_THEN_PAGE);
    let output = folder.run(&["try"]);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    for part in [
        "1 Login: POST http://127.0.0.1",
        "sent: user=ann",
        "token = ",
        "2 Page: GET http://127.0.0.1",
        "/echo?token=",
        "status 200",
        "bytes received",
        "2 transactions, 0 failed",
    ] {
        assert!(stdout.contains(part), "{part} is missing in\n{stdout}");
    }
    let (stdout, _) = texts(&folder.run(&["try", "--steps", "1"]));
    assert!(stdout.contains("1 transaction, 0 failed"), "{stdout}");

    folder.write("input.xml", &with_token(demo.site.web_port(), "never there"));
    let output = folder.run(&["try"]);
    let (stdout, _) = texts(&output);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(
        stdout.contains("FAILED: the body does not contain `never there`"),
        "{stdout}"
    );

    let url = format!("{}/status/503", demo.site.url());
    let output = folder.run(&["try", &url]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        texts(&output).0.contains("FAILED: status 503"),
        "{}",
        texts(&output).0
    );
}

#[test]
fn a_site_that_is_not_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = Folder::new("try-nobody");
    let output = folder.run(&["try", &format!("http://127.0.0.1:{port}/")]);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(5), "{stdout}\n{stderr}");
    assert!(
        stdout.contains("no answer") && stdout.contains("FAILED"),
        "{stdout}"
    );
    assert_eq!(folder.run(&["try", "nonsense"]).status.code(), Some(2));
}

fn read(path: &Path) -> Workload {
    let request = FolderRequest {
        input_xml: path.to_owned(),
        cbmg: None,
        manual: None,
        properties: None,
        mode: Mode::Everything,
        allow_outside: false,
    };
    let mut workload = autoperf_inputs::read_folder(&request).unwrap_or_else(|found| panic!("{found}"));
    workload.folder = "".into();
    workload
}

#[test]
fn convert_goes_both_ways_without_loss() {
    let folder = Folder::new("convert");
    std::fs::create_dir(folder.path().join("four")).unwrap();
    folder.write("four/input.xml", &with_token(8080, "token="));
    folder.write("four/cbmg.txt", LOGIN_THEN_PAGE);
    folder.write("four/mll.txt", "3 14\n6 10\n");
    folder.write("four/config.properties", "infinity=5000\n");
    for (from, to) in [("four", "one/mine.toml"), ("one/mine.toml", "again")] {
        let output = folder.run(&["convert", from, to]);
        assert_eq!(output.status.code(), Some(0), "{}", texts(&output).1);
    }
    let [four, one, again] = ["four", "one/mine.toml", "again"].map(|name| read(&folder.path().join(name)));
    assert_eq!(four, one);
    assert_eq!(four, again);

    folder.write("one/mine.toml", "mine = 1\n");
    let output = folder.run(&["convert", "four", "one/mine.toml"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "an existing file is not replaced unless asked"
    );
    assert!(
        texts(&output).1.contains("mine.toml exists"),
        "{}",
        texts(&output).1
    );
    assert_eq!(folder.read("one/mine.toml"), "mine = 1\n");
    let output = folder.run(&["convert", "four", "one/mine.toml", "--replace"]);
    assert_eq!(output.status.code(), Some(0), "{}", texts(&output).1);
    assert_eq!(read(&folder.path().join("one/mine.toml")), four);
}

#[test]
fn convert_keeps_value_files_as_they_are() {
    const USERS: &str = "ann\tsecret\tOslo\n\nbob\tqwerty\tRome\n";
    let folder = Folder::new("convert-values");
    folder.write(
        "input.xml",
        "<Load><transaction><name>Login</name>\n\
         <url inputype=\"file\" method=\"post\">http://127.0.0.1:1/?u=${users.txt#0}&amp;p=${users.txt#1}</url>\n\
         </transaction></Load>",
    );
    folder.write(
        "cbmg.txt",
        "Entry Login Exit\nEntry 0 1 0\nLogin 0 0 1\nExit 0 0 0\n",
    );
    folder.write("users.txt", USERS);
    // Elsewhere with the column that nothing uses, in place not at all: neither may lose what a person typed.
    for to in ["elsewhere/workload.toml", "workload.toml"] {
        let output = folder.run(&["convert", "input.xml", to, "--replace"]);
        assert_eq!(output.status.code(), Some(0), "{}", texts(&output).1);
    }
    assert_eq!(folder.read("elsewhere/users.txt"), USERS);
    assert_eq!(folder.read("users.txt"), USERS);
    assert_eq!(
        read(&folder.path().join("workload.toml")),
        read(&folder.path().join("input.xml"))
    );
}

#[test]
fn a_page_alone_has_a_curve_and_is_told_what_is_missing() {
    let folder = Folder::new("url");
    let demo = Demo::start(&folder).unwrap();
    std::fs::remove_file(folder.path().join("input.xml")).unwrap();
    let url = format!("{}/slow?ms=20", demo.site.url());
    let output = folder.run(&[
        "capacity",
        &url,
        "--out",
        "run",
        "--seed",
        "4",
        "--max-users",
        "4",
        "--max-level-time",
        "6s",
        "--max-duration",
        "20s",
    ]);
    let (stdout, stderr) = texts(&output);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}\n{stderr}");
    assert!(stderr.contains("users think for 1 s on average"), "{stderr}");
    assert!(
        stdout.contains("No profiler was asked") && stdout.contains("CPU time of each process"),
        "{stdout}"
    );
    let summary: serde_json::Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(autoperf_tests::summary::schema_errors(&summary), [""; 0]);
    assert!(!summary["levels"].as_array().unwrap().is_empty());
    assert!(!summary["curve"].as_array().unwrap().is_empty());
    assert_eq!(summary["levels"][0]["processes"].as_array().unwrap().len(), 0);
    for wrong in [&["capacity", "localhost"][..], &["capacity", &url, "--manual"]] {
        assert_eq!(folder.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
