//! Which keys a profile certifies.

use pki::der::Reader;
use pki::key::{KeyKind, PublicKey};
use pki::oid;

use crate::{Code, Flaw};

/// A kind of elliptic-curve key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Curve {
    P256,
    P384,
    P521,
    Ed25519,
}

impl Curve {
    /// Every curve with its name.
    pub const ALL: [(Curve, &'static str); 4] =
        [(Curve::P256, "p-256"), (Curve::P384, "p-384"), (Curve::P521, "p-521"), (Curve::Ed25519, "ed25519")];

    /// By its name: `p-256`, `p-384`, `p-521`, `ed25519`; case ignored.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Curve> {
        Self::ALL.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(c, _)| *c)
    }

    fn of(kind: &KeyKind) -> Option<Curve> {
        match kind {
            KeyKind::P256 => Some(Curve::P256),
            KeyKind::P384 => Some(Curve::P384),
            KeyKind::P521 => Some(Curve::P521),
            KeyKind::Ed25519 => Some(Curve::Ed25519),
            KeyKind::Rsa(_) | KeyKind::Other(_) => None,
        }
    }
}

/// Which keys a profile certifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLimits {
    /// Fewest bits of an RSA modulus.
    pub rsa_min: usize,
    /// Most bits of an RSA modulus; 0 allows no RSA key.
    pub rsa_max: usize,
    /// The curves allowed.
    pub curves: Vec<Curve>,
}

impl Default for KeyLimits {
    /// RSA from 2048 to 4096 bits, P-256 and P-384.
    fn default() -> Self {
        KeyLimits { rsa_min: 2048, rsa_max: 4096, curves: vec![Curve::P256, Curve::P384] }
    }
}

impl KeyLimits {
    /// What is wrong with a key.
    pub(crate) fn check(&self, key: &PublicKey) -> Vec<Flaw> {
        let kind = key.kind();
        match kind {
            KeyKind::Rsa(_) if self.rsa_max == 0 || !is_plain_rsa(key) => vec![self.kind_flaw(kind)],
            KeyKind::Rsa(bits) => {
                let mut flaws = Vec::new();
                if !(self.rsa_min..=self.rsa_max).contains(bits) {
                    let says = format!("The key is {kind}; {} to {} bits are allowed.", self.rsa_min, self.rsa_max);
                    flaws.push(Flaw::new(Code::KeySize, says));
                }
                flaws.extend(weak(key));
                flaws
            }
            _ if Curve::of(kind).is_some_and(|curve| self.curves.contains(&curve)) => Vec::new(),
            _ => vec![self.kind_flaw(kind)],
        }
    }

    fn kind_flaw(&self, kind: &KeyKind) -> Flaw {
        let mut allowed: Vec<String> = Vec::new();
        if self.rsa_max > 0 {
            allowed.push(format!("RSA with {} to {} bits", self.rsa_min, self.rsa_max));
        }
        allowed.extend(Curve::ALL.iter().filter(|(c, _)| self.curves.contains(c)).map(|(_, n)| (*n).to_owned()));
        Flaw::new(Code::KeyKind, format!("The key is {kind}; allowed: {}.", allowed.join(", ")))
    }
}

/// Whether the key is marked rsaEncryption; a key marked RSASSA-PSS cannot take part in SCEP.
fn is_plain_rsa(key: &PublicKey) -> bool {
    let algorithm = Reader::new(key.spki_der())
        .sequence("SubjectPublicKeyInfo")
        .and_then(|mut spki| spki.sequence("algorithm"))
        .and_then(|mut algorithm| algorithm.oid("algorithm"));
    algorithm == Ok(oid::RSA_ENCRYPTION)
}

/// An RSA key with which nothing is safe (RFC 8017 §3.1: an odd modulus and an odd exponent of at least 3).
fn weak(key: &PublicKey) -> Option<Flaw> {
    let numbers = || {
        let mut inner = Reader::new(key.key_octets()).sequence("RSAPublicKey")?;
        Ok::<_, pki::DerError>((inner.integer("modulus")?, inner.integer("publicExponent")?))
    };
    // Positive too: some encoders forget the sign octet.
    let odd =
        |content: &[u8]| content.last().is_some_and(|b| b & 1 == 1) && content.first().is_some_and(|b| b & 0x80 == 0);
    let sound = numbers().is_ok_and(|(modulus, exponent)| odd(modulus) && odd(exponent) && exponent != [1]);
    (!sound).then(|| {
        Flaw::new(Code::KeyWeak, "The RSA key's modulus or exponent is even or negative, or the exponent is 1.")
    })
}
