//! The house as ARCHITECTURE.md draws it: who may know whom, how long a file may be, and what no file may say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate may depend on in this house.
const MAY_KNOW: [(&str, &[&str]); 11] = [
    ("pki", &[]),
    ("chain", &["pki"]),
    ("scep", &["pki"]),
    ("ra", &["pki"]),
    ("ca", &["pki"]),
    ("doctor", &["pki", "chain"]),
    ("client", &["scep", "pki", "chain"]),
    ("server", &["pki", "chain", "scep", "ra", "ca", "client"]),
    ("perennial", &["server", "client", "doctor", "pki", "chain", "scep", "ra", "ca"]),
    ("tests", &["pki", "chain", "scep", "ra", "ca", "doctor", "client", "server", "perennial"]),
    ("benches", &["pki", "scep"]),
];

const SILENT: [&str; 6] = ["pki", "chain", "scep", "ra", "ca", "doctor"];

/// What touches sockets, databases, logs or brings a runtime. Not even through other crates.
const LOUD: [&str; 17] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "hyper",
    "axum",
    "reqwest",
    "ureq",
    "h2",
    "rustls",
    "openssl",
    "rusqlite",
    "tokio-postgres",
    "tracing",
    "tempfile",
    "notify",
];

/// What a silent crate must not depend on itself: `evtx` brings `log`, and nothing here writes to it.
const LOUD_DIRECTLY: [&str; 3] = ["log", "libc", "getrandom"];

/// Lines of a file without its tests.
const LONGEST: usize = 500;
const MEDIAN: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The direct dependencies of every member, without those for its tests.
fn members() -> BTreeMap<String, Vec<String>> {
    let text = cargo(&["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let direct = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|d| d["kind"].is_null()).map(|d| text(&d["name"])).collect()
    };
    packages.iter().map(|package| (text(&package["name"]), direct(package))).collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let members = members();
    let mut known: Vec<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(members.keys().map(String::as_str).collect::<Vec<_>>(), known, "a crate came or went");
    for (name, allowed) in MAY_KNOW {
        for other in members[name].iter().filter(|d| members.contains_key(*d)) {
            assert!(allowed.contains(&other.as_str()), "{name} must not depend on {other}");
        }
    }
}

#[test]
fn silent_crates_have_nothing_that_touches_the_world() {
    let members = members();
    for name in SILENT {
        let tree = cargo(&["tree", "--offline", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{lib}"]);
        let all: Vec<String> = tree.lines().map(|line| line.trim().replace('_', "-")).collect();
        assert!(all.len() > 5, "{name}: {tree}");
        for loud in LOUD {
            assert!(!all.iter().any(|d| d == loud), "{name} depends on {loud}");
        }
        for loud in LOUD_DIRECTLY {
            assert!(!members[name].iter().any(|d| d == loud), "{name} depends on {loud}");
        }
    }
}

#[test]
fn silent_crates_have_no_async_and_no_build_script() {
    for name in SILENT {
        assert!(!root().join("crates").join(name).join("build.rs").exists(), "{name} has a build script");
        for path in sources(&format!("crates/{name}/src/")) {
            for (at, line) in read(&path).lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let asynchronous = code.contains("async fn") || code.contains(".await") || code.contains("async move");
                assert!(!asynchronous, "{path}:{}: {line}", at + 1);
            }
        }
    }
}

/// Every crate's lints are those of the workspace, so that no crate is silent by goodwill only.
#[test]
fn every_crate_is_under_the_lints_of_the_workspace() {
    for (name, _) in MAY_KNOW {
        let folder = if ["tests", "benches"].contains(&name) { root() } else { root().join("crates") }.join(name);
        let manifest: toml::Table =
            std::fs::read_to_string(folder.join("Cargo.toml")).expect(name).parse().expect("toml");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{name}");
    }
}

#[test]
fn silent_crates_do_not_lift_a_lint_that_keeps_them_silent() {
    for name in SILENT {
        for path in sources(&format!("crates/{name}/src/")) {
            let text = read(&path);
            assert!(!text.contains("clippy::disallowed_"), "{path} lifts a lint");
        }
    }
}

/// Where something becomes an order to sign (docs/decisions/0001): where a grant does, and where the service needs a
/// certificate itself, at first and again; the forecast prepares without signing; and the proof of a TLS certificate signs
/// with a root of its own that nobody trusts and nobody keeps. Clippy refuses every other place, unless it is told not to; this test then still does.
#[test]
fn orders_are_made_in_five_places() {
    // A test orders what it likes.
    let is_test = |path: &String| {
        path.ends_with("/tests.rs") && read(&path.replace("/tests.rs", ".rs")).contains("#[cfg(test)]\nmod tests;")
    };
    let makes = |path: &String| read(path).contains("Order::new(") && !is_test(path);
    let places: Vec<String> = sources("crates/")
        .into_iter()
        .filter(|p| !p.starts_with("crates/ca/") && p.contains("/src/") && makes(p))
        .collect();
    assert_eq!(
        places,
        [
            "crates/server/src/credential/make.rs",
            "crates/server/src/forecast.rs",
            "crates/server/src/init.rs",
            "crates/server/src/issue.rs",
            "crates/server/src/registration/rehearse.rs"
        ]
    );
}

/// The files git tracks; without git, everything that is not built.
fn tracked() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            let text = String::from_utf8(output.stdout).expect("text");
            text.split('\0').filter(|p| !p.is_empty() && root().join(p).exists()).map(str::to_owned).collect()
        }
        _ => walk(&root()),
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["target", ".git", "artifacts", "corpus.local"].contains(&name.as_str()) {
            found.extend(walk(&path));
        } else if path.is_file() {
            found.push(path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned());
        }
    }
    found
}

fn sources(folder: &str) -> Vec<String> {
    tracked().into_iter().filter(|path| path.starts_with(folder) && path.ends_with(".rs")).collect()
}

fn read(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(root().join(path)).expect(path)).into_owned()
}

#[test]
fn files_are_short() {
    let mut lengths = Vec::new();
    for path in sources("crates/").into_iter().filter(|path| path.contains("/src/")) {
        let text = read(&path);
        let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
        assert!(lines <= LONGEST, "{path} has {lines} lines");
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    println!("{} files, median {median} lines, longest {:?}", lengths.len(), lengths.last());
    assert!(median < MEDIAN, "the median is {median} lines");
}

#[test]
fn no_name_says_nothing() {
    const EMPTY: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "manager"];
    for path in tracked().iter().filter(|path| path.ends_with(".rs") || path.ends_with("Cargo.toml")) {
        for part in Path::new(path).with_extension("").components() {
            let part = part.as_os_str().to_string_lossy();
            assert!(!EMPTY.contains(&part.as_ref()), "{path}");
        }
    }
}

/// Files speak of the project only: of no machine it was made on, and of no place its crates were fetched from.
#[test]
fn no_file_names_a_machine_or_a_registry() {
    // Put together here, so that this file does not name them either.
    let forbidden = ["work", "root", "home", "Users", "tmp/bash", ".cargo/registry"].map(|name| format!("/{name}/"));
    for path in tracked() {
        let text = read(&path);
        for name in &forbidden {
            assert!(!text.contains(name.as_str()), "{path} names {name}");
        }
    }
    let official = "registry+https://github.com/rust-lang/crates.io-index";
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock: toml::Table = read(lock).parse().expect("toml");
        for package in lock["package"].as_array().expect("packages") {
            let source = package.get("source").and_then(|s| s.as_str());
            assert!(source.is_none_or(|s| s == official), "{package} does not come from crates.io");
        }
    }
}
