//! AutoPerf's own command line (`autoperf -c -fi input.xml`), translated into verbs and long options.

use std::ffi::OsString;

/// A command line that mixes AutoPerf's options in a way that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "autoperf: {found}\n  expected: one of -c, -p, -m -c, -m -p, then -fi FILE, -fc FILE, -fm FILE in any order\n  hint: {hint}"
)]
pub struct SpellingError {
    found: String,
    hint: String,
}

const OPTIONS: &[(&str, &str)] = &[("-fi", "--input"), ("-fc", "--cbmg"), ("-fm", "--manual")];

/// Translates AutoPerf's spelling; anything that does not begin with one of its options is left as it is.
///
/// # Errors
/// [`SpellingError`] where its options contradict each other.
pub fn translate(arguments: Vec<OsString>) -> Result<Vec<OsString>, SpellingError> {
    let is_old = |argument: &OsString| {
        argument.to_str().is_some_and(|text| {
            matches!(text, "-c" | "-p" | "-m") || OPTIONS.iter().any(|(old, _)| *old == text)
        })
    };
    if !arguments.get(1).is_some_and(is_old) {
        return Ok(with_long_options(arguments));
    }
    let has = |option: &str| arguments.iter().skip(1).any(|argument| argument == option);
    let (capacity, profile, manual) = (has("-c"), has("-p"), has("-m"));
    let verb = match (capacity, profile) {
        (true, false) => "capacity",
        (false, true) => "profile",
        (true, true) => return Err(error("-c and -p together", "choose one mode of operation")),
        (false, false) => {
            return Err(error(
                "no mode of operation",
                "add -c for a capacity analysis or -p to profile",
            ));
        }
    };
    let mut translated = vec![arguments.first().cloned().unwrap_or_default(), verb.into()];
    // Without a file of its own, the schedule is where config.properties says, else in mll.txt.
    let standard_schedule = manual && !has("-fm");
    if !manual && has("-fm") {
        return Err(error(
            "-fm without -m",
            "add -m to run at the load levels of that file",
        ));
    }
    translated.extend(
        arguments
            .into_iter()
            .skip(1)
            .filter(|argument| !["-c", "-p", "-m"].iter().any(|mode| argument == mode)),
    );
    if standard_schedule {
        translated.push("--manual".into());
    }
    Ok(with_long_options(translated))
}

fn error(found: &str, hint: &str) -> SpellingError {
    SpellingError {
        found: found.to_owned(),
        hint: hint.to_owned(),
    }
}

fn with_long_options(arguments: Vec<OsString>) -> Vec<OsString> {
    let long = |argument: OsString| {
        OPTIONS
            .iter()
            .find(|(old, _)| argument == *old)
            .map_or(argument, |(_, new)| OsString::from(*new))
    };
    arguments.into_iter().map(long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_manuals_examples_mean_verbs() {
        let cases = [
            ("autoperf -c", "autoperf capacity"),
            (
                "autoperf -p -fi 1/input.xml",
                "autoperf profile --input 1/input.xml",
            ),
            (
                "autoperf -m -c -fi 1/input.xml -fc 2/cbmg.txt -fm mll.txt",
                "autoperf capacity --input 1/input.xml --cbmg 2/cbmg.txt --manual mll.txt",
            ),
            (
                "autoperf -fc 2/cbmg.txt -c",
                "autoperf capacity --cbmg 2/cbmg.txt",
            ),
            ("autoperf -m -p", "autoperf profile --manual"),
            (
                "autoperf -fi a.xml -c -m",
                "autoperf capacity --input a.xml --manual",
            ),
            ("autoperf capacity -fi a.xml", "autoperf capacity --input a.xml"),
            ("autoperf demo", "autoperf demo"),
            ("autoperf --help", "autoperf --help"),
        ];
        for (old, new) in cases {
            assert_eq!(translate(words(old)).unwrap(), words(new), "{old}");
        }
    }

    #[test]
    fn contradictions_are_named() {
        for (line, found) in [
            ("autoperf -c -p", "-c and -p together"),
            ("autoperf -fi a.xml", "no mode of operation"),
            ("autoperf -c -fm a.txt", "-fm without -m"),
        ] {
            assert!(
                translate(words(line)).unwrap_err().to_string().contains(found),
                "{line}"
            );
        }
    }
}
