//! How the path ends, how each issuer was found, and what must not be trusted.

use crate::build::{End, IssuerMatch, Path, Pool, Stale};
use crate::facts::shown_name;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::Question;
use crate::store::LeafTrust;
use crate::trust::InfoStatus;

pub(crate) fn trust(pool: &Pool<'_>, question: &Question<'_>, path: &Path, out: &mut Findings) {
    for (at, link) in path.links.iter().enumerate() {
        let found = match link.found {
            IssuerMatch::Exact => InfoStatus::HAS_EXACT_MATCH_ISSUER,
            IssuerMatch::Key => InfoStatus::HAS_KEY_MATCH_ISSUER,
            IssuerMatch::Name => InfoStatus::HAS_NAME_MATCH_ISSUER,
        };
        out.inform(at, found | InfoStatus::HAS_PREFERRED_ISSUER);
        if let Some(element) = out.elements.get_mut(at) {
            element.issuer_found_by = Some(link.found);
        }
        note_link(path, at, link.stale, out);
    }
    let last = path.nodes.len().saturating_sub(1);
    end(pool, path, last, out);
    if let (Some(limit), true) = (question.intermediates, path.end != End::NoIssuer) {
        count_intermediates(path, limit, out);
    }
    for (at, facts) in path.each() {
        if pool.store.is_distrusted(&facts.certificate) {
            out.add(at, Fault::new(Kind::Distrusted, format!("{} is explicitly distrusted", facts.shown())));
        }
    }
}

fn note_link(path: &Path, at: usize, stale: Stale, out: &mut Findings) {
    let (Some(subject), issuer) = (path.nodes.get(at), path.nodes.get(at + 1)) else { return };
    if stale == Stale::Yes {
        let says = "the authority key identifier gives issuer and serial number of a CA certificate that is not there; \
                    the issuer was found otherwise";
        out.add(at, Fault::noted(Kind::AuthorityKeyIdStale, says));
    }
    let Some(issuer) = issuer else { return };
    if !issuer.certificate.subject().matches(subject.certificate.issuer()) {
        let (wanted, found) = (shown_name(subject.certificate.issuer()), issuer.shown());
        out.add(
            at,
            Fault::noted(Kind::NameChaining, format!("the issuer is called {wanted}, the certificate found {found}")),
        );
    }
}

fn end(pool: &Pool<'_>, path: &Path, last: usize, out: &mut Findings) {
    let Some(facts) = path.nodes.get(last) else { return };
    // Said wherever a certificate names itself as issuer and the path ends there.
    if pool.self_match(facts).is_some() && path.end != End::Circle {
        out.inform(last, InfoStatus::IS_SELF_SIGNED);
    }
    match path.end {
        End::Anchor => {}
        End::SelfSigned => {
            let as_ca = last == 0 && pool.store.trust_of(&facts.certificate) == Some(LeafTrust::AnchorOnly);
            let fault = if as_ca {
                Fault::new(Kind::NotAnchored, format!("{} is trusted as a CA, not as a leaf", facts.shown()))
            } else {
                Fault::new(
                    Kind::UntrustedRoot,
                    format!("the chain ends in {}, which is not a trusted root", facts.shown()),
                )
            };
            out.add(last, fault);
        }
        End::NoIssuer | End::TooDeep => no_issuer(pool, path, last, out),
        End::Circle => circle(path, last, out),
    }
}

fn no_issuer(pool: &Pool<'_>, path: &Path, last: usize, out: &mut Findings) {
    let Some(facts) = path.nodes.get(last) else { return };
    // Windows keeps what kind of match was tried: the name if there is no authority key identifier.
    if facts.authority.value().is_none() && pool.rules == crate::question::Rules::Windows {
        out.inform(last, InfoStatus::HAS_NAME_MATCH_ISSUER);
    }
    let issuer = facts.certificate.issuer();
    let says = if path.end == End::TooDeep {
        format!("the chain has more certificates than the budget allows; it was cut below {}", shown_name(issuer))
    } else {
        let key = facts.authority.value().and_then(|aki| aki.key_id.as_ref());
        let key = key.map(|id| format!(", key identifier {}", pki::digest::hex(id))).unwrap_or_default();
        format!("the issuer of {} was not found: {issuer}{key}", facts.shown())
    };
    out.add_to_chain(Fault::new(Kind::PartialChain, says));
}

fn circle(path: &Path, last: usize, out: &mut Findings) {
    let Some(facts) = path.nodes.get(last) else { return };
    // The repeated certificate's issuer was found as it was the first time.
    if let Some(first) = path.nodes.iter().position(|f| f.certificate == facts.certificate)
        && let Some(info) = out.elements.get(first).map(|e| e.info)
        && first != last
    {
        out.inform(last, InfoStatus(info.0 & 0x107));
    }
    out.add(last, Fault::new(Kind::Cyclic, format!("{} stands in the chain twice", facts.shown())));
    let says = format!("the chain runs in a circle at {} and reaches no root", facts.shown());
    out.add_to_chain(Fault::new(Kind::PartialChain, says));
}

fn count_intermediates(path: &Path, limit: usize, out: &mut Findings) {
    let between = path.nodes.get(1..path.nodes.len().saturating_sub(1)).unwrap_or_default();
    let counted = between.iter().filter(|facts| !facts.is_self_issued()).count();
    if counted > limit {
        let says = format!("there are {counted} CA certificates between leaf and root, {limit} are allowed");
        out.add_to_chain(Fault::new(Kind::TooLong, says));
    }
}
