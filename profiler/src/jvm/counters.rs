//! The format of the file of counters (`hsperfdata`, version 2): a header, then entries, each with a name and a number or a
//! text. It is written by the machine while it is read, and belongs to whoever runs it, so nothing in it is believed.

use std::collections::HashMap;

/// Entries that are read at most; machines have some two hundred.
const MOST_ENTRIES: usize = 10_000;
const HEADER: usize = 32;

/// The counters by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    values: HashMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
}

/// The file's bytes and the order of those in a number.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Counters {
    /// Reads the file; `None` where it is not one, or not ready.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        const MAGIC: [u8; 4] = [0xca, 0xfe, 0xc0, 0xc0];
        if bytes.get(..4)? != MAGIC || *bytes.get(5)? != 2 || *bytes.get(7)? != 1 {
            return None;
        }
        let file = Bytes {
            bytes,
            little: *bytes.get(4)? == 1,
        };
        let entries = file.size(28)?.min(MOST_ENTRIES);
        let mut at = file.size(24)?.max(HEADER);
        let mut values = HashMap::new();
        for _ in 0..entries {
            let Some(length) = file.size(at).filter(|length| *length > 0) else {
                break;
            };
            if let Some((name, value)) = bytes
                .get(at..at.checked_add(length)?)
                .and_then(|entry| file.entry(entry))
            {
                values.insert(name, value);
            }
            at = at.checked_add(length)?;
        }
        Some(Self { values })
    }

    /// A number that is not negative.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.values.get(name)? {
            Value::Number(number) => u64::try_from(*number).ok(),
            Value::Text(_) => None,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::Text(text) => Some(text.clone()),
            Value::Number(_) => None,
        }
    }

    /// A time in the ticks of the machine's own clock, ns.
    #[must_use]
    pub fn ticks_ns(&self, name: &str) -> Option<u64> {
        let frequency = self
            .number("sun.os.hrt.frequency")
            .filter(|frequency| *frequency > 0)?;
        let ns = u128::from(self.number(name)?) * 1_000_000_000 / u128::from(frequency);
        u64::try_from(ns).ok()
    }
}

impl Bytes<'_> {
    /// A size or place: a number of four bytes that is not negative.
    fn size(self, at: usize) -> Option<usize> {
        self.within(self.bytes, at)
    }

    fn within(self, bytes: &[u8], at: usize) -> Option<usize> {
        let chunk = *bytes.get(at..)?.first_chunk()?;
        let number = if self.little {
            i32::from_le_bytes(chunk)
        } else {
            i32::from_be_bytes(chunk)
        };
        usize::try_from(number).ok()
    }

    fn entry(self, entry: &[u8]) -> Option<(String, Value)> {
        let name_at = self.within(entry, 4)?;
        let length = self.within(entry, 8)?;
        let kind = *entry.get(12)?;
        let data = entry.get(self.within(entry, 16)?..)?;
        let name = text(entry.get(name_at..)?);
        let value = match (kind, length) {
            (b'J', 0) => {
                let chunk = *data.first_chunk()?;
                Value::Number(if self.little {
                    i64::from_le_bytes(chunk)
                } else {
                    i64::from_be_bytes(chunk)
                })
            }
            (b'B', length) if length > 0 => Value::Text(text(data.get(..length)?)),
            _ => return None,
        };
        Some((name, value))
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(name: &str, kind: u8, data: &[u8], length: i32) -> Vec<u8> {
        let data_at = (20 + name.len() + 1).next_multiple_of(8);
        let size = (data_at + data.len()).next_multiple_of(8);
        let mut entry = Vec::new();
        for number in [i32::try_from(size).unwrap(), 20, length] {
            entry.extend_from_slice(&number.to_le_bytes());
        }
        entry.extend_from_slice(&[kind, 0, 1, 2]);
        entry.extend_from_slice(&i32::try_from(data_at).unwrap().to_le_bytes());
        entry.extend_from_slice(name.as_bytes());
        entry.resize(data_at, 0);
        entry.extend_from_slice(data);
        entry.resize(size, 0);
        entry
    }

    fn file() -> Vec<u8> {
        let entries = [
            entry("sun.os.hrt.frequency", b'J', &2_000_000_i64.to_le_bytes(), 0),
            entry("sun.rt.safepointTime", b'J', &5_000_000_i64.to_le_bytes(), 0),
            entry("java.property.java.version", b'B', b"17.0.15\0", 8),
        ];
        let mut file = vec![0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1];
        file.resize(24, 0);
        file.extend_from_slice(&32_i32.to_le_bytes());
        file.extend_from_slice(&3_i32.to_le_bytes());
        file.extend(entries.concat());
        file
    }

    #[test]
    fn numbers_texts_and_ticks_are_found() {
        let counters = Counters::parse(&file()).unwrap();
        assert_eq!(counters.ticks_ns("sun.rt.safepointTime"), Some(2_500_000_000));
        assert_eq!(
            counters.text("java.property.java.version").as_deref(),
            Some("17.0.15")
        );
        assert_eq!(counters.number("java.property.java.version"), None);
        let mut starting = file();
        starting[7] = 0;
        assert_eq!(
            Counters::parse(&starting),
            None,
            "the machine is still writing it"
        );
    }

    proptest! {
        #[test]
        fn a_spoilt_file_does_no_harm(at in 0usize..200, byte: u8, cut in 0usize..200) {
            let mut spoilt = file();
            let place = at % spoilt.len();
            spoilt[place] = byte;
            let _ = Counters::parse(&spoilt);
            spoilt.truncate(cut);
            let _ = Counters::parse(&spoilt);
        }
    }
}
