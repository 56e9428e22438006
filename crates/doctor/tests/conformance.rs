//! `docs/reference/conformance.md`: the figures of the pages that the suites and the matrix write, in one place.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test reads and writes the documentation")]

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{PAGES}/{name}")).unwrap()
}

/// Lines that begin so, up to the first that does not.
fn block(page: &str, start: &str) -> String {
    let lines = page.lines().skip_while(|line| !line.starts_with(start)).take_while(|line| line.starts_with(start));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_page_of_figures_is_that_of_its_sources() {
    let (chain, doctor) = (page("conformance-chain.md"), page("conformance-doctor.md"));
    let suites = block(&chain, "|");
    // Which pairs were left out, and why a check has no sample, stands on the page itself.
    let kept = |line: &&str| !line.starts_with("* Pairs left out") && !line.starts_with("* Checks without");
    let found = block(&doctor, "*");
    let found: String = found.lines().filter(kept).map(|line| format!("{line}\n")).collect();
    assert!(suites.lines().count() > 10 && found.lines().count() >= 4, "{suites}{found}");
    let expected = format!(
        "<!-- Made from the pages it names by crates/doctor/tests/conformance.rs; a test compares it. -->\n\n# How well it \
         does\n\nMeasured by tests that run with every other; each fails when its page is not what it finds.\n\n## The \
         chain engine on the suites of others\n\nEvery disagreement with its reason: \
         [conformance-chain.md](conformance-chain.md).\n\n{suites}\n## The doctor on synthetic deployments\n\nCause by \
         cause: [conformance-doctor.md](conformance-doctor.md).\n\n{found}\n## The protocol\n\nWhich test holds which \
         section of RFC 8894: [rfc8894-coverage.md](rfc8894-coverage.md).\n"
    );
    let path = format!("{PAGES}/conformance.md");
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "run REGENERATE=1 cargo test -p doctor --test conformance and look at the change");
}
