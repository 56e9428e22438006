//! The certificates of a server: are they who they should be?

use std::collections::HashMap;
use std::str::FromStr;

use pki::{Certificate, Time, digest};
use scep::ca_certs::Authorities;

use crate::ClientError;

/// Steps from a certificate up to its CA.
const MOST_STEPS: usize = 8;

/// The fingerprint of a CA certificate, had from somewhere else than the server (RFC 8894 §2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// SHA-256 over the whole certificate.
    Sha256(Vec<u8>),
    /// SHA-1 over the whole certificate, as old tools show it.
    Sha1(Vec<u8>),
}

/// The text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 or SHA-1 fingerprint in hexadecimal")]
pub struct NotAPin;

impl FromStr for Pin {
    type Err = NotAPin;

    /// Hexadecimal digits, with or without colons or blanks between them.
    fn from_str(text: &str) -> Result<Pin, NotAPin> {
        let digits: String = text.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
        match digest::unhex(&digits) {
            Some(octets) if octets.len() == 32 => Ok(Pin::Sha256(octets)),
            Some(octets) if octets.len() == 20 => Ok(Pin::Sha1(octets)),
            _ => Err(NotAPin),
        }
    }
}

impl Pin {
    /// Whether it is this certificate's.
    #[must_use]
    pub fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Pin::Sha256(pin) => certificate.fingerprint().as_slice() == pin,
            Pin::Sha1(pin) => digest::sha1(certificate.der()).as_slice() == pin,
        }
    }
}

/// What is trusted of a server's certificates, beside themselves.
pub(crate) struct Trust<'a> {
    /// The fingerprint a CA certificate must have.
    pub(crate) pin: Option<&'a Pin>,
    /// CA certificates, each announced by the one before it.
    pub(crate) succession: &'a [Certificate],
    /// When it is: an announced CA is trusted while it is valid.
    pub(crate) now: Time,
}

impl Trust<'_> {
    /// The CAs that were announced by the pinned one, or by one that it announced, and whose time has come.
    fn successors(&self) -> impl Iterator<Item = &Certificate> {
        let pinned = self.pin.and_then(|pin| self.succession.iter().position(|c| pin.fits(c)));
        let later = pinned.and_then(|at| self.succession.get(at + 1..)).unwrap_or_default();
        later.iter().filter(|c| c.validity().contains(self.now))
    }
}

/// Checks that every certificate that will be used was issued by a CA among those sent, up to the pinned one if there
/// is a pin, or to one that was announced in its name. Without a pin the server is believed at first sight. What stands
/// neither below nor above a pinned CA is taken out: anybody on the way could have put it there, and nothing may rest on
/// it.
pub(crate) fn verify(authorities: &mut Authorities, trust: &Trust<'_>) -> Result<(), ClientError> {
    let all = authorities.all.clone();
    let anchors: Vec<&Certificate> = match trust.pin {
        Some(pin) => all.iter().find(|c| pin.fits(c)).into_iter().chain(trust.successors()).collect(),
        None => all.iter().filter(|c| c.is_ca() || all.len() == 1).collect(),
    };
    if anchors.is_empty() {
        let found: Vec<String> = all.iter().map(|c| digest::hex(&c.fingerprint())).collect();
        return Err(ClientError::Fingerprint(found.join(", ")));
    }
    let mut below = Ladder::new(&anchors, &all);
    let mut kept: Vec<Certificate> = Vec::new();
    for used in [&authorities.encryption, &authorities.signing, &authorities.issuer] {
        match below.climb(used) {
            (path, Arrived::AtAnchor) => kept.extend(path),
            (_, Arrived::Nowhere) => return Err(unchained(used, &all, trust.pin)),
        }
    }
    if trust.pin.is_some() {
        let mut above = Ladder::new(&[], &all);
        kept.extend(anchors.iter().flat_map(|anchor| above.climb(anchor).0));
        authorities.all.retain(|c| kept.contains(c) || below.leads_up(c));
    }
    Ok(())
}

