//! `docs/divergences.md` names a test for each divergence; it must be there.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A row names its test as `file.rs`: `function`.
fn test_of(row: &str) -> Option<(&str, &str)> {
    let cell = row.trim_end().strip_suffix('|')?.rsplit('|').next()?;
    let mut names = cell.split('`').skip(1).step_by(2);
    Some((names.next()?, names.next()?))
}

#[test]
fn every_divergence_is_pinned_by_a_test() {
    let page = std::fs::read_to_string(root().join("docs/divergences.md")).expect("the page");
    let rows: Vec<&str> = page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| what")).collect();
    assert!(rows.len() >= 15, "{} rows", rows.len());
    for row in rows {
        let (file, function) = test_of(row).unwrap_or_else(|| panic!("no test in {row}"));
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {function}(")), "{file} has no {function}");
    }
}
