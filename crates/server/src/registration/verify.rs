//! Who is verified in a TLS handshake: at the registration point nobody yet, at a policy module the server, by the chain
//! engine, so that a refusal is said in Windows' words and kept as an event.

use std::sync::Arc;

use chain::Strength;
use chain::policy::{Policy, PolicyStatus, Ssl};
use chain::{Kind, Rules};
use pki::{Certificate, Oid, Time, oid};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme};

use super::server_fault::code;
use crate::event::{Events, Refused};
use crate::store::EventRole;
use crate::trust::{Asked, CERT_E_MALFORMED, Judgement, Lists, Trust, in_words};

/// Certificates that a server may send beside its own.
const MOST_SENT: usize = 16;
/// Octets of all certificates that a server may send.
const LONGEST_SENT: usize = 64 << 10;

static SERVER: [Oid; 1] = [oid::SERVER_AUTH];

/// Judges the certificate of a registration point or webhook.
pub(super) struct Server {
    pub(super) trust: Trust,
    pub(super) events: Option<Events>,
    /// The endpoint whose policy module this is.
    pub(super) place: String,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// Why a server's certificate is not taken: what Windows would say, the stable code, and the facts.
#[derive(Clone)]
pub(super) struct NotTaken(String);

impl std::fmt::Display for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// rustls shows it so.
impl std::fmt::Debug for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotTaken {}

impl NotTaken {
    /// The words in an error of rustls, which it shows as the debug text of a structure.
    pub(super) fn within(error: &rustls::Error) -> Option<&NotTaken> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
            _ => None,
        }
    }
}

impl Server {
    /// What is sent is counted and weighed before any of it is read.
    fn read(sent: &[CertificateDer<'_>]) -> Result<Vec<Certificate>, String> {
        let octets: usize = sent.iter().map(|der| der.len()).sum();
        if sent.len() > MOST_SENT + 1 || octets > LONGEST_SENT {
            let count = sent.len();
            return Err(format!(
                "the server sent {count} certificates of {octets} octets; {} of {LONGEST_SENT} are read at most",
                MOST_SENT + 1
            ));
        }
        let mut sent = sent.iter();
        let leaf = sent.next().map(|leaf| Certificate::parse(leaf).map_err(|e| e.to_string()));
        let leaf = leaf.unwrap_or_else(|| Err("the server sent no certificate".to_owned()))?;
        // One that cannot be read helps nobody, and harms nobody either.
        Ok(std::iter::once(leaf).chain(sent.filter_map(|der| Certificate::parse(der).ok())).collect())
    }

    fn judge(&self, leaf: &Certificate, additional: &[Certificate], name: &str, at: Time) -> Judgement {
        let ssl = Ssl { server_name: Some(name.to_owned()), rules: Rules::Rfc5280, ..Ssl::default() };
        let asked = Asked {
            leaf,
            additional,
            usages: &SERVER,
            policy: Policy::SslServer(ssl),
            strength: Strength::Strong,
            revocation: Lists::Ignored,
        };
        let mut judgement = self.trust.judge(&asked, at);
        if !chain::policy::certificate_fits(leaf, name, Rules::Rfc5280) {
            let names: Vec<String> = leaf.subject_alt_names().iter().map(ToString::to_string).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            judgement.add(Kind::ServerName, format!("asked for is {name}; the certificate's names are {has}"));
        }
        judgement
    }

    fn refuse(&self, name: &str, result: u32, detail: String, judgement: Option<Judgement>, at: Time) -> rustls::Error {
        let says = format!("{} {}: {detail}", in_words(result), code(result));
        if let Some(events) = &self.events {
            events.keep(Refused {
                role: EventRole::Server,
                place: self.place.clone(),
                source: name.to_owned(),
                code: code(result),
                result,
                detail,
                judgement,
                at,
            });
        }
        CertificateError::Other(OtherError(Arc::new(NotTaken(says)))).into()
    }
}

impl ServerCertVerifier for Server {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let at = Time(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        let name = called(server_name);
        let sent: Vec<CertificateDer<'_>> = std::iter::once(end_entity).chain(intermediates).cloned().collect();
        let certificates = Server::read(&sent).map_err(|why| self.refuse(&name, CERT_E_MALFORMED, why, None, at))?;
        let Some((leaf, additional)) = certificates.split_first() else {
            return Err(self.refuse(&name, CERT_E_MALFORMED, "the server sent no certificate".to_owned(), None, at));
        };
        let judgement = self.judge(leaf, additional, &name, at);
        let PolicyStatus { result, .. } = judgement.status;
        if result == chain::trust::result::OK {
            return Ok(ServerCertVerified::assertion());
        }
        let detail = judgement.in_detail();
        Err(self.refuse(&name, result, detail, Some(judgement), at))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The name a server was called by, as a policy compares it.
fn called(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => name.as_ref().to_owned(),
        ServerName::IpAddress(address) => std::net::IpAddr::from(*address).to_string(),
        other => format!("{other:?}"),
    }
}

/// Takes any certificate, or none, and verifies the handshake's signature only.
#[derive(Debug)]
pub(super) struct AnyClient {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: a client that looks for a certificate of a named issuer would present none, and never hear why.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use pki::der::write;
    use pki::key::{KeySpec, PrivateKey, Sign};
    use pki::{Name, Validity};

    use super::*;

