//! The only file of the crate that touches the file system.

use crate::limits::MAX_FILE_BYTES;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether a file lies, symbolic links followed, below a folder; `None` if either is not there.
pub(crate) fn lies_below(path: &Path, folder: &Path) -> Option<bool> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let path = fs::canonicalize(path).ok()?;
    Some(path.starts_with(fs::canonicalize(folder).ok()?))
}

/// Whether two paths are the same existing folder; the empty path is the current one.
pub(crate) fn same_folder(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| {
        fs::canonicalize(if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        })
    };
    real(a).is_ok_and(|a| real(b).is_ok_and(|b| a == b))
}

/// The bytes of a regular file of bounded size; the reason if there are none to be had.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
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

/// Writes a file and the folders it lies in. An existing one is left alone unless it may be replaced or holds just this text.
pub(crate) fn write(path: &PathBuf, text: &str, replace: bool) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    if replace {
        return fs::write(path, text).map_err(|e| e.to_string());
    }
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(|e| e.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
                Ok(())
            } else {
                Err("there is one already".to_owned())
            }
        }
        Err(error) => Err(error.to_string()),
    }
}
