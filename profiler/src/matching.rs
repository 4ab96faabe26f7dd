//! Which processes a name means: `mysqld|mariadbd`, `php-fpm*`. A program's file is believed before the name it was called
//! by, and that before the name of its thread, which programs change and the kernel cuts.

use serde::{Deserialize, Serialize};

use crate::process::Names;

/// By what a process was recognised, the most trustworthy first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The systemd unit or control group that it runs in.
    ControlGroup,
    /// The file of its program.
    Executable,
    /// The name that it was called by, or its title.
    Argument,
    /// The name of its main thread.
    ThreadName,
    /// It was started by a process that matches.
    Descendant,
}

/// A name as a person writes it: alternatives separated by `|`, with `*` for any characters and `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    alternatives: Vec<String>,
}

impl Pattern {
    /// Reads a name. Blanks around alternatives do not count, empty alternatives are left out.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let alternatives = text
            .split('|')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned);
        Self {
            text: text.to_owned(),
            alternatives: alternatives.collect(),
        }
    }

    /// The name as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether and by what a process with these names, in this control group, is meant.
    #[must_use]
    pub fn matches(&self, names: &Names, control_group: Option<&str>) -> Option<How> {
        self.alternatives
            .iter()
            .filter_map(|alternative| matched_by(alternative, names, control_group))
            .min()
    }

    /// The alternatives.
    pub(crate) fn alternatives(&self) -> &[String] {
        &self.alternatives
    }

    /// Whether an alternative means a control group, so that the groups of processes must be looked up.
    #[must_use]
    pub fn means_control_group(&self) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| names_control_group(alternative))
    }
}

fn names_control_group(alternative: &str) -> bool {
    let unit = [".service", ".scope", ".slice"]
        .iter()
        .any(|suffix| alternative.ends_with(suffix));
    unit || alternative.starts_with("cgroup:")
}

fn matched_by(alternative: &str, names: &Names, control_group: Option<&str>) -> Option<How> {
    if names_control_group(alternative) {
        return in_control_group(alternative, control_group?).then_some(How::ControlGroup);
    }
    if alternative.starts_with('/') {
        return glob(alternative, &names.exe).then_some(How::Executable);
    }
    if glob(alternative, names.exe_name()) {
        Some(How::Executable)
    } else if glob(alternative, names.argument_name()) {
        Some(How::Argument)
    } else if glob(alternative, &names.comm) || cut_by_kernel(alternative, &names.comm) {
        Some(How::ThreadName)
    } else {
        None
    }
}