    /// A certificate with the name in it that a server is called by, valid for an hour, with an extension of this size.
    fn certificate(key: &PrivateKey, size: usize) -> Certificate {
        use pki::extension::{BasicConstraints, Criticality, Extension, GeneralName, KeyUsage};
        let name = Name::parse("CN=server").unwrap();
        let one = |id, criticality, value| Extension { id, criticality, value };
        let names = GeneralName::all_to_der(&[GeneralName::Dns("server.example.test".to_owned())]);
        let ca = BasicConstraints { ca: true, path_length: None }.to_der();
        let extensions = [
            one(oid::BASIC_CONSTRAINTS, Criticality::Critical, ca),
            one(oid::KEY_USAGE, Criticality::Critical, KeyUsage::KEY_CERT_SIGN.to_der()),
            one(oid::SUBJECT_ALT_NAME, Criticality::NonCritical, names),
            one(oid::SUBJECT_KEY_ID, Criticality::NonCritical, write::octets(&vec![1; size])),
        ];
        let algorithm = key.preferred();
        let tbs = write::sequence(&[
            &write::explicit(0, &write::integer(2)),
            &write::integer(7),
            &algorithm.to_der(),
            name.der(),
            &Validity { not_before: Time(1_800_000_000), not_after: Time(1_800_003_600) }.to_der(),
            name.der(),
            key.public_key().spki_der(),
            &write::explicit(3, &Extension::all_to_der(&extensions)),
        ]);
        let signature = key.sign(algorithm, &tbs).unwrap();
        Certificate::assemble(&tbs, &algorithm.to_der(), &signature).unwrap()
    }

    fn sent(certificate: &Certificate, times: usize) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(certificate.der().to_vec()); times]
    }

    /// Before anything is read, so that nothing is spent on it.
    #[test]
    fn too_many_certificates_or_octets_are_not_read() {
        let key = PrivateKey::generate(KeySpec::P256).unwrap();
        let small = certificate(&key, 20);
        assert_eq!(Server::read(&sent(&small, MOST_SENT + 1)).unwrap().len(), MOST_SENT + 1);
        let why = Server::read(&sent(&small, MOST_SENT + 2)).unwrap_err();
        assert!(why.contains("18 certificates"), "{why}");
        let large = certificate(&key, 20_000);
        assert_eq!(Server::read(&sent(&large, 3)).unwrap().len(), 3);
        let why = Server::read(&sent(&large, 4)).unwrap_err();
        assert!(why.contains("of 65536 are read at most"), "{why}");
        assert!(Server::read(&[]).is_err());
        assert!(Server::read(&[CertificateDer::from(vec![0x30, 0x03])]).is_err());
        // Rubbish beside a good certificate is passed over.
        let mut beside = sent(&small, 1);
        beside.push(CertificateDer::from(vec![0xff; 40]));
        assert_eq!(Server::read(&beside).unwrap(), [small]);
    }

    #[tokio::test]
    async fn a_refusal_says_code_and_facts_and_is_kept_even_if_there_is_no_chain() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        let store = crate::store::Store::open(&url, "a").await.unwrap();
        let key = PrivateKey::generate(KeySpec::P256).unwrap();
        let pinned = certificate(&key, 20);
        let server = Server {
            trust: Trust::in_anchors(std::slice::from_ref(&pinned)),
            events: Some(Events::new(&store)),
            place: "mdm".to_owned(),
            algorithms: rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms,
        };
        let verify = |chain: &[CertificateDer<'_>], name: &'static str, at: u64| {
            let name = ServerName::try_from(name).unwrap();
            let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
            let (leaf, beside) = chain.split_first().unwrap();
            server.verify_server_cert(leaf, beside, &name, &[], time).map(|_| ()).map_err(|error| {
                NotTaken::within(&error).map(ToString::to_string).unwrap_or_else(|| panic!("{error:?}"))
            })
        };
        // The very certificate of the server may be what is trusted, while it is valid and for its name.
        let (here, now) = ("server.example.test", 1_800_000_001);
        assert_eq!(verify(&sent(&pinned, 1), here, now), Ok(()));
        let says = verify(&sent(&pinned, 1), here, now + 7200).unwrap_err();
        assert!(says.starts_with("0x800B0101 CERT_E_EXPIRED server.expired: CHAIN-EXPIRED it expired on "), "{says}");
        let says = verify(&sent(&pinned, 1), "other.example.test", now).unwrap_err();
        assert!(
            says.starts_with("0x800B010F CERT_E_CN_NO_MATCH server.name: CHAIN-SERVER-NAME asked for is other"),
            "{says}"
        );
        assert!(says.contains("server.example.test"), "{says}");
        let says = verify(&sent(&pinned, 40), here, now).unwrap_err();
        assert!(says.starts_with("0x800B0108 CERT_E_MALFORMED server.malformed: the server sent 40"), "{says}");
        for _ in 0..200 {
            let all = store.events(&crate::store::EventFilter::default()).await.unwrap();
            if all.len() == 3 {
                let mut codes: Vec<_> = all.iter().map(|e| (e.event.code.as_str(), e.event.capi2.is_empty())).collect();
                codes.sort_unstable();
                assert_eq!(codes, [("server.expired", false), ("server.malformed", true), ("server.name", false)]);
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{:?}", store.events(&crate::store::EventFilter::default()).await);
    }
}
