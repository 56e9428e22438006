//! Authorities, keys and orders for the tests. Keys are made once for each test program.
#![allow(dead_code, reason = "no test program uses all of it")]

use std::sync::OnceLock;

use ca::authority::{self, Subordinate};
use ca::{Code, Flaw, Order, Profile, Serial};
use pki::extension::GeneralName;
use pki::key::{KeySpec, PrivateKey, PublicKey, Sign};
use pki::{Certificate, Name, Time, Validity};

pub(crate) const DAY: i64 = 86_400;

/// 2026-11-24T12:00:00Z.
pub(crate) const NOW: Time = Time(1_795_521_600);

pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

pub(crate) struct Tiers {
    pub(crate) root: Authority,
    pub(crate) issuing: Authority,
}

pub(crate) fn key(spec: KeySpec) -> &'static PrivateKey {
    static KEYS: [OnceLock<PrivateKey>; 5] = [const { OnceLock::new() }; 5];
    KEYS[spec as usize].get_or_init(|| PrivateKey::generate(spec).expect("a key"))
}

/// The serial number with this value.
pub(crate) fn serial(value: u64) -> Serial {
    let octets = u128::from(value).to_be_bytes();
    Serial::random(&mut |out: &mut [u8]| out.copy_from_slice(&octets))
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(crate) fn years(count: i64) -> Validity {
    Validity { not_before: NOW.plus(-DAY), not_after: NOW.plus(count * 365 * DAY) }
}

pub(crate) fn root(spec: KeySpec) -> Authority {
    let key = PrivateKey::generate(spec).expect("a key");
    let certificate =
        authority::root(&name("CN=Example Root CA,O=Example"), &key, years(20), &serial(1)).expect("a root");
    Authority { certificate, key }
}

pub(crate) fn issuing(spec: KeySpec, root: &Authority) -> Authority {
    let key = PrivateKey::generate(spec).expect("a key");
    let subject = name("CN=Example Issuing CA,O=Example");
    let wanted = Subordinate {
        subject: &subject,
        key: key.public_key(),
        validity: years(10),
        crl_urls: &["http://ca.example.test/root.crl".to_owned()],
        issuer_urls: &["http://ca.example.test/root.crt".to_owned()],
    };
    let certificate = authority::issuing(&wanted, &root.certificate, &root.key, &serial(2)).expect("an issuing CA");
    Authority { certificate, key }
}

/// A root and an issuing CA, both with P-256.
pub(crate) fn tiers() -> &'static Tiers {
    static TIERS: OnceLock<Tiers> = OnceLock::new();
    TIERS.get_or_init(|| {
        let root = root(KeySpec::P256);
        let issuing = issuing(KeySpec::P256, &root);
        Tiers { root, issuing }
    })
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the grant")]
pub(crate) fn order(subject: &str, names: Vec<GeneralName>, key: &PublicKey) -> Order {
    Order::new(if subject.is_empty() { Name::empty() } else { name(subject) }, names, key.clone())
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the grant")]
pub(crate) fn order_of(subject: Name, names: Vec<GeneralName>, key: &PublicKey) -> Order {
    Order::new(subject, names, key.clone())
}

/// What devices get: any kind of name, RSA or a curve, client authentication.
pub(crate) fn device() -> Profile {
    Profile {
        name: "device".to_owned(),
        names: ca::NamesRule::all(),
        crl_urls: vec!["http://ca.example.test/issuing.crl".to_owned()],
        issuer_urls: vec!["http://ca.example.test/issuing.crt".to_owned()],
        ..Profile::tls_client(365 * DAY)
    }
}

/// Prepares and signs under the two tiers.
pub(crate) fn issue(order: &Order, profile: &Profile) -> Result<Certificate, Vec<Flaw>> {
    let issuer = &tiers().issuing;
    let algorithm = issuer.key.preferred();
    let prepared = ca::prepare(order, profile, &issuer.certificate, algorithm, &serial(7), NOW)?;
    Ok(ca::sign(prepared, &issuer.certificate, &issuer.key).expect("a signature"))
}

pub(crate) fn reasons(flaws: &[Flaw]) -> Vec<Code> {
    flaws.iter().map(Flaw::reason).collect()
}

/// The reasons why an order gets nothing.
pub(crate) fn refused(order: &Order, profile: &Profile) -> Vec<Code> {
    reasons(&issue(order, profile).expect_err("flaws"))
}
