//! What input.xml says is what the server receives: forms, values of files and sequences, unique ones, links of the last page.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder, Recorded};
use std::collections::{BTreeMap, BTreeSet};

const USERS: u32 = 6;

/// Each session goes round through all transactions and, within a test, never ends: a connection is a user.
const ROUND: &str = "Entry Login Range List Json Menu Day Exit\n\
    Entry 0 1 0 0 0 0 0 0\n\
    Login 0 0 1 0 0 0 0 0\n\
    Range 0 0 0 1 0 0 0 0\n\
    List  0 0 0 0 1 0 0 0\n\
    Json  0 0 0 0 0 1 0 0\n\
    Menu  0 0 0 0 0 0 1 0\n\
    Day   0 0.999999 0 0 0 0 0 0.000001\n\
    Exit  0 0 0 0 0 0 0 0\n";

/// Six ways to say what is sent; `/echo` answers with the request itself, so that a body's links are on the answer's page.
fn input(port: u16) -> String {
    let site = format!("http://127.0.0.1:{port}/echo");
    let transaction = |name: &str, inside: &str| {
        format!("<transaction><name>{name}</name>{inside}<thinktime>15</thinktime></transaction>\n")
    };
    let all = [
        transaction(
            "Login",
            &format!(
                "<url method=\"post\" inputype=\"file\" unique=\"unique\">{site}?is=login&amp;user=${{users.txt#0}}&amp;password=${{users.txt#2}}</url>"
            ),
        ),
        transaction(
            "Range",
            &format!(
                "<sequencelist><sequence name=\"id\" type=\"range\">1,4</sequence></sequencelist>\
                 <url unique=\"unique\">{site}?is=range&amp;id=${{id}}</url>"
            ),
        ),
        transaction(
            "List",
            &format!(
                "<url inputype=\"file\">{site}?is=list&amp;town=${{towns.txt#1}}&amp;code=${{towns.txt#0}}&amp;other=${{more/other.txt#0}}</url>"
            ),
        ),
        transaction(
            "Json",
            &format!(
                "<sequencelist><sequence name=\"a\">0,1,2</sequence><sequence name=\"b\" type=\"range\">08,09</sequence></sequencelist>\
                 <url method=\"post\">{site}?is=json</url><header name=\"X-Pick\">${{a}}${{b}}</header>\
                 <body type=\"application/json\">{{\"a\": ${{a}}, \"b\": \"${{b}}\"}}</body><expect>200</expect>"
            ),
        ),
        transaction(
            "Menu",
            &format!(
                "<url method=\"post\">{site}?is=menu</url><body type=\"text/html\">&lt;a href='/echo?day=1'> \
                 &lt;a href='/echo?day=2&amp;amp;x=y'> &lt;a href='/echo?week=3'></body>"
            ),
        ),
        transaction("Day", &format!("<url inputype=\"parse\">{site}?day=${{0}}</url>")),
    ];
    format!(
        "<autoperf><Load>{}<warmup>false</warmup></Load></autoperf>",
        all.concat()
    )
}

/// What the site received from six users within three seconds, but for the first look.
fn received() -> Vec<Recorded> {
    let folder = Folder::new("language");
    let demo = Demo::start(&folder).unwrap();
    folder.write("input.xml", &input(demo.site.web_port()));
    folder.write("cbmg.txt", ROUND);
    folder.write(
        "users.txt",
        "u0\t-\tp0\nu1\t-\tp1\nu2\t-\tp2\nu3\t-\tp3\nu4\t-\tp4\nu5\t-\tp5\nu6\t-\tp6\nu7\t-\tp7\n",
    );
    folder.write("towns.txt", "OSL\tOslo\nROM\tRome\nPAR\tParis\n");
    std::fs::create_dir(folder.path().join("more")).unwrap();
    folder.write("more/other.txt", "x\ny\n");
    folder.write("mll.txt", &format!("{USERS} 3\n"));
    let output = folder.run(&["-m", "-c", "--out", "run", "--seed", "8"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stderr}");
    let summary: serde_json::Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    let level = &summary["levels"][0];
    assert_eq!(level["errors"], 0, "{level:#}");
    assert_eq!(
        (
            level["warmup_s"].as_f64(),
            level["measured_s"].as_f64().map(f64::round)
        ),
        (Some(0.0), Some(3.0)),
        "without warm-up everything counts from the beginning"
    );
    let mut all = demo.recorded().unwrap();
    all.remove(0);
    all
}

fn of<'a>(all: &'a [Recorded], kind: &str) -> Vec<&'a Recorded> {
    let is = |request: &&Recorded| match kind {
        "day" => request.parameter("day").is_some() && request.method == "GET",
        _ => request.parameter("is") == Some(kind),
    };
    let found: Vec<_> = all.iter().filter(is).collect();
    assert!(
        found.len() >= 3 * USERS as usize,
        "{kind}: {} requests",
        found.len()
    );
    found
}

