//! From bits to one code: the order of precedence, the flags, the indexes.

use chain::policy::{IgnoreFlags, Policy, PolicyFlags, PolicyStatus, Ssl, certificate_fits};
use chain::{Rules, Verdict};
use pki::extension::{Extension, GeneralName};
use pki::{Oid, oid};

use crate::forge::{Recipe, ca, noon, recipe, with_bad_signature};
use crate::{ask, store};

fn base(flags: u32) -> Policy {
    Policy::Base(PolicyFlags(flags))
}

fn ssl(ignore: u32, flags: u32, name: Option<&str>) -> Policy {
    Policy::SslServer(Ssl {
        flags: PolicyFlags(flags),
        ignore: IgnoreFlags(ignore),
        server_name: name.map(str::to_owned),
        rules: Rules::Windows,
    })
}

fn said(policy: &Policy, verdict: &Verdict) -> (u32, i32, i32) {
    let PolicyStatus { result, chain_index, element_index, .. } = policy.apply(&verdict.chain);
    (result, chain_index, element_index)
}

/// A leaf below a root that is trusted or not.
fn under(leaf: Recipe, trusted: bool) -> Verdict {
    let root = ca("CN=Root").self_signed();
    let leaf = leaf.signed_by(&root);
    let mut known = chain::Store::new();
    if trusted {
        known.trust(&root.certificate)
    } else {
        known.add(&root.certificate)
    }
    ask(&known, &leaf.certificate)
}

#[test]
fn nothing_wrong_is_zero_without_indexes() {
    let verdict = under(recipe("CN=Leaf").dns("www.example.test"), true);
    for policy in [base(0), ssl(0, 0, Some("www.example.test")), Policy::BasicConstraints(PolicyFlags(0))] {
        assert_eq!(said(&policy, &verdict), (0, -1, -1));
    }
}

#[test]
fn the_first_row_that_is_hit_counts() {
    let unknown: Oid = "1.2.3.4".parse().unwrap();
    let everything = recipe("CN=Leaf").valid(-200, -100).with(Extension::critical(unknown, vec![5, 0]));
    let verdict = under(everything, false);
    for policy in [base(0), ssl(0, 0, None)] {
        assert_eq!(said(&policy, &verdict), (0x800B_0109, 0, 1));
    }
    assert_eq!(said(&base(0x10), &verdict), (0x800B_0101, 0, 0));
    assert_eq!(said(&base(0x11), &verdict), (0x800B_0105, 0, 0));
    assert_eq!(said(&base(0x2011), &verdict), (0, -1, -1));
    assert_eq!(said(&ssl(0x100, 0, None), &verdict), (0x800B_0101, 0, 0));
    assert_eq!(said(&ssl(0x2100, 0, None), &verdict), (0x800B_0105, 0, 0));
}

#[test]
fn a_bad_signature_comes_first() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").valid(-200, -100).signed_by(&root);
    let mut known = chain::Store::new();
    known.add(&root.certificate);
    let verdict = ask(&known, &with_bad_signature(&leaf.certificate));
    for policy in [base(0x1), ssl(0x3380, 0x1, None)] {
        assert_eq!(said(&policy, &verdict), (0x8009_6004, 0, 0));
    }
}

#[test]
fn a_partial_chain_and_a_circle_have_no_element() {
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").signed_by(&root);
    let leaf = recipe("CN=Leaf").valid(-200, -100).signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[]), &leaf.certificate);
    // The event 30 that Microsoft documents has these very values.
    assert_eq!(said(&base(1), &verdict), (0x800B_010A, 0, -1));
    assert_eq!(said(&base(0x11), &verdict), (0, -1, -1), "who asks for no root asks for no complete chain");
    let a = ca("CN=A").self_signed();
    let b = ca("CN=B").signed_by(&a);
    let circle = ca("CN=A").keyed(&a.key).signed_by(&b);
    let leaf = recipe("CN=Leaf").signed_by(&a);
    let mut known = chain::Store::new();
    known.add(&b.certificate);
    known.add(&circle.certificate);
    let verdict = ask(&known, &leaf.certificate);
    assert_eq!(said(&base(0), &verdict), (0x800B_010A, 0, -1));
    assert_eq!(said(&ssl(0, 0, None), &verdict), (0x800B_0109, 0, -1));
}

