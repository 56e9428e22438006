use super::GeneralName;
use crate::der::{Reader, tag, write};
use crate::{DerError, Oid};

/// AuthorityKeyIdentifier (RFC 5280 §4.2.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorityKeyId {
    /// The issuer's subject key identifier.
    pub key_id: Option<Vec<u8>>,
    /// The issuer of the issuer's certificate.
    pub issuer: Vec<GeneralName>,
    /// The serial number of the issuer's certificate, content octets.
    pub serial: Option<Vec<u8>>,
}

impl AuthorityKeyId {
    /// From an extnValue.
    pub fn parse(value: &[u8]) -> Result<Self, DerError> {
        let mut inner = Reader::single(value, tag::SEQUENCE, "AuthorityKeyIdentifier")?.reader();
        let key_id = inner.optional(0x80)?.map(|e| e.value.to_vec());
        let issuer = inner.optional(0xa1)?.map(|e| GeneralName::read_all(e.reader())).transpose()?.unwrap_or_default();
        let serial = inner.optional(0x82)?.map(|e| e.value.to_vec());
        Ok(AuthorityKeyId { key_id, issuer, serial })
    }

    /// An extnValue with the key identifier alone.
    #[must_use]
    pub fn key_id_der(key_id: &[u8]) -> Vec<u8> {
        write::sequence(&[&write::tlv(0x80, key_id)])
    }
}

/// One DistributionPoint (RFC 5280 §4.2.1.13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistributionPoint {
    /// fullName.
    pub full_name: Vec<GeneralName>,
    /// nameRelativeToCRLIssuer: the content of the RDN's SET.
    pub relative_name: Option<Vec<u8>>,
    /// reasons, as ReasonFlags bits `1 << n`; `None` means all.
    pub reasons: Option<u16>,
    /// cRLIssuer, where another than the certificate's issuer signs the list.
    pub crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    /// From a CRLDistributionPoints or FreshestCRL extnValue.
    pub fn parse_all(value: &[u8]) -> Result<Vec<Self>, DerError> {
        let mut points = Reader::single(value, tag::SEQUENCE, "CRLDistributionPoints")?.reader();
        let mut out = Vec::new();
        while !points.is_empty() {
            let mut inner = points.sequence("DistributionPoint")?;
            let mut point = DistributionPoint::default();
            if let Some(name) = inner.optional(0xa0)? {
                point.read_name(name.value)?;
            }
            point.reasons = inner.optional(0x81)?.map(|e| reason_flags(e.value)).transpose()?;
            if let Some(issuer) = inner.optional(0xa2)? {
                point.crl_issuer = GeneralName::read_all(issuer.reader())?;
            }
            inner.finish("DistributionPoint")?;
            out.push(point);
        }
        Ok(out)
    }

    /// Reads a DistributionPointName's content (also used by IssuingDistributionPoint).
    pub(crate) fn read_name(&mut self, content: &[u8]) -> Result<(), DerError> {
        let mut inner = Reader::new(content);
        match inner.any()? {
            e if e.tag == 0xa0 => self.full_name = GeneralName::read_all(e.reader())?,
            e if e.tag == 0xa1 => self.relative_name = Some(e.value.to_vec()),
            e => return Err(DerError::Unexpected { what: "DistributionPointName", found: e.tag }),
        }
        inner.finish("DistributionPointName")
    }

    /// A CRLDistributionPoints extnValue with one point that has these URIs.
    #[must_use]
    pub fn uris_der(uris: &[String]) -> Vec<u8> {
        let names: Vec<Vec<u8>> = uris.iter().map(|u| GeneralName::Uri(u.clone()).to_der()).collect();
        let names = write::constructed(0xa0, &names.iter().map(Vec::as_slice).collect::<Vec<_>>());
        write::sequence(&[&write::sequence(&[&write::explicit(0, &names)])])
    }

    /// The URIs of fullName.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.full_name.iter().filter_map(|n| if let GeneralName::Uri(uri) = n { Some(uri.as_str()) } else { None })
    }
}

/// IssuingDistributionPoint (RFC 5280 §5.2.5): what a revocation list covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// distributionPoint, in the fields `full_name` and `relative_name`.
    pub point: DistributionPoint,
    /// onlyContainsUserCerts.
    pub only_user: bool,
    /// onlyContainsCACerts.
    pub only_ca: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute: bool,
    /// onlySomeReasons, as ReasonFlags bits `1 << n`; `None` means all.
    pub reasons: Option<u16>,
    /// indirectCRL.
    pub indirect: bool,
}

impl IssuingDistributionPoint {
    /// From an extnValue. An empty one, or one for user and CA certificates at once, is an error (RFC 5280 §5.2.5).
    pub fn parse(value: &[u8]) -> Result<Self, DerError> {
        const BAD: DerError = DerError::Value("IssuingDistributionPoint");
        let mut inner = Reader::single(value, tag::SEQUENCE, "IssuingDistributionPoint")?.reader();
        if inner.is_empty() {
            return Err(BAD);
        }
        let mut out = Self::default();
        if let Some(name) = inner.optional(0xa0)? {
            out.point.read_name(name.value)?;
        }
        out.only_user = flag(&mut inner, 0x81)?;
        out.only_ca = flag(&mut inner, 0x82)?;
        out.reasons = inner.optional(0x83)?.map(|e| reason_flags(e.value)).transpose()?;
        out.indirect = flag(&mut inner, 0x84)?;
        out.only_attribute = flag(&mut inner, 0x85)?;
        inner.finish("IssuingDistributionPoint")?;
        let only = [out.only_user, out.only_ca, out.only_attribute].iter().filter(|f| **f).count();
        if only > 1 { Err(BAD) } else { Ok(out) }
    }
}

/// A BOOLEAN DEFAULT FALSE with this tag.
fn flag(inner: &mut Reader<'_>, tag: u8) -> Result<bool, DerError> {
    Ok(inner.optional(tag)?.is_some_and(|e| e.value.iter().any(|b| *b != 0)))
}

/// ReasonFlags content octets to bits `1 << n`.
pub(crate) fn reason_flags(content: &[u8]) -> Result<u16, DerError> {
    let (_, octets) = content.split_first().ok_or(DerError::Value("ReasonFlags"))?;
    let bit = |n: usize| octets.get(n / 8).is_some_and(|o| o & (0x80 >> (n % 8)) != 0);
    Ok((0..9).filter(|&n| bit(n)).fold(0, |bits, n| bits | (1 << n)))
}

/// One AccessDescription of AuthorityInfoAccess (RFC 5280 §4.2.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessDescription {
    /// What is found there.
    pub method: Oid,
    /// Where.
    pub location: GeneralName,
}

impl AccessDescription {
    /// From an extnValue.
    pub fn parse_all(value: &[u8]) -> Result<Vec<Self>, DerError> {
        let mut list = Reader::single(value, tag::SEQUENCE, "AuthorityInfoAccess")?.reader();
        let mut out = Vec::new();
        while !list.is_empty() {
            let mut inner = list.sequence("AccessDescription")?;
            let method = inner.oid("accessMethod")?;
            out.push(AccessDescription { method, location: GeneralName::from_element(inner.any()?) });
        }
        Ok(out)
    }

    /// An extnValue.
    #[must_use]
    pub fn all_to_der(list: &[AccessDescription]) -> Vec<u8> {
        let parts: Vec<Vec<u8>> =
            list.iter().map(|a| write::sequence(&[&write::oid(&a.method), &a.location.to_der()])).collect();
        write::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}
