//! The commands of the documentation work, and what the tutorial shows of them is what they say.
//!
//! `cargo run --release -p autoperf-tests --example record_tutorial` records what the tutorial's commands say at full length.

use autoperf_tests::pages::{PATIENT, SHORT, Stage, TUTORIAL, blocks, names, read};

#[test]
fn the_commands_of_the_pages_work() {
    let mut run = 0;
    let mut stage = Stage::new().unwrap();
    for page in names().unwrap() {
        let text = read(&page).unwrap();
        stage.clear().unwrap();
        for block in blocks(&text).iter().filter(|block| block.mark == "sh") {
            for command in block.commands(&text) {
                if let Err(error) = stage.run(&command, &SHORT) {
                    panic!("docs/{page}: {error}");
                }
                run += 1;
            }
        }
    }
    assert!(run >= 20, "only {run} commands were found");
}

#[test]
fn every_block_says_what_it_is() {
    let known = ["sh", "sh no-run", "text", "xml", "toml", "json", "yaml"];
    for page in names().unwrap() {
        for block in blocks(&read(&page).unwrap()) {
            assert!(
                known.contains(&block.mark.as_str()),
                "docs/{page}, line {}: `{}`",
                block.from,
                block.mark
            );
        }
    }
}

/// `check` and `plan` measure nothing, so that their answers must be the recorded ones to the letter.
#[test]
fn what_the_tutorial_shows_of_a_command_that_measures_nothing_is_what_it_says() {
    let text = read(TUTORIAL).unwrap();
    let stage = Stage::new().unwrap();
    let mut answers = blocks(&text).windows(2).map(<[_]>::to_vec).collect::<Vec<_>>();
    answers.retain(|pair| pair[1].answers(&pair[0]));
    let mut compared = 0;
    for pair in answers {
        let commands = pair[0].commands(&text);
        let pure = |command: &String| {
            ["autoperf check", "autoperf plan"]
                .iter()
                .any(|verb| command.starts_with(verb))
        };
        if !commands.iter().all(pure) {
            continue;
        }
        let said: String = commands
            .iter()
            .map(|command| stage.run(command, &PATIENT).unwrap().1)
            .collect();
        let shown: Vec<&str> = text.lines().collect();
        assert_eq!(
            said.trim_end().lines().collect::<Vec<_>>(),
            shown[pair[1].from..pair[1].to],
            "docs/{TUTORIAL} shows another answer of {commands:?}"
        );
        compared += 1;
    }
    assert!(compared >= 2, "only {compared} answers were compared");
}