/// Where the pinned CA is not shown, it is the fingerprint that does not fit, whatever was announced.
fn unchained(used: &Certificate, all: &[Certificate], pin: Option<&Pin>) -> ClientError {
    if pin.is_none_or(|pin| all.iter().any(|c| pin.fits(c))) {
        return ClientError::Unchained(used.subject().to_string());
    }
    ClientError::Fingerprint(all.iter().map(|c| digest::hex(&c.fingerprint())).collect::<Vec<_>>().join(", "))
}

/// Whether `certificate` is an anchor or was issued, directly or through others in `between`, by one.
pub(crate) fn leads_to(certificate: &Certificate, anchors: &[&Certificate], between: &[Certificate]) -> bool {
    Ladder::new(anchors, between).leads_up(certificate)
}

/// Where a way up ends.
enum Arrived {
    AtAnchor,
    Nowhere,
}

/// Ways up to anchors. Whose issuer was looked for once is not looked for again: what a server shows costs a signature
/// check for each pair of its certificates at most, however they are entangled.
struct Ladder<'a> {
    anchors: &'a [&'a Certificate],
    between: &'a [Certificate],
    issuers: HashMap<[u8; 32], Option<&'a Certificate>>,
}

impl<'a> Ladder<'a> {
    fn new(anchors: &'a [&'a Certificate], between: &'a [Certificate]) -> Ladder<'a> {
        Ladder { anchors, between, issuers: HashMap::new() }
    }

    fn leads_up(&mut self, certificate: &Certificate) -> bool {
        matches!(self.climb(certificate), (_, Arrived::AtAnchor))
    }

    /// The way up from a certificate, itself first, to an anchor or as far as it goes.
    fn climb(&mut self, certificate: &Certificate) -> (Vec<Certificate>, Arrived) {
        let mut path = vec![certificate.clone()];
        let mut current = certificate.clone();
        for _ in 0..MOST_STEPS {
            if self.anchors.contains(&&current) {
                return (path, Arrived::AtAnchor);
            }
            let Some(issuer) = self.issuer_of(&current) else { break };
            current = issuer.clone();
            path.push(current.clone());
        }
        (path, Arrived::Nowhere)
    }

    fn issuer_of(&mut self, certificate: &Certificate) -> Option<&'a Certificate> {
        let Ladder { anchors, between, issuers } = self;
        let issued_by = |issuer: &Certificate| {
            issuer.is_ca()
                && issuer != certificate
                && certificate.issuer().matches(issuer.subject())
                && certificate.verify_signature(issuer.public_key()).is_ok()
        };
        *issuers
            .entry(certificate.fingerprint())
            .or_insert_with(|| anchors.iter().copied().chain(between.iter()).find(|c| issued_by(c)))
    }
}

#[cfg(test)]
mod tests {
    use pki::Name;
    use pki::key::{KeySpec, PrivateKey, Sign};

    use super::*;

    const DAY: i64 = 86_400;

    /// A self-signed CA certificate, valid from one day to another.
    fn authority(name: &str, from: i64, to: i64) -> Certificate {
        let key = PrivateKey::generate(KeySpec::P256).expect("a key");
        let validity = pki::Validity { not_before: Time(from * DAY), not_after: Time(to * DAY) };
        let name = Name::parse(name).expect("a name");
        let usage = pki::extension::KeyUsage::KEY_CERT_SIGN;
        let extensions = [
            pki::extension::Extension::critical(
                pki::oid::BASIC_CONSTRAINTS,
                pki::extension::BasicConstraints { ca: true, path_length: None }.to_der(),
            ),
            pki::extension::Extension::critical(pki::oid::KEY_USAGE, usage.to_der()),
        ];
        let algorithm = key.preferred();
        let tbs = pki::der::write::sequence(&[
            &pki::der::write::explicit(0, &pki::der::write::integer(2)),
            &pki::der::write::unsigned(&[7]),
            &algorithm.to_der(),
            name.der(),
            &validity.to_der(),
            name.der(),
            key.public_key().spki_der(),
            &pki::der::write::explicit(3, &pki::extension::Extension::all_to_der(&extensions)),
        ]);
        let signature = key.sign(algorithm, &tbs).expect("a signature");
        Certificate::assemble(&tbs, &algorithm.to_der(), &signature).expect("a certificate")
    }

