//! The knowledge: one file per cause, and the pages made from them.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test reads and writes the documentation")]

use doctor::{Language, cause, check, page};

#[test]
fn every_cause_file_is_read_and_complete() {
    for (code, text) in cause::FILES {
        assert!(toml_error(text).is_none(), "{code}: {:?}", toml_error(text));
    }
    assert_eq!(cause::all().len(), 70);
    for (code, cause) in cause::all() {
        assert_eq!(*code, cause.code);
        assert!(!cause.signs.is_empty(), "{code} without signs");
        for language in [Language::English, Language::German] {
            let words = cause.words(language);
            for text in [&words.title, &words.says, &words.why, &words.fix, &words.verify, &words.prevent] {
                assert!(text.len() > 10, "{code}: {text}");
            }
            assert!(!words.title.ends_with('.'), "{code}: a title is no sentence");
        }
        for explained in &cause.explains {
            assert!(cause::of(explained).is_some() && explained != code, "{code} explains {explained}");
        }
    }
}

fn toml_error(text: &str) -> Option<String> {
    toml::from_str::<cause::Cause>(text).err().map(|error| error.to_string())
}

#[test]
fn a_cause_has_a_check_or_says_why_not() {
    let checked: Vec<_> = check::ALL.iter().map(|check| check.code).collect();
    assert!(checked.is_sorted(), "by code");
    for (code, cause) in cause::all() {
        assert_eq!(checked.contains(code), cause.unseen.is_none(), "{code}");
    }
}

/// Both languages fill the same placeholders.
#[test]
fn languages_agree_on_placeholders() {
    let names = |text: &str| {
        let mut names: Vec<String> =
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
        names.sort();
        names
    };
    for (code, cause) in cause::all() {
        assert_eq!(names(&cause.en.says), names(&cause.de.says), "{code}");
    }
}

#[test]
fn the_pages_are_those_of_the_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/causes");
    let mut index =
        "<!-- Made from crates/doctor/causes; a test compares it. -->\n\n# Root causes the doctor knows\n\n\
                     | code | cause | severity | check |\n|---|---|---|---|\n"
            .to_owned();
    for (code, cause) in cause::all() {
        let check = if cause.unseen.is_none() { "yes" } else { "no" };
        let severity = cause.severity().name();
        index.push_str(&format!("| [{code}]({code}.md) | {} | {severity} | {check} |\n", cause.en.title));
        compare(&format!("{folder}/{code}.md"), &page(cause));
    }
    compare(&format!("{folder}/README.md"), &index);
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, cause::all().len() + 1, "a page without a cause");
}

fn compare(path: &str, expected: &str) {
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(path, expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, expected, "{path}: run with REGENERATE=1 and look at the change");
}
