//! On which day which certificate or revocation list stops which function, told from the registry, the certificates and
//! the lists.

use pki::Time;
use pki::extension::KeyUsage;

use crate::case::{Case, REQUEST_AGENT, SERVER_AUTH, has_usage};
use crate::fact::certificate::{Archived, Authority};
use crate::fact::{CertificateDescription, CrlDescription, Place, Thumbprint};

/// A part that a certificate plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The policy module's pinned client certificate.
    PinnedClient,
    /// RA signing.
    RaSigning,
    /// RA encryption.
    RaEncryption,
    /// A server certificate of the machine.
    WebServer,
    /// The Intune connector's encryption certificate.
    Connector,
    /// A certification authority that issued one of the others.
    Issuer,
    /// A revocation list.
    RevocationList,
}

impl Role {
    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::PinnedClient => "pinned_client",
            Role::RaSigning => "ra_signing",
            Role::RaEncryption => "ra_encryption",
            Role::WebServer => "web_server",
            Role::Connector => "connector_encryption",
            Role::Issuer => "issuer",
            Role::RevocationList => "revocation_list",
        }
    }
}

/// A function and the day on which it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// When.
    pub at: Time,
    /// What ends then.
    pub role: Role,
    /// The certificate. For a revocation list: its issuer, its dates and its thumbprint.
    pub certificate: CertificateDescription,
    /// Where it was described.
    pub place: Place,
    /// What takes over by itself, if the evidence holds it. A pinned certificate's twin does not.
    pub relieved_by: Option<Thumbprint>,
    /// What could take over if someone acts.
    pub successor: Option<Thumbprint>,
    /// Of a revocation list: the parts whose certificates can then no longer be checked.
    pub stops: Vec<Role>,
}

/// What ends when, soonest first.
#[must_use]
pub fn forecast(case: &Case<'_>) -> Vec<Due> {
    let mut dues = Vec::new();
    pinned(case, &mut dues);
    chosen(case, Role::RaSigning, |d| is_ra(d, KeyUsage::DIGITAL_SIGNATURE), &mut dues);
    chosen(case, Role::RaEncryption, |d| is_ra(d, KeyUsage::KEY_ENCIPHERMENT), &mut dues);
    chosen(case, Role::WebServer, |d| has_usage(d, SERVER_AUTH), &mut dues);
    connector(case, &mut dues);
    issuers(case, &mut dues);
    lists(case, &mut dues);
    dues.sort_by_key(|due| (due.at, due.role));
    dues
}

fn is_ra(described: &CertificateDescription, usage: KeyUsage) -> bool {
    has_usage(described, REQUEST_AGENT) && described.key_usage.is_some_and(|bits| bits.allows(usage))
}

fn due(role: Role, place: &Place, described: &CertificateDescription) -> Option<Due> {
    Some(Due {
        at: described.not_after?,
        role,
        certificate: described.clone(),
        place: place.clone(),
        relieved_by: None,
        successor: None,
        stops: Vec::new(),
    })
}

/// Nothing takes over from a pinned certificate by itself: that is the incident.
fn pinned(case: &Case<'_>, dues: &mut Vec<Due>) {
    let Some(pinned) = case.pin().and_then(|pin| pin.thumbprint) else { return };
    let Some((place, described)) = case.describe(pinned) else { return };
    let successor = case.newer_twin(described).and_then(|(_, twin)| twin.thumbprint);
    dues.extend(due(Role::PinnedClient, place, described).map(|due| Due { successor, ..due }));
}

/// Functions for which the newest fit certificate of the store is taken at the next start.
fn chosen(case: &Case<'_>, role: Role, fit: impl Fn(&CertificateDescription) -> bool, dues: &mut Vec<Due>) {
    let candidates = case.machine_store().filter(|(_, found)| found.archived != Some(Archived::Yes));
    let newest = candidates.filter(|(_, found)| fit(&found.described)).max_by_key(|(_, f)| f.described.not_after);
    if let Some((place, found)) = newest {
        dues.extend(due(role, place, &found.described));
    }
}

fn connector(case: &Case<'_>, dues: &mut Vec<Due>) {
    for (_, value) in case.evidence.registry() {
        let named = value.name.eq_ignore_ascii_case("EncryptionCertThumbprint");
        let Some(thumbprint) = value.data.text().filter(|_| named).and_then(Thumbprint::parse) else { continue };
        if let Some((place, described)) = case.describe(thumbprint) {
            dues.extend(due(Role::Connector, place, described));
        }
    }
}

/// Authorities whose end stops what they issued, unless a younger certificate of the same authority is there.
fn issuers(case: &Case<'_>, dues: &mut Vec<Due>) {
    let leaves: Vec<_> = dues.iter().map(|due| due.certificate.issuer.clone()).collect();
    let authorities = case.evidence.certificates().filter(|(_, found)| {
        let described = &found.described;
        described.authority == Some(Authority::Ca) && leaves.iter().any(|issuer| issuer.same_as(&described.subject))
    });
    let mut newest: Vec<(&Place, &CertificateDescription)> = Vec::new();
    for (place, found) in authorities {
        let described = &found.described;
        match newest.iter_mut().find(|(_, known)| known.subject.same_as(&described.subject)) {
            Some(known) if known.1.not_after < described.not_after => *known = (place, described),
            Some(_) => {}
            None => newest.push((place, described)),
        }
    }
    dues.extend(newest.iter().filter_map(|(place, described)| due(Role::Issuer, place, described)));
}

/// Revocation lists of the authorities that issued one of the others. Of each authority the newest list counts, and the
/// newest delta beside it; whichever is due first ends the checks.
fn lists(case: &Case<'_>, dues: &mut Vec<Due>) {
    let mut newest: Vec<(&Place, &CrlDescription)> = Vec::new();
    for (place, list) in case.evidence.lists() {
        let same = |known: &CrlDescription| known.kind == list.kind && known.issuer.same_as(&list.issuer);
        let full = newest.len() >= MOST_LISTS;
        match newest.iter_mut().find(|(_, known)| same(known)) {
            Some(known) if known.1.this_update < list.this_update => *known = (place, list),
            None if !full => newest.push((place, list)),
            _ => {}
        }
    }
    let mut found: Vec<Due> = Vec::new();
    for (place, list) in newest {
        let issued = dues.iter().filter(|due| due.certificate.issuer.same_as(&list.issuer) && !is_root(due));
        let mut stops: Vec<Role> = issued.map(|due| due.role).collect();
        stops.sort_unstable();
        stops.dedup();
        let Some(at) = list.next_update.filter(|_| !stops.is_empty()) else { continue };
        let due = Due {
            at,
            role: Role::RevocationList,
            certificate: shown(list),
            place: place.clone(),
            relieved_by: None,
            successor: None,
            stops,
        };
        match found.iter_mut().find(|known| known.certificate.issuer.same_as(&list.issuer)) {
            Some(known) if at < known.at => *known = due,
            Some(_) => {}
            None => found.push(due),
        }
    }
    dues.extend(found);
}

/// Authorities whose lists are looked at; no deployment has as many.
const MOST_LISTS: usize = 256;

/// A root is on no list: nobody checks it for revocation.
fn is_root(due: &Due) -> bool {
    due.certificate.subject.same_as(&due.certificate.issuer)
}

fn shown(list: &CrlDescription) -> CertificateDescription {
    CertificateDescription {
        thumbprint: list.reference,
        subject: list.issuer.clone(),
        issuer: list.issuer.clone(),
        serial: list.number.clone(),
        not_before: list.this_update,
        not_after: list.next_update,
        ..CertificateDescription::default()
    }
}
