//! Requests, stores, verifications and policies thrown together at random: whatever the combination, what comes out
//! rests on something.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pki::digest::Digest;
use pki::{Certificate, Request, Time};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use proptest::{collection, option};
use ra::{
    Approval, Authority, Case, ChallengeKind, Decision, Delivery, Held, KeyReuse, Known, Outcome, Policy, Poll, Reason,
    Refusal, Renewal, Standing, State, Stated, Verification, Vouched,
};

use crate::support::*;

/// Few keys and names, so that they often meet.
const KEYS: usize = 3;

static REQUESTS: LazyLock<Vec<Request>> = LazyLock::new(|| {
    let names = [("CN=dev-1,O=Example", own_names()), ("CN=dev-1,O=Example", vec![]), ("CN=dev-2", own_names())];
    (0..KEYS).flat_map(|k| names.iter().map(move |(subject, names)| request(subject, names, key(k), &[]))).collect()
});

/// Of each key one that signed itself and two of the CA, of which the second has the serial number of another's.
static SIGNERS: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let of = |k: usize| [self_signed(key(k)), issued(key(k), k as u8 + 1), issued(key(k), (k as u8 + 1) % 3 + 1)];
    (0..KEYS).flat_map(of).collect()
});

fn requests() -> impl Strategy<Value = Request> {
    (0..REQUESTS.len()).prop_map(|n| REQUESTS[n].clone())
}

fn signers() -> impl Strategy<Value = Certificate> {
    (0..SIGNERS.len()).prop_map(|n| SIGNERS[n].clone())
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![3 => Just(Delivery::Possible), 1 => Just(Delivery::OnlyNow), 1 => Just(Delivery::Impossible("the key only signs"))]
}

fn asked() -> impl Strategy<Value = Asked> {
    let stated = select(vec![Stated::Enrolment, Stated::Renewal]);
    let digest = select(vec![Digest::Sha1, Digest::Sha256, Digest::Sha512]);
    (requests(), signers(), stated, digest, delivery()).prop_map(|(request, signer, stated, digest, delivery)| Asked {
        stated,
        digest,
        delivery,
        ..Asked::new(request, signer)
    })
}

fn state() -> impl Strategy<Value = State> {
    let revoked = option::of(Just(revocation()));
    prop_oneof![
        Just(State::Pending),
        Just(approved()),
        Just(denied()),
        (1..4_u8).prop_map(|serial| State::Prepared { serial: vec![serial] }),
        (1..4_u8, revoked).prop_map(|(serial, revoked)| State::Issued {
            serial: vec![serial],
            validity: year(),
            revoked
        }),
    ]
}

fn known(id: &'static str) -> impl Strategy<Value = Known> {
    (requests(), signers(), state(), any::<u32>(), any::<bool>()).prop_map(
        move |(request, signer, state, generation, kept)| {
            let kept = kept.then(|| request.clone());
            Known { generation, request: kept, ..Asked::new(request, signer).known(id, state) }
        },
    )
}

fn held_certificates() -> impl Strategy<Value = Held> {
    let profile = select(vec!["device".to_owned(), "kiosk".to_owned()]);
    (signers(), option::weighted(0.2, Just(revocation())), profile).prop_map(|(certificate, revoked, profile)| Held {
        revoked,
        profile,
        ..held(certificate)
    })
}

fn case() -> impl Strategy<Value = Case> {
    let challenge = option::of(option::of(known("spent"))).prop_map(|spent| spent.map(record));
    (option::of(known("known")), option::weighted(0.7, held_certificates()), option::of(standings()), challenge)
        .prop_map(|(known, signer, standing, challenge)| Case { known, signer, standing, challenge })
}

fn standings() -> impl Strategy<Value = Standing> {
    let says = option::of(Just("0x800B0101 CERT_E_EXPIRED: it expired".to_owned()));
    let revoked = option::weighted(0.2, Just("the CA CN=Issuing CA: it was revoked".to_owned()));
    (says, revoked).prop_map(|(says, issuer_revoked)| Standing { says, issuer_revoked })
}

fn kinds() -> impl Strategy<Value = ChallengeKind> {
    select(vec![ChallengeKind::Static, ChallengeKind::OneTime, ChallengeKind::Sealed, ChallengeKind::Module])
}

