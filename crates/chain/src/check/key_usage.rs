//! Key usage (RFC 5280 §4.2.1.3, §6.1.4 (n)).

use pki::extension::KeyUsage;

use crate::build::{End, Path};
use crate::facts::Stated;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::Question;

pub(crate) fn key_usage(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let anchor = path.anchor(question);
    let last = path.nodes.len().saturating_sub(1);
    for (at, facts) in path.each() {
        let judged = anchor != Some(at) || question.anchor.judges_constraints();
        let make = if judged { Fault::new } else { Fault::noted };
        let usage = match &facts.key_usage {
            Stated::Absent => continue,
            Stated::Unreadable => {
                out.add(at, make(Kind::KeyUsageUnreadable, "what its key usage holds cannot be read".to_owned()));
                continue;
            }
            Stated::Is(usage) => *usage,
        };
        let signs = usage.allows(KeyUsage::KEY_CERT_SIGN);
        let implied_root = at == last && path.end != End::NoIssuer && facts.basic.is_absent();
        let is_ca = facts.is_ca() || (at > 0 && implied_root) || (at > 0 && question.is_rfc());
        if is_ca && !signs && (at > 0 || facts.is_ca()) {
            let says = format!(
                "the key usage of {} ({}) does not include keyCertSign",
                facts.shown(),
                usage.names().join(", ")
            );
            // By RFC 5280 it only matters where a certificate is signed with the key.
            let here = if at == 0 && question.is_rfc() { Fault::noted } else { make };
            out.add(at, here(Kind::CaMayNotSign, says));
        } else if !is_ca && signs {
            let says = "keyCertSign is set, but the basic constraints do not say CA".to_owned();
            let here = if question.is_rfc() { Fault::noted } else { make };
            out.add(at, here(Kind::LeafMaySign, says));
        }
    }
}
