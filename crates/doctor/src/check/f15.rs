//! F-15: the certificate the NDES web server shows to devices has expired or is the wrong one.

use super::Check;
use crate::case::{Case, Needs, SERVER_AUTH, Signs, certificate_says, has_usage, line};
use crate::fact::{CertificateDescription, Code, ProbeFact};
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Probe], &[Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-15", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let mut signs = Signs::certain(probed(case));
    let own = case.failed_capi2(|event| {
        let pinned = case.pin().and_then(|pin| pin.thumbprint);
        let other = event.subject().is_some_and(|subject| subject.thumbprint != pinned);
        let server = event.subject().and_then(|subject| subject.thumbprint).and_then(|t| case.describe(t));
        event.is_own_credential_check()
            && other
            && event.result == Some(Code::CERT_E_EXPIRED)
            && server.is_some_and(|(_, described)| has_usage(described, SERVER_AUTH))
    });
    signs.probable.extend(own);
    let pinned = case.pin().and_then(|pin| pin.thumbprint);
    let serves = |described: &CertificateDescription| {
        has_usage(described, SERVER_AUTH) && (pinned.is_none() || described.thumbprint != pinned)
    };
    let servers: Vec<_> = case.machine_store().filter(|(_, found)| serves(&found.described)).collect();
    if !servers.is_empty() && servers.iter().all(|(_, found)| case.is_expired(&found.described)) {
        signs.probable.extend(servers.iter().map(|(place, found)| line(place, certificate_says(&found.described))));
    }
    case.weigh("F-15", signs, NEEDS).about(servers.last().map(|(_, found)| &found.described))
}

fn probed(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, probe) in case.evidence.probes() {
        let ProbeFact::Tls { host, chain, fault, .. } = probe.as_ref() else { continue };
        let leaf = chain.first().map(CertificateDescription::of);
        let expired = leaf.as_ref().is_some_and(|leaf| case.is_expired(leaf));
        if expired || fault.is_some() {
            let shown = leaf.as_ref().map(certificate_says).unwrap_or_default();
            let fault = fault.clone().unwrap_or_else(|| "expired".to_owned());
            lines.push(line(place, told!("{host} shows {shown}: {fault}", "{host} zeigt {shown}: {fault}")));
        }
    }
    lines
}
