//! A SCEP server for these tests: real HTTP on a loopback port, the protocol of this house, and a CA that does as it is
//! told.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pki::der::write;
use pki::extension::{AuthorityKeyId, BasicConstraints, Extension, GeneralName, KeyUsage};
use pki::key::{PrivateKey, PublicKey, Sign};
use pki::{Certificate, Crl, Name, Time, Validity, oid};
use scep::http as scep_http;
use scep::server::{
    Accept, Content, DecryptionKey, Legacy, Opened, Opening, RaKeys, Reply, Shape, SigningKey, open, seal,
};
use scep::{FailInfo, MessageType, ca_certs};

/// What the server does with requests.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) caps: &'static str,
    /// Questions that are answered with PENDING before the certificate comes.
    pub(crate) pending: u32,
    pub(crate) refuse: Option<FailInfo>,
    /// Every answer is this instead.
    pub(crate) instead: Option<(StatusCode, Vec<u8>)>,
    /// The certificate is for another key than the one asked for.
    pub(crate) wrong_key: bool,
    /// The certificate is signed by another CA.
    pub(crate) wrong_ca: bool,
    /// Polls are answered with badCertId.
    pub(crate) forgets: bool,
    /// GetCACert sends the RA certificate with a CA that did not issue it.
    pub(crate) wrong_chain: bool,
    /// GetCACert sends another CA beside the right one, and that one signs the answer to GetNextCACert.
    pub(crate) false_next: bool,
    pub(crate) delay: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            caps: "AES\nSHA-256\nPOSTPKIOperation\nRenewal\nGetNextCACert\nSCEPStandard\n",
            pending: 0,
            refuse: None,
            instead: None,
            wrong_key: false,
            wrong_ca: false,
            forgets: false,
            wrong_chain: false,
            false_next: false,
            delay: Duration::ZERO,
        }
    }
}

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) operation: String,
    pub(crate) message: Option<(MessageType, String, Vec<u8>, Option<String>)>,
}

pub(crate) struct Server {
    pub(crate) ca: Certificate,
    pub(crate) ra: Certificate,
    other_ca: Certificate,
    ca_key: PrivateKey,
    other_key: PrivateKey,
    ra_key: PrivateKey,
    pub(crate) next: Certificate,
    pub(crate) manner: Mutex<Manner>,
    seen: Mutex<Vec<Seen>>,
    issued: Mutex<BTreeMap<String, Certificate>>,
    asked: Mutex<BTreeMap<String, u32>>,
    address: Mutex<Option<SocketAddr>>,
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/corpus/keys/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock");
    Time(since.as_secs() as i64)
}

fn random(out: &mut [u8]) {
    aws_lc_rs::rand::fill(out).expect("random");
}

/// A certificate as a CA issues it.
pub(crate) fn issue(
    subject: &Name,
    key: &PublicKey,
    extensions: &[Extension],
    ca_name: &Name,
    ca_key: &PrivateKey,
) -> Certificate {
    let mut serial = [0; 12];
    random(&mut serial);
    let mut all =
        vec![Extension::plain(oid::AUTHORITY_KEY_ID, AuthorityKeyId::key_id_der(&ca_key.public_key().key_id()))];
    all.extend_from_slice(extensions);
    let algorithm = ca_key.preferred();
    let tbs = write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::unsigned(&serial),
        &algorithm.to_der(),
        ca_name.der(),
        &Validity { not_before: now().plus(-60), not_after: now().plus(86_400) }.to_der(),
        subject.der(),
        key.spki_der(),
        &write::explicit(3, &Extension::all_to_der(&all)),
    ]);
    let signature = ca_key.sign(algorithm, &tbs).expect("signature");
    Certificate::assemble(&tbs, &algorithm.to_der(), &signature).expect("certificate")
}

fn ca_extensions() -> Vec<Extension> {
    let usage = KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN);
    vec![
        Extension::critical(oid::BASIC_CONSTRAINTS, BasicConstraints { ca: true, path_length: None }.to_der()),
        Extension::critical(oid::KEY_USAGE, usage.to_der()),
    ]
}

