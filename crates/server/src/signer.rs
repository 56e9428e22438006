//! The certificate that signed a renewal, judged by the chain engine: what it says goes into the decision as a value,
//! and a refusal of the certificate is kept as an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwapOption;
use chain::policy::{Policy, PolicyFlags};
use chain::{ErrorStatus, Kind, Strength};
use pki::{Certificate, Crl};
use ra::{Case, Denial, Reason, Standing};
use scep::MessageType;
use scep::server::Opened;

use crate::credential::Credentials;
use crate::enrol::Desk;
use crate::event::Refused;
use crate::store::{EventRole, StoreError};
use crate::trust::{Asked, CRYPT_E_NOT_FOUND, Judgement, Lists, Trust, in_words, lists};

/// Seconds after which the lists of the store are read anew.
const EVERY: i64 = 60;

/// Whom signers must lead to: every generation of the issuing CA, under the root.
#[derive(Default)]
pub(crate) struct Signers {
    held: ArcSwapOption<Held>,
    next_look: AtomicI64,
}

struct Held {
    credentials: Arc<Credentials>,
    trust: Trust,
}

impl Signers {
    async fn trust(&self, desk: &Desk<'_>) -> Result<Arc<Held>, StoreError> {
        let held = self.held.load_full();
        let same = held.filter(|held| Arc::ptr_eq(&held.credentials, &desk.credentials));
        let now = desk.now.seconds();
        // A clock that was set back must not keep old lists for long.
        let waits = (now..=now.saturating_add(EVERY)).contains(&self.next_look.load(Ordering::Relaxed));
        if let Some(held) = same.filter(|_| waits) {
            return Ok(held);
        }
        let held = Arc::new(read(desk).await?);
        self.held.store(Some(Arc::clone(&held)));
        self.next_look.store(now.saturating_add(EVERY), Ordering::Relaxed);
        Ok(held)
    }
}

async fn read(desk: &Desk<'_>) -> Result<Held, StoreError> {
    let credentials = Arc::clone(&desk.credentials);
    let roots = [credentials.root.clone()];
    let issuers: Vec<Certificate> = credentials.issuing.iter().map(|keyed| keyed.certificate.clone()).collect();
    let lists: Vec<Crl> = lists(&desk.service.store, issuers.iter().chain(&roots)).await?;
    let trust = Trust::in_issuers(&issuers, &roots, &lists);
    Ok(Held { credentials, trust })
}

/// Judges the signer of a message if it may be a renewal: a self-signed certificate vouches for nothing, and nobody asks
/// whom it leads to.
pub(crate) async fn judge(desk: &Desk<'_>, opened: &Opened, case: &Case) -> Result<Option<Judgement>, StoreError> {
    let signer = &opened.signer;
    if signer.is_self_issued() && opened.message_type != MessageType::RenewalReq {
        return Ok(None);
    }
    let held = desk.service.signers.trust(desk).await?;
    let asked = Asked {
        leaf: signer,
        additional: &[],
        usages: &[],
        policy: Policy::Base(PolicyFlags::default()),
        strength: Strength::Legacy,
        revocation: Lists::IfCurrent,
    };
    let mut judgement = held.trust.judge(&asked, desk.now);
    let revoked = case.signer.as_ref().filter(|own| own.certificate == *signer).and_then(|own| own.revoked);
    let is_known = judgement.faults().any(|(at, fault)| at == Some(0) && fault.kind == Kind::Revoked);
    if let Some(revocation) = revoked.filter(|_| !is_known) {
        judgement.add(Kind::Revoked, format!("it was revoked at {}: {}", revocation.at, revocation.reason.name()));
    }
    Ok(Some(judgement))
}

/// What a decision needs to know of it.
pub(crate) fn standing(judgement: &Judgement) -> Standing {
    let bad = judgement.status.result != 0;
    let says = || format!("{}: {}", in_words(judgement.status.result), judgement.in_detail());
    let above = judgement.verdict.chain.elements.iter().skip(1);
    let mut revoked = above.filter(|element| element.error.has(ErrorStatus::IS_REVOKED));
    let why = |element: &chain::Element| {
        let says = element.faults.iter().find(|fault| fault.kind == Kind::Revoked).map(|fault| fault.says.as_str());
        format!("the CA {}: {}", element.certificate.subject(), says.unwrap_or("it was revoked"))
    };
    Standing { says: bad.then(says), issuer_revoked: revoked.next().map(why) }
}

/// Keeps the refusal, if it is the certificate that was refused.
pub(crate) fn keep(desk: &Desk<'_>, denial: &Denial, judgement: &Judgement) {
    let own = |reason: &Reason| {
        matches!(reason, Reason::SignerUnknown | Reason::SignerRevoked | Reason::SignerExpired | Reason::SignerEarly)
    };
    let Some(reason) = denial.refusals.iter().map(|refusal| refusal.reason).find(own) else { return };
    let result = match (reason, judgement.status.result) {
        (Reason::SignerRevoked, _) => chain::trust::result::CRYPT_E_REVOKED,
        (Reason::SignerExpired | Reason::SignerEarly, _) => chain::trust::result::CERT_E_EXPIRED,
        // Its chain is good, and yet this service did not issue it to any device.
        (_, chain::trust::result::OK) => CRYPT_E_NOT_FOUND,
        (_, result) => result,
    };
    let detail = denial.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    desk.service.events.keep(Refused {
        role: EventRole::RenewalSigner,
        place: desk.endpoint.name.clone(),
        source: desk.source.to_string(),
        code: reason.text(),
        result,
        detail,
        judgement: Some(judgement.clone()),
        at: desk.now,
    });
}
