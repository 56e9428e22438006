#![expect(clippy::disallowed_methods, reason = "a device keeps its keys and certificates in files")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use pki::key::PrivateKey;
use pki::{Certificate, Request, pem};
use zeroize::Zeroizing;

use crate::{Application, ClientError, Identity, Pin};

const IDENTITY: &str = "identity.pem";
const PENDING: &str = "pending.pem";
const CERTIFICATE: &str = "certificate.pem";
const CHAIN: &str = "chain.pem";
const NEXT_CA: &str = "next-ca.pem";
/// CA certificates in a succession, the newest of them; a CA is followed by the next one after years.
const MOST_GENERATIONS: usize = 32;
const TRANSACTION: &str = "SCEP TRANSACTION ID";

/// Where a device keeps what it holds.
///
/// * `identity.pem`: key, certificate and chain in one file, replaced in one step, so that key and certificate always
///   fit each other;
/// * `pending.pem`: key, request, signing certificate and transaction of an application, written before it is sent and
///   taken away after its certificate has been written;
/// * `certificate.pem` and `chain.pem`: copies for other programs;
/// * `next-ca.pem`: the CA that was current when its successor was announced, then that successor, then the one it
///   announced, and so on.
///
/// The first two can be read by their owner only.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder, made if it is not there.
    pub fn open(path: impl Into<PathBuf>) -> Result<Folder, ClientError> {
        let path = path.into();
        std::fs::create_dir_all(&path).map_err(|cause| file(&path, cause))?;
        Ok(Folder(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the device holds, if anything.
    pub fn identity(&self) -> Result<Option<Identity>, ClientError> {
        let Some(octets) = self.read(IDENTITY)? else { return Ok(None) };
        let content = || self.content(IDENTITY, "a private key and its certificate");
        Identity::from_pem(&octets).map(Some).map_err(|_| content())
    }

    /// Keeps a key with its certificate, in place of what was kept before, and forgets the application it came from.
    pub fn keep(&self, identity: &Identity) -> Result<(), ClientError> {
        self.write(IDENTITY, identity.to_pem().as_bytes(), Readers::Owner)?;
        self.forget()?;
        if let Some(certificate) = &identity.certificate {
            self.write(CERTIFICATE, certificate.to_pem().as_bytes(), Readers::All)?;
        }
        let chain: String = identity.chain.iter().map(Certificate::to_pem).collect();
        self.write(CHAIN, chain.as_bytes(), Readers::All)
    }

    /// The application that has been sent or was about to be, if there is one.
    pub fn pending(&self) -> Result<Option<Application>, ClientError> {
        let Some(octets) = self.read(PENDING)? else { return Ok(None) };
        let held = self.identity()?;
        match read_application(&octets, held) {
            Read::Application(application) => Ok(Some(*application)),
            // A crash came between the certificate and the end of the application.
            Read::Settled => self.forget().map(|()| None),
            Read::Nothing => Err(self.content(PENDING, "an application, or one for another certificate")),
        }
    }

    /// Keeps an application. Do this before it is sent: the key must outlive a crash.
    pub fn keep_pending(&self, application: &Application) -> Result<(), ClientError> {
        let mut text = application.key.to_pem();
        text.push_str(&pem::encode("CERTIFICATE REQUEST", application.request.der()));
        text.push_str(&application.signer.to_pem());
        text.push_str(&pem::encode(TRANSACTION, application.transaction_id.as_bytes()));
        self.write(PENDING, text.as_bytes(), Readers::Owner)
    }

    /// Forgets the application: it was refused, or given up.
    pub fn forget(&self) -> Result<(), ClientError> {
        let path = self.0.join(PENDING);
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(file(&path, cause)),
            _ => self.sync(),
        }
    }

    /// The CA certificates in `next-ca.pem`, each announced by the one before it, the newest last; empty if nothing was
    /// ever announced.
    pub fn succession(&self) -> Result<Vec<Certificate>, ClientError> {
        let Some(octets) = self.read(NEXT_CA)? else { return Ok(Vec::new()) };
        match Certificate::parse_any(&octets) {
            found if found.is_empty() => Err(self.content(NEXT_CA, "a CA certificate")),
            found => Ok(newest(found)),
        }
    }

    /// Notes that `current` has announced `next`. What it announced before counts no more; what came before it stays.
    ///
    /// # Errors
    /// [`ClientError::OtherSuccession`]: `current` is none of those that are kept, and they are not useless, as they are
    /// when `current` was believed under a pin that none of them fits. Nothing has been changed then: who shows himself
    /// once without a pin must not erase what a pinned CA announced.
    pub(crate) fn keep_successor(
        &self,
        current: &Certificate,
        next: &Certificate,
        pin: Option<&Pin>,
    ) -> Result<(), ClientError> {
        let mut known = self.succession()?;
        let useless = |known: &[Certificate]| pin.is_some_and(|pin| !known.iter().any(|c| pin.fits(c)));
        match known.iter().position(|c| c == current) {
            Some(at) if known.get(at + 1) == Some(next) => return Ok(()),
            Some(at) => known.truncate(at + 1),
            None if known.is_empty() || useless(&known) => known = vec![current.clone()],
            None => {
                let (path, current) = (self.0.join(NEXT_CA).display().to_string(), current.subject().to_string());
                return Err(ClientError::OtherSuccession { path, current });
            }
        }
        known.push(next.clone());
        let text: String = newest(known).iter().map(Certificate::to_pem).collect();
        self.write(NEXT_CA, text.as_bytes(), Readers::All)
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ClientError> {
        let path = self.0.join(name);
        match std::fs::read(&path) {
            Ok(octets) => Ok(Some(Zeroizing::new(octets))),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(file(&path, cause)),
        }
    }

    /// Writes a file beside the old one, makes sure it is on disk, and puts it in its place.
    fn write(&self, name: &str, octets: &[u8], readers: Readers) -> Result<(), ClientError> {
        let path = self.0.join(name);
        let new = self.0.join(format!("{name}.new"));
        let written = || -> std::io::Result<()> {
            // One left by a crash may have other rights.
            match std::fs::remove_file(&new) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            restrict(&mut options, readers);
            let mut out = options.open(&new)?;
            out.write_all(octets)?;
            out.sync_all()?;
            std::fs::rename(&new, &path)
        };
        written().map_err(|cause| file(&path, cause))?;
        self.sync()
    }

    /// Makes sure that the folder's entries are on disk.
    fn sync(&self) -> Result<(), ClientError> {
        #[cfg(unix)]
        File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(|cause| file(&self.0, cause))?;
        Ok(())
    }

    fn content(&self, name: &str, what: &'static str) -> ClientError {
        ClientError::Content { path: self.0.join(name).display().to_string(), what }
    }
}

/// The end of a long succession: the newest are those that issue, or will.
fn newest(mut succession: Vec<Certificate>) -> Vec<Certificate> {
    succession.split_off(succession.len().saturating_sub(MOST_GENERATIONS))
}

/// What a file of an application turned out to be.
enum Read {
    Application(Box<Application>),
    /// Its certificate is already held.
    Settled,
    Nothing,
}

fn read_application(octets: &[u8], held: Option<Identity>) -> Read {
    let text = String::from_utf8_lossy(octets);
    let armoured = pem::decode(&text);
    let block = |label: &str| armoured.iter().find(|p| p.label == label).map(|p| p.der.as_slice());
    let parts = || {
        let key = PrivateKey::parse(octets).ok()?;
        let request = Request::parse(block("CERTIFICATE REQUEST")?).ok()?;
        let signer = Certificate::parse(block("CERTIFICATE")?).ok()?;
        let transaction_id = String::from_utf8(block(TRANSACTION)?.to_vec()).ok()?;
        Some((key, request, signer, transaction_id))
    };
    let Some((key, request, signer, transaction_id)) = parts() else { return Read::Nothing };
    let own = request.public_key().key_octets();
    if held.as_ref().and_then(|h| h.certificate.as_ref()).is_some_and(|c| c.public_key().key_octets() == own) {
        return Read::Settled;
    }
    let signer_key = if signer.public_key().key_octets() == own {
        None
    } else {
        // A renewal: the old key is the one that is held.
        let Some(held) = held.filter(|held| held.certificate.as_ref() == Some(&signer)) else { return Read::Nothing };
        Some(held.key)
    };
    Read::Application(Box::new(Application { key, request, signer, signer_key, transaction_id }))
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq)]
enum Readers {
    Owner,
    All,
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, readers: Readers) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(if readers == Readers::Owner { 0o600 } else { 0o644 });
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: Readers) {}

fn file(path: &Path, cause: std::io::Error) -> ClientError {
    ClientError::File { path: path.display().to_string(), cause }
}
