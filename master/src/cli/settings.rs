//! Where an option's value comes from: the command line, else the environment, else `autoperf.toml` in the current folder, else
//! the user's own file, else what is built in.
//!
//! Every layer is turned into options of the command line, so that a value is read by the same code wherever it stands.

use autoperf_inputs::options::{self, SetOption, Setting, VerbOptions};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The project's file, in the current folder.
pub const PROJECT_FILE: &str = "autoperf.toml";

/// Options that no layer but the command line may give.
const TYPED_ONLY: [&str; 3] = ["help", "version", "print-config"];

/// What stands for a value that there is none of.
const NO_VALUE: &str = "-";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    CommandLine,
    /// A variable of the environment, by its name.
    Environment(String),
    /// A file, by its place `file:line`.
    File(String),
    /// Nobody has set it, and there is a default.
    BuiltIn,
    /// Nobody has set it, and what happens is decided by the verb.
    NotSet,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment, {name}"),
            Self::File(place) => f.write_str(place),
            Self::BuiltIn => f.write_str("built in"),
            Self::NotSet => f.write_str("not set"),
        }
    }
}

/// What stands behind the command line, the strongest layer first.
#[derive(Debug, Default)]
pub struct Layers {
    /// Variables of the environment.
    pub environment: BTreeMap<String, String>,
    /// Options set in files, file by file.
    pub files: Vec<Vec<SetOption>>,
}

/// The command line as all layers together make it.
#[derive(Debug)]
pub struct Effective {
    /// What could have been typed to the same effect.
    pub arguments: Vec<OsString>,
    /// The same, parsed.
    pub matches: ArgMatches,
    /// Every option of the verb: name, value in words, origin.
    pub rows: Vec<(String, String, Origin)>,
}

/// Why there is none.
#[derive(Debug)]
pub enum Refused {
    /// What was typed is wrong, or asks for help.
    Typed(Box<clap::Error>),
    /// What stands in another layer is wrong.
    Layer(String),
}

/// Every verb that a person may call, with the options that layers may set.
#[must_use]
pub fn settable(command: &Command) -> Vec<VerbOptions> {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs
        .map(|verb| VerbOptions {
            verb: verb.get_name().to_owned(),
            options: options_of(verb)
                .filter_map(|option| option.get_long().map(str::to_owned))
                .collect(),
        })
        .filter(|verb| !verb.options.is_empty())
        .collect()
}

fn options_of(verb: &Command) -> impl Iterator<Item = &Arg> {
    verb.get_arguments()
        .filter(|option| option.get_long().is_some_and(|name| !TYPED_ONLY.contains(&name)))
}

/// Reads the layers of this process: its environment, the project's file, the user's file.
///
/// # Errors
/// What is wrong with a file, as text.
pub fn layers(command: &Command) -> Result<Layers, String> {
    let verbs = settable(command);
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("AUTOPERF_"))
        .collect();
    let paths = [Some(PathBuf::from(PROJECT_FILE)), user_file()];
    let mut files = Vec::new();
    for path in paths.into_iter().flatten() {
        let read = options::read(&path, &verbs).map_err(|found| found.to_string())?;
        files.extend(read);
    }
    Ok(Layers { environment, files })
}

/// The user's file, by the XDG base directories.
fn user_file() -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .and_then(absolute)
        .or_else(|| Some(absolute(std::env::var_os("HOME")?)?.join(".config")))?;
    Some(folder.join("autoperf/config.toml"))
}

/// The variable that sets an option.
#[must_use]
pub fn variable(option: &str) -> String {
    format!("AUTOPERF_{}", option.replace('-', "_").to_uppercase())
}

/// Puts the layers behind what was typed. `layers` is asked for only where the verb has options.
///
/// # Errors
/// [`Refused`].
pub fn resolve(
    command: &Command,
    typed: Vec<OsString>,
    layers: impl FnOnce() -> Result<Layers, String>,
) -> Result<Effective, Refused> {
    let mut command = command.clone();
    command.build();
    let matches = parse(&command, &typed).map_err(|error| Refused::Typed(Box::new(error)))?;
    let Some((name, at)) = matches
        .subcommand_name()
        .and_then(|name| Some((name.to_owned(), typed.iter().position(|word| *word == *name)?)))
    else {
        return Ok(plain(typed, matches));
    };
    let Some(verb) = command
        .find_subcommand(&name)
        .filter(|verb| !verb.is_hide_set() && options_of(verb).next().is_some())
    else {
        return Ok(plain(typed, matches));
    };
    let layers = layers().map_err(Refused::Layer)?;
    let mut search = Search {
        command: &command,
        verb,
        layers: &layers,
        effective: plain(typed, matches),
        at: at + 1,
    };
    for option in options_of(verb) {
        search.fill(option).map_err(Refused::Layer)?;
    }
    Ok(search.effective)
}

fn parse(command: &Command, arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
    command.clone().try_get_matches_from(arguments)
}

const fn plain(arguments: Vec<OsString>, matches: ArgMatches) -> Effective {
    Effective {
        arguments,
        matches,
        rows: Vec::new(),
    }
}

/// What a layer says of an option.
struct Found<'a> {
    setting: Setting,
    origin: Origin,
    written: Option<&'a SetOption>,
}

struct Search<'a> {
    command: &'a Command,
    verb: &'a Command,
    layers: &'a Layers,
    effective: Effective,
    /// Where an option goes in, right behind the verb.
    at: usize,
}

