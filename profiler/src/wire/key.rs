//! The key that an agent and its clients share, in a file that nobody else may read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of a key.
pub const LENGTH: usize = 32;

/// A shared key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    bytes: [u8; LENGTH],
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}

impl Key {
    /// A new key from the kernel's random numbers.
    ///
    /// # Errors
    /// When there are none.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// Writes it to a new file that only its owner may read.
    ///
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let text: String = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(file, "{text}")?;
        file.sync_all()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// A sentence that names the file: unreadable, readable by others, or no key.
    pub fn read(path: &Path) -> Result<Self, String> {
        let wrong = |reason: &str| format!("key file {}: {reason}", path.display());
        let file = File::open(path).map_err(|error| wrong(&error.to_string()))?;
        let mode = file.metadata().map_err(|error| wrong(&error.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(wrong(&format!(
                "others may read it (mode {:o}); chmod 600",
                mode & 0o777
            )));
        }
        let mut text = String::new();
        // A key is 64 digits; whatever is longer is none.
        file.take(100)
            .read_to_string(&mut text)
            .map_err(|error| wrong(&error.to_string()))?;
        Self::parse(text.trim()).ok_or_else(|| wrong("it holds no key of 64 hexadecimal digits"))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() != 2 * LENGTH || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; LENGTH];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self { bytes })
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_written_key_is_read_again_by_its_owner_alone() {
        let path = std::env::temp_dir().join(format!("autoperf-key-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let key = Key::random().unwrap();
        key.write_new(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Key::read(&path), Ok(key.clone()));
        assert!(key.write_new(&path).is_err(), "no key is overwritten");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Key::read(&path).unwrap_err().contains("640"));
        std::fs::remove_file(&path).unwrap();
        assert!(Key::read(&path).unwrap_err().contains("autoperf-key"));
        assert_eq!(Key::parse("00"), None);
        assert_eq!(Key::parse(&"zz".repeat(32)), None);
        assert_eq!(format!("{key:?}"), "Key(hidden)");
    }
}
