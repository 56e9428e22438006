//! Certificates as `certutil -store -v` lists them.

use super::*;

#[derive(Clone)]
pub struct Cert {
    pub thumbprint: String,
    pub subject: String,
    pub issuer: String,
    /// `8/10/2013 9:12 AM`
    pub from: String,
    pub to: String,
    pub usages: Vec<&'static str>,
    /// The octet of key usage bits; 0 prints none.
    pub key_usage: u8,
    pub template: &'static str,
    pub provider: &'static str,
    pub key: Key,
    pub archived: bool,
    pub key_id: &'static str,
    pub authority_key_id: &'static str,
    pub ca: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Key {
    Present,
    Lost,
    None,
}

const CSP: &str = "Microsoft RSA SChannel Cryptographic Provider";
pub const KSP: &str = "Microsoft Software Key Storage Provider";
const ISSUER_NAME: &str = "CN=Issuing-CA-01, DC=corp, DC=example";
const ROOT_NAME: &str = "CN=Root-CA, DC=corp, DC=example";

fn leaf(thumbprint: &str, subject: &str, usages: &[&'static str], key_usage: u8, template: &'static str) -> Cert {
    Cert {
        thumbprint: thumbprint.to_owned(),
        subject: subject.to_owned(),
        issuer: ISSUER_NAME.to_owned(),
        from: "1/5/2026 9:12 AM".to_owned(),
        to: "1/5/2028 9:12 AM".to_owned(),
        usages: usages.to_vec(),
        key_usage,
        template,
        provider: CSP,
        key: Key::Present,
        archived: false,
        key_id: "0102030405060708090a0b0c0d0e0f1011121314",
        authority_key_id: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ca: false,
    }
}

pub fn client() -> Cert {
    leaf(CLIENT, "CN=NDES01.corp.example", &["1.3.6.1.5.5.7.3.2"], 0xa0, "NDESClient")
}

pub fn twin() -> Cert {
    let mut twin = leaf(TWIN, "CN=NDES01.corp.example", &["1.3.6.1.5.5.7.3.2"], 0xa0, "NDESClient");
    (twin.from, twin.to) = ("10/13/2026 9:12 AM".to_owned(), "10/13/2028 9:12 AM".to_owned());
    twin
}

pub fn machine() -> Vec<Cert> {
    const AGENT: &[&str] = &["1.3.6.1.4.1.311.20.2.1"];
    vec![
        client(),
        leaf(RA_SIGNING, "CN=NDES01-MSCEP-RA, C=DE", AGENT, 0x80, "EnrollmentAgentOffline"),
        leaf(RA_ENCRYPTION, "CN=NDES01-MSCEP-RA, C=DE", AGENT, 0x20, "CEPEncryption"),
        leaf(WEB_SERVER, "CN=scep.corp.example", &["1.3.6.1.5.5.7.3.1"], 0xa0, "WebServer"),
    ]
}

pub fn issuer() -> Cert {
    let mut ca = leaf(ISSUER, ISSUER_NAME, &[], 0x86, "SubCA");
    (ca.issuer, ca.ca, ca.key) = (ROOT_NAME.to_owned(), true, Key::None);
    (ca.from, ca.to) = ("1/5/2022 9:12 AM".to_owned(), "1/5/2032 9:12 AM".to_owned());
    ca.key_id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    ca.authority_key_id = "dddddddddddddddddddddddddddddddddddddddd";
    ca
}

/// The issuer with a new key.
pub fn renewed_issuer() -> Cert {
    let mut renewed = issuer();
    renewed.thumbprint = "CC02CC02CC02CC02CC02CC02CC02CC02CC02CC02".into();
    renewed.key_id = "abababababababababababababababababababab";
    (renewed.from, renewed.to) = ("10/1/2026 9:12 AM".into(), "10/1/2036 9:12 AM".into());
    renewed
}

/// A second issuer below the same root.
pub fn another_issuer() -> Cert {
    let mut ca = issuer();
    ca.thumbprint = "CC03CC03CC03CC03CC03CC03CC03CC03CC03CC03".into();
    ca.subject = "CN=Issuing-CA-02, DC=corp, DC=example".to_owned();
    ca.key_id = "acacacacacacacacacacacacacacacacacacacac";
    ca
}

/// A second root.
pub fn another_root() -> Cert {
    let mut ca = root();
    ca.thumbprint = "DD02DD02DD02DD02DD02DD02DD02DD02DD02DD02".into();
    ca.subject = "CN=Root-CA-02, DC=corp, DC=example".to_owned();
    ca.issuer = ca.subject.clone();
    ca
}

pub fn root() -> Cert {
    let mut ca = issuer();
    (ca.thumbprint, ca.subject) = (ROOT.to_owned(), ROOT_NAME.to_owned());
    (ca.from, ca.to) = ("1/5/2015 9:12 AM".to_owned(), "1/5/2045 9:12 AM".to_owned());
    ca.key_id = "dddddddddddddddddddddddddddddddddddddddd";
    ca
}

pub fn listing(store: &str, certs: &[Cert]) -> String {
    let mut out = format!("{store} \"{store}\"\r\n");
    for (n, cert) in certs.iter().enumerate() {
        out.push_str(&one(n, cert));
    }
    out.push_str("CertUtil: -store command completed successfully.\r\n");
    out.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn name(text: &str) -> String {
    text.split(", ").map(|part| format!("    {part}\n")).collect()
}

fn one(n: usize, cert: &Cert) -> String {
    let mut out = format!("================ Certificate {n} ================\n");
    if cert.archived {
        out.push_str("Archived!\n");
    }
    out.push_str(&format!(
        "X509 Certificate:\nVersion: 3\nSerial Number: 4700{n:04}\nSignature Algorithm:\n    Algorithm ObjectId: \
         1.2.840.113549.1.1.11 sha256RSA\nIssuer:\n{}\n NotBefore: {}\n NotAfter: {}\n\nSubject:\n{}\nPublic Key \
         Length: 2048 bits\nCertificate Extensions: 6\n",
        name(&cert.issuer),
        cert.from,
        cert.to,
        name(&cert.subject),
    ));
    if cert.key_usage != 0 {
        out.push_str(&format!(
            "    2.5.29.15: Flags = 1(Critical), Length = 4\n    Key Usage\n        Something ({:02x})\n\n",
            cert.key_usage
        ));
    }
    if !cert.usages.is_empty() {
        out.push_str("    2.5.29.37: Flags = 0, Length = e\n    Enhanced Key Usage\n");
        cert.usages.iter().for_each(|usage| out.push_str(&format!("        Something ({usage})\n")));
    }
    out.push_str(&format!(
        "\n    1.3.6.1.4.1.311.20.2: Flags = 0, Length = 10\n    Certificate Template Name (Certificate Type)\n        \
         {}\n\n    2.5.29.14: Flags = 0, Length = 16\n    Subject Key Identifier\n        {}\n\n    2.5.29.35: Flags = \
         0, Length = 18\n    Authority Key Identifier\n        KeyID={}\n\n    2.5.29.19: Flags = 1(Critical), Length = \
         5\n    Basic Constraints\n        Subject Type={}\n\nCert Hash(sha1): {}\n",
        cert.template,
        cert.key_id,
        cert.authority_key_id,
        if cert.ca { "CA" } else { "End Entity" },
        cert.thumbprint.to_lowercase(),
    ));
    match cert.key {
        Key::None => {}
        Key::Present => {
            out.push_str(&format!(
                "  Key Container = le-{n}\n  Provider = {}\nEncryption test passed\n",
                cert.provider
            ));
        }
        Key::Lost => {
            out.push_str(&format!("  Key Container = le-{n}\n  Provider = {}\nMissing stored keyset\n", cert.provider));
        }
    }
    out.push('\n');
    out
}
