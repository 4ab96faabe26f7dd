//! A real Java virtual machine that allocates, against what the virtual machine says itself, where there is one to run.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use autoperf_profiler::reading::Jvm;

use crate::stage::{Agent, Running};

/// Allocates until it has collected a few times, says what its own beans have counted, and waits.
const PROGRAM: &str = r#"
import java.lang.management.*;
public class Allocating {
    static byte[][] kept = new byte[64][];
    static long collections() {
        long count = 0;
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) count += bean.getCollectionCount();
        return count;
    }
    public static void main(String[] words) throws Exception {
        for (int i = 0; collections() < 5 && i < 2000000; i++) kept[i % 64] = new byte[16384];
        System.out.println(collections());
        System.out.flush();
        Thread.sleep(60000);
    }
}
"#;

fn compiled() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("java-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("Allocating.java"), PROGRAM).unwrap();
    let status = Command::new("javac")
        .arg("-d")
        .arg(&folder)
        .arg(folder.join("Allocating.java"))
        .status();
    status.is_ok_and(|status| status.success()).then_some(folder)
}

/// What the machine's own tool reads from it: counters by name, as they are; empty without the tool or without counters.
fn told_by_jcmd(pid: u32) -> HashMap<String, u64> {
    let output = Command::new("jcmd")
        .args([&pid.to_string(), "PerfCounter.print"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let counter = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(counter).collect()
}

/// What is known of a machine that has done its work and waits.
struct Seen {
    /// Its collections by its own beans.
    collections: u64,
    /// What the agent says.
    jvm: Jvm,
    /// What its tool says, a moment later.
    counters: HashMap<String, u64>,
}

fn look(folder: &Path, options: &[&str]) -> Seen {
    let mut command = Command::new("java");
    command
        .args(["-Xmx32m"])
        .args(options)
        .arg("-cp")
        .arg(folder)
        .arg("Allocating")
        .stdout(Stdio::piped());
    let mut machine = Running(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(machine.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let collections = line.trim().parse().unwrap();
    let agent = Agent::start();
    let mut client = agent.client();
    client.watch(&["java".into()]).unwrap();
    let groups = client.snapshot().unwrap().groups;
    let jvm = groups[0]
        .detail
        .jvms
        .iter()
        .find(|jvm| jvm.pid == machine.0.id())
        .cloned();
    Seen {
        collections,
        jvm: jvm.unwrap(),
        counters: told_by_jcmd(machine.0.id()),
    }
}

/// Figure by figure the same, where the machine has not collected once more in between.
fn assert_as_told_by_jcmd(jvm: &Jvm, counters: &HashMap<String, u64>) {
    let counter = |name: String| {
        *counters
            .get(&name)
            .unwrap_or_else(|| panic!("{name}: {counters:?}"))
    };
    let of = |index: usize, what: &str| counter(format!("sun.gc.collector.{index}.{what}"));
    for (index, collector) in jvm.collectors.iter().enumerate() {
        assert!(of(index, "invocations") >= collector.count, "{collector:?}");
    }
    let told: u64 = (0..jvm.collectors.len())
        .map(|index| of(index, "invocations"))
        .sum();
    let ours: u64 = jvm.collectors.iter().map(|collector| collector.count).sum();
    assert!(jvm.safepoint_ns.unwrap() <= in_ns(counter("sun.rt.safepointTime".to_owned()), counters));
    if told > ours {
        return;
    }
    for (index, collector) in jvm.collectors.iter().enumerate() {
        let time_ns = in_ns(of(index, "time"), counters);
        assert!(
            time_ns.abs_diff(collector.time_ns) <= 1_000,
            "{time_ns} ns: {collector:?}"
        );
    }
    // Serial samples how full its first space, where objects are allocated, is; the other spaces change when it collects.
    let used = |of: &dyn Fn(&str) -> bool| -> u64 {
        let spaces = counters.iter().filter(|(name, _)| {
            name.starts_with("sun.gc.generation.") && name.contains(".space.") && name.ends_with(".used")
        });
        spaces
            .filter(|(name, _)| of(name.as_str()))
            .map(|(_, bytes)| bytes)
            .sum()
    };
    let kept = used(&|name| !name.starts_with("sun.gc.generation.0.space.0."));
    let all = used(&|_| true);
    let ours = jvm.heap_used_bytes.unwrap();
    assert!(
        (kept..=all).contains(&ours),
        "{ours} bytes, {kept} to {all} told: {counters:?}"
    );
}

fn in_ns(ticks: u64, counters: &HashMap<String, u64>) -> u64 {
    let per_second = counters["sun.os.hrt.frequency"];
    (u128::from(ticks) * 1_000_000_000 / u128::from(per_second)) as u64
}

#[test]
fn collections_are_those_that_the_machine_has_counted() {
    let Some(folder) = compiled() else {
        eprintln!("not tested: no javac here");
        return;
    };
    for (collector, policy) in [("-XX:+UseSerialGC", "Copy:MSC"), ("-XX:+UseG1GC", "GarbageFirst")] {
        let Seen {
            collections,
            jvm,
            counters,
        } = look(&folder, &[collector]);
        assert_as_told_by_jcmd(&jvm, &counters);
        assert_eq!(jvm.absent, None);
        assert_eq!(jvm.policy.as_deref(), Some(policy));
        let counted: u64 = jvm.collectors.iter().map(|collector| collector.count).sum();
        assert!(
            counted >= collections,
            "{counted} counted, {collections} by its own beans: {jvm:?}"
        );
        assert!(
            counted <= collections + 5,
            "{counted} counted, {collections} by its own beans: {jvm:?}"
        );
        assert!(
            jvm.heap_used_bytes <= jvm.heap_committed_bytes && jvm.heap_committed_bytes <= Some(33 << 20),
            "{jvm:?}"
        );
        assert!(
            jvm.safepoint_ns > Some(0) && jvm.application_cpu_ns > Some(0) && jvm.compiler_cpu_ns.is_some()
        );
    }
    let Seen { jvm: without, .. } = look(&folder, &["-XX:-UsePerfData"]);
    assert!(without.absent.is_some() && without.collectors.is_empty());
    assert!(
        without.application_cpu_ns > Some(0),
        "its CPU time is still known"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