fn verification() -> impl Strategy<Value = Verification> {
    let reasons = collection::vec(select(Reason::ALL.to_vec()), 0..3);
    prop_oneof![
        Just(Verification::Absent),
        Just(Verification::AskModule),
        kinds().prop_map(|kind| Verification::Valid(Vouched { kind, ..vouched() })),
        reasons.prop_map(|all| Verification::Refused(all.into_iter().map(|r| Refusal::new(r, "no")).collect())),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    let approval = select(vec![Approval::Never, Approval::WithoutChallenge, Approval::Always]);
    let profiles = collection::vec(select(vec!["device".to_owned(), "kiosk".to_owned()]), 0..3);
    let window = option::of(select(vec![i64::MIN, 0, 5 * DAY, 30 * DAY, 400 * DAY, i64::MAX]));
    let grace = select(vec![0, 2 * DAY, i64::MAX]);
    let key_reuse = select(vec![KeyReuse::Allow, KeyReuse::Refuse]);
    (approval, collection::vec(kinds(), 0..4), profiles, window, grace, key_reuse).prop_map(
        |(approval, challenges, profiles, window, grace, key_reuse)| Policy {
            approval,
            challenges,
            renewal: Renewal { profiles, window, grace, key_reuse },
            ..policy()
        },
    )
}

fn times() -> impl Strategy<Value = Time> {
    select(vec![-400 * DAY, -100 * DAY, 0, 11 * DAY, 100 * DAY]).prop_map(|offset| now().plus(offset))
}

/// Everything a decision looks at.
#[derive(Debug, Clone)]
struct Scene {
    asked: Asked,
    case: Case,
    verification: Verification,
    policy: Policy,
    now: Time,
}

fn scenes() -> impl Strategy<Value = Scene> {
    (asked(), case(), verification(), policies(), times()).prop_map(|(asked, case, verification, policy, now)| Scene {
        asked,
        case,
        verification,
        policy,
        now,
    })
}

impl Scene {
    fn decide(&self) -> Decision {
        self.asked.decide(&self.case, &self.verification, &self.policy, self.now)
    }

    /// The cases the store names, with this name.
    fn named(&self, id: &str) -> Option<&Known> {
        let spent = self.case.challenge.as_ref().and_then(|c| c.spent.as_ref()).map(|s| &s.case);
        self.case.known.iter().chain(spent).find(|known| known.id.0 == id)
    }

    fn is_same_request(&self, known: &Known) -> bool {
        let request = &self.asked.request;
        known.key == request.public_key().hash() && known.names == ra::requested_names(request)
    }

    /// The signer's certificate, if the store has this very one.
    fn own(&self) -> Option<&Held> {
        self.case.signer.as_ref().filter(|held| held.certificate.der() == self.asked.signer.der())
    }

    /// The rules of a renewal, said once more and in other words.
    fn may_renew(&self) -> bool {
        let Some(held) = self.own() else { return false };
        let (old, asked, rules) = (&held.certificate, &self.asked, &self.policy.renewal);
        let end = old.validity().not_after.seconds();
        let (seconds, request) = (self.now.seconds(), &asked.request);
        let in_time = seconds >= old.validity().not_before.seconds()
            && seconds <= end.saturating_add(rules.grace)
            && rules.window.is_none_or(|window| seconds >= end.saturating_sub(window));
        let same_names =
            request.subject_alt_names().is_empty() || request.subject_alt_names() == old.subject_alt_names();
        let issuer_revoked = self.case.standing.as_ref().is_some_and(|standing| standing.issuer_revoked.is_some());
        held.revoked.is_none()
            && !issuer_revoked
            && in_time
            && rules.profiles.contains(&held.profile)
            && request.subject() == old.subject()
            && same_names
            && (rules.key_reuse == KeyReuse::Allow || request.public_key() != old.public_key())
            && asked.digest != Digest::Sha1
    }

    /// Whether the signer may use a challenge at all: its own new certificate, or one of ours that is not revoked.
    fn may_present(&self) -> bool {
        match self.own() {
            Some(held) => held.revoked.is_none(),
            None => self.asked.stated == Stated::Enrolment && self.asked.signer.is_self_signed(),
        }
    }

    /// Whether the authority of a grant is really there.
    fn backs(&self, authority: &Authority, case: Option<&str>) -> bool {
        match authority {
            Authority::Challenge(kind) => {
                let valid = matches!(&self.verification, Verification::Valid(vouched) if vouched.kind == *kind);
                valid && self.may_present() && self.policy.approval != Approval::Always
            }
            Authority::Renewal(serial) => self.may_renew() && self.asked.signer.serial() == serial.as_slice(),
            Authority::Operator(approver) => case
                .and_then(|id| self.named(id))
                .is_some_and(|known| known.state == State::Approved(approver.clone()) && self.is_same_request(known)),
        }
    }

    fn transaction_is_free(&self) -> bool {
        self.case.known.as_ref().is_none_or(|known| known.key == self.asked.request.public_key().hash())
    }
}

/// What must hold of every decision; its kind, for the count.
fn check(scene: &Scene) -> Result<&'static str, TestCaseError> {
    let deliverable = !matches!(scene.asked.delivery, Delivery::Impossible(_));
    let decision = scene.decide();
    let kind = match &decision {
        Decision::Grant(grant) => {
            let case = grant.case().map(|id| id.0.as_str());
            prop_assert!(scene.backs(grant.authority(), case), "{:?}", grant.authority());
            prop_assert!(deliverable && scene.transaction_is_free());
            prop_assert_eq!(grant.key(), scene.asked.request.public_key());
            match grant.authority() {
                Authority::Challenge(_) => "grant by challenge",
                Authority::Renewal(_) => "grant by renewal",
                Authority::Operator(_) => "grant by operator",
            }
        }
        Decision::Settled(settled) => {
            let known = scene.named(&settled.case.0);
            prop_assert!(known.is_some_and(|known| scene.is_same_request(known)));
            match settled.outcome {
                Outcome::Certificate(_) => {
                    prop_assert!(deliverable);
                    "settled with a certificate"
                }
                Outcome::Pending => "settled, pending",
                Outcome::Denied => "settled, denied",
            }
        }
        Decision::Pend(_) => {
            let why = match (&scene.verification, scene.policy.approval) {
                (Verification::Valid(_), approval) => approval == Approval::Always,
                (Verification::Absent, approval) => approval != Approval::Never && scene.own().is_none(),
                _ => false,
            };
            let deliverable_later = scene.asked.delivery == Delivery::Possible;
            prop_assert!(why && deliverable_later && scene.may_present() && scene.transaction_is_free());
            "pend"
        }
        Decision::Deny(denial) => {
            let says_why = !denial.refusals.is_empty() || scene.verification == Verification::Refused(Vec::new());
            prop_assert!(says_why);
            "deny"
        }
    };
    Ok(kind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_is_granted_waited_for_or_repeated_without_a_right_to_it(scene in scenes()) {
        check(&scene)?;
    }

    #[test]
    fn a_poll_tells_nothing_to_another_key(
        signer in signers(),
        known in known("known"),
        delivery in delivery(),
        spent in option::of(known("spent")),
    ) {
        let poll = Poll { endpoint: "devices", transaction: "T-1", signer: &signer, delivery };
        let nothing = format!("{:?}", ra::decide_poll(&poll, &Case::default()));
        let own = known.signer_key == signer.public_key().hash();
        let approved = matches!(known.state, State::Approved(_));
        let case = Case { known: Some(known), challenge: Some(record(spent)), ..Case::default() };
        let decision = ra::decide_poll(&poll, &case);
        match &decision {
            Decision::Grant(grant) => {
                prop_assert!(own && approved && !matches!(delivery, Delivery::Impossible(_)));
                prop_assert_eq!(grant.case().map(|id| id.0.as_str()), Some("known"));
            }
            Decision::Settled(settled) => {
                prop_assert!(own);
                prop_assert_eq!(settled.case.0.as_str(), "known");
            }
            Decision::Deny(_) => {}
            Decision::Pend(_) => prop_assert!(false, "a question is no request"),
        }
        if !own {
            prop_assert_eq!(format!("{decision:?}"), nothing);
        }
    }
}

/// The properties say something only if every kind of decision comes up.
#[test]
fn the_scenes_reach_every_kind_of_decision() {
    let mut runner = TestRunner::deterministic();
    let seen: BTreeSet<&str> =
        (0..4_000).map(|_| check(&scenes().new_tree(&mut runner).expect("scene").current()).expect("holds")).collect();
    let all = [
        "deny",
        "grant by challenge",
        "grant by operator",
        "grant by renewal",
        "pend",
        "settled with a certificate",
        "settled, denied",
        "settled, pending",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}
