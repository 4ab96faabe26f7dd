//! A real Java virtual machine that allocates, against what the virtual machine says itself, where there is one to run.

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

/// The machine's collections by its own beans, and what the agent says of it.
fn look(folder: &Path, options: &[&str]) -> (u64, Jvm) {
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
    (collections, jvm.unwrap())
}

#[test]
fn collections_are_those_that_the_machine_has_counted() {
    let Some(folder) = compiled() else {
        eprintln!("not tested: no javac here");
        return;
    };
    for (collector, policy) in [("-XX:+UseSerialGC", "Copy:MSC"), ("-XX:+UseG1GC", "GarbageFirst")] {
        let (collections, jvm) = look(&folder, &[collector]);
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
    let (_, without) = look(&folder, &["-XX:-UsePerfData"]);
    assert!(without.absent.is_some() && without.collectors.is_empty());
    assert!(
        without.application_cpu_ns > Some(0),
        "its CPU time is still known"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
