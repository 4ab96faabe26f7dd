//! `autoperf convert`: a workload from AutoPerf's four files to our single one, or back.

use crate::cli::exit::Exit;
use crate::cli::launch::Files;
use autoperf_inputs::write::{FileSet, WORKLOAD_TOML, autoperf_files, single_file};
use autoperf_inputs::{Diagnostics, Mode, Workload};
use std::path::{Path, PathBuf};

/// What `convert` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// An input.xml, a workload.toml, or a folder with one of them.
    pub from: PathBuf,
    /// A file ending in .toml for the single form, else a folder for AutoPerf's files.
    pub to: PathBuf,
    /// Navigation of the users, where the files do not name it.
    #[arg(long, value_name = "FILE")]
    pub cbmg: Option<PathBuf>,
    /// The schedule, where the files do not name it.
    #[arg(long, value_name = "FILE")]
    pub manual: Option<PathBuf>,
    /// Parameters by AutoPerf's names, where they are not beside the other files.
    #[arg(long, value_name = "FILE")]
    pub properties: Option<PathBuf>,
    /// Allow files outside the input file's folder.
    #[arg(long)]
    pub allow_outside: bool,
    /// Replace files that are there already.
    #[arg(long)]
    pub replace: bool,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let files = Files {
        input: Some(arguments.from.clone()),
        cbmg: arguments.cbmg.clone(),
        properties: arguments.properties.clone(),
        allow_outside: arguments.allow_outside,
    };
    let written = files
        .read(Mode::Everything, arguments.manual.as_deref())
        .and_then(|workload| write(&workload, arguments).map_err(|found| found.to_string()));
    match written {
        Ok(paths) => {
            for path in paths {
                println!("{}", path.display());
            }
            Exit::Found
        }
        Err(message) => {
            eprintln!("{message}");
            Exit::Usage
        }
    }
}

fn write(workload: &Workload, arguments: &Arguments) -> Result<Vec<PathBuf>, Diagnostics> {
    let (folder, files) = laid_out(workload, &arguments.to)?;
    let files = autoperf_inputs::with_original_values(workload, files, &folder)?;
    autoperf_inputs::write_files(&folder, &files, arguments.replace)
}

/// The folder and the files in it that a target means.
fn laid_out(workload: &Workload, to: &Path) -> Result<(PathBuf, FileSet), Diagnostics> {
    let is_single = to
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if !is_single {
        return Ok((to.to_path_buf(), autoperf_files(workload)?));
    }
    let mut files = single_file(workload)?;
    let name = to.file_name().map_or_else(
        || WORKLOAD_TOML.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    if let Some(text) = files.remove(WORKLOAD_TOML) {
        files.insert(name, text);
    }
    Ok((to.parent().map_or_else(PathBuf::new, Path::to_path_buf), files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_which_form_is_meant() {
        let workload = Workload::from_url("http://127.0.0.1:1/").unwrap();
        let (folder, files) = laid_out(&workload, Path::new("a/mine.toml")).unwrap();
        assert_eq!(folder, PathBuf::from("a"));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["mine.toml"]);
        let (folder, files) = laid_out(&workload, Path::new("a/b")).unwrap();
        assert_eq!(folder, PathBuf::from("a/b"));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["cbmg.txt", "input.xml"]);
    }
}
