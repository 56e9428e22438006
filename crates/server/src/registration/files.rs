//! What a registration point has in files that somebody else replaces while it runs: read so that half of a file is never
//! taken for the whole.

use std::path::Path;

use pki::Certificate;

use crate::{ServiceError, key_file};

/// The certificates in a file.
///
/// # Errors
/// There is no such file, there is no certificate in it, or not all that begin in it can be read: it is being written.
pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, ServiceError> {
    let octets = key_file::read_outside(path)?;
    let found = Certificate::parse_any(&octets);
    let begun = begun(&octets);
    let refuse = |says: String| Err(ServiceError::Credential(format!("{}: {says}", path.display())));
    if begun > found.len() {
        return refuse(format!("of the {begun} certificates in it {} can be read; is it whole?", found.len()));
    }
    if found.is_empty() {
        return refuse("there is no certificate in it".to_owned());
    }
    Ok(found)
}

/// How many certificates begin in a PEM text.
fn begun(octets: &[u8]) -> usize {
    let text = String::from_utf8_lossy(octets);
    text.lines().filter(|line| line.starts_with("-----BEGIN ") && line.contains("CERTIFICATE")).count()
}
