//! The only file of the crate that touches the file system: it opens what the parsers then read.

mod choice;

use crate::assemble::{Parts, assemble_noting};
use crate::cbmg::{self, Graph};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::Draft;
use crate::encoding;
use crate::limits::MAX_FILE_BYTES;
use crate::mode::Mode;
use crate::source::{FileName, SourceText, Span};
use crate::value_file::ValueFile;
use crate::workload::{ManualLevel, Workload};
use crate::{input_xml, mll, properties};
use choice::{Wanted, folder_of, wanted};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Which files to read for what.
#[derive(Debug, Clone)]
pub struct FolderRequest {
    /// `-fi`: the input.xml, or a folder that has one. Empty: the name of config.properties, else `input.xml`.
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

/// What config.properties says, and the folder that its file names refer to.
struct Config {
    read: properties::Read,
    folder: PathBuf,
}

impl Config {
    /// The file that a parameter names, if it is set.
    fn names(&self, parameter: &str) -> Option<(&str, &Path)> {
        let value = self.read.parameters.values.get(parameter)?;
        Some((value, &self.folder))
    }

    fn place(&self, parameter: &str) -> At<'_> {
        Some((&self.read.source, *self.read.places.get(parameter)?))
    }
}

impl Driver<'_> {
    fn read(&mut self) -> Option<Workload> {
        let given = &self.request.input_xml;
        let given = if given.is_dir() {
            given.join("input.xml")
        } else {
            given.clone()
        };
        let config = self.config(&folder_of(&given));
        let flag = (!given.as_os_str().is_empty()).then_some(given.as_path());
        let input = wanted(flag, config.names("config_file_name"), "input.xml", Path::new(""));
        let at = config.place("config_file_name").filter(|_| flag.is_none());
        let path = self.choose(&input, Some("an input.xml"), at)?;
        let folder = folder_of(&path);
        let draft = self.open(&path, at).and_then(|text| {
            let (draft, found) = input_xml::read(&SourceText::new(&shown(&path), &text));
            self.found.append(found);
            draft
        });
        let graph = self.graph(draft.as_ref(), &config, &folder);
        let levels = self.levels(&config, &folder);
        let draft = draft?;
        let value_files = self.value_files(&draft, &folder);
        let (workload, found) = assemble_noting(Parts {
            mode: self.request.mode,
            draft,
            graph,
            levels,
            parameters: config.read.parameters,
            value_files,
            folder,
        });
        self.found.append(found);
        workload
    }

    fn config(&mut self, beside: &Path) -> Config {
        let flag = self.request.properties.as_deref();
        let file = wanted(flag, None, "config.properties", beside);
        let path = self.choose(&file, None, None).unwrap_or_default();
        let text = if path.as_os_str().is_empty() {
            None
        } else {
            self.open(&path, None)
        };
        let source = SourceText::new(&shown(&path), &text.unwrap_or_default());
        let mut read = properties::read(&source);
        self.found.append(std::mem::take(&mut read.found));
        Config {
            read,
            folder: folder_of(&path),
        }
    }

    fn graph(&mut self, draft: Option<&Draft>, config: &Config, folder: &Path) -> Option<Graph> {
        const PARAMETER: &str = "cbmg_file_name";
        let mode = self.request.mode;
        if !mode.reads_navigation() {
            return None;
        }
        let flag = self.request.cbmg.as_deref();
        let tag = draft.and_then(|d| Some((d, d.cbmg_file.as_ref()?)));
        let (named, at) = match tag {
            _ if flag.is_some() => (None, None),
            Some((draft, name)) => (
                Some((name.value.as_str(), folder)),
                Some((&draft.source, name.span)),
            ),
            None => (config.names(PARAMETER), config.place(PARAMETER)),
        };
        let file = wanted(flag, named, "cbmg.txt", folder);
        let required = mode
            .needs_navigation()
            .then_some("a CBMG, by -fc, <cbmgfile> or the name cbmg.txt");
        let path = self.choose(&file, required, at)?;
        let text = self.open(&path, at)?;
        self.keep(cbmg::parse(&text, &shown(&path)))
    }

    fn levels(&mut self, config: &Config, folder: &Path) -> Vec<ManualLevel> {
        const PARAMETER: &str = "manual_loadlevel_input_file_name";
        let mode = self.request.mode;
        if !mode.reads_levels() {
            return Vec::new();
        }
        let flag = self.request.manual.as_deref();
        let at = config.place(PARAMETER).filter(|_| flag.is_none());
        let file = wanted(flag, config.names(PARAMETER), "mll.txt", folder);
        let required = mode
            .needs_levels()
            .then_some("manual load levels, by -fm or the name mll.txt");
        self.choose(&file, required, at)
            .and_then(|path| {
                let text = self.open(&path, at)?;
                self.keep(mll::parse(&text, &shown(&path)))
            })
            .unwrap_or_default()
    }

    fn value_files(&mut self, draft: &Draft, folder: &Path) -> BTreeMap<String, Option<ValueFile>> {
        let mut files = BTreeMap::new();
        for file in draft.file_uses() {
            let at = Some((&draft.source, file.span));
            let wanted = wanted(None, Some((&file.name, folder)), "", folder);
            let values = self
                .choose(&wanted, Some("a file of values, columns separated by tabs"), at)
                .and_then(|path| Some(ValueFile::new(&self.open(&path, at)?, &shown(&path))));
            files.insert(file.name, values);
        }
        files
    }

    fn keep<T>(&mut self, read: Result<T, Diagnostics>) -> Option<T> {
        read.map_err(|errors| self.found.append(errors)).ok()
    }

    /// The first candidate that is there and may be read. `required` says for whom a missing one is an error, whoever named it.
    fn choose(&mut self, file: &Wanted, required: Option<&str>, at: At<'_>) -> Option<PathBuf> {
        if let Some(outside) = file.candidates.iter().find(|p| self.leads_out(p, file)) {
            let error = Diagnostic::error(format!("{} lies outside of its folder", shown(outside)))
                .expected("a file in the folder of the file that names it, or below")
                .hint("`--allow-outside` admits it");
            self.complain(error, at, outside);
            return None;
        }
        if let Some(path) = file.candidates.iter().find(|p| p.is_file()) {
            return Some(path.clone());
        }
        let first = file.candidates.first()?;
        if required.is_some() || file.named {
            let error = Diagnostic::error(format!("no file {}", shown(first)));
            let error = match required {
                Some(required) => error.expected(required),
                None => error,
            };
            let other = file.candidates.get(1);
            let hint = other.map(|other| format!("there is no {} either", shown(other)));
            self.complain(error.maybe_hint(hint), at, first);
        }
        None
    }

    fn leads_out(&self, path: &Path, file: &Wanted) -> bool {
        let Some(folder) = file.within.as_ref().filter(|_| !self.request.allow_outside) else {
            return false;
        };
        let name = path.strip_prefix(folder).unwrap_or(path);
        if !choice::stays_inside(name) {
            return true;
        }
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        // Symbolic links can lead out without the name telling.
        match (fs::canonicalize(path), fs::canonicalize(here)) {
            (Ok(path), Ok(folder)) => !path.starts_with(folder),
            _ => false,
        }
    }

    fn complain(&mut self, error: Diagnostic, at: At<'_>, path: &Path) {
        let error = match at {
            Some((source, span)) => error.at(source, span),
            None => error.in_file(path.display().to_string()),
        };
        self.found.push(error);
    }

    fn open(&mut self, path: &Path, at: At<'_>) -> Option<String> {
        match read_bounded(path) {
            Ok(bytes) => {
                self.files.push(path.to_path_buf());
                match encoding::decode(bytes, &shown(path)) {
                    Ok(text) => Some(text),
                    Err(error) => {
                        self.found.push(error);
                        None
                    }
                }
            }
            Err(why) => {
                let error = Diagnostic::error(format!("{} can't be read: {why}", shown(path)));
                self.complain(error, at, path);
                None
            }
        }
    }
}

fn shown(path: &Path) -> FileName {
    FileName::new(path.display().to_string())
}

/// The bytes of a regular file of bounded size.
fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|e| e.to_string())?;
    let metadata = file.metadata().map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(bytes)
}
