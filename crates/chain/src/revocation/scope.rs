//! Whether a list covers a certificate, and for which reasons (RFC 5280 §6.3.3 (b), (d)).

use pki::Name;
use pki::extension::{DistributionPoint, GeneralName, IssuingDistributionPoint};

use super::KnownCrl;
use crate::facts::Facts;

/// ReasonFlags 1 to 8: everything but `unused`.
pub(crate) const ALL_REASONS: u16 = 0x1fe;

/// The reasons for which the list covers the certificate by this distribution point, or why it does not.
pub(crate) fn reasons_covered(
    list: &KnownCrl,
    subject: &Facts,
    point: &DistributionPoint,
) -> Result<u16, &'static str> {
    let issuer = subject.certificate.issuer();
    if point.crl_issuer.is_empty() {
        if !list.crl.issuer().matches(issuer) {
            return Err("it is of another issuer");
        }
    } else {
        let named = |n: &GeneralName| matches!(n, GeneralName::Directory(name) if name.matches(list.crl.issuer()));
        if !point.crl_issuer.iter().any(named) {
            return Err("it is of another CRL issuer than the certificate names");
        }
        if !list.is_indirect() {
            return Err("the certificate names a CRL issuer, but the list is not an indirect one");
        }
    }
    let Some(scope) = list.scope.value() else { return Ok(point.reasons.unwrap_or(ALL_REASONS) & ALL_REASONS) };
    if scope.only_attribute || (scope.only_user && subject.is_ca()) || (scope.only_ca && !subject.is_ca()) {
        return Err("it covers another kind of certificates");
    }
    if scope.only_user && subject.certificate.version() < 2 {
        return Err("it covers end entities only, and a version 1 certificate does not say what it is");
    }
    if !same_point(scope, list.crl.issuer(), point, issuer) {
        return Err("it covers another distribution point");
    }
    Ok(point.reasons.unwrap_or(ALL_REASONS) & scope.reasons.unwrap_or(ALL_REASONS) & ALL_REASONS)
}

/// Whether the names of the list's point and of the certificate's have one in common.
fn same_point(scope: &IssuingDistributionPoint, crl_issuer: &Name, point: &DistributionPoint, issuer: &Name) -> bool {
    let of_list = names(&scope.point, crl_issuer);
    if of_list.is_empty() {
        return true;
    }
    let base = point.crl_issuer.iter().find_map(|n| if let GeneralName::Directory(d) = n { Some(d) } else { None });
    let mut of_certificate = names(point, base.unwrap_or(issuer));
    if of_certificate.is_empty() {
        of_certificate.clone_from(&point.crl_issuer);
    }
    of_list.iter().any(|a| of_certificate.iter().any(|b| same(a, b)))
}

fn same(a: &GeneralName, b: &GeneralName) -> bool {
    match (a, b) {
        (GeneralName::Directory(a), GeneralName::Directory(b)) => a.matches(b),
        _ => a == b,
    }
}

/// The full names, or the relative name put below `base`.
fn names(point: &DistributionPoint, base: &Name) -> Vec<GeneralName> {
    if let Some(relative) = &point.relative_name {
        let inner = pki::der::Reader::new(base.der()).sequence("Name").map(|r| r.rest().to_vec()).unwrap_or_default();
        let rdn = pki::der::write::tlv(pki::der::tag::SET, relative);
        let whole = pki::der::write::sequence(&[&inner, &rdn]);
        return Name::read(&mut pki::der::Reader::new(&whole)).map(GeneralName::Directory).into_iter().collect();
    }
    point.full_name.clone()
}
