use super::columns::{COLUMNS, Column};
use super::*;
use autoperf_models::record::Outcome;
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

/// Long enough for any machine; nothing is asserted about it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of its own, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("autoperf-record-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("written")
    }

    fn open(&self, sinks: &[PathBuf], most_waiting: usize) -> Result<Mirror, RecordError> {
        let options = RecordOptions {
            sinks: sinks.to_vec(),
            most_waiting,
        };
        Mirror::open(&options, &self.0, &["Buy, \"now\"".to_owned()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn finished(user: u32) -> Finished {
    Finished {
        record: Record {
            user,
            transaction: 0,
            outcome: Outcome::Ok,
            status: 200,
            scheduled_ns: 1_000,
            start_ns: 2_000,
            connect_start_ns: 2_000,
            connect_end_ns: 5_000,
            tls_end_ns: 0,
            send_start_ns: 6_000,
            send_end_ns: 7_500,
            first_byte_ns: 20_000,
            last_byte_ns: 2_000_024_000,
            end_ns: 2_000_025_000,
            bytes_sent: 132,
            bytes_received: 1239,
        },
        measured: user > 0,
    }
}

fn batch(count: u32) -> Vec<Finished> {
    (0..count).map(finished).collect()
}

fn give(mirror: &mut Mirror, level: Option<usize>, finished: Vec<Finished>) -> u64 {
    let lost = mirror.take(finished, 0);
    mirror.pass_on(level);
    lost
}

/// Waits until a sink has written so many transactions, or has failed.
fn wait_for(stream: &Stream, done: impl Fn(u64, bool) -> bool) {
    let until_ns = monotonic_ns() + PATIENCE.as_nanos() as u64;
    while monotonic_ns() < until_ns {
        let (written, failed) = stream.progress();
        if done(written, failed) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing happened");
}

/// Every field of the manual's table, section "Instrumentation File Contents/Format".
#[test]
fn every_field_of_addanc_is_there() {
    let wanted = "scriptID vcID pageID txnID conStart conEnd conTime sendStart sendEnd sendTime recvStart recvEnd recvTime \
                  procStart procEnd procTime txnStartTime txnEndTime txnTime txnSendBytes txnRecvBytes txnHTTPStatus txnStatus";
    let named: BTreeSet<&str> = COLUMNS
        .iter()
        .flat_map(|column: &Column| column.addanc.split(", "))
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(named, wanted.split_whitespace().collect());
    let names: BTreeSet<&str> = COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(names.len(), COLUMNS.len());
}

#[test]
fn both_forms_say_the_same() {
    let folder = Folder::new("forms");
    let mut mirror = folder
        .open(&["csv".into(), folder.file("own.jsonl")], 10)
        .expect("new files");
    assert_eq!(give(&mut mirror, None, batch(1)), 0);
    assert_eq!(give(&mut mirror, Some(1), vec![finished(7)]), 0);
    let ends = mirror.finish(PATIENCE);
    assert!(
        ends.iter()
            .all(|end| end.written == 2 && end.missing == 0 && end.failure.is_none())
    );
    let csv = folder.read("transactions.csv");
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 3);
    let json = folder.read("own.jsonl");
    let objects: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["level"], serde_json::Value::Null);
    assert_eq!(
        (&objects[1]["level"], &objects[1]["user"]),
        (&1.into(), &7.into())
    );
    assert_eq!(objects[1]["transaction"], "Buy, \"now\"");
    assert_eq!(objects[0]["measured"], false);
    assert_eq!(objects[1]["tls_time_s"], serde_json::Value::Null);
    let (name, level, user) = (folder.0.file_name().expect("named"), 1, 7);
    let start = format!(
        "{},{level},{user},\"Buy, \"\"now\"\"\",true,ok,200,132,1239,",
        name.to_string_lossy()
    );
    assert!(rows[2].starts_with(&start), "{}", rows[2]);
    let end = ",0.000003000,,0.000001500,2.000004000,0.000001000,2.000022000";
    assert!(rows[2].ends_with(end), "{}", rows[2]);
    // The fields of a row are those of the object, name by name; the quoted one is left out on both sides.
    let fields = rows[2].replace("\"Buy, \"\"now\"\"\"", "");
    for (column, field) in COLUMNS.iter().zip(fields.split(',')) {
        if column.name == "transaction" {
            continue;
        }
        let value = match json
            .lines()
            .nth(1)
            .and_then(|line| line.split_once(&format!("\"{}\":", column.name)))
        {
            Some((_, rest)) => rest.split([',', '}']).next().unwrap_or_default(),
            None => panic!("{} is missing", column.name),
        };
        let value = value.trim_matches('"');
        assert_eq!(if value == "null" { "" } else { value }, field, "{}", column.name);
    }
}

/// The wall clock of an instant is that of its own moment.
#[test]
fn instants_are_wall_clock() {
    let folder = Folder::new("clock");
    let mut mirror = folder.open(&["csv".into()], 10).expect("a new file");
    let mut now = finished(1);
    let before_s = unix_ns() / 1_000_000_000;
    now.record.start_ns = monotonic_ns();
    let after_s = unix_ns() / 1_000_000_000;
    give(&mut mirror, None, vec![now]);
    let _ = mirror.finish(PATIENCE);
    let csv = folder.read("transactions.csv");
    let place = COLUMNS
        .iter()
        .position(|column| column.name == "start_unix_s")
        .expect("known");
    let row = csv
        .lines()
        .nth(1)
        .expect("a row")
        .replace("\"Buy, \"\"now\"\"\"", "");
    let start_s: u64 = row
        .split(',')
        .nth(place)
        .and_then(|text| text.split('.').next()?.parse().ok())
        .expect("s");
    assert!(
        (before_s.saturating_sub(1)..=after_s + 1).contains(&start_s),
        "{start_s} {before_s}"
    );
}

/// A pipe that nobody reads: its backlog fills, the rest is counted, the other sink has everything, and nobody waits.
#[test]
fn a_stuck_sink_holds_nobody_up() {
    let folder = Folder::new("stuck");
    let pipe = folder.file("stuck.csv");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo");
    assert!(made.success());
    let mut mirror = folder
        .open(&[pipe, "csv".into()], 5)
        .expect("a pipe and a new file");
    let mut missing = 0;
    for round in 1..=10 {
        missing += give(&mut mirror, None, batch(2));
        wait_for(&mirror.streams[1], |written, _| written == 2 * round);
    }
    // Two batches of two find room for five, eight do not.
    assert_eq!(missing, 16);
    assert_eq!(mirror.failures(), [""; 0], "it is slow, and has not failed");
    let ends = mirror.finish(Duration::from_millis(300));
    assert_eq!((ends[0].written, ends[0].missing), (0, 20));
    assert!(
        ends[0]
            .failure
            .as_ref()
            .is_some_and(|why| why.contains("nobody took")),
        "{ends:?}"
    );
    assert_eq!(
        (ends[1].written, ends[1].missing, &ends[1].failure),
        (20, 0, &None)
    );
    assert_eq!(folder.read("transactions.csv").lines().count(), 21);
}

#[test]
fn a_full_disk_is_named_once_and_the_others_go_on() {
    let folder = Folder::new("full");
    let full = folder.file("full.csv");
    symlink("/dev/full", &full).expect("a link");
    let mut mirror = folder
        .open(&[full, "jsonl".into()], 100)
        .expect("both can be opened");
    wait_for(&mirror.streams[0], |_, failed| failed);
    let told = mirror.failures();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("full.csv is given up") && told[0].contains("No space left"),
        "{told:?}"
    );
    assert_eq!(
        give(&mut mirror, None, batch(3)),
        3,
        "missing from one of the two"
    );
    assert_eq!(mirror.failures(), [""; 0], "once");
    let ends = mirror.finish(PATIENCE);
    assert_eq!((ends[0].written, ends[0].missing), (0, 3));
    assert!(ends[0].failure.is_some());
    assert_eq!((ends[1].written, ends[1].missing), (3, 0));
    assert_eq!(folder.read("transactions.jsonl").lines().count(), 3);
}

/// What never came as far as this is missing from every file, but is no fault of theirs.
#[test]
fn what_was_lost_on_the_way_is_missing_too() {
    let folder = Folder::new("way");
    let mut mirror = folder
        .open(&["csv".into(), "jsonl".into()], 10)
        .expect("new files");
    assert_eq!(mirror.take(batch(2), 7), 0);
    mirror.pass_on(Some(1));
    for end in mirror.finish(PATIENCE) {
        assert_eq!((end.written, end.missing, end.failure), (2, 7, None));
    }
}

#[test]
fn what_cannot_be_recorded_is_said_before_the_run() {
    let folder = Folder::new("refused");
    std::fs::write(folder.file("old.csv"), "1,2\n").expect("written");
    std::fs::write(folder.file("empty.csv"), "").expect("written");
    let told = |sinks: &[PathBuf]| {
        folder
            .open(sinks, 10)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let old = told(&[folder.file("old.csv")]).expect_err("in the way");
    assert!(
        old.contains("old.csv: the file is there already") && old.contains("hint:"),
        "{old}"
    );
    assert_eq!(folder.read("old.csv"), "1,2\n");
    let form = told(&["transactions.xml".into()]).expect_err("no such form");
    assert!(
        form.contains("expected: csv, jsonl, or a file that ends in .csv or .jsonl"),
        "{form}"
    );
    assert!(told(&["elsewhere/csv".into()]).is_err(), "a path needs an ending");
    let lost = told(&[folder.file("no/such/folder.csv")]).expect_err("nowhere");
    assert!(lost.contains("No such file"), "{lost}");
    assert!(told(&["csv".into(), "csv".into()]).is_err(), "twice the same");
    assert_eq!(told(&[folder.file("empty.csv")]), Ok(()));
}

#[test]
fn shifting_leaves_what_did_not_happen() {
    let mut record = finished(1).record;
    shift(&mut record, 1_000_000);
    assert_eq!(
        (record.scheduled_ns, record.end_ns, record.tls_end_ns),
        (1_001_000, 2_001_025_000, 0)
    );
}
