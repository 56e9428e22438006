//! Digests and keys that are too weak to be relied on.

use pki::key::{KeyKind, SignatureAlgorithm};
use pki::{Oid, digest::Digest, oid};

use super::signatures::algorithm_name;
use crate::build::Path;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::{Anchor, Question, Strength};

pub(crate) fn strength(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let default = if question.is_rfc() { Strength::Strong } else { Strength::Legacy };
    let strength = question.strength.unwrap_or(default);
    let has_root = path.links.len() == path.nodes.len();
    for (at, facts) in path.each() {
        let is_root = has_root && at + 1 == path.nodes.len();
        let judged = path.anchor(question) != Some(at) || question.anchor == Anchor::Everything;
        let make = if judged { Fault::new } else { Fault::noted };
        // A root's own signature proves nothing: it is only mentioned where the root itself is asked about.
        match (is_root, at) {
            (false, _) => digest(facts, at, strength, make, out),
            (true, 0) => digest(facts, at, strength, Fault::noted, out),
            (true, _) => {}
        }
        if let KeyKind::Rsa(bits) = facts.certificate.public_key().kind() {
            let floor = if strength == Strength::Strong { 2048 } else { 1024 };
            if *bits < floor {
                let says = format!("its RSA key has {bits} bits; less than {floor} is too weak");
                out.add(at, make(Kind::WeakKey, says));
            }
        }
    }
}

fn digest(facts: &Facts, at: usize, strength: Strength, make: fn(Kind, String) -> Fault, out: &mut Findings) {
    let der = facts.certificate.algorithm_der();
    let sha1 = matches!(SignatureAlgorithm::parse(der).map(SignatureAlgorithm::digest), Ok(Some(Digest::Sha1)));
    let says = || format!("its signature ({}) uses a digest that is broken", algorithm_name(der));
    if broken(der) || (sha1 && strength == Strength::Strong) {
        out.add(at, make(Kind::WeakSignature, says()));
    } else if sha1 {
        out.add(at, Fault::noted(Kind::WeakSignature, says()));
    }
}

/// MD2, MD4 or MD5 with RSA.
fn broken(algorithm: &[u8]) -> bool {
    const MD2_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2];
    const MD4_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 3];
    let id: Option<Oid> = pki::der::Reader::new(algorithm).sequence("algorithm").and_then(|mut r| r.oid("id")).ok();
    id.is_some_and(|id| id == oid::MD5_WITH_RSA || [MD2_WITH_RSA, MD4_WITH_RSA].contains(&id.content()))
}
