//! Object identifiers, and the ones this house knows by name.

use std::fmt;
use std::str::FromStr;

/// An object identifier, kept as its content octets (X.690 §8.19). Identifiers longer than the inline room are kept too.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Inline(u8, [u8; 22]),
    Heap(Box<[u8]>),
}

impl Oid {
    /// From content octets, whatever they are.
    #[must_use]
    pub fn from_content(content: &[u8]) -> Self {
        let mut inline = [0; 22];
        match inline.get_mut(..content.len()) {
            Some(room) => {
                room.copy_from_slice(content);
                Oid(Repr::Inline(content.len() as u8, inline))
            }
            None => Oid(Repr::Heap(content.into())),
        }
    }

    const fn known(content: &[u8]) -> Self {
        let mut inline = [0; 22];
        let mut i = 0;
        while i < content.len() {
            inline[i] = content[i];
            i += 1;
        }
        Oid(Repr::Inline(content.len() as u8, inline))
    }

    /// The content octets.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(length, octets) => octets.get(..usize::from(*length)).unwrap_or_default(),
            Repr::Heap(octets) => octets,
        }
    }

    /// The arcs, or nothing if the octets are no well-formed identifier or an arc does not fit 64 bits.
    #[must_use]
    pub fn arcs(&self) -> Option<Vec<u64>> {
        let mut arcs = Vec::new();
        let mut value: u64 = 0;
        let mut open = false;
        for &octet in self.content() {
            if value >> 57 != 0 {
                return None;
            }
            value = (value << 7) | u64::from(octet & 0x7f);
            open = octet & 0x80 != 0;
            if !open {
                if arcs.is_empty() {
                    let first = (value / 40).min(2);
                    arcs.push(first);
                    value -= first * 40;
                }
                arcs.push(value);
                value = 0;
            }
        }
        (!open && !arcs.is_empty()).then_some(arcs)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arcs() {
            Some(arcs) => {
                let text: Vec<String> = arcs.iter().map(u64::to_string).collect();
                f.write_str(&text.join("."))
            }
            None => write!(f, "malformed({:02x?})", self.content()),
        }
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a dotted object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an object identifier in dotted form")]
pub struct NotAnOid;

impl FromStr for Oid {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Self, NotAnOid> {
        let arcs: Vec<u64> = text.split('.').map(|a| a.parse().map_err(|_| NotAnOid)).collect::<Result<_, _>>()?;
        let [first, second, rest @ ..] = arcs.as_slice() else { return Err(NotAnOid) };
        if *first > 2 || (*first < 2 && *second > 39) || *second > u64::MAX - 80 {
            return Err(NotAnOid);
        }
        let mut content = Vec::new();
        for arc in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
            let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
            for group in (0..groups).rev() {
                let octet = (arc >> (7 * group)) as u8 & 0x7f;
                content.push(if group == 0 { octet } else { octet | 0x80 });
            }
        }
        Ok(Oid::from_content(&content))
    }
}

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal, [$($octet:expr),+ $(,)?];)+) => {
        $($(#[$doc])* #[doc = concat!("`", $text, "`")] pub const $name: Oid = Oid::known(&[$($octet),+]);)+
        #[cfg(test)]
        const KNOWN: &[(Oid, &str)] = &[$(($name, $text)),+];
    };
}

oids! {
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    MD5_WITH_RSA = "1.2.840.113549.1.1.4", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
    SHA1_WITH_RSA = "1.2.840.113549.1.1.5", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    RSAES_OAEP = "1.2.840.113549.1.1.7", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7];
    MGF1 = "1.2.840.113549.1.1.8", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    RSASSA_PSS = "1.2.840.113549.1.1.10", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
    SHA1_WITH_RSA_OIW = "1.3.14.3.2.29", [0x2b, 14, 3, 2, 29];
    EC_PUBLIC_KEY = "1.2.840.10045.2.1", [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    P256 = "1.2.840.10045.3.1.7", [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    P384 = "1.3.132.0.34", [0x2b, 0x81, 4, 0, 34];
    P521 = "1.3.132.0.35", [0x2b, 0x81, 4, 0, 35];
    ECDSA_SHA1 = "1.2.840.10045.4.1", [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    ECDSA_SHA256 = "1.2.840.10045.4.3.2", [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    ECDSA_SHA384 = "1.2.840.10045.4.3.3", [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    ECDSA_SHA512 = "1.2.840.10045.4.3.4", [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    ED25519 = "1.3.101.112", [0x2b, 101, 112];
    DSA = "1.2.840.10040.4.1", [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
    DSA_SHA1 = "1.2.840.10040.4.3", [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
    MD5 = "1.2.840.113549.2.5", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
    SHA1 = "1.3.14.3.2.26", [0x2b, 14, 3, 2, 26];
    SHA224 = "2.16.840.1.101.3.4.2.4", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4];
    SHA256 = "2.16.840.1.101.3.4.2.1", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    SHA384 = "2.16.840.1.101.3.4.2.2", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
    SHA512 = "2.16.840.1.101.3.4.2.3", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
    HMAC_SHA1 = "1.2.840.113549.2.7", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7];
    HMAC_SHA256 = "1.2.840.113549.2.9", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
    PBKDF2 = "1.2.840.113549.1.5.12", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
    PWRI_KEK = "1.2.840.113549.1.9.16.3.9", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 3, 9];
    AES128_CBC = "2.16.840.1.101.3.4.1.2", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
    AES192_CBC = "2.16.840.1.101.3.4.1.22", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22];
    AES256_CBC = "2.16.840.1.101.3.4.1.42", [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
    DES_CBC = "1.3.14.3.2.7", [0x2b, 14, 3, 2, 7];
    DES_EDE3_CBC = "1.2.840.113549.3.7", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7];
    CMS_DATA = "1.2.840.113549.1.7.1", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    CMS_SIGNED_DATA = "1.2.840.113549.1.7.2", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    CMS_ENVELOPED_DATA = "1.2.840.113549.1.7.3", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    CMS_ENCRYPTED_DATA = "1.2.840.113549.1.7.6", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
    ATTR_CONTENT_TYPE = "1.2.840.113549.1.9.3", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    ATTR_MESSAGE_DIGEST = "1.2.840.113549.1.9.4", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    ATTR_SIGNING_TIME = "1.2.840.113549.1.9.5", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    ATTR_CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7];
    ATTR_EXTENSION_REQUEST = "1.2.840.113549.1.9.14", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
    ATTR_MS_CERT_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14];
    COMMON_NAME = "2.5.4.3", [0x55, 4, 3];
    SURNAME = "2.5.4.4", [0x55, 4, 4];
    SERIAL_NUMBER = "2.5.4.5", [0x55, 4, 5];
    COUNTRY = "2.5.4.6", [0x55, 4, 6];
    LOCALITY = "2.5.4.7", [0x55, 4, 7];
    STATE = "2.5.4.8", [0x55, 4, 8];
    STREET = "2.5.4.9", [0x55, 4, 9];
    ORGANIZATION = "2.5.4.10", [0x55, 4, 10];
    ORGANIZATIONAL_UNIT = "2.5.4.11", [0x55, 4, 11];
    TITLE = "2.5.4.12", [0x55, 4, 12];
    GIVEN_NAME = "2.5.4.42", [0x55, 4, 42];
    INITIALS = "2.5.4.43", [0x55, 4, 43];
    DN_QUALIFIER = "2.5.4.46", [0x55, 4, 46];
    PSEUDONYM = "2.5.4.65", [0x55, 4, 65];
    DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25", [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
    USER_ID = "0.9.2342.19200300.100.1.1", [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    UNSTRUCTURED_NAME = "1.2.840.113549.1.9.2", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2];
    UNSTRUCTURED_ADDRESS = "1.2.840.113549.1.9.8", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 8];
    SUBJECT_KEY_ID = "2.5.29.14", [0x55, 29, 14];
    KEY_USAGE = "2.5.29.15", [0x55, 29, 15];
    SUBJECT_ALT_NAME = "2.5.29.17", [0x55, 29, 17];
    ISSUER_ALT_NAME = "2.5.29.18", [0x55, 29, 18];
    BASIC_CONSTRAINTS = "2.5.29.19", [0x55, 29, 19];
    CRL_NUMBER = "2.5.29.20", [0x55, 29, 20];
    CRL_REASON = "2.5.29.21", [0x55, 29, 21];
    INVALIDITY_DATE = "2.5.29.24", [0x55, 29, 24];
    DELTA_CRL_INDICATOR = "2.5.29.27", [0x55, 29, 27];
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28", [0x55, 29, 28];
    CERTIFICATE_ISSUER = "2.5.29.29", [0x55, 29, 29];
    NAME_CONSTRAINTS = "2.5.29.30", [0x55, 29, 30];
    CRL_DISTRIBUTION_POINTS = "2.5.29.31", [0x55, 29, 31];
    CERTIFICATE_POLICIES = "2.5.29.32", [0x55, 29, 32];
    ANY_POLICY = "2.5.29.32.0", [0x55, 29, 32, 0];
    POLICY_MAPPINGS = "2.5.29.33", [0x55, 29, 33];
    AUTHORITY_KEY_ID = "2.5.29.35", [0x55, 29, 35];
    POLICY_CONSTRAINTS = "2.5.29.36", [0x55, 29, 36];
    EXTENDED_KEY_USAGE = "2.5.29.37", [0x55, 29, 37];
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0", [0x55, 29, 37, 0];
    FRESHEST_CRL = "2.5.29.46", [0x55, 29, 46];
    INHIBIT_ANY_POLICY = "2.5.29.54", [0x55, 29, 54];
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1", [0x2b, 6, 1, 5, 5, 7, 1, 1];
    ACCESS_OCSP = "1.3.6.1.5.5.7.48.1", [0x2b, 6, 1, 5, 5, 7, 48, 1];
    ACCESS_CA_ISSUERS = "1.3.6.1.5.5.7.48.2", [0x2b, 6, 1, 5, 5, 7, 48, 2];
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1", [0x2b, 6, 1, 5, 5, 7, 3, 1];
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2", [0x2b, 6, 1, 5, 5, 7, 3, 2];
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3", [0x2b, 6, 1, 5, 5, 7, 3, 3];
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4", [0x2b, 6, 1, 5, 5, 7, 3, 4];
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9", [0x2b, 6, 1, 5, 5, 7, 3, 9];
    /// Certificate Request Agent, the usage of NDES's RA certificates.
    REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 1];
    /// Microsoft certificate template name (version 1 templates).
    MS_TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2];
    /// Microsoft certificate template information (version 2 and later).
    MS_TEMPLATE = "1.3.6.1.4.1.311.21.7", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7];
    /// Microsoft user principal name, an otherName.
    MS_UPN = "1.3.6.1.4.1.311.20.2.3", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
    /// Microsoft security extension carrying a SID (KB5014754).
    MS_SID = "1.3.6.1.4.1.311.25.2", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2];
    /// The SID inside [`MS_SID`], as an otherName.
    MS_SID_VALUE = "1.3.6.1.4.1.311.25.2.1", [0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1];
    SCEP_MESSAGE_TYPE = "2.16.840.1.113733.1.9.2", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 2];
    SCEP_PKI_STATUS = "2.16.840.1.113733.1.9.3", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 3];
    SCEP_FAIL_INFO = "2.16.840.1.113733.1.9.4", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 4];
    SCEP_SENDER_NONCE = "2.16.840.1.113733.1.9.5", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 5];
    SCEP_RECIPIENT_NONCE = "2.16.840.1.113733.1.9.6", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 6];
    SCEP_TRANSACTION_ID = "2.16.840.1.113733.1.9.7", [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 7];
    SCEP_FAIL_INFO_TEXT = "1.3.6.1.5.5.7.24.1", [0x2b, 6, 1, 5, 5, 7, 24, 1];
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_known_identifier_reads_and_writes_as_its_text() {
        for (oid, text) in KNOWN {
            assert_eq!(oid.to_string(), *text);
            assert_eq!(text.parse::<Oid>().unwrap(), *oid);
        }
        assert!("1".parse::<Oid>().is_err() && "3.1".parse::<Oid>().is_err() && "1.40.1".parse::<Oid>().is_err());
        assert_eq!(Oid::from_content(&[0x80]).to_string(), "malformed([80])");
    }
}
