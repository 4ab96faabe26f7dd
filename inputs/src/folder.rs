//! Reading a workload from its files, and writing one to files: finds out which files are meant and passes their texts on.

mod choice;
mod convert;
mod four;
mod single;

pub use convert::{Form, convert, with_original_values, write_files};

use crate::assemble::{Parts, assemble_noting};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::disk;
use crate::draft::Draft;
use crate::encoding;
use crate::mode::Mode;
use crate::source::{FileName, SourceText, Span};
use crate::value_file::ValueFile;
use crate::workload::Workload;
use choice::{Naming, Wanted, wanted};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which files to read for what.
#[derive(Debug, Clone)]
pub struct FolderRequest {
    /// `-fi`: the input.xml, a workload.toml (by its ending `.toml`), or a folder that has one of them. Empty: the name of
    /// config.properties, else `input.xml`, else `workload.toml` of the current folder.
    pub input_xml: PathBuf,
    /// `-fc`: the CBMG file. `None`: what `<cbmgfile>` names, else what config.properties names, else `cbmg.txt` of the
    /// current folder or, if there is none, of the folder of input.xml.
    pub cbmg: Option<PathBuf>,
    /// `-fm`: the manual load levels. `None`: what config.properties names, else `mll.txt`, found as the CBMG.
    pub manual: Option<PathBuf>,
    /// The parameters. `None`: `config.properties`, found as the CBMG; it may be absent.
    pub properties: Option<PathBuf>,
    /// What the run needs.
    pub mode: Mode,
    /// Whether names inside of files may lead out of the folder of the file.
    pub allow_outside: bool,
}

/// What came of reading a folder.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The workload, unless there is an error.
    pub workload: Option<Workload>,
    /// Errors and notes.
    pub diagnostics: Diagnostics,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a workload from its files.
///
/// # Errors
/// Everything that is wrong in any of the files, with places, hints and expectations.
pub fn read_folder(request: &FolderRequest) -> Result<Workload, Diagnostics> {
    let inspection = inspect_folder(request);
    match inspection.workload {
        Some(workload) => Ok(workload),
        None => Err(inspection.diagnostics),
    }
}

/// Like [`read_folder`], and tells which files were read and what should be known about them.
pub fn inspect_folder(request: &FolderRequest) -> Inspection {
    let mut driver = Driver {
        request,
        found: Diagnostics::new(),
        files: Vec::new(),
    };
    let workload = driver.read();
    let mut diagnostics = driver.found;
    diagnostics.sort();
    Inspection {
        workload: workload.filter(|_| !diagnostics.has_errors()),
        diagnostics,
        files: driver.files,
    }
}

struct Driver<'a> {
    request: &'a FolderRequest,
    found: Diagnostics,
    files: Vec<PathBuf>,
}

/// Where a file is named, for the case that it can't be read.
type At<'a> = Option<(&'a SourceText, Span)>;

impl Driver<'_> {
    fn read(&mut self) -> Option<Workload> {
        let given = &self.request.input_xml;
        if choice::is_single(given) {
            return self.single(given);
        }
        let in_folder = disk::is_folder(given) || given.as_os_str().is_empty();
        let single = given.join(crate::write::WORKLOAD_TOML);
        if in_folder && disk::is_file(&single) && !disk::is_file(&given.join("input.xml")) {
            return self.single(&single);
        }
        self.four(in_folder)
    }

    /// Reads the value files and puts everything together.
    fn assemble(&mut self, mut parts: Parts) -> Option<Workload> {
        parts.value_files = self.value_files(&parts.draft, &parts.folder);
        let (workload, found) = assemble_noting(parts);
        self.found.append(found);
        workload
    }

    fn value_files(&mut self, draft: &Draft, folder: &Path) -> BTreeMap<String, Option<ValueFile>> {
        let mut files = BTreeMap::new();
        for file in draft.file_uses() {
            let at = Some((&draft.source, file.span));
            let wanted = wanted(None, Some((&file.name, folder)), "", folder);
            let required = Some("a file of values, columns separated by tabs");
            let values = self
                .choose(&wanted, required, at)
                .and_then(|path| Some(ValueFile::new(&self.open(&path, at)?, &shown(&path))));
            files.insert(file.name, values);
        }
        files
    }

    fn keep<T>(&mut self, read: Result<T, Diagnostics>) -> Option<T> {
        read.map_err(|errors| self.found.append(errors)).ok()
    }

    /// The first candidate that is there and may be read. `required` says what is missing if none is, and that this is an
    /// error whoever named it.
    fn choose(&mut self, file: &Wanted, required: Option<&str>, at: At<'_>) -> Option<PathBuf> {
        if let Some(outside) = file.candidates.iter().find(|p| self.leads_out(p, file)) {
            let error = Diagnostic::error(format!("{} lies outside of its folder", shown(outside)))
                .expected("a file in the folder of the file that names it, or below")
                .hint("`--allow-outside` admits it");
            self.complain(error, at, outside);
            return None;
        }
        if let Some(path) = file.candidates.iter().find(|p| disk::is_file(p)) {
            return Some(path.clone());
        }
        let first = file.candidates.first()?;
        let message = format!("no file {}", shown(first));
        let mut finding = match (required, file.naming) {
            (Some(_), _) | (None, Naming::Flag) => Diagnostic::error(message),
            (None, Naming::Inside) => Diagnostic::note(message),
            (None, Naming::Standard) => return None,
        };
        finding.expected = required.map(str::to_owned);
        let other = file.candidates.get(1);
        let hint = other.map(|other| format!("there is no {} either", shown(other)));
        self.complain(finding.maybe_hint(hint), at, first);
        None
    }

    fn leads_out(&self, path: &Path, file: &Wanted) -> bool {
        let Some(folder) = file.within.as_ref().filter(|_| !self.request.allow_outside) else {
            return false;
        };
        let name = path.strip_prefix(folder).unwrap_or(path);
        // Symbolic links can lead out without the name telling.
        !choice::stays_inside(name) || disk::lies_below(path, folder) == Some(false)
    }

    fn complain(&mut self, error: Diagnostic, at: At<'_>, path: &Path) {
        let error = match at {
            Some((source, span)) => error.at(source, span),
            None => error.in_file(shown(path).as_str()),
        };
        self.found.push(error);
    }

    fn open(&mut self, path: &Path, at: At<'_>) -> Option<String> {
        let bytes = match disk::read(path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let error = Diagnostic::error(format!("{} can't be read: {why}", shown(path)));
                self.complain(error, at, path);
                return None;
            }
        };
        self.files.push(path.to_path_buf());
        match encoding::decode(bytes, &shown(path)) {
            Ok(text) => Some(text),
            Err(error) => {
                self.found.push(error);
                None
            }
        }
    }
}

fn shown(path: &Path) -> FileName {
    FileName::new(path.display().to_string())
}