/// The incident: event 30, SSL, IgnoreFlags 280, chain word 1, result 800B0101 at 0/0.
#[test]
fn the_expired_client_certificate_of_the_incident() {
    let verdict = under(recipe("CN=ndes.example.test").valid(-200, -100), true);
    let policy = Policy::SslClient(Ssl { ignore: IgnoreFlags(0x280), ..Ssl::default() });
    assert_eq!(verdict.chain.error.0, 1);
    assert_eq!(said(&policy, &verdict), (0x800B_0101, 0, 0));
}

#[test]
fn wrong_usage_and_the_flag_that_tolerates_it() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").purposes(&[oid::CLIENT_AUTH]).signed_by(&root);
    let usages = [oid::SERVER_AUTH];
    let question = chain::Question { usages: &usages, ..chain::Question::new(&leaf.certificate, noon()) };
    let verdict = chain::judge(&store(&root.certificate, &[]), &question);
    assert_eq!(said(&ssl(0, 0, None), &verdict), (0x800B_0110, 0, 0));
    assert_eq!(said(&ssl(0x200, 0, None), &verdict), (0, -1, -1));
}

#[test]
fn basic_constraints_looks_at_one_bit_alone() {
    let root = ca("CN=Root").self_signed();
    let no_ca = recipe("CN=Issuing").signed_by(&root);
    let leaf = recipe("CN=Leaf").valid(-200, -100).signed_by(&no_ca);
    let verdict = ask(&store(&root.certificate, &[&no_ca.certificate]), &leaf.certificate);
    assert_eq!(said(&Policy::BasicConstraints(PolicyFlags(0)), &verdict), (0x8009_6019, 0, 1));
}

#[test]
fn the_name_is_judged_last_and_only_for_servers() {
    let verdict = under(recipe("CN=Leaf").dns("www.example.test"), true);
    assert_eq!(said(&ssl(0, 0, Some("other.example.test")), &verdict), (0x800B_010F, 0, 0));
    assert_eq!(said(&ssl(0x1000, 0, Some("other.example.test")), &verdict), (0, -1, -1));
    let client = Policy::SslClient(Ssl { server_name: Some("other".to_owned()), ..Ssl::default() });
    assert_eq!(said(&client, &verdict), (0, -1, -1));
}

#[test]
fn which_names_fit() {
    let root = ca("CN=Root").self_signed();
    let fits = |leaf: Recipe, name: &str| certificate_fits(&leaf.signed_by(&root).certificate, name, Rules::Windows);
    let wild = || recipe("CN=www.example.test").dns("*.example.test");
    assert!(fits(wild(), "a.example.test") && !fits(wild(), "example.test") && !fits(wild(), "a.b.example.test"));
    let other = || recipe("CN=www.example.test").dns("other.example.test");
    assert!(!fits(other(), "www.example.test"), "with alternative names the common name does not count");
    assert!(fits(recipe("CN=www.example.test"), "www.example.test"));
    assert!(fits(recipe("CN=a.example.test,CN=b.example.test"), "a.example.test"), "every common name counts");
    let nul = || {
        recipe("CN=x").names(&[
            GeneralName::Dns("www.example.test\0.evil.test".into()),
            GeneralName::Dns("www.example.test".into()),
        ])
    };
    assert!(!fits(nul(), "www.example.test"));
    let address = || recipe("CN=x").names(&[GeneralName::Ip(vec![192, 0, 2, 1])]);
    assert!(fits(address(), "192.0.2.1") && !fits(address(), "192.0.2.2"));
}

/// Every error bit, alone, is refused by BASE and SSL unless a flag tolerates it: nothing passes by oversight.
#[test]
fn no_error_bit_passes_unless_a_flag_says_so() {
    let mut verdict = under(recipe("CN=Leaf"), true);
    for (bit, name) in chain::ErrorStatus::known() {
        let never_set = [0x2, 0x2000, 0x2_0000, 0x4_0000, 0x8_0000, 0x20_0000];
        if never_set.contains(bit) {
            continue;
        }
        verdict.chain.error = chain::ErrorStatus(*bit);
        verdict.chain.elements[0].error = chain::ErrorStatus(*bit);
        for policy in [base(0), ssl(0, 0, None), Policy::SslClient(Ssl::default())] {
            assert_ne!(policy.apply(&verdict.chain).result, 0, "{name}");
        }
    }
}
