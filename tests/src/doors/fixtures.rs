//! The messages and keys the seeds are made of, and a source of randomness that is always the same.
#![expect(clippy::disallowed_methods, reason = "fixtures are files")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pki::Certificate;
use pki::key::PrivateKey;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// A file under `fixtures/`.
pub(super) fn read(name: &str) -> Vec<u8> {
    std::fs::read(root().join(name)).unwrap_or_else(|e| panic!("fixtures/{name}: {e}"))
}

/// Every file in a folder under `fixtures/` and in its folders whose name ends so, sorted by path.
pub(super) fn under(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(folder) = left.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                left.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The contents of [`under`].
pub(super) fn all(folder: &str, suffix: &str) -> Vec<Vec<u8>> {
    under(folder, suffix).iter().map(|path| std::fs::read(path).unwrap_or_default()).collect()
}

/// The certificate and the key of a party of the corpus.
pub(super) fn pair(name: &str) -> (Certificate, PrivateKey) {
    let mut certificates = Certificate::parse_any(&read(&format!("corpus/keys/{name}.pem")));
    let key = PrivateKey::parse(&read(&format!("corpus/keys/{name}.key")));
    let certificate = if certificates.is_empty() { None } else { Some(certificates.remove(0)) };
    certificate.zip(key.ok()).unwrap_or_else(|| panic!("{name} has no certificate or no key"))
}

/// The registration authority of the corpus, read once.
pub(super) fn ra() -> &'static (Certificate, PrivateKey) {
    static RA: OnceLock<(Certificate, PrivateKey)> = OnceLock::new();
    RA.get_or_init(|| pair("corpus-b-ra"))
}

/// The authority of the corpus, read once.
pub(super) fn ca() -> &'static (Certificate, PrivateKey) {
    static CA: OnceLock<(Certificate, PrivateKey)> = OnceLock::new();
    CA.get_or_init(|| pair("corpus-b-ca"))
}

/// The same octets every time (xorshift), so that what was found can be found again.
pub(super) fn random() -> impl FnMut(&mut [u8]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |out: &mut [u8]| {
        for octet in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *octet = (state & 0xff) as u8;
        }
    }
}
