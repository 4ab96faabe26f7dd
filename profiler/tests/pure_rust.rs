//! The agent compiles no C and links no library but the C library: it runs wherever a kernel does. A walk over the tree of
//! what goes into it.

use std::process::Command;

#[test]
fn nothing_in_the_agent_compiles_c_or_links_a_library() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p} {l}",
        ])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(
        names.contains(&"autoperf-profiler") && names.contains(&"libc"),
        "{tree}"
    );
    let compiles = [
        "cc",
        "cmake",
        "bindgen",
        "pkg-config",
        "vcpkg",
        "autotools",
        "nasm-rs",
        "ring",
        "aws-lc-rs",
    ];
    for name in names {
        assert!(!compiles.contains(&name), "{name} compiles or finds C code");
        assert!(
            !name.ends_with("-sys") || name == "linux-raw-sys",
            "{name} links a library"
        );
    }
}

#[test]
fn the_agent_needs_nothing_of_this_project() {
    let manifest = include_str!("../Cargo.toml");
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    assert!(!dependencies.contains("autoperf"), "{dependencies}");
}
