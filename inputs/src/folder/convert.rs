//! Writing a workload into a folder, in either form.

use super::{choice, shown};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::disk;
use crate::encoding;
use crate::workload::Workload;
use crate::write::{FileSet, autoperf_files, single_file, value_files};
use std::path::{Path, PathBuf};

/// The two forms of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// AutoPerf's files: input.xml, cbmg.txt, mll.txt, config.properties.
    AutoPerf,
    /// Our single workload.toml.
    Single,
}

/// Writes a workload in a form into a folder and returns the paths written. Value files go along as they are, unless the
/// folder is the one they are in. Files that are there already with another content are left alone unless `replace` is set;
/// then nothing is written.
///
/// # Errors
/// Values that the form can't carry, files that exist, or what the file system objects to.
pub fn convert(
    workload: &Workload,
    form: Form,
    folder: &Path,
    replace: bool,
) -> Result<Vec<PathBuf>, Diagnostics> {
    let files = match form {
        Form::AutoPerf => autoperf_files(workload)?,
        Form::Single => single_file(workload)?,
    };
    let files = with_original_values(workload, files, folder)?;
    write_files(folder, &files, replace)
}

/// A file set for a folder whose value files are the workload's own: with all of their columns and empty lines, not only what
/// the workload uses, and left out where the folder is the one they are in.
///
/// # Errors
/// Columns that do not fit each other, which only a workload that was not read from files can have.
pub fn with_original_values(
    workload: &Workload,
    mut files: FileSet,
    folder: &Path,
) -> Result<FileSet, Diagnostics> {
    let in_place = disk::same_folder(folder, &workload.folder);
    for name in value_files(workload)?.into_keys() {
        let original = workload.folder.join(&name);
        if in_place {
            files.remove(&name);
        } else if let Ok(bytes) = disk::read(&original)
            && let Ok(text) = encoding::decode(bytes, &shown(&original))
        {
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// Writes the files of a set into a folder and returns their paths. Files that are there already with another content are
/// left alone unless `replace` is set; then nothing is written.
///
/// # Errors
/// Names that lead out of the folder, files that exist, or what the file system objects to.
pub fn write_files(folder: &Path, files: &FileSet, replace: bool) -> Result<Vec<PathBuf>, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut written = Vec::new();
    let paths: Vec<(PathBuf, &String)> = files
        .iter()
        .map(|(name, text)| (folder.join(name), text))
        .collect();
    for (name, (path, text)) in files.keys().zip(&paths) {
        let in_the_way =
            disk::is_file(path) && !replace && !disk::read(path).is_ok_and(|bytes| bytes == text.as_bytes());
        if !choice::stays_inside(Path::new(name)) {
            let error = Diagnostic::error(format!("{name} would be written outside of the folder"));
            found.push(error.in_file(name));
        } else if in_the_way {
            let error = Diagnostic::error(format!("{} exists already", shown(path)));
            found.push(error.in_file(shown(path).as_str()));
        }
    }
    if found.has_errors() {
        return Err(found);
    }
    for (path, text) in paths {
        match disk::write(&path, text, replace) {
            Ok(()) => written.push(path),
            Err(why) => {
                let error = Diagnostic::error(format!("{} can't be written: {why}", shown(&path)));
                found.push(error.in_file(shown(&path).as_str()));
            }
        }
    }
    found.into_result(written)
}
