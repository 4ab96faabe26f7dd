//! `-p` and `-m -p`: single transactions, one after the other, each with what it costs every process.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_examples::demo::{LAW, ServiceLaw};
use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Puts a profile block into the demo's input.xml.
fn with_profile(folder: &Folder, block: &str) {
    let input = folder.read("input.xml");
    let input = input.replace(
        "</autoperf>",
        &format!("<Profile>\n{block}\n</Profile>\n</autoperf>"),
    );
    folder.write("input.xml", &input);
}

fn summary(folder: &Folder) -> Value {
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(schema_errors(&summary), [""; 0]);
    summary
}

/// Transactions of a name that the journal's windows hold.
fn journalled(folder: &Folder, name: &str) -> u64 {
    let index = LAW.iter().position(|law| law.name == name).unwrap();
    journal::served(folder)[index]
}

/// The demand of every process lies near that of the law for the transaction.
fn assert_demands(folder: &Folder, level: &Value, law: &ServiceLaw, tolerance: f64) {
    if !journal::site_was_alone(folder) {
        return;
    }
    for (process, truth_ms) in [("demo-web", law.web_ms), ("demo-storage", law.storage_ms)] {
        let rows = level["processes"].as_array().unwrap();
        let row = rows.iter().find(|row| row["process"] == process).unwrap();
        let demand_ms = row["service_demand_s"]["value"].as_f64().unwrap() * 1e3;
        let error = demand_ms / truth_ms - 1.0;
        assert!(
            error.abs() < tolerance,
            "{} costs {truth_ms} ms of {process}, not {demand_ms} ms\n{level:#}",
            law.name
        );
    }
}

