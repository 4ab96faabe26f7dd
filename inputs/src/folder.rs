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
use crate::workload::{ManualLevel, Parameters, Workload};
use crate::{input_xml, mll, properties};
use choice::{Wanted, configured, folder_of, wanted};
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

impl Driver<'_> {
    fn read(&mut self) -> Option<Workload> {
        let given = &self.request.input_xml;
        let given = if given.is_dir() {
            given.join("input.xml")
        } else {
            given.clone()
        };
        let (parameters, config_folder) = self.parameters(&folder_of(&given));
        let flag = (!given.as_os_str().is_empty()).then_some(given.as_path());
        let named = configured(&parameters, "config_file_name", &config_folder);
        let input = wanted(flag, named, "input.xml", Path::new(""));
        let path = self.choose(&input, true, "input.xml", None)?;
        let folder = folder_of(&path);
        let draft = self.open(&path, None).and_then(|text| {
            let (draft, found) = input_xml::read(&SourceText::new(&shown(&path), &text));
            self.found.append(found);
            draft
        });
        let config = (&parameters, config_folder.as_path());
        let graph = self.graph(draft.as_ref(), config, &folder);
        let levels = self.levels(config, &folder);
        let draft = draft?;
        let value_files = self.value_files(&draft, &folder);
        let (workload, found) = assemble_noting(Parts {
            mode: self.request.mode,
            draft,
            graph,
            levels,
            parameters,
            value_files,
            folder,
        });
        self.found.append(found);
        workload
    }

    fn parameters(&mut self, beside: &Path) -> (Parameters, PathBuf) {
        let flag = self.request.properties.as_deref();
        let file = wanted(flag, None, "config.properties", beside);
        let Some(path) = self.choose(&file, false, "config.properties", None) else {
            return (Parameters::default(), PathBuf::new());
        };
        let read = self
            .open(&path, None)
            .and_then(|text| self.keep(properties::parse(&text, &shown(&path))));
        (read.unwrap_or_default(), folder_of(&path))
    }

    fn graph(
        &mut self,
        draft: Option<&Draft>,
        (parameters, config_folder): (&Parameters, &Path),
        folder: &Path,
    ) -> Option<Graph> {
        let mode = self.request.mode;
        if !mode.reads_navigation() {
            return None;
        }
        let tag = draft.and_then(|d| Some((d, d.cbmg_file.as_ref()?)));
        let at = tag.map(|(draft, name)| (&draft.source, name.span));
        let named = match tag {
            Some((_, name)) => Some((name.value.as_str(), folder)),
            None => configured(parameters, "cbmg_file_name", config_folder),
        };
        let flag = self.request.cbmg.as_deref();
        let file = wanted(flag, named, "cbmg.txt", folder);
        let at = at.filter(|_| flag.is_none());
        let path = self.choose(&file, mode.needs_navigation(), "a CBMG", at)?;
        let text = self.open(&path, at)?;
        self.keep(cbmg::parse(&text, &shown(&path)))
    }

    fn levels(
        &mut self,
        (parameters, config_folder): (&Parameters, &Path),
        folder: &Path,
    ) -> Vec<ManualLevel> {
        let mode = self.request.mode;
        if !mode.reads_levels() {
            return Vec::new();
        }
        let name = "manual_loadlevel_input_file_name";
        let named = configured(parameters, name, config_folder);
        let file = wanted(self.request.manual.as_deref(), named, "mll.txt", folder);
        let required = mode.needs_levels();
        self.choose(&file, required, "manual load levels", None)
            .and_then(|path| {
                let text = self.open(&path, None)?;
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
                .choose(&wanted, true, "a file of values", at)
                .and_then(|path| Some(ValueFile::new(&self.open(&path, at)?, &shown(&path))));
            files.insert(file.name, values);
        }
        files
    }

    fn keep<T>(&mut self, read: Result<T, Diagnostics>) -> Option<T> {
        read.map_err(|errors| self.found.append(errors)).ok()
    }

    /// The first candidate that is there and may be read.
    fn choose(&mut self, file: &Wanted, required: bool, what: &str, at: At<'_>) -> Option<PathBuf> {
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
        if required || file.named {
            let tried: Vec<String> = file.candidates.iter().map(|p| shown(p).to_string()).collect();
            let error = Diagnostic::error(format!("no file {}", shown(first)))
                .expected(format!("{what}: {}", tried.join(" or ")));
            self.complain(error, at, first);
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