impl Server {
    /// Starts on a free port.
    pub(crate) async fn start(manner: Manner) -> Arc<Server> {
        let key = |name: &str| PrivateKey::parse(&fixture(name)).expect("key");
        let (ca_key, ra_key, other_key) = (key("corpus-b-ca.key"), key("corpus-b-ra.key"), key("corpus-s-int.key"));
        let ca_name = Name::parse("CN=Test CA,O=Example").expect("name");
        let ca = issue(&ca_name, ca_key.public_key(), &ca_extensions(), &ca_name, &ca_key);
        // Same name, another key: only the signature tells them apart.
        let other_ca = issue(&ca_name, other_key.public_key(), &ca_extensions(), &ca_name, &other_key);
        let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT);
        let ra_extensions = [Extension::critical(oid::KEY_USAGE, usage.to_der())];
        let ra_name = Name::parse("CN=Test RA,O=Example").expect("name");
        let ra = issue(&ra_name, ra_key.public_key(), &ra_extensions, &ca_name, &ca_key);
        let server = Arc::new(Server {
            next: issue(&ca_name, other_key.public_key(), &ca_extensions(), &ca_name, &other_key),
            ca,
            ra,
            other_ca,
            ca_key,
            other_key,
            ra_key,
            manner: Mutex::new(manner),
            seen: Mutex::default(),
            issued: Mutex::default(),
            asked: Mutex::default(),
            address: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        *server.address.lock().expect("lock") = Some(listener.local_addr().expect("address"));
        tokio::spawn(serve(server.clone(), listener));
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.lock().expect("lock").expect("started"))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().expect("lock"));
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("lock").clone()
    }

    /// The messages among what was seen.
    pub(crate) fn messages(&self) -> Vec<(MessageType, String, Vec<u8>, Option<String>)> {
        self.seen().into_iter().filter_map(|seen| seen.message).collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let manner = self.manner.lock().expect("lock").clone();
        tokio::time::sleep(manner.delay).await;
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("body").to_bytes().to_vec();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let method = if head.method == Method::POST { scep_http::Method::Post } else { scep_http::Method::Get };
        let mut seen = Seen {
            method: head.method,
            path: head.uri.path().to_owned(),
            operation: query.split('&').next().unwrap_or_default().to_owned(),
            message: None,
        };
        let body = match scep_http::parse(method, &query, body).expect("operation") {
            scep_http::Operation::GetCaCaps => manner.caps.as_bytes().to_vec(),
            scep_http::Operation::GetCaCert if manner.wrong_chain => {
                ca_certs::body(&[self.ra.clone(), self.other_ca.clone()]).octets
            }
            scep_http::Operation::GetCaCert if manner.false_next => {
                ca_certs::body(&[self.ra.clone(), self.ca.clone(), self.other_ca.clone()]).octets
            }
            scep_http::Operation::GetCaCert => ca_certs::body(&[self.ra.clone(), self.ca.clone()]).octets,
            scep_http::Operation::GetNextCaCert => {
                let current = match manner.false_next {
                    true => SigningKey { certificate: &self.other_ca, key: &self.other_key },
                    false => SigningKey { certificate: &self.ca, key: &self.ca_key },
                };
                ca_certs::next_body(std::slice::from_ref(&self.next), &current, now()).expect("next").octets
            }
            scep_http::Operation::PkiOperation(message) => self.message(&message, &manner, &mut seen),
        };
        self.seen.lock().expect("lock").push(seen);
        let (status, body) = manner.instead.unwrap_or((StatusCode::OK, body));
        Response::builder().status(status).body(Full::new(body.into())).expect("response")
    }

    fn message(&self, message: &[u8], manner: &Manner, seen: &mut Seen) -> Vec<u8> {
        let keys = RaKeys {
            decryption: vec![DecryptionKey { certificate: &self.ra, key: &self.ra_key }],
            signing: SigningKey { certificate: &self.ra, key: &self.ra_key },
        };
        let accept = Accept { legacy: Legacy::TripleDes, ..Accept::default() };
        let Opening::Opened(opened) = open(message, &keys, &accept, &mut random) else { panic!("not opened") };
        let request = opened.content.request();
        let key = request.map(|r| r.public_key().key_octets().to_vec()).unwrap_or_default();
        let challenge = request.and_then(pki::Request::challenge);
        seen.message = Some((opened.message_type, opened.transaction_id.clone(), key, challenge));
        let (certificates, list) = self.decide(&opened, manner);
        let reply = match (&certificates, &list, manner.refuse) {
            (_, _, Some(fail_info)) => Reply::Failure { fail_info, text: Some("not today") },
            (None, None, _) if manner.forgets => {
                Reply::Failure { fail_info: FailInfo::BadCertId, text: Some("never heard of") }
            }
            (None, None, _) => Reply::Pending,
            (certificates, crl, _) => {
                Reply::Success { certificates: certificates.as_deref().unwrap_or_default(), crl: crl.as_ref() }
            }
        };
        seal(&reply, &opened.to, &Shape::default(), &keys, now(), &mut random).expect("sealed")
    }

    fn decide(&self, opened: &Opened, manner: &Manner) -> (Option<Vec<Certificate>>, Option<Crl>) {
        let mut issued = self.issued.lock().expect("lock");
        match &opened.content {
            Content::PkcsReq(request) | Content::RenewalReq(request) => {
                let key = if manner.wrong_key { self.ca_key.public_key() } else { request.public_key() };
                let names = GeneralName::all_to_der(&request.subject_alt_names());
                let extensions = [Extension::plain(oid::SUBJECT_ALT_NAME, names)];
                let ca_key = if manner.wrong_ca { &self.ra_key } else { &self.ca_key };
                let certificate = issue(request.subject(), key, &extensions, self.ca.subject(), ca_key);
                issued.entry(opened.transaction_id.clone()).or_insert(certificate);
            }
            Content::CertPoll { .. } if manner.forgets => return (None, None),
            Content::CertPoll { .. } => {}
            Content::GetCert { serial, .. } => {
                let wanted = pki::certificate::serial_hex(serial);
                return (Some(issued.values().filter(|c| c.serial_hex() == wanted).cloned().collect()), None);
            }
            Content::GetCrl { .. } => {
                let content = pki::crl::CrlContent {
                    issuer: self.ca.subject(),
                    this_update: now(),
                    next_update: now().plus(600),
                    revoked: &[],
                    extensions: &[Extension::plain(oid::CRL_NUMBER, write::integer(1))],
                };
                return (None, Some(Crl::build(&content, &self.ca_key).expect("list")));
            }
        }
        let mut asked = self.asked.lock().expect("lock");
        let count = asked.entry(opened.transaction_id.clone()).or_default();
        *count += 1;
        if *count <= manner.pending {
            return (None, None);
        }
        (issued.get(&opened.transaction_id).cloned().map(|c| vec![c]), None)
    }
}

async fn serve(server: Arc<Server>, listener: tokio::net::TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let server = server.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(server.answer(request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
