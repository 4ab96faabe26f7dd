//! AutoPerf's four files.

use super::choice::{folder_of, wanted};
use super::{At, Driver, shown};
use crate::assemble::Parts;
use crate::cbmg::{self, Graph};
use crate::draft::Draft;
use crate::source::SourceText;
use crate::workload::{ManualLevel, Workload};
use crate::{input_xml, mll, properties};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// Reads input.xml and what belongs to it; `in_folder` if only its folder was given.
    pub(super) fn four(&mut self, in_folder: bool) -> Option<Workload> {
        const PARAMETER: &str = "config_file_name";
        let given = &self.request.input_xml;
        let beside = if in_folder {
            given.clone()
        } else {
            folder_of(given)
        };
        let config = self.config(&beside, in_folder);
        let standard = given.join("input.xml");
        let (flag, at) = match (in_folder, config.names(PARAMETER)) {
            (false, _) => (Some(given.as_path()), None),
            (true, None) => (Some(standard.as_path()), None),
            (true, Some(_)) => (None, config.place(PARAMETER)),
        };
        let input = wanted(flag, config.names(PARAMETER), "input.xml", &beside);
        let path = self.choose(&input, Some("an input.xml"), at)?;
        let folder = folder_of(&path);
        let draft = self.open(&path, at).and_then(|text| {
            let (draft, found) = input_xml::read(&SourceText::new(&shown(&path), &text));
            self.found.append(found);
            draft
        });
        let graph = self.graph(draft.as_ref(), &config, &folder);
        let levels = self.levels(&config, &folder);
        self.assemble(Parts {
            mode: self.request.mode,
            draft: draft?,
            graph,
            levels,
            parameters: config.read.parameters,
            value_files: BTreeMap::new(),
            folder,
        })
    }

    fn config(&mut self, beside: &Path, in_folder: bool) -> Config {
        let standard = beside.join("config.properties");
        let flag = self.request.properties.as_deref();
        let mut file = wanted(flag, None, "config.properties", beside);
        if flag.is_none() && in_folder {
            file.candidates = vec![standard];
        }
        let path = self.choose(&file, None, None);
        let text = path.as_ref().and_then(|path| self.open(path, None));
        let path = path.unwrap_or_default();
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
}
