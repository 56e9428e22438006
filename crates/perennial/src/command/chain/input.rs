use std::path::Path;

use chain::ocsp::OcspResponse;
use p12_keystore::Pkcs12Archive;
use pki::cms::SignedData;
use pki::der::{Limits, Reader, normalise};
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Crl, pem};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// No certificate, list or bundle is longer.
const LONGEST: u64 = 64 << 20;

/// The password of PKCS#12 files.
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn read(path: Option<&Path>) -> Result<Secret, Failure> {
        let Some(path) = path else { return Ok(Secret(Zeroizing::default())) };
        let text = Zeroizing::new(String::from_utf8(read(path)?).map_err(|_| unreadable(path, "it is no text"))?);
        Ok(Secret(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::new("chain.unreadable", format!("{}: {why}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let size = std::fs::metadata(path).map_err(|why| unreadable(path, &why.to_string()))?.len();
    if size > LONGEST {
        return Err(unreadable(path, "it is longer than any certificate or list"));
    }
    std::fs::read(path).map_err(|why| unreadable(path, &why.to_string()))
}

/// The certificates of a file, at least one: PEM, DER, PKCS#7 or PKCS#12. The one that belongs to a private key comes
/// first.
pub(super) fn certificates(path: &Path, secret: &Secret) -> Result<Vec<Certificate>, Failure> {
    let octets = read(path)?;
    let mut found = Vec::new();
    let armoured = pem::decode(&String::from_utf8_lossy(&octets));
    for block in &armoured {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                let one = Certificate::read(&mut Reader::new(&block.der));
                found.push(one.map_err(|why| unreadable(path, &format!("a certificate in it cannot be read: {why}")))?);
            }
            "PKCS7" | "CMS" => {
                found.extend(bundle(&block.der).ok_or_else(|| unreadable(path, "its PKCS#7 cannot be read"))?)
            }
            _ => {}
        }
    }
    if armoured.is_empty() {
        found = binary(path, &octets, secret)?;
    }
    if found.is_empty() { Err(unreadable(path, "there is no certificate in it")) } else { Ok(found) }
}

fn binary(path: &Path, octets: &[u8], secret: &Secret) -> Result<Vec<Certificate>, Failure> {
    let why = match Certificate::parse(octets) {
        Ok(one) => return Ok(vec![one]),
        Err(why) => why,
    };
    if let Some(bundle) = bundle(octets) {
        return Ok(bundle);
    }
    if looks_like_pkcs12(octets) {
        let archive = Pkcs12Archive::from_pkcs12(octets, &secret.0)
            .map_err(|_| unreadable(path, "its PKCS#12 cannot be opened: the password is another, or it is damaged"))?;
        return Ok(of_archive(&archive));
    }
    Err(unreadable(path, &format!("it is neither a certificate ({why}) nor PKCS#7 nor PKCS#12")))
}

/// PFX is a SEQUENCE that begins with version 3 (RFC 7292 §4).
fn looks_like_pkcs12(octets: &[u8]) -> bool {
    let normal = normalise(octets, Limits { size: 64 << 20, depth: 64 });
    normal.is_ok_and(|der| Reader::new(&der).sequence("PFX").and_then(|mut r| r.small("version")) == Ok(3))
}

fn of_archive(archive: &Pkcs12Archive) -> Vec<Certificate> {
    let mut found: Vec<Certificate> =
        archive.certs.iter().filter_map(|bag| Certificate::parse(bag.cert.as_der()).ok()).collect();
    let key = archive.keys.first().and_then(|entry| PrivateKey::from_pkcs8(entry.key.as_der()).ok());
    let own = key.and_then(|key| found.iter().position(|c| c.public_key() == key.public_key()));
    if let Some(at) = own.or_else(|| found.iter().position(|c| !c.is_ca())) {
        let leaf = found.remove(at);
        found.insert(0, leaf);
    }
    found
}

/// The certificates of a PKCS#7 bundle.
fn bundle(octets: &[u8]) -> Option<Vec<Certificate>> {
    let der = normalise(octets, Limits { size: 64 << 20, depth: 64 }).ok()?;
    let signed = SignedData::parse(&der).ok()?;
    signed.certificates.iter().map(|der| Certificate::parse(der).ok()).collect()
}

/// The revocation lists of a file, at least one.
pub(super) fn crls(path: &Path) -> Result<Vec<Crl>, Failure> {
    let octets = read(path)?;
    let armoured = pem::decode(&String::from_utf8_lossy(&octets));
    let lists: Vec<&[u8]> = if armoured.is_empty() {
        vec![&octets]
    } else {
        armoured.iter().filter(|p| p.label.ends_with("CRL")).map(|p| p.der.as_slice()).collect()
    };
    let read = |der: &&[u8]| {
        Crl::parse(der).map_err(|why| unreadable(path, &format!("a revocation list in it cannot be read: {why}")))
    };
    let lists: Vec<Crl> = lists.iter().map(read).collect::<Result<_, _>>()?;
    if lists.is_empty() { Err(unreadable(path, "there is no revocation list in it")) } else { Ok(lists) }
}

/// The OCSP answer in a file.
pub(super) fn response(path: &Path) -> Result<OcspResponse, Failure> {
    let octets = read(path)?;
    let armoured = pem::decode(&String::from_utf8_lossy(&octets));
    let der = armoured.iter().find(|p| p.label == "OCSP RESPONSE").map_or(octets.as_slice(), |p| p.der.as_slice());
    OcspResponse::parse(der).map_err(|why| unreadable(path, &format!("the OCSP answer cannot be read: {why}")))
}
