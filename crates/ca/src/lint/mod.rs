//! What is checked on the finished octets before a key signs them. Each lint is a code, its source, and one function.
//!
//! The octets are read again with the reader that reads foreign certificates: what is checked is what verifiers will
//! see, not what the writer meant.

mod encoding;
mod extensions;
mod fields;
mod names;
mod text;

use pki::extension::GeneralName;
use pki::key::SignatureAlgorithm;
use pki::{Certificate, Name, Validity};

use crate::{Code, Flaw};

pub(crate) use text::is_uri;

/// What the certificate is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    EndEntity,
    Authority,
}

/// What the issuer gives to the certificates below it. A root stands above itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Above<'a> {
    pub(crate) name: &'a Name,
    pub(crate) validity: Validity,
    pub(crate) key_id: &'a [u8],
    /// Its pathLenConstraint; a CA below must have a smaller one.
    pub(crate) path_length: Option<u32>,
}

/// A finished TBSCertificate, with what it is held against.
pub(crate) struct Finished<'a> {
    /// The octets, read, with a signature of nothing.
    certificate: &'a Certificate,
    names: Names<'a>,
    above: Above<'a>,
    algorithm: SignatureAlgorithm,
    kind: Kind,
}

/// Whom it is about.
pub(crate) struct Names<'a> {
    pub(crate) subject: &'a Name,
    pub(crate) alternative: &'a [GeneralName],
}

impl Names<'_> {
    /// The subject and every directoryName.
    fn distinguished(&self) -> impl Iterator<Item = &Name> {
        std::iter::once(self.subject).chain(self.alternative.iter().filter_map(|name| match name {
            GeneralName::Directory(name) => Some(name),
            _ => None,
        }))
    }
}

enum Check {
    Whole(fn(&Finished<'_>) -> Vec<String>),
    Names(fn(&Names<'_>) -> Vec<String>),
}

/// One thing that is checked.
pub struct Lint {
    code: Code,
    source: &'static str,
    check: Check,
}

impl Lint {
    /// The code of its flaws.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Where it is written that certificates must be so.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }
}

const fn whole(code: Code, source: &'static str, check: fn(&Finished<'_>) -> Vec<String>) -> Lint {
    Lint { code, source, check: Check::Whole(check) }
}

const fn named(code: Code, source: &'static str, check: fn(&Names<'_>) -> Vec<String>) -> Lint {
    Lint { code, source, check: Check::Names(check) }
}

/// Every lint, in the order in which their flaws are listed.
pub const ALL: &[Lint] = &[
    whole(Code::LintSyntax, "RFC 5280 §4.1, §4.1.2.1", fields::syntax),
    whole(Code::LintDer, "RFC 5280 §4.1; X.690 §8.1.3, §10, §11", encoding::der),
    whole(Code::LintSerial, "RFC 5280 §4.1.2.2", fields::serial),
    whole(Code::LintAlgorithm, "RFC 5280 §4.1.2.3", fields::algorithm),
    whole(Code::LintIssuer, "RFC 5280 §4.1.2.4, §6.1.3 (a)(4)", fields::issuer),
    whole(
        Code::LintValidity,
        "RFC 5280 §4.1.2.5; the chain would otherwise end earlier than it says",
        fields::validity,
    ),
    whole(Code::LintCa, "RFC 5280 §4.2.1.3, §4.2.1.9", extensions::end_entity),
    whole(Code::LintAuthority, "RFC 5280 §4.2.1.3, §4.2.1.9", extensions::authority),
    whole(Code::LintSubject, "RFC 5280 §4.1.2.6, §4.2.1.6", extensions::subject),
    whole(Code::LintSanEmpty, "RFC 5280 §4.2.1.6", extensions::alternative_names),
    named(
        Code::LintNameCount,
        "no RFC: a bound of this CA, so that no single request fills store and lists",
        names::count,
    ),
    named(Code::LintNameLength, "RFC 5280 Appendix A.1 (upper bounds)", names::length),
    named(Code::LintNameText, "RFC 5280 §4.1.2.4; names are shown and logged", names::text),
    named(Code::LintNameType, "RFC 5280 §4.1.2.4, Appendix A.1", names::string_type),
    named(Code::LintDns, "RFC 5280 §4.2.1.6; RFC 1034 §3.5, RFC 1123 §2.1, RFC 6125 §6.4.3", names::dns),
    named(Code::LintIp, "RFC 5280 §4.2.1.6", names::ip),
    named(Code::LintEmail, "RFC 5280 §4.2.1.6; RFC 2821 §4.1.2", names::email),
    named(Code::LintUri, "RFC 5280 §4.2.1.6; RFC 3986 §2, §3.1", names::uri),
    named(Code::LintOtherName, "RFC 5280 §4.2.1.6; [MS-WCCE] §2.2.2.7.7", names::other),
    whole(Code::LintKeyUsage, "RFC 3279 §2.3.1, RFC 8813 §3, RFC 8410 §5; RFC 5280 §4.2.1.3", extensions::key_usage),
    whole(Code::LintExtendedKeyUsage, "RFC 5280 §4.2.1.12", extensions::extended_key_usage),
    whole(Code::LintAuthorityKeyId, "RFC 5280 §4.2.1.1", extensions::authority_key_id),
    whole(Code::LintSubjectKeyId, "RFC 5280 §4.2.1.2", extensions::subject_key_id),
    whole(Code::LintDuplicate, "RFC 5280 §4.2", extensions::duplicates),
];

/// Reads the octets again and checks everything. What comes back carries a signature of nothing.
pub(crate) fn read(
    tbs: &[u8],
    above: Above<'_>,
    algorithm: SignatureAlgorithm,
    kind: Kind,
) -> Result<Certificate, Vec<Flaw>> {
    let framed = Certificate::assemble(tbs, &algorithm.to_der(), &[0]);
    let certificate = framed.map_err(|e| {
        vec![Flaw::new(Code::LintSyntax, format!("The octets cannot be read as a TBSCertificate: {e}."))]
    })?;
    if certificate.tbs() != tbs {
        return Err(vec![Flaw::new(Code::LintSyntax, "Octets follow the TBSCertificate.")]);
    }
    let alternative = certificate.subject_alt_names();
    let names = Names { subject: certificate.subject(), alternative: &alternative };
    let flaws = run(&Finished { certificate: &certificate, names, above, algorithm, kind });
    if flaws.is_empty() { Ok(certificate) } else { Err(flaws) }
}

fn run(finished: &Finished<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for lint in ALL {
        let says = match lint.check {
            Check::Whole(check) => check(finished),
            Check::Names(check) => check(&finished.names),
        };
        flaws.extend(says.into_iter().map(|says| Flaw::new(lint.code, says)));
    }
    flaws
}

/// The lints that need nothing but names, for an order whose certificate cannot be made for another reason.
pub(crate) fn of_names(names: &Names<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for lint in ALL {
        if let Check::Names(check) = lint.check {
            flaws.extend(check(names).into_iter().map(|says| Flaw::new(lint.code, says)));
        }
    }
    flaws
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_code_has_one_lint_and_every_lint_a_source() {
        let lints: Vec<Code> = Code::ALL.iter().copied().filter(|c| c.text().starts_with("lint.")).collect();
        let mut checked: Vec<Code> = ALL.iter().map(Lint::code).collect();
        checked.sort_unstable();
        assert_eq!(checked, lints);
        assert!(ALL.iter().all(|lint| !lint.source().is_empty()));
    }
}
