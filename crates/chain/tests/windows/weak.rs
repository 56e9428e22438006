//! Digests and keys of the nineties: their signatures are checked, and called weak.

use chain::{Question, Store, Strength, judge};
use pki::{Certificate, Time};

use crate::forge::with_bad_signature;
use crate::{errors, store};

const LEAF: &[u8] = include_bytes!("../../../../fixtures/chain/md5/leaf.pem");
const ROOT: &[u8] = include_bytes!("../../../../fixtures/chain/md5/root.pem");
const SHORT: &[u8] = include_bytes!("../../../../fixtures/chain/md5/short-root.pem");

fn one(pem: &[u8]) -> Certificate {
    Certificate::parse_any(pem).remove(0)
}

fn at() -> Time {
    Time::parse_rfc3339("2030-01-01T00:00:00Z").unwrap()
}

fn judged(store: &Store, leaf: &Certificate, strength: Option<Strength>) -> Vec<u32> {
    errors(&judge(store, &Question { strength, ..Question::new(leaf, at()) }))
}

#[test]
fn md5_is_verified_and_weak_but_on_a_root() {
    let (root, leaf) = (one(ROOT), one(LEAF));
    let store = store(&root, &[]);
    assert_eq!(judged(&store, &leaf, None), [0x10_0000, 0]);
    assert_eq!(judged(&store, &with_bad_signature(&leaf), None), [0x10_0008, 0]);
    assert_eq!(judged(&store, &root, None), [0], "a root's own signature proves nothing and is not weak");
}

#[test]
fn md2_and_md4_are_verified() {
    let roots: [&[u8]; 2] = [
        include_bytes!("../../../../fixtures/chain/md5/md2-root.pem"),
        include_bytes!("../../../../fixtures/chain/md5/md4-root.pem"),
    ];
    for root in roots.map(one) {
        assert_eq!(judged(&store(&root, &[]), &root, None), [0]);
        let broken = with_bad_signature(&root);
        assert_eq!(judged(&store(&broken, &[]), &broken, None), [8]);
    }
}

#[test]
fn a_short_key_is_used_and_called_weak() {
    let root = one(SHORT);
    assert_eq!(judged(&store(&root, &[]), &root, None), [0x10_0000]);
    let broken = with_bad_signature(&root);
    assert_eq!(judged(&store(&broken, &[]), &broken, None), [0x10_0008]);
}

macro_rules! algorithms {
    ($($name:literal)+) => {
        &[$(($name, include_bytes!(concat!("../../../../fixtures/chain/algorithms/", $name, ".pem")) as &[u8])),+]
    };
}

const ALGORITHMS: &[(&str, &[u8])] = algorithms!(
    "rsa-sha1" "rsa-sha256" "rsa-sha512" "pss-sha256" "pss-sha384" "pss-sha512" "ecdsa-p-256" "ecdsa-p-384"
    "ecdsa-p-521" "ed25519"
);

#[test]
fn every_signature_algorithm_is_verified() {
    for (name, pem) in ALGORITHMS {
        let root = one(pem);
        assert_eq!(judged(&store(&root, &[]), &root, None), [0], "{name}");
        let broken = with_bad_signature(&root);
        assert_eq!(judged(&store(&broken, &[]), &broken, None), [8], "{name}");
    }
}