/// `apache2.service` means any group with a component of that name in its path; `cgroup:/a/b` that group and those below it.
fn in_control_group(alternative: &str, path: &str) -> bool {
    match alternative.strip_prefix("cgroup:") {
        Some(wanted) => {
            let wanted = wanted.trim_end_matches('/');
            path.strip_prefix(wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        None => path.split('/').any(|component| glob(alternative, component)),
    }
}

/// A thread name of 15 bytes may be the beginning of a longer name.
fn cut_by_kernel(alternative: &str, comm: &str) -> bool {
    const LONGEST: usize = 15;
    comm.len() == LONGEST
        && alternative.len() > LONGEST
        && alternative.as_bytes().starts_with(comm.as_bytes())
}

/// Whether `text` is matched whole by `pattern`. Linear in the product of the lengths; never exponential.
fn glob(pattern: &str, text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, position));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[position] => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (at, position) = (after, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// The names among `known` that a person may have meant by `wanted`, nearest first, at most three. Near means: few letters to
/// change (Levenshtein 1966), or one contained in the other.
#[must_use]
pub fn nearest(wanted: &Pattern, known: &[String]) -> Vec<String> {
    const MOST: usize = 3;
    let mut ranked: Vec<(usize, &String)> = Vec::new();
    for name in known.iter().filter(|name| !name.is_empty()) {
        let distance = wanted
            .alternatives()
            .iter()
            .filter_map(|alternative| near(alternative, name))
            .min();
        if let Some(distance) = distance {
            ranked.push((distance, name));
        }
    }
    ranked.sort();
    ranked.dedup_by(|one, other| one.1 == other.1);
    ranked
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name.clone())
        .collect()
}

fn near(wanted: &str, name: &str) -> Option<usize> {
    let bare: String = wanted
        .chars()
        .filter(|letter| !matches!(letter, '*' | '?'))
        .collect();
    if bare.len() >= 3 && (name.contains(&bare) || (name.len() >= 3 && bare.contains(name))) {
        return Some(1 + bare.len().abs_diff(name.len()) / 8);
    }
    let distance = edit_distance(&bare.to_lowercase(), &name.to_lowercase());
    (distance <= 1 + bare.chars().count() / 3).then_some(distance)
}

fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(exe: &str, argument: &str, comm: &str) -> Names {
        Names {
            exe: exe.into(),
            argument: argument.into(),
            comm: comm.into(),
        }
    }

    #[test]
    fn the_program_is_believed_before_its_titles() {
        let mariadb = names("/usr/sbin/mariadbd", "/usr/sbin/mysqld", "mysqld_safe");
        assert_eq!(
            Pattern::new("mysqld|mariadbd").matches(&mariadb, None),
            Some(How::Executable)
        );
        assert_eq!(
            Pattern::new("mysqld").matches(&mariadb, None),
            Some(How::Argument)
        );
        assert_eq!(
            Pattern::new("mysqld_safe").matches(&mariadb, None),
            Some(How::ThreadName)
        );
        assert_eq!(
            Pattern::new("/usr/sbin/maria*").matches(&mariadb, None),
            Some(How::Executable)
        );
        assert_eq!(Pattern::new("/usr/bin/maria*").matches(&mariadb, None), None);
        assert_eq!(
            Pattern::new("sqld").matches(&mariadb, None),
            None,
            "a part of a name is not the name"
        );
        assert_eq!(Pattern::new(" | ").matches(&mariadb, None), None);
    }

    #[test]
    fn a_hidden_program_is_known_by_its_cut_thread_name() {
        let cut = names("", "", "averyveryverylo");
        assert_eq!(
            Pattern::new("averyveryverylongname").matches(&cut, None),
            Some(How::ThreadName)
        );
        assert_eq!(Pattern::new("averyveryverxlongname").matches(&cut, None), None);
        assert_eq!(
            Pattern::new("averyverylong").matches(&names("", "", "averyvery"), None),
            None
        );
    }

    #[test]
    fn units_match_by_component_and_groups_by_path() {
        let worker = names("/usr/sbin/apache2", "", "");
        let group = Some("/system.slice/apache2.service/inner");
        assert_eq!(
            Pattern::new("apache2.service").matches(&worker, group),
            Some(How::ControlGroup)
        );
        assert_eq!(
            Pattern::new("cgroup:/system.slice").matches(&worker, group),
            Some(How::ControlGroup)
        );
        assert_eq!(Pattern::new("cgroup:/system").matches(&worker, group), None);
        assert_eq!(Pattern::new("apache2.service").matches(&worker, None), None);
        assert!(Pattern::new("x|apache2.service").means_control_group());
        assert!(!Pattern::new("apache2").means_control_group());
    }

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("php-fpm*", "php-fpm8.2", true),
            ("*fpm?.?", "php-fpm8.2", true),
            ("*", "x", true),
            ("*", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?", "ab", false),
            ("a**", "a", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} against {text}");
        }
        assert!(!glob(&"*a".repeat(40), &"a".repeat(39)), "and in no long time");
    }

    #[test]
    fn hints_are_few_and_near() {
        let known: Vec<String> = ["apache2", "mariadbd", "bash", "sh", "mysqld_safe", "apache2"]
            .map(str::to_owned)
            .into();
        assert_eq!(nearest(&Pattern::new("apache"), &known), ["apache2"]);
        assert_eq!(
            nearest(&Pattern::new("mariadb|mysql"), &known),
            ["mariadbd", "mysqld_safe"]
        );
        assert_eq!(nearest(&Pattern::new("Apahce2"), &known), ["apache2"]);
        assert!(nearest(&Pattern::new("postgres"), &known).is_empty());
    }
}
