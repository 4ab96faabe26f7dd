//! What stands in the environment and in files reaches a run, the stronger place first, and `--print-config` says whence.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::Folder;

/// The row of an option: its value and where it comes from.
fn row(folder: &Folder, arguments: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let mut command = folder.command(&["capacity", "http://127.0.0.1:1/", "--print-config"]);
    let home = folder.path().join("home");
    command
        .args(arguments)
        .env("HOME", &home)
        .env_remove("XDG_CONFIG_HOME")
        .envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("max-users"))
        .unwrap_or_else(|| {
            panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
        });
    let mut words = line.split_whitespace().skip(1);
    (
        words.next().unwrap().to_owned(),
        words.collect::<Vec<_>>().join(" "),
    )
}

#[test]
fn the_stronger_place_wins() {
    let folder = Folder::new("settings");
    let is = |found: (String, String), value: &str, origin: &str| {
        assert!(
            found.0 == value && found.1.ends_with(origin),
            "{found:?} is not {value} from {origin}"
        );
    };
    is(row(&folder, &[], &[]), "-", "not set");
    std::fs::create_dir_all(folder.path().join("home/.config/autoperf")).unwrap();
    folder.write("home/.config/autoperf/config.toml", "max-users = 2\n");
    is(row(&folder, &[], &[]), "2", "home/.config/autoperf/config.toml:1");
    folder.write("autoperf.toml", "\nmax-users = 3\n");
    is(row(&folder, &[], &[]), "3", "autoperf.toml:2");
    folder.write("autoperf.toml", "\nmax-users = 3\n[capacity]\nmax-users = 33\n");
    is(row(&folder, &[], &[]), "33", "autoperf.toml:4");
    let variable = [("AUTOPERF_MAX_USERS", "4")];
    is(
        row(&folder, &[], &variable),
        "4",
        "environment, AUTOPERF_MAX_USERS",
    );
    is(
        row(&folder, &["--max-users", "5"], &variable),
        "5",
        "command line",
    );
}

#[test]
fn a_value_in_a_file_has_its_effect_and_a_wrong_one_stops_the_run() {
    let folder = Folder::new("settings-effect");
    folder.write("autoperf.toml", "[plan]\nmax-users = 77\n");
    let output = folder.run(&["plan", "http://127.0.0.1:1/"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("users: at most 77,"), "{text}");

    folder.write("autoperf.toml", "[plan]\nmax-user = 77\n");
    let output = folder.run(&["plan", "http://127.0.0.1:1/"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["autoperf.toml:2:1", "did you mean `max-users`?"] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
}
