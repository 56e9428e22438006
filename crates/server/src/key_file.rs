//! Private keys and secrets in files that only their owner can read.

#![expect(clippy::disallowed_methods, reason = "keys live in files")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use pki::key::PrivateKey;
use zeroize::Zeroizing;

use crate::{ServiceError, known_keys};

/// The folder of keys inside the service's folder.
pub(crate) const KEYS: &str = "keys";

/// Reads a private key; `name` is relative to the folder.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Arc<PrivateKey>, ServiceError> {
    let octets = read_octets(folder, name)?;
    known_keys::parse(&octets).map_err(|cause| ServiceError::Credential(format!("{name}: {cause}")))
}

/// Reads 32 octets written as hexadecimal digits.
pub(crate) fn read_secret(folder: &Path, name: &str) -> Result<Zeroizing<[u8; 32]>, ServiceError> {
    let octets = read_octets(folder, name)?;
    let text = String::from_utf8_lossy(&octets);
    let secret = pki::digest::unhex(text.trim()).and_then(|o| <[u8; 32]>::try_from(o).ok());
    secret.map(Zeroizing::new).ok_or_else(|| ServiceError::Credential(format!("{name} does not hold 32 octets")))
}

fn read_octets(folder: &Path, name: &str) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
    let path = folder.join(name);
    std::fs::read(&path).map(Zeroizing::new).map_err(|cause| ServiceError::file(&path, cause))
}

/// Writes a new file that only its owner can read, durably. A file that is there already is not touched.
pub(crate) fn write_new(folder: &Path, name: &str, octets: &[u8]) -> Result<(), ServiceError> {
    let path = folder.join(name);
    let written = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        owner_only(&mut options);
        let mut file = options.open(&path)?;
        file.write_all(octets)?;
        file.sync_all()?;
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    };
    written().map_err(|cause| ServiceError::file(&path, cause))
}

/// Reads a file that somebody outside writes: at most a mebibyte.
pub(crate) fn read_outside(path: &Path) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
    let mut octets = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(|cause| ServiceError::file(path, cause))?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, 1 << 20), &mut octets)
        .map_err(|cause| ServiceError::file(path, cause))?;
    Ok(octets)
}

/// Removes a key that nobody needs any more. Only what is in the folder of keys is this service's to remove.
pub(crate) fn forget(folder: &Path, name: &str) {
    let inside =
        name.strip_prefix(KEYS).and_then(|rest| rest.strip_prefix('/')).is_some_and(|n| !n.contains(['/', '\\']));
    if inside && let Err(error) = std::fs::remove_file(folder.join(name)) {
        tracing::warn!(%error, name, "a key that is not needed any more could not be removed");
    }
}

/// Makes a folder that only its owner can enter.
pub(crate) fn make_folder(path: &Path) -> Result<(), ServiceError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| ServiceError::file(path, cause))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}