#[test]
fn each_transaction_is_profiled_until_its_demands_are_known() {
    let folder = Folder::new("profile");
    let demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Buy</name><requires>Search</requires></usetransactions>\n\
         <usetransactions><name>Browse</name></usetransactions>\n\
         <numusers>2</numusers><profilethinktime>20</profilethinktime><executioncount></executioncount>",
    );
    let output = folder.run(&["-p", "-fi", "input.xml", "--out", "run", "--seed", "3"]);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    let summary = summary(&folder);
    assert_eq!(
        (summary["mode"].as_str(), summary["verdict"]["code"].as_str()),
        (Some("profile"), Some("profiled"))
    );
    let levels = summary["levels"].as_array().unwrap();
    let named: Vec<&str> = levels
        .iter()
        .map(|level| level["transaction"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["Buy", "Browse"], "in the order of the profile block");
    for (level, law) in levels.iter().zip([&LAW[2], &LAW[0]]) {
        assert_eq!(
            (level["users"].as_u64(), level["ended_by"].as_str()),
            (Some(2), Some("precise"))
        );
        assert_demands(&folder, level, law, 0.1);
        let rows = level["by_transaction"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "what is required is not measured");
        assert_eq!(rows[0]["name"], law.name);
    }
    // Search was required by each of two users once, and once for the first look.
    assert_eq!(demo.served(Some("Search")).unwrap(), 3);
    assert_eq!(journalled(&folder, "Search"), 0);
    let (site, ours) = (
        demo.served(Some("Browse")).unwrap(),
        journalled(&folder, "Browse"),
    );
    assert!(
        ours >= 100 && ours < site && site <= ours + 1 + 200,
        "{ours} of {site}"
    );
    let text = folder.read("run/summary.txt");
    for line in [
        "Transaction Name : Buy",
        "Transaction Name : Browse",
        "Load Level : 2",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(
        stdout.contains("Buy costs") && stdout.contains("of demo-storage"),
        "{stdout}"
    );
}

#[test]
fn an_execution_count_is_carried_out_to_the_last() {
    let folder = Folder::new("profile-count");
    let demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Search</name><requires>Browse</requires></usetransactions>\n\
         <numusers>3</numusers><profilethinktime>10</profilethinktime><executioncount>40</executioncount>",
    );
    let output = folder.run(&["profile", "--out", "run", "--seed", "3"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert_eq!(summary(&folder)["levels"][0]["ended_by"], "execution_count");
    assert_eq!(journalled(&folder, "Search"), 3 * 40, "each user, all executions");
    assert_eq!(
        demo.served(Some("Search")).unwrap(),
        3 * 40 + 1,
        "and one for the first look"
    );
    assert_eq!(demo.served(Some("Browse")).unwrap(), 3 + 1, "each user once");
}

#[test]
fn a_schedule_is_run_with_each_transaction() {
    let folder = Folder::new("profile-manual");
    let _demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Browse</name></usetransactions>\n<usetransactions><name>Search</name></usetransactions>\n\
         <numusers>9</numusers><profilethinktime>50</profilethinktime><executioncount>7</executioncount>",
    );
    folder.write("mll.txt", "1 2\n4 3\n");
    let output = folder.run(&["-m", "-p", "-fm", "mll.txt", "--out", "run", "--seed", "3"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}");
    let summary = summary(&folder);
    assert_eq!(summary["mode"], "manual-profile");
    let levels = summary["levels"].as_array().unwrap();
    let rows: Vec<(&str, u64)> = levels
        .iter()
        .map(|level| {
            (
                level["transaction"].as_str().unwrap(),
                level["users"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [("Browse", 1), ("Browse", 4), ("Search", 1), ("Search", 4)]);
    assert_demands(&folder, &levels[1], &LAW[0], 0.15);
    assert_demands(&folder, &levels[3], &LAW[1], 0.15);
    assert!(stdout.contains("was run with each of 2 transactions"), "{stdout}");
}

#[test]
fn what_is_required_must_be_served() {
    let folder = Folder::new("profile-requires");
    let demo = Demo::start(&folder).unwrap();
    let input = folder
        .read("input.xml")
        .replace("/search?q=${word}", "/status/404?q=${word}");
    folder.write("input.xml", &input);
    with_profile(
        &folder,
        "<usetransactions><name>Buy</name><requires>Search</requires></usetransactions>",
    );
    let output = folder.run(&["profile", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("404") && stderr.contains("requires"), "{stderr}");
    assert_eq!(demo.served(Some("Buy")).unwrap(), 0);
    assert!(!folder.path().join("run").exists(), "a run was begun");
}

/// A site of one page with two images and a style sheet: every request takes 1 ms, one image 50 ms, and one image is missing.
/// Gives its port and the requests so far.
fn page_with_resources() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&shared);
            // A connection that breaks ends its thread alone.
            std::thread::spawn(move || answer_all(stream, &seen).ok());
        }
    });
    (port, seen)
}

fn answer_all(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    loop {
        let Some(line) = lines.next() else { return Ok(()) };
        let target = line?.split(' ').nth(1).unwrap_or_default().to_owned();
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let (status, fields, body) = match target.as_str() {
            "/page" => (
                "200 OK",
                "Content-Type: text/html\r\nCache-Control: no-store",
                "<link rel=stylesheet href=/style.css><img src=/slow.png><img src=/missing.png>",
            ),
            "/style.css" => ("200 OK", "Cache-Control: max-age=3600", "body {}"),
            "/slow.png" => ("200 OK", "Cache-Control: no-store", "png"),
            _ => ("404 Not Found", "Cache-Control: no-store", "none"),
        };
        let service_ms = if target == "/slow.png" { 50 } else { 1 };
        seen.lock().unwrap().push(target);
        std::thread::sleep(Duration::from_millis(service_ms));
        write!(
            stream,
            "HTTP/1.1 {status}\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

#[test]
fn a_page_is_profiled_with_its_resources() {
    let folder = Folder::new("profile-resources");
    let (port, seen) = page_with_resources();
    folder.write(
        "input.xml",
        &format!(
            "<autoperf>\n<Load><transaction><name>Page</name><url>http://127.0.0.1:{port}/page</url></transaction></Load>\n\
             <Profile><usetransactions><name>Page</name></usetransactions><numusers>2</numusers>\
             <profilethinktime>10</profilethinktime><executioncount>15</executioncount></Profile>\n</autoperf>\n"
        ),
    );
    let output = folder.run(&["profile", "--resources", "--out", "run", "--seed", "3"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stderr}");
    let summary = summary(&folder);
    let level = &summary["levels"][0];
    assert_eq!(
        (level["transaction"].as_str(), level["ended_by"].as_str()),
        (Some("Page"), Some("execution_count"))
    );
    let asked = |target: &str| seen.lock().unwrap().iter().filter(|seen| *seen == target).count();
    // Each of two users 15 times, and the first look; the style sheet once in each session, the rest each time.
    assert_eq!(
        (asked("/page"), asked("/slow.png"), asked("/missing.png")),
        (31, 31, 31)
    );
    assert_eq!(asked("/style.css"), 3);
    let of_windows = journal::served(&folder);
    assert_eq!(of_windows, [30], "a resource is no transaction");
    let resources = journal::resources(&folder);
    assert_eq!(
        resources,
        [32, 0, 28, 30],
        "fetched, unchanged, from the cache, failed"
    );
    // The transaction lasts until its slowest resource is there.
    let mean_s = level["response_time_s"]["mean"]["value"].as_f64().unwrap();
    assert!(mean_s >= 0.051, "{mean_s}");
    let audits = summary["audits"].as_array().unwrap();
    let audit = audits
        .iter()
        .find(|audit| audit["name"] == "The pages' resources could be had");
    let audit = audit.unwrap();
    assert_eq!(audit["status"], "warn");
    let detail = audit["detail"].as_str().unwrap();
    assert!(
        detail.contains("30 failed") && detail.contains("/missing.png 30 times"),
        "{detail}"
    );
}
