//! The book holds together: every page is in its table of contents, every link and anchor leads somewhere.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .canonicalize()
        .unwrap()
}

fn pages_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    pages_below(&root().join("docs"), &mut found);
    found.sort();
    assert!(found.len() > 20);
    found
}

/// The text without code: fenced blocks, blocks set in by four signs after an empty line, and code within lines.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with("    ") {
            let parts = line
                .split('`')
                .enumerate()
                .map(|(index, part)| if index % 2 == 0 { part } else { "" });
            kept.extend(parts);
            kept.push('\n');
        }
    }
    kept
}

/// The targets of all links and pictures.
fn targets(text: &str) -> Vec<String> {
    let parts = prose(text);
    let parts = parts.split("](").skip(1);
    parts
        .filter_map(|rest| rest.split([')', ' ']).next())
        .map(str::to_owned)
        .collect()
}

/// The anchors of a page, as mdBook and GitHub make them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        let title = line.trim_start_matches('#');
        if !fenced && line.starts_with('#') && title.starts_with(' ') {
            let anchor: String = title
                .trim()
                .chars()
                .filter_map(|sign| match sign {
                    ' ' => Some('-'),
                    sign if sign.is_alphanumeric() || matches!(sign, '-' | '_') => {
                        Some(sign.to_ascii_lowercase())
                    }
                    _ => None,
                })
                .collect();
            found.insert(anchor);
        }
    }
    found
}

/// The path without `.` and `..`.
fn straight(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            part => result.push(part),
        }
    }
    result
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let docs = root().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed = targets(&summary);
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a page is listed twice");
    let there: BTreeSet<String> = pages()
        .iter()
        .map(|page| page.strip_prefix(&docs).unwrap().display().to_string())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    let lacking: Vec<_> = there.difference(&unique).collect();
    let gone: Vec<_> = unique.difference(&there).collect();
    assert!(
        lacking.is_empty() && gone.is_empty(),
        "docs/SUMMARY.md lacks {lacking:?}, and lists {gone:?}, which are not there"
    );
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let mut broken = Vec::new();
    let mut seen = 0;
    let mut all = pages();
    all.extend(["README.md", "CHANGELOG.md"].map(|name| root().join(name)));
    for page in all {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in targets(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() {
                page.clone()
            } else {
                straight(&page.parent().unwrap().join(file))
            };
            let held = path.exists()
                && (anchor.is_empty()
                    || std::fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor)));
            if !held {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(seen > 50, "{seen}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_checks_see_what_is_wrong() {
    let text = "# A title, with `code` (2)\n\n[x](y.md#z) `[no](link)`\n```\n[no](link)\n# no heading\n```\n![p](p.svg \"t\")\n";
    assert_eq!(targets(text), ["y.md#z", "p.svg"]);
    assert_eq!(anchors(text), BTreeSet::from(["a-title-with-code-2".to_owned()]));
    assert_eq!(straight(Path::new("/a/b/../c/./d")), Path::new("/a/c/d"));
}
