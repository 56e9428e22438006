//! Extended key usages: what was asked for, and what every certificate down the chain leaves of it.

use pki::{Oid, oid};

use crate::build::Path;
use crate::chain::UsageSet;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::{Question, UsageMatch};

pub(crate) fn usages(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let mut application = UsageSet::Any;
    let mut issuance = UsageSet::Any;
    let anchor = path.anchor(question);
    for (at, facts) in path.each().collect::<Vec<_>>().into_iter().rev() {
        if anchor != Some(at) || question.anchor.judges_constraints() {
            let own = usage_set(facts);
            if question.is_rfc() {
                judge_one(question, at, facts, &own, out);
            }
            application = application.intersect(&own);
        }
        // A self-signed root is good for any policy unless its store says otherwise.
        let is_root = at + 1 == path.nodes.len() && at > 0 && path.links.len() == path.nodes.len();
        if !is_root {
            issuance = issuance.intersect(&policy_set(facts));
        }
        if let Some(element) = out.elements.get_mut(at) {
            element.application_usage = application.clone();
            element.issuance_usage = issuance.clone();
        }
    }
    if !question.is_rfc() && !satisfied(question, &application) {
        let own = path.nodes.first().map_or(UsageSet::Any, |leaf| usage_set(leaf));
        let because = if satisfied(question, &own) {
            "a CA above is not allowed to issue for it"
        } else {
            "its extended key usage does not contain it"
        };
        let says = format!("asked for {}, but {because}; good for {}", wanted(question), shown(&application));
        out.add(0, Fault::new(Kind::WrongUsage, says));
    }
}

fn judge_one(question: &Question<'_>, at: usize, facts: &Facts, own: &UsageSet, out: &mut Findings) {
    if satisfied(question, own) {
        return;
    }
    let kind = if at == 0 { Kind::WrongUsage } else { Kind::UsageNotNested };
    let says = format!("asked for {}, but {} is good for {}", wanted(question), facts.shown(), shown(own));
    out.add(at, Fault::new(kind, says));
}

fn satisfied(question: &Question<'_>, set: &UsageSet) -> bool {
    match question.usage_match {
        UsageMatch::All => question.usages.iter().all(|usage| set.allows(usage)),
        UsageMatch::Any => question.usages.is_empty() || question.usages.iter().any(|usage| set.allows(usage)),
    }
}

fn usage_set(facts: &Facts) -> UsageSet {
    match facts.usages.value() {
        None if facts.usages.is_unreadable() => UsageSet::Only(Vec::new()),
        None => UsageSet::Any,
        Some(list) if list.contains(&oid::ANY_EXTENDED_KEY_USAGE) => UsageSet::Any,
        Some(list) => UsageSet::Only(list.clone()),
    }
}

fn policy_set(facts: &Facts) -> UsageSet {
    match facts.policies.value() {
        None => UsageSet::Only(Vec::new()),
        Some(policies) if policies.ids.contains(&oid::ANY_POLICY) => UsageSet::Any,
        Some(policies) => UsageSet::Only(policies.ids.clone()),
    }
}

fn wanted(question: &Question<'_>) -> String {
    let names: Vec<String> = question.usages.iter().map(usage_name).collect();
    names.join(if question.usage_match == UsageMatch::All { " and " } else { " or " })
}

fn shown(set: &UsageSet) -> String {
    match set {
        UsageSet::Any => "anything".to_owned(),
        UsageSet::Only(list) if list.is_empty() => "nothing".to_owned(),
        UsageSet::Only(list) => list.iter().map(usage_name).collect::<Vec<_>>().join(", "),
    }
}

/// `Client Authentication (1.3.6.1.5.5.7.3.2)`.
pub(crate) fn usage_name(id: &Oid) -> String {
    known_usage(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

/// The name Windows prints for a usage.
pub(crate) fn known_usage(id: &Oid) -> Option<&'static str> {
    const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
    const SMART_CARD: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 2];
    Some(match *id {
        oid::SERVER_AUTH => "Server Authentication",
        oid::CLIENT_AUTH => "Client Authentication",
        oid::CODE_SIGNING => "Code Signing",
        oid::EMAIL_PROTECTION => "Secure Email",
        oid::OCSP_SIGNING => "OCSP Signing",
        oid::REQUEST_AGENT => "Certificate Request Agent",
        oid::ANY_EXTENDED_KEY_USAGE => "Any Purpose",
        _ if id.content() == TIME_STAMPING => "Time Stamping",
        _ if id.content() == SMART_CARD => "Smart Card Logon",
        _ => return None,
    })
}
