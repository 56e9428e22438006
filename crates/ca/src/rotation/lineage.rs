use pki::extension::KeyUsage;
use pki::{Certificate, Name, Oid, oid};

/// A certificate and its successors: same subject, issuer, template and usage.
///
/// Who pins a thumbprint means the credential, not the one certificate that had it on the day of the pinning: a renewed
/// certificate has another thumbprint, and nothing else has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    subject: Name,
    issuer: Name,
    template: Option<Vec<u8>>,
    key_usage: Option<KeyUsage>,
    purposes: Option<Vec<Oid>>,
}

impl Lineage {
    /// The lineage of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Lineage {
        let mut purposes = certificate.extended_key_usage();
        if let Some(purposes) = &mut purposes {
            purposes.sort();
        }
        Lineage {
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            template: template(certificate),
            key_usage: certificate.key_usage(),
            purposes,
        }
    }

    /// Whether a certificate belongs to it.
    #[must_use]
    pub fn has(&self, certificate: &Certificate) -> bool {
        let other = Lineage::of(certificate);
        self.subject.matches(&other.subject)
            && self.issuer.matches(&other.issuer)
            && self.template == other.template
            && self.key_usage == other.key_usage
            && self.purposes == other.purposes
    }

    /// The one of the lineage of a thumbprint (SHA-1, hexadecimal, any case) that is valid at a moment and newest. If
    /// the certificate with the thumbprint is not among them, nothing is known of its lineage.
    #[must_use]
    pub fn newest<'c>(thumbprint: &str, among: &'c [Certificate], now: pki::Time) -> Option<&'c Certificate> {
        let pinned = among.iter().find(|c| c.thumbprint().eq_ignore_ascii_case(thumbprint))?;
        let lineage = Lineage::of(pinned);
        let valid = among.iter().filter(|c| lineage.has(c) && c.validity().contains(now));
        valid.max_by_key(|c| c.validity().not_before)
    }
}

/// The template's own identifier, or its name: a template's minor version changes from one renewal to the next.
fn template(certificate: &Certificate) -> Option<Vec<u8>> {
    let value = |id: &Oid| certificate.extension(id).map(|extension| extension.value.as_slice());
    if let Some(value) = value(&oid::MS_TEMPLATE) {
        let identifier = pki::der::Reader::new(value).sequence("template").and_then(|mut inner| inner.any());
        return Some(identifier.map_or_else(|_| value.to_vec(), |element| element.value.to_vec()));
    }
    value(&oid::MS_TEMPLATE_NAME).map(<[u8]>::to_vec)
}
