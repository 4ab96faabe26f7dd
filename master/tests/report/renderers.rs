//! The list of forms as a whole.

use crate::fixture;
use autoperf::report::csv::{COLUMNS, PROCESS_COLUMNS};
use autoperf::report::{RENDERERS, write_all};

fn results_page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/results.md")).unwrap()
}

#[test]
fn names_and_files_are_unique_and_explained() {
    for (index, form) in RENDERERS.iter().enumerate() {
        assert!(!form.name.is_empty() && !form.file_name.is_empty() && !form.about.is_empty());
        let others = &RENDERERS[..index];
        assert!(
            others
                .iter()
                .all(|other| other.name != form.name && other.file_name != form.file_name)
        );
    }
}

#[test]
fn every_form_says_something_and_never_what_is_no_number() {
    for summary in [fixture::summary(), fixture::slower()] {
        for form in RENDERERS {
            let text = (form.render)(&summary).unwrap();
            assert!(text.len() > 200, "{}", form.name);
            // The page's own script is the only text with such words in it.
            let said = text.split("<script>").next().unwrap_or(&text);
            assert!(!said.contains("NaN") && !said.contains("inf "), "{}", form.name);
        }
    }
}

#[test]
fn every_form_bears_a_run_without_anything() {
    let mut empty = fixture::summary();
    empty.levels.clear();
    empty.curve.clear();
    empty.audits.clear();
    empty.capacity = Default::default();
    for form in RENDERERS {
        assert!(!(form.render)(&empty).unwrap().is_empty(), "{}", form.name);
    }
}

#[test]
fn every_form_gives_the_same_text_twice() {
    let summary = fixture::summary();
    for form in RENDERERS {
        assert_eq!((form.render)(&summary).unwrap(), (form.render)(&summary).unwrap());
    }
}

#[test]
fn the_documentation_has_every_form_and_column() {
    let page = results_page();
    for form in RENDERERS {
        assert!(
            page.contains(&format!("`{}`", form.file_name)),
            "{}",
            form.file_name
        );
        assert!(page.contains(&format!("`{}`", form.name)), "{}", form.name);
    }
    for column in COLUMNS {
        assert!(
            page.contains(&format!("`{}` | {}", column.name, column.about)),
            "{}",
            column.name
        );
    }
    for (name, about) in PROCESS_COLUMNS {
        assert!(
            page.contains(&format!("`{name}:PROCESS@NODE` | {about}")),
            "{name}"
        );
    }
}

#[test]
fn only_the_usual_forms_go_into_every_run_directory() {
    let folder = std::env::temp_dir().join(format!("autoperf-forms-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    write_all(&folder, &fixture::summary()).unwrap();
    for form in RENDERERS {
        assert_eq!(folder.join(form.file_name).exists(), form.always, "{}", form.name);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