/// The values that each connection sent for a parameter.
fn by_user(requests: &[&Recorded], parameter: &str) -> BTreeMap<u64, BTreeSet<String>> {
    let mut values = BTreeMap::<u64, BTreeSet<String>>::new();
    for request in requests {
        let value = request.parameter(parameter).unwrap().to_owned();
        values.entry(request.connection).or_default().insert(value);
    }
    values
}

/// Whether these are drawn with the same probability: chi-square beyond what one in a billion fair draws exceeds, with up to
/// five degrees of freedom.
fn assert_even(values: impl Iterator<Item = String>, of: usize) {
    let mut counts = BTreeMap::<String, f64>::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1.0);
    let expected = counts.values().sum::<f64>() / of as f64;
    let missing = of - counts.len();
    let statistic: f64 = counts
        .values()
        .map(|count| (count - expected).powi(2) / expected)
        .sum();
    assert!(
        of <= 6 && statistic + missing as f64 * expected < 51.0,
        "{counts:?}"
    );
}

#[test]
fn the_server_receives_what_the_files_say() {
    let all = received();
    forms_are_posted(&of(&all, "login"));
    unique_values_repeat_only_when_they_run_out(&of(&all, "login"), &of(&all, "range"));
    files_and_sequences_are_drawn_evenly(&of(&all, "list"), &of(&all, "json"));
    links_come_from_the_last_page(&of(&all, "day"));
    assert!(
        all.iter()
            .all(|request| request.parameter("week").is_none() || request.method == "POST")
    );
}

fn forms_are_posted(logins: &[&Recorded]) {
    for login in logins {
        assert_eq!((login.method.as_str(), login.target.as_str()), ("POST", "/echo"));
        assert_eq!(
            login.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        let (user, password) = (
            login.parameter("user").unwrap(),
            login.parameter("password").unwrap(),
        );
        assert_eq!(
            login.body,
            format!("is=login&user={user}&password={password}"),
            "the form and nothing else"
        );
        assert_eq!(user.replace('u', "p"), password, "of the same row");
    }
}

fn unique_values_repeat_only_when_they_run_out(logins: &[&Recorded], ranges: &[&Recorded]) {
    let names = by_user(logins, "user");
    assert_eq!(names.len(), USERS as usize, "{names:?}");
    let own: BTreeSet<_> = names.values().flatten().collect();
    assert!(
        names.values().all(|own| own.len() == 1),
        "each keeps its own: {names:?}"
    );
    assert_eq!(
        own.len(),
        USERS as usize,
        "eight rows are enough for six users: {names:?}"
    );
    let numbers = by_user(ranges, "id");
    assert!(numbers.values().all(|own| own.len() == 1), "{numbers:?}");
    let mut uses = BTreeMap::<&str, u32>::new();
    numbers
        .values()
        .flatten()
        .for_each(|id| *uses.entry(id).or_default() += 1);
    assert_eq!(
        uses.into_iter().collect::<Vec<_>>(),
        [("1", 2), ("2", 2), ("3", 1), ("4", 1)],
        "four values for six users"
    );
}

fn files_and_sequences_are_drawn_evenly(lists: &[&Recorded], jsons: &[&Recorded]) {
    for list in lists {
        let (town, code) = (list.parameter("town").unwrap(), list.parameter("code").unwrap());
        assert_eq!(town[..3].to_uppercase(), code, "of the same row");
    }
    let pair = |list: &&Recorded| {
        format!(
            "{} {}",
            list.parameter("town").unwrap(),
            list.parameter("other").unwrap()
        )
    };
    assert_even(lists.iter().map(pair), 6);
    for json in jsons {
        assert_eq!(json.header("content-type"), Some("application/json"));
        let picked = json.header("x-pick").unwrap();
        let (a, b) = picked.split_at(1);
        assert_eq!(
            json.body,
            format!("{{\"a\": {a}, \"b\": \"{b}\"}}"),
            "a place that stands twice has one value"
        );
        assert_eq!(
            json.target, "/echo?is=json",
            "with a body of its own a URL stays whole"
        );
    }
    assert_even(
        jsons.iter().map(|json| json.header("x-pick").unwrap().to_owned()),
        6,
    );
}

fn links_come_from_the_last_page(days: &[&Recorded]) {
    let targets: BTreeSet<&str> = days.iter().map(|day| day.target.as_str()).collect();
    assert_eq!(
        targets.into_iter().collect::<Vec<_>>(),
        ["/echo?day=1", "/echo?day=2&x=y"],
        "every link that fits the pattern, and no other"
    );
    assert_even(days.iter().map(|day| day.target.clone()), 2);
}
