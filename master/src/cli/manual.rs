//! `autoperf man [DIR]`: the manual pages, in roff.

use crate::cli::exit::{EXITS, Exit};
use crate::cli::report::print;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;
use std::path::{Path, PathBuf};

/// What `man` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Folder to write the pages to: autoperf.1 and one for every verb; without it, the first one is printed.
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let Some(directory) = &arguments.directory else {
        return match page(&super::command()) {
            Ok(text) => print(&String::from_utf8_lossy(&text)),
            Err(error) => refused("the manual page", &error),
        };
    };
    match write_all(directory) {
        Ok(paths) => print(&paths.concat()),
        Err(error) => refused(&directory.display().to_string(), &error),
    }
}

fn refused(what: &str, error: &io::Error) -> Exit {
    eprintln!("autoperf: {what}: {error}");
    Exit::RunError
}

fn write_all(directory: &Path) -> io::Result<Vec<String>> {
    std::fs::create_dir_all(directory)?;
    pages()?
        .into_iter()
        .map(|(name, text)| {
            let path = directory.join(name);
            std::fs::write(&path, text)?;
            Ok(format!("{}\n", path.display()))
        })
        .collect()
}

/// Every page: the file's name and its text.
///
/// # Errors
/// What the roff writer says.
pub fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = super::command();
    // Gives the verbs their full names.
    command.build();
    let verbs = command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help");
    let of_verbs = verbs.map(|verb| (format!("autoperf-{}.1", verb.get_name()), verb));
    std::iter::once(("autoperf.1".to_owned(), &command))
        .chain(of_verbs)
        .map(|(file, command)| Ok((file, page(command)?)))
        .collect()
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(command.clone().version(env!("CARGO_PKG_VERSION"))).render(&mut text)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    for (_, code, meaning) in EXITS {
        codes.control("TP", []);
        codes.text([bold(code.to_string())]);
        codes.text([roman(*meaning)]);
    }
    codes.to_writer(&mut text)?;
    Ok(text)
}
