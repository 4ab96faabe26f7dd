//! Bytes to text.

use crate::diagnostic::Diagnostic;
use crate::source::{FileName, SourceText, Span};

/// The text of a file: UTF-8, or ISO 8859-1 if an XML declaration says so.
///
/// # Errors
/// The first byte that is not UTF-8, with its place.
pub fn decode(bytes: Vec<u8>, name: &FileName) -> Result<String, Diagnostic> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            if declares_latin1(&bytes) {
                return Ok(bytes.iter().map(|&b| char::from(b)).collect());
            }
            let text = String::from_utf8_lossy(&bytes);
            let source = SourceText::new(name, &text);
            let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
            let at = good.saturating_sub(bom);
            Err(Diagnostic::error("not a UTF-8 text")
                .at(&source, Span::new(at, at + 3))
                .expected("UTF-8; in XML also ISO-8859-1, if the declaration says so")
                .hint("save the file as UTF-8"))
        }
    }
}

fn declares_latin1(bytes: &[u8]) -> bool {
    let head = bytes.get(..200.min(bytes.len())).unwrap_or(bytes);
    let head: String = head.iter().map(|&b| char::from(b).to_ascii_lowercase()).collect();
    let declaration = head.split("?>").next().unwrap_or("");
    declaration.starts_with("<?xml")
        && ["iso-8859-1", "latin1", "windows-1252"]
            .iter()
            .any(|e| declaration.contains(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_declared_latin_1_is_taken_for_it() {
        let name = FileName::new("t");
        let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>".to_vec();
        assert!(decode(text, &name).is_ok_and(|t| t.contains('é')));
        let error = decode(b"ab\nc\xe9".to_vec(), &name).expect_err("not UTF-8");
        assert!(error.to_string().contains("t:2:2"), "{error}");
        assert!(decode("ä".into(), &name).is_ok());
    }
}
