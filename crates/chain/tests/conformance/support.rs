//! Reading the suites.

use std::path::PathBuf;

use chain::{Store, Verdict};
use pki::{Certificate, Crl, Time};
use serde_json::Value;

/// A file of a suite.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/suites").join(name)
}

pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

pub fn json(name: &str) -> Value {
    let octets = read(name);
    let octets = if name.ends_with(".xz") { unpack(&octets) } else { octets };
    serde_json::from_slice(&octets).unwrap_or_else(|why| panic!("{name}: {why}"))
}

pub fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::copy(&mut lzma_rust2::XzReader::new(packed, true), &mut out).expect("the suite unpacks");
    out
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

pub fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

pub fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap_or_else(|| panic!("{text}"))
}

/// The objects of a PEM text with this label.
pub fn blocks(pem: &[u8], label: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    pki::pem::decode(&text).into_iter().filter(|p| p.label == label).map(|p| p.der).collect()
}

pub fn certificates(pem: &str) -> Vec<Certificate> {
    Certificate::parse_any(pem.as_bytes())
}

pub fn add_crls(store: &mut Store, pem: &[u8]) {
    for label in ["X509 CRL", "CRL"] {
        for der in blocks(pem, label) {
            if let Ok(crl) = Crl::parse(&der) {
                store.add_crl(crl);
            }
        }
    }
}

/// Every code of the verdict's chain, notes included.
pub fn codes(verdict: &Verdict) -> Vec<&'static str> {
    let mut codes: Vec<&str> = verdict.chain.all_faults().map(|(_, fault)| fault.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The errors in one line.
pub fn errors(verdict: &Verdict) -> String {
    let all = verdict.chain.errors().map(|(at, fault)| {
        let at = at.map_or_else(|| "chain".to_owned(), |at| at.to_string());
        format!("{at}: {} {}", fault.code(), fault.says)
    });
    all.collect::<Vec<_>>().join(" | ")
}
