//! The reference says what the code says: generated pages are what the generators write, written pages miss no key.
//!
//! `REGENERATE=1 cargo test -p tests reference` writes the generated ones anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn compare(page: &str, generated: &str) {
    let path = root().join(page);
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(&path, generated).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "{page} is not what the code says: run REGENERATE=1 cargo test -p tests reference");
}

#[test]
fn codes_are_generated() {
    let mut out = String::from(
        "# Codes\n\nGenerated from the code. A code never changes once released. A refusal carries the most useful one as \
         failInfoText; the audit has all of them, with the facts.\n",
    );
    out.push_str("\n## An HTTP request was none of SCEP's\n\n| code | the client gets | meaning |\n|---|---|---|\n");
    // Who names no operation gets a page for people instead.
    for flaw in scep::http::HttpFlaw::ALL.into_iter().filter(|flaw| *flaw != scep::http::HttpFlaw::NoOperation) {
        let _ = writeln!(out, "| `{}` | HTTP {} | {flaw} |", flaw.code(), flaw.status());
    }
    out.push_str("\n## A message could not be opened\n\n| code | the client gets | meaning |\n|---|---|---|\n");
    for code in scep::Code::ALL {
        let gets = code.fail_info().map_or("HTTP 400 or 413", scep::FailInfo::name);
        let _ = writeln!(out, "| `{}` | {gets} | {} |", code.text(), code.meaning().trim());
    }
    out.push_str("\n## A request was refused\n\n| code | meaning |\n|---|---|\n");
    for reason in ra::Reason::ALL {
        let _ = writeln!(out, "| `{}` | {} |", reason.text(), reason.meaning().trim());
    }
    out.push_str("\n## A question was not answered\n\n| code | the client gets | meaning |\n|---|---|---|\n");
    for code in server::Code::ALL {
        let gets = code.fail_info().map_or("HTTP 404", scep::FailInfo::name);
        let _ = writeln!(out, "| `{}` | {gets} | {} |", code.text(), code.meaning());
    }
    out.push_str(
        "\n## A registration point refused a client certificate\n\nAs IIS and CAPI2 say it.\n\n\
         | code | HTTP status | HRESULT | meaning |\n|---|---|---|---|\n",
    );
    for fault in server::registration::Fault::ALL {
        let (code, status, hresult) = (fault.text(), fault.status(), fault.hresult());
        let _ = writeln!(out, "| `{code}` | {status} | `0x{hresult:08X}` | {} |", fault.meaning().trim());
    }
    out.push_str(
        "\n## A policy module refused a server certificate\n\nAs CAPI2 says it. The code and the HRESULT stand in the reason \
         of `challenge.unavailable`.\n\n| code | HRESULT | meaning |\n|---|---|---|\n",
    );
    for fault in server::registration::ServerFault::ALL {
        let (code, hresult) = (fault.text(), fault.hresult());
        let _ = writeln!(out, "| `{code}` | `0x{hresult:08X}` | {} |", fault.meaning().trim());
    }
    out.push_str("\n## A certificate would be no good\n\n| code | meaning |\n|---|---|\n");
    for code in ca::Code::ALL {
        let _ = writeln!(out, "| `{}` | {} |", code.text(), code.meaning().trim());
    }
    out.push_str(
        "\n## Something of the service is degraded, or will fail\n\nAt `/readyz`, in `perennial credential list`, `canary` \
         and `forecast`.\n\n| code | meaning |\n|---|---|\n",
    );
    let degraded = [&server::credential::state::ALL[..], &server::canary::ALL, &server::forecast::ALL];
    for (code, meaning) in degraded.into_iter().flatten() {
        let _ = writeln!(out, "| `{code}` | {meaning} |");
    }
    compare("docs/reference/codes.md", &out);
}

/// Every key of a table, as the reader itself lists them when it meets one that it does not know.
fn keys(config: &str) -> BTreeSet<String> {
    let error = server::config::Config::parse(config, "test", Path::new(".")).expect_err("an unknown key").to_string();
    let expected = error.split("expected one of ").nth(1).or_else(|| error.split("expected ").nth(1)).expect(&error);
    expected.lines().next().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let page = std::fs::read_to_string(root().join("docs/reference/configuration.md")).expect("page");
    let service = "[service]\nlisten = \"127.0.0.1:1\"\n[profile.p]\n[endpoint.e]\nprofile = \"p\"\n";
    let tables = [
        ("## [service]", service.replace("[service]\n", "[service]\nx_unknown = 1\n")),
        ("## [ca]", format!("{service}[ca]\nx_unknown = 1\n")),
        ("## [credential.ROLE]", format!("{service}[credential.ra-signing]\nx_unknown = 1\n")),
        ("## [canary]", format!("{service}[canary]\nx_unknown = 1\n")),
        ("## [admin]", format!("{service}[admin]\nx_unknown = 1\n")),
        ("## [limits]", format!("{service}[limits]\nx_unknown = 1\n")),
        ("## [profile.NAME]", format!("{service}[profile.q]\nx_unknown = 1\n")),
        ("## [endpoint.NAME]", format!("{service}[endpoint.f]\nx_unknown = 1\n")),
        ("### [endpoint.NAME.renewal]", format!("{service}[endpoint.f.renewal]\nx_unknown = 1\n")),
        ("## [registration-point]", format!("{service}[registration-point]\nx_unknown = 1\n")),
        ("### [endpoint.NAME.module]", format!("{service}[endpoint.f.module]\nx_unknown = 1\n")),
        ("### [endpoint.NAME.reply]", format!("{service}[endpoint.f.reply]\nx_unknown = 1\n")),
    ];
    for (heading, config) in tables {
        let section = page.split(heading).nth(1).expect(heading);
        let section = section.split("\n#").next().unwrap_or_default();
        let keys = keys(&config);
        assert!(keys.len() > 1, "{heading}: {keys:?}");
        for key in keys.iter().filter(|key| !["renewal", "reply", "module"].contains(&key.as_str())) {
            assert!(section.contains(&format!("| `{key}` |")), "{heading} does not say what `{key}` is");
        }
    }
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md"), root().join("CONTRIBUTING.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let found = page.parent().expect("parent").join(target);
            assert!(found.exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}