    fn shown(certificates: &[Certificate]) -> Authorities {
        Authorities::choose(certificates).expect("a CA")
    }

    fn verified(shows: &Certificate, pin: &Certificate, succession: &[Certificate], day: i64) -> bool {
        let pin = Pin::Sha256(pin.fingerprint().to_vec());
        let trust = Trust { pin: Some(&pin), succession, now: Time(day * DAY) };
        verify(&mut shown(std::slice::from_ref(shows)), &trust).is_ok()
    }

    #[test]
    fn an_announced_ca_is_trusted_from_its_first_day_to_its_last_and_in_the_name_of_the_pinned_one_only() {
        let ca = |from, to| authority("CN=CA", from, to);
        let (first, second, third, stranger) = (ca(0, 100), ca(50, 150), ca(120, 200), ca(0, 200));
        let succession = [first.clone(), second.clone(), third.clone()];
        for (day, expected) in [(49, false), (50, true), (100, true), (150, true), (151, false)] {
            assert_eq!(verified(&second, &first, &succession, day), expected, "day {day}");
        }
        assert!(verified(&third, &first, &succession, 130), "announced by one that was announced");
        assert!(verified(&third, &second, &succession, 130));
        assert!(!verified(&second, &third, &succession, 130), "nobody announces what came before");
        assert!(!verified(&second, &first, &[], 60), "not announced");
        assert!(!verified(&second, &stranger, &succession, 60), "announced by somebody else");
        assert!(!verified(&stranger, &first, &succession, 60));
        assert!(verified(&first, &first, &succession, 60), "the pinned one itself stays");
    }

    #[test]
    fn what_a_pinned_ca_does_not_stand_for_is_taken_out() {
        let (own, stranger) = (authority("CN=CA", 0, 100), authority("CN=Another", 0, 100));
        let pin = Pin::Sha256(own.fingerprint().to_vec());
        let mut authorities = shown(&[own.clone(), stranger.clone()]);
        verify(&mut authorities, &Trust { pin: Some(&pin), succession: &[], now: Time(DAY) }).expect("good");
        assert_eq!(authorities.all, std::slice::from_ref(&own));
        let mut authorities = shown(&[own.clone(), stranger.clone()]);
        verify(&mut authorities, &Trust { pin: None, succession: &[], now: Time(DAY) }).expect("good");
        assert_eq!(authorities.all, [own, stranger]);
    }

    /// Self-signed CAs of one name: each might have issued each.
    fn of_one_name(count: usize) -> Vec<Certificate> {
        (0..count).map(|_| authority("CN=CA", 0, 100)).collect()
    }

    /// Six hundred: 360 000 signature checks if each is climbed from, half a minute. None is needed.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "it is the time that is tested")]
    fn without_a_pin_nobody_climbs_from_every_certificate() {
        let mut authorities = shown(&of_one_name(600));
        let begun = std::time::Instant::now();
        verify(&mut authorities, &Trust { pin: None, succession: &[], now: Time(DAY) }).expect("at first sight");
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(authorities.all.len(), 600, "all are kept");
    }

    #[test]
    fn among_as_many_as_are_read_the_pinned_one_alone_is_kept() {
        let all = of_one_name(scep::ca_certs::MOST_CERTIFICATES);
        let pin = Pin::Sha256(all[0].fingerprint().to_vec());
        let mut authorities = shown(&all);
        verify(&mut authorities, &Trust { pin: Some(&pin), succession: &[], now: Time(DAY) }).expect("good");
        assert_eq!(authorities.all, &all[..1]);
    }
}
