//! Everything a person types, read and validated: what comes out is always valid.
//!
//! [`read_folder`] opens the files of a workload; the parsers beneath it take a text and a file name and touch nothing else.

pub mod assemble;
pub mod cbmg;
pub mod diagnostic;
mod disk;
mod draft;
pub mod encoding;
mod expression;
mod folder;
mod http;
pub mod input_xml;
pub mod limits;
pub mod mll;
mod mode;
mod number;
pub mod options;
pub mod parameters;
pub mod properties;
mod sequence;
mod source;
mod suggest;
mod template;
mod think_time;
mod value_file;
pub mod workload;
pub mod workload_toml;
pub mod write;
mod xml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use draft::Draft;
pub use expression::REGEX_SIZE_LIMIT;
pub use folder::{
    FolderRequest, Form, Inspection, convert, inspect_folder, read_folder, with_original_values, write_files,
};
pub use http::FORM;
pub use mode::Mode;
pub use source::FileName;
pub use value_file::ValueFile;
pub use workload::Workload;
pub use xml::grammar;
