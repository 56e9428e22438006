//! Revocation: what lists and OCSP answers say of each certificate (RFC 5280 §6.3, RFC 6960).

mod crl;
mod known;
mod online;
mod scope;
mod signer;

pub(crate) use known::KnownCrl;
pub(crate) use signer::Signers;

use std::sync::Arc;

use pki::crl::Reason;
use pki::{Time, oid};

use crate::build::{End, Path, Pool};
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::{Question, Revocation};
use crate::signature::Verifier;
use crate::trust::result;

/// What was found out about one certificate's revocation (`CERT_REVOCATION_INFO`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationResult {
    /// 0 for not revoked, `CRYPT_E_REVOKED`, `CRYPT_E_NO_REVOCATION_CHECK` (nothing to check with) or
    /// `CRYPT_E_REVOCATION_OFFLINE` (a source is known but stale or not there).
    pub result: u32,
    /// When it was revoked and why.
    pub revoked: Option<(Time, Option<Reason>)>,
    /// The list or answer relied on.
    pub source: Option<RevocationSource>,
    /// Why nothing could be told: one reason for each list or answer that was looked at.
    pub because: Vec<String>,
}

/// A list or answer that was relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationSource {
    /// Whether it is an OCSP answer.
    pub kind: SourceKind,
    /// SHA-1 over it, upper-case hexadecimal.
    pub thumbprint: String,
    /// Who made it, in short.
    pub issuer: String,
    /// When it was made.
    pub this_update: Time,
    /// What RFC 5280 §5 has against it.
    pub oddities: Vec<&'static str>,
    /// Where the certificate says it is found, if it says.
    pub url: Option<String>,
}

/// List or answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A certificate revocation list.
    Crl,
    /// An OCSP answer.
    Ocsp,
}

/// What one source says.
pub(crate) enum Says {
    Good(RevocationSource),
    Revoked(RevocationSource, Time, Option<Reason>),
    /// There is one, but its time is over.
    Stale(String),
    /// Not for this certificate, or not to be believed.
    Nothing(String),
}

pub(crate) fn check(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    out: &mut Findings,
) {
    let last = path.nodes.len().saturating_sub(1);
    let root = matches!(path.end, End::Anchor | End::SelfSigned).then_some(last);
    for at in 0..path.nodes.len() {
        let wanted = match question.revocation {
            Revocation::None => false,
            Revocation::EndCertificate => at == 0,
            Revocation::Chain => question.rules == crate::question::Rules::Windows || root != Some(at),
            Revocation::ChainExcludingRoot => root != Some(at),
        };
        if wanted && path.end != End::Circle {
            let found = one(pool, question, verifier, path, at);
            report(question, at, &found, out);
            if let Some(element) = out.elements.get_mut(at) {
                element.revocation = Some(found);
            }
        }
    }
}

fn one(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    at: usize,
) -> RevocationResult {
    let nothing = |because: Vec<String>, result| RevocationResult { result, revoked: None, source: None, because };
    let Some(subject) = path.nodes.get(at) else { return nothing(Vec::new(), result::CRYPT_E_NO_REVOCATION_CHECK) };
    let is_root = at + 1 == path.nodes.len() && path.links.len() == path.nodes.len();
    let issuer = path.nodes.get(at + 1).or(is_root.then_some(subject));
    let Some(issuer) = issuer else {
        let because = vec!["its issuer is not known, so no list or answer can be checked".to_owned()];
        return nothing(because, result::CRYPT_E_NO_REVOCATION_CHECK);
    };
    let subject_and_issuer = Pair { subject, issuer };
    let mut because = Vec::new();
    let mut stale = false;
    let sources: [Ask; 2] = [online::ask, crl::ask];
    for says in sources {
        match says(pool, question, verifier, path, &subject_and_issuer) {
            Says::Good(source) => {
                return RevocationResult {
                    result: result::OK,
                    revoked: None,
                    source: Some(source),
                    because: Vec::new(),
                };
            }
            Says::Revoked(source, when, why) => {
                let revoked = Some((when, why));
                let result = result::CRYPT_E_REVOKED;
                return RevocationResult { result, revoked, source: Some(source), because: Vec::new() };
            }
            Says::Stale(why) => {
                stale = true;
                because.push(why);
            }
            Says::Nothing(why) if why.is_empty() => {}
            Says::Nothing(why) => because.push(why),
        }
    }
    let offline = stale || names_a_source(subject);
    nothing(because, if offline { result::CRYPT_E_REVOCATION_OFFLINE } else { result::CRYPT_E_NO_REVOCATION_CHECK })
}

/// A way to ask about revocation.
type Ask = fn(&Pool<'_>, &Question<'_>, &mut Verifier<'_>, &Path, &Pair<'_>) -> Says;

/// A certificate and the one above it.
pub(crate) struct Pair<'a> {
    pub(crate) subject: &'a Arc<Facts>,
    pub(crate) issuer: &'a Arc<Facts>,
}

/// Whether the certificate says where its revocation list or OCSP responder is.
fn names_a_source(subject: &Facts) -> bool {
    let ocsp = subject.certificate.extension(&oid::AUTHORITY_INFO_ACCESS).and_then(|e| {
        let list = pki::extension::AccessDescription::parse_all(&e.value).ok()?;
        list.iter().any(|a| a.method == oid::ACCESS_OCSP).then_some(())
    });
    ocsp.is_some() || subject.crl_points.value().is_some_and(|points| points.iter().any(|p| p.uris().next().is_some()))
}

fn report(question: &Question<'_>, at: usize, found: &RevocationResult, out: &mut Findings) {
    for odd in found.source.iter().flat_map(|source| &source.oddities) {
        out.add(at, Fault::noted(Kind::CrlOdd, format!("of the revocation list relied on: {odd}")));
    }
    match found.result {
        result::OK => {}
        result::CRYPT_E_REVOKED => {
            let (when, why) = found.revoked.unwrap_or((question.at, None));
            let reason = why.map(|r| format!(", reason {}", r.name())).unwrap_or_default();
            let by = found.source.as_ref().map_or("", |s| s.issuer.as_str());
            out.add(at, Fault::new(Kind::Revoked, format!("it was revoked on {when}{reason}, says {by}")));
        }
        result::CRYPT_E_REVOCATION_OFFLINE => {
            let says =
                format!("whether it was revoked cannot be told: {}", reasons(found, "its list or answer is not there"));
            out.add(at, Fault::new(Kind::RevocationStale, says));
        }
        _ => {
            let says =
                format!("whether it was revoked cannot be told: {}", reasons(found, "no list or answer covers it"));
            out.add(at, Fault::new(Kind::RevocationUnknown, says));
        }
    }
}

fn reasons(found: &RevocationResult, otherwise: &str) -> String {
    if found.because.is_empty() { otherwise.to_owned() } else { found.because.join("; ") }
}

/// Whether information made at one time and good until another may be used at `now`; why not.
pub(crate) fn freshness(question: &Question<'_>, made: Time, until: Option<Time>) -> Result<(), String> {
    let now = question.revocation_time();
    if made > now {
        return Err(format!("it was made on {made}, after {now}"));
    }
    match until {
        Some(until) if until < now => return Err(format!("its time was over on {until}")),
        _ => {}
    }
    match question.revocation_age {
        Some(most) if now.seconds() - made.seconds() > most => {
            Err(format!("it was made on {made}, longer ago than {most} s"))
        }
        _ => Ok(()),
    }
}
