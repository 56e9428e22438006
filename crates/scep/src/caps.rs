//! GetCACaps (RFC 8894 §3.5): what a service says it can do.

use crate::server::{Accept, Legacy, Sha1};

/// A capability with a keyword of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// AES-128-CBC.
    Aes,
    /// Triple DES in CBC mode.
    Des3,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384; not in the RFC, but strongSwan uses AES only where it is listed.
    Sha384,
    /// SHA-512.
    Sha512,
    /// Messages by POST.
    PostPkiOperation,
    /// RenewalReq.
    Renewal,
    /// The certificate of the next CA can be had.
    GetNextCaCert,
    /// AES, SHA-256, POST and everything else RFC 8894 §2.9 makes mandatory.
    ScepStandard,
}

impl Capability {
    const ALL: [(Capability, &'static str); 10] = [
        (Capability::Aes, "AES"),
        (Capability::Des3, "DES3"),
        (Capability::Sha1, "SHA-1"),
        (Capability::Sha256, "SHA-256"),
        (Capability::Sha384, "SHA-384"),
        (Capability::Sha512, "SHA-512"),
        (Capability::PostPkiOperation, "POSTPKIOperation"),
        (Capability::Renewal, "Renewal"),
        (Capability::GetNextCaCert, "GetNextCACert"),
        (Capability::ScepStandard, "SCEPStandard"),
    ];

    /// The keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        Self::ALL.iter().find(|(c, _)| *c == self).map_or("", |(_, k)| k)
    }
}

/// Whether a certificate of the next CA can be had at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCa {
    /// It can.
    Prepared,
    /// There is none; the capability is not listed while that is so.
    None,
}

/// A set of capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caps(Vec<Capability>);

impl Caps {
    /// What an endpoint of this house can truly do.
    #[must_use]
    pub fn of(accept: &Accept, next: NextCa) -> Caps {
        let listed = |capability: &Capability| match capability {
            Capability::Des3 => accept.legacy >= Legacy::TripleDes,
            Capability::Sha1 => accept.sha1 == Sha1::Accept,
            Capability::GetNextCaCert => next == NextCa::Prepared,
            _ => true,
        };
        Caps(Capability::ALL.iter().map(|(c, _)| *c).filter(listed).collect())
    }

    /// Reads what another service says: separated by any white space, in any case, unknown words passed over. What is
    /// no text, such as the HTML page or the certificate that some servers send instead, lists nothing.
    #[must_use]
    pub fn parse(body: &[u8]) -> Caps {
        let Ok(text) = std::str::from_utf8(body) else { return Caps::default() };
        let known = |word: &str| {
            let named = Capability::ALL.iter().find(|(_, keyword)| keyword.eq_ignore_ascii_case(word));
            // Written so in the drafts of the time before RFC 8894.
            named.map(|(c, _)| *c).or_else(|| word.eq_ignore_ascii_case("3DES").then_some(Capability::Des3))
        };
        let mut found: Vec<Capability> = text.lines().map(str::trim).filter_map(known).collect();
        found.sort();
        found.dedup();
        Caps(found)
    }

    /// The body to send as `text/plain`, a keyword per line.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|c| format!("{}\n", c.keyword())).collect()
    }

    /// Whether a capability is listed.
    #[must_use]
    pub fn lists(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// Whether a capability is listed or implied by `SCEPStandard` (RFC 8894 §3.5.2).
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        let implied = matches!(capability, Capability::Aes | Capability::PostPkiOperation | Capability::Sha256);
        self.lists(capability) || (implied && self.lists(Capability::ScepStandard))
    }

    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
