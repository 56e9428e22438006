//! `docs/reference/chain-codes.md`: one section per fault code, out of the code's own data.
//!
//! The test fails when the committed file is not what it generates. `CHAIN_CODES=write` writes it.

#![allow(clippy::disallowed_methods, reason = "a test reads and writes the page")]

use std::fmt::Write;
use std::path::PathBuf;

use chain::Kind;

fn page() -> String {
    let mut out = String::from(
        "# Fault codes of the chain engine\n\n\
         Generated from `crates/chain/src/fault.rs` by `crates/chain/tests/codes.rs`, which fails when this page is not\n\
         what it finds (`CHAIN_CODES=write cargo test -p chain --test codes` writes it).\n\n\
         The bits are those of `CERT_TRUST_STATUS::dwErrorStatus` that the fault sets. A code without bits is only ever a\n\
         note: it breaks nothing, but explains much. A code with bits is noted without them where the rules in force do\n\
         not object, such as an expired trust anchor where only its name and key count.\n\n\
         | code | bits | in short |\n|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let code = kind.code();
        let _ = writeln!(out, "| [{code}](#{}) | {} | {} |", code.to_lowercase(), bits(*kind), kind.title());
    }
    for kind in Kind::ALL {
        let _ =
            writeln!(out, "\n## {}\n\n**{}** {}\n\nBits: {}", kind.code(), kind.title(), kind.means(), names(*kind));
        let _ = writeln!(out, "\nWhat to do: {}", kind.remedy());
    }
    out
}

fn bits(kind: Kind) -> String {
    if kind.bits().is_clear() { "–".to_owned() } else { kind.bits().to_string() }
}

fn names(kind: Kind) -> String {
    let names: Vec<&str> = kind.bits().names().collect();
    if names.is_empty() { "none, a note.".to_owned() } else { format!("`{}` ({}).", names.join("`, `"), kind.bits()) }
}

#[test]
fn the_committed_page_is_what_the_code_says() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/chain-codes.md");
    let page = page();
    if std::env::var("CHAIN_CODES").as_deref() == Ok("write") {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page, "run with CHAIN_CODES=write");
}
