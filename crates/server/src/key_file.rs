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

/// A secret, and the name of its file.
pub(crate) type Named = (String, Zeroizing<[u8; 32]>);

/// The secrets in files that are named like the first one, with other numbers; the highest number first.
pub(crate) fn numbered_secrets(folder: &Path, first: &str) -> Result<Vec<Named>, ServiceError> {
    let path = Path::new(first);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (before, after) = name.split_once('1').unwrap_or((name, ""));
    let within = path.parent().unwrap_or(Path::new(""));
    let at = folder.join(within);
    let entries = std::fs::read_dir(&at).map_err(|cause| ServiceError::file(&at, cause))?;
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|cause| ServiceError::file(&at, cause))?.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix(before)?.strip_suffix(after)?.parse::<u64>().ok());
        found.extend(number.map(|number| (number, within.join(&name).to_string_lossy().into_owned())));
    }
    if found.is_empty() {
        found.push((1, first.to_owned()));
    }
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let read = |(_, name): (u64, String)| read_secret(folder, &name).map(|secret| (name, secret));
    found.into_iter().map(read).collect()
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
        path.parent().map_or(Ok(()), sync_folder)
    };
    written().map_err(|cause| ServiceError::file(&path, cause))
}

/// Makes sure that a folder's entries are on disk.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Replaces a file as a whole, durably, for its owner alone: whoever reads it meanwhile sees the old or the new. One that
/// holds the same is left alone; whether it was replaced is returned.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> Result<bool, ServiceError> {
    if std::fs::read(path).is_ok_and(|held| held == octets) {
        return Ok(false);
    }
    let name = path.file_name().ok_or_else(|| ServiceError::Refused(format!("{} is no file", path.display())))?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = format!(".{}.new", name.to_string_lossy());
    // From an attempt that was cut short.
    let _ = std::fs::remove_file(folder.join(&beside));
    write_new(folder, &beside, octets)?;
    // The rename is on disk before the next file is begun: a key never comes back older than its certificate.
    let renamed = std::fs::rename(folder.join(&beside), path).and_then(|()| sync_folder(folder));
    renamed.map(|()| true).map_err(|cause| ServiceError::file(path, cause))
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