impl<'a> Search<'a> {
    /// Finds the value of one option and puts it in where nobody has typed it.
    fn fill(&mut self, option: &Arg) -> Result<(), String> {
        let name = option.get_long().unwrap_or_default();
        let mut origin = Origin::BuiltIn;
        if self.is_typed(option) {
            origin = Origin::CommandLine;
        } else if !self.is_excluded(option)
            && let Some(found) = self.look(option, name)?
        {
            origin = found.origin.clone();
            self.put_in(option, name, &found)?;
        }
        let value = shown(self.matches(), option);
        if origin == Origin::BuiltIn && value == NO_VALUE {
            origin = Origin::NotSet;
        }
        self.effective.rows.push((name.to_owned(), value, origin));
        Ok(())
    }

    fn matches(&self) -> &ArgMatches {
        let matches = &self.effective.matches;
        matches.subcommand().map_or(matches, |(_, inner)| inner)
    }

    fn is_typed(&self, option: &Arg) -> bool {
        self.matches().value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
    }

    /// Whether something that was typed cannot stand beside it.
    fn is_excluded(&self, option: &Arg) -> bool {
        let against = |one: &Arg, other: &Arg| {
            let conflicts = self.verb.get_arg_conflicts_with(one);
            conflicts.iter().any(|found| found.get_id() == other.get_id())
        };
        let typed = self.verb.get_arguments().filter(|other| self.is_typed(other));
        typed
            .into_iter()
            .any(|other| against(option, other) || against(other, option))
    }

    /// The strongest layer's word: the environment, then file by file, the verb's own table before the rest of a file.
    fn look(&self, option: &Arg, name: &str) -> Result<Option<Found<'a>>, String> {
        let variable = variable(name);
        if let Some(value) = self
            .layers
            .environment
            .get(&variable)
            .filter(|value| !value.is_empty())
        {
            let setting = match is_switch(option) {
                false => Setting::Text(value.clone()),
                true => Setting::Switch(switch(value).ok_or_else(|| {
                    format!("autoperf: {variable} is `{value}`\n  expected: true or false")
                })?),
            };
            let origin = Origin::Environment(variable);
            return Ok(Some(Found {
                setting,
                origin,
                written: None,
            }));
        }
        let verb = self.verb.get_name();
        let in_file = |file: &Vec<SetOption>| -> Option<usize> {
            let of = |wanted: Option<&str>| {
                file.iter()
                    .position(|set| set.name == name && set.verb.as_deref() == wanted)
            };
            of(Some(verb)).or_else(|| of(None))
        };
        let written = self
            .layers
            .files
            .iter()
            .find_map(|file| in_file(file).and_then(|index| file.get(index)));
        Ok(written.map(|set| Found {
            setting: set.setting.clone(),
            origin: Origin::File(set.place()),
            written: Some(set),
        }))
    }

    /// Makes it an option of the command line, if the verb takes it so.
    fn put_in(&mut self, option: &Arg, name: &str, found: &Found<'_>) -> Result<(), String> {
        let refused = |message: &str, expected: Option<&str>| match found.written {
            Some(set) => set.refused(message, expected).to_string(),
            None => {
                let expected = expected.map_or_else(String::new, |text| format!("\n  expected: {text}"));
                format!("autoperf: {}: {message}{expected}", found.origin)
            }
        };
        let takes_none =
            is_switch(option) || option.get_num_args().is_some_and(|range| range.min_values() == 0);
        let words = match &found.setting {
            Setting::Switch(false) => return Ok(()),
            Setting::Switch(true) if takes_none => vec![format!("--{name}")],
            Setting::Switch(true) => return Err(refused(&format!("`{name}` needs a value"), None)),
            Setting::Text(_) | Setting::List(_) if is_switch(option) => {
                return Err(refused(&format!("`{name}` is a switch"), Some("true or false")));
            }
            Setting::Text(value) => vec![format!("--{name}={value}")],
            Setting::List(values) => values.iter().map(|value| format!("--{name}={value}")).collect(),
        };
        let mut arguments = self.effective.arguments.clone();
        arguments.splice(self.at..self.at, words.into_iter().map(OsString::from));
        let matches = parse(self.command, &arguments).map_err(|error| {
            let told = error.to_string();
            let mut lines = told.lines().map(str::trim);
            let message = lines
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            let expected = lines.find_map(|line| {
                line.strip_prefix("[possible values: ")?
                    .strip_suffix(']')
                    .map(str::to_owned)
            });
            refused(&message, expected.as_deref())
        })?;
        self.effective.arguments = arguments;
        self.effective.matches = matches;
        Ok(())
    }
}

fn is_switch(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The value that holds, as it would be typed.
fn shown(matches: &ArgMatches, option: &Arg) -> String {
    let id = option.get_id().as_str();
    if is_switch(option) {
        return matches.get_flag(id).to_string();
    }
    if matches.value_source(id).is_none() {
        return NO_VALUE.to_owned();
    }
    let raw = matches.get_raw(id).into_iter().flatten();
    let words: Vec<_> = raw.map(|value| value.to_string_lossy()).collect();
    if words.is_empty() {
        "(given)".to_owned()
    } else {
        words.join(" ")
    }
}

/// The table of `--print-config`.
#[must_use]
pub fn table(verb: &str, rows: &[(String, String, Origin)]) -> String {
    let width = |of: fn(&(String, String, Origin)) -> &str| {
        let lengths = rows.iter().map(|row| of(row).chars().count());
        lengths.max().unwrap_or(0)
    };
    let (names, values) = (width(|row| &row.0).max(6), width(|row| &row.1).max(5));
    let mut text = format!("# {verb}\n{:<names$}  {:<values$}  origin\n", "option", "value");
    for (name, value, origin) in rows {
        text.push_str(&format!("{name:<names$}  {value:<values$}  {origin}\n"));
    }
    text
}

#[cfg(test)]
mod tests;
