use crate::der::{Reader, tag, write};
use crate::{DerError, Oid};

/// KeyUsage (RFC 5280 §4.2.1.3): bit n of the ASN.1 list is `1 << n`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature (0).
    pub const DIGITAL_SIGNATURE: KeyUsage = KeyUsage(1);
    /// nonRepudiation, also called contentCommitment (1).
    pub const NON_REPUDIATION: KeyUsage = KeyUsage(1 << 1);
    /// keyEncipherment (2).
    pub const KEY_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 2);
    /// dataEncipherment (3).
    pub const DATA_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 3);
    /// keyAgreement (4).
    pub const KEY_AGREEMENT: KeyUsage = KeyUsage(1 << 4);
    /// keyCertSign (5).
    pub const KEY_CERT_SIGN: KeyUsage = KeyUsage(1 << 5);
    /// cRLSign (6).
    pub const CRL_SIGN: KeyUsage = KeyUsage(1 << 6);
    /// encipherOnly (7).
    pub const ENCIPHER_ONLY: KeyUsage = KeyUsage(1 << 7);
    /// decipherOnly (8).
    pub const DECIPHER_ONLY: KeyUsage = KeyUsage(1 << 8);

    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Both together.
    #[must_use]
    pub const fn with(self, other: KeyUsage) -> KeyUsage {
        KeyUsage(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn allows(self, other: KeyUsage) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the bits set, as RFC 5280 writes them.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        (0..9).filter(|n| self.0 & (1 << n) != 0).filter_map(|n| Self::NAMES.get(n).copied()).collect()
    }

    /// By its name as RFC 5280 writes it.
    #[must_use]
    pub fn by_name(name: &str) -> Option<KeyUsage> {
        Self::NAMES.iter().position(|n| *n == name).map(|n| KeyUsage(1 << n))
    }

    /// From an extnValue.
    pub fn parse(value: &[u8]) -> Result<KeyUsage, DerError> {
        let element = Reader::single(value, tag::BIT_STRING, "KeyUsage")?;
        let (_, octets) = element.value.split_first().ok_or(DerError::Value("KeyUsage"))?;
        let bit = |n: usize| octets.get(n / 8).is_some_and(|o| o & (0x80 >> (n % 8)) != 0);
        Ok(KeyUsage((0..9).filter(|&n| bit(n)).fold(0, |bits, n| bits | (1 << n))))
    }

    /// The extnValue.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        write::named_bits(self.0)
    }
}

impl std::fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyUsage({})", self.names().join(", "))
    }
}

/// BasicConstraints (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many CA certificates may follow below, not counting self-issued ones.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    /// From an extnValue.
    pub fn parse(value: &[u8]) -> Result<Self, DerError> {
        let mut inner = Reader::single(value, tag::SEQUENCE, "BasicConstraints")?.reader();
        let ca = inner.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.value.iter().any(|&b| b != 0));
        let path_length = if inner.is_empty() { None } else { Some(inner.small("pathLenConstraint")?) };
        inner.finish("BasicConstraints")?;
        Ok(BasicConstraints { ca, path_length })
    }

    /// The extnValue.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        let flag = if self.ca { write::boolean_true() } else { Vec::new() };
        let length = self.path_length.map(|n| write::integer(n.into())).unwrap_or_default();
        write::sequence(&[&flag, &length])
    }
}

/// The purposes of an ExtendedKeyUsage extnValue (RFC 5280 §4.2.1.12).
pub fn extended_key_usage(value: &[u8]) -> Result<Vec<Oid>, DerError> {
    let mut inner = Reader::single(value, tag::SEQUENCE, "ExtKeyUsageSyntax")?.reader();
    let mut out = Vec::new();
    while !inner.is_empty() {
        out.push(inner.oid("KeyPurposeId")?);
    }
    Ok(out)
}

/// An ExtendedKeyUsage extnValue.
#[must_use]
pub fn extended_key_usage_der(purposes: &[Oid]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = purposes.iter().map(write::oid).collect();
    write::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}
