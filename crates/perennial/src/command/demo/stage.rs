use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::{Folder, Obtained, Options, Patience, Progress, Refusal, Session, Wish};
use pki::crl::Reason;
use pki::extension::GeneralName;
use pki::key::KeySpec;
use pki::{Certificate, Crl, Name};
use server::config::Config;
use server::http::{Listener, serve};
use server::init::{Legacy, Wanted, init};
use server::operator::{self, ChallengeFor};
use server::store::{Actor, CaseFilter, CaseState};
use server::{Service, revocation, world};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::story::{Story, wrong};
use crate::failure::Failure;

/// A service that runs in a temporary folder, and a device.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    service: Arc<Service>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

fn operator_of_the_demo() -> Actor {
    Actor { name: "demo".to_owned(), source: "cli".to_owned() }
}

fn quiet(_: Progress) {}

fn once() -> Patience {
    Patience { interval: Duration::from_secs(1), limit: Duration::ZERO }
}

impl Stage {
    pub(super) async fn build(ca_key: KeySpec, story: &mut Story) -> Result<Stage, Failure> {
        let folder = tempfile::tempdir()?;
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.address()?;
        let wanted = Wanted {
            folder: folder.path().join("service"),
            listen: address,
            public_url: None,
            store: None,
            organisation: "Demo".to_owned(),
            root_key: KeySpec::Rsa3072,
            root_validity: server::init::ROOT_VALIDITY,
            issuing_key: ca_key,
            static_challenge: None,
            legacy: Legacy::Refuse,
            registration_point: None,
        };
        let made = init(&wanted, world::now()).await?;
        story.tell("A root and an issuing CA have been made, with the RA's pair of certificates.");
        story.detail(&format!("{} until {}", made.issuing.subject(), made.issuing.validity().not_after.date()));
        let service = Arc::new(Service::open(Config::read(&made.config)?).await?);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(serve(Arc::clone(&service), listener, async {
            let _ = stopped.await;
        }));
        story.tell(&format!("The service answers at http://{address}/scep and at NDES's addresses."));
        Ok(Stage { folder, service, address, stop, running })
    }

    async fn session(&self, path: &str) -> Result<Session, Failure> {
        Ok(Session::open(&format!("http://{}{path}", self.address), Options::default()).await?)
    }

    fn device(&self, name: &str) -> Result<Folder, Failure> {
        Ok(Folder::open(self.folder.path().join(name))?)
    }

    async fn challenge(&self) -> Result<Zeroizing<String>, Failure> {
        let endpoint = super::super::challenge::endpoint(&self.service, "default")?;
        let wanted = ChallengeFor { device: Some("device-1".to_owned()), ..ChallengeFor::default() };
        let made =
            operator::new_challenge(&self.service, endpoint, &wanted, &operator_of_the_demo(), world::now()).await?;
        Ok(made.challenge)
    }

    pub(super) async fn enrol(&self, story: &mut Story) -> Result<(), Failure> {
        let challenge = self.challenge().await?;
        std::fs::write(self.folder.path().join("spent"), challenge.as_bytes())?;
        let session = self.session("/certsrv/mscep/mscep.dll").await?;
        let wish = wish("device-1", Some(challenge))?;
        let folder = self.device("device-1")?;
        let obtained = client::enrol(&session, &folder, &wish, KeySpec::Rsa2048, &once(), &mut quiet).await?;
        let certificate = issued(obtained)?;
        story.tell("A device has enrolled at NDES's own address with a one-time challenge.");
        story.detail(&format!("{}, serial {}", certificate.subject(), certificate.serial_hex()));
        Ok(())
    }

    pub(super) async fn wrong_challenge(&self, story: &mut Story) -> Result<(), Failure> {
        let session = self.session("/scep").await?;
        let wish = wish("device-2", Some(Zeroizing::new("0000000000000000".to_owned())))?;
        let folder = self.device("device-2")?;
        let obtained = client::enrol(&session, &folder, &wish, KeySpec::Rsa2048, &once(), &mut quiet).await?;
        let refusal = refused(obtained, "challenge.wrong")?;
        story.tell("Another device with a made-up challenge has been refused.");
        story.detail(&refusal.to_string());
        Ok(())
    }

    pub(super) async fn used_challenge(&self, story: &mut Story) -> Result<(), Failure> {
        let challenge = std::fs::read_to_string(self.folder.path().join("spent"))?;
        let session = self.session("/scep").await?;
        let wish = wish("device-3", Some(Zeroizing::new(challenge)))?;
        let folder = self.device("device-3")?;
        let obtained = client::enrol(&session, &folder, &wish, KeySpec::Rsa2048, &once(), &mut quiet).await?;
        let refusal = refused(obtained, "challenge.spent")?;
        story.tell("A third device with the first one's challenge has been refused.");
        story.detail(&refusal.to_string());
        Ok(())
    }

    pub(super) async fn renew(&self, story: &mut Story) -> Result<(), Failure> {
        let folder = self.device("device-1")?;
        let old = held(&folder)?;
        let session = self.session("/scep").await?;
        let obtained = client::renew(&session, &folder, KeySpec::Rsa2048, None, &once(), &mut quiet).await?;
        let new = issued(obtained)?;
        if new.public_key() == old.public_key() || new.subject() != old.subject() {
            return Err(wrong("the renewed certificate has the old key or another subject"));
        }
        story.tell("The first device has renewed with a new key, authorised by its old certificate alone.");
        story.detail(&format!("{}, serial {}", new.subject(), new.serial_hex()));
        Ok(())
    }

    pub(super) async fn approval(&self, story: &mut Story) -> Result<(), Failure> {
        let session = self.session("/scep/approval").await?;
        let folder = self.device("device-4")?;
        let wish = wish("device-4", None)?;
        let first = client::enrol(&session, &folder, &wish, KeySpec::Rsa2048, &once(), &mut quiet).await?;
        if !matches!(first, Obtained::Pending) {
            return Err(wrong(format!("the request should wait for an operator: {first:?}")));
        }
        story.tell("A fourth device has asked without a challenge: its request waits for an operator.");
        let filter = CaseFilter { state: Some(CaseState::Pending), limit: 10, ..CaseFilter::default() };
        let cases = self.service.store.cases(&filter).await?;
        let [case] = cases.as_slice() else { return Err(wrong(format!("{} cases wait, not one", cases.len()))) };
        operator::approve(&self.service, &case.id, &operator_of_the_demo(), world::now()).await?;
        let certificate = issued(client::poll(&session, &folder, &once(), &mut quiet).await?)?;
        story.tell("The operator has approved it, the device has asked again and got its certificate.");
        story.detail(&format!("{}, serial {}", certificate.subject(), certificate.serial_hex()));
        Ok(())
    }

    pub(super) async fn revoke(&self, story: &mut Story) -> Result<(), Failure> {
        let certificate = held(&self.device("device-1")?)?;
        let by = operator_of_the_demo();
        revocation::revoke(&self.service, certificate.serial(), Reason::KeyCompromise, &by, world::now()).await?;
        let crl = Crl::parse(&self.fetch("/ca/issuing.crl").await?)
            .map_err(|e| wrong(format!("the list cannot be read: {e}")))?;
        let credentials = self.service.credentials.load();
        let issuer = credentials.issuer().ok_or_else(|| wrong("there is no issuing CA"))?;
        crl.verify_signature(issuer.certificate.public_key())
            .map_err(|e| wrong(format!("the list is not signed by the CA: {e}")))?;
        let entry = crl.revoked().iter().find(|r| r.serial == certificate.serial());
        let entry = entry.ok_or_else(|| wrong("the revoked certificate is not on the list"))?;
        story.tell("The first device's certificate has been revoked; the list fetched over HTTP says so.");
        story.detail(&format!("{} since {}, {}", certificate.serial_hex(), entry.at, "keyCompromise"));
        self.revoked_renewal(story).await
    }

    async fn revoked_renewal(&self, story: &mut Story) -> Result<(), Failure> {
        let folder = self.device("device-1")?;
        let session = self.session("/scep").await?;
        let obtained = client::renew(&session, &folder, KeySpec::Rsa2048, None, &once(), &mut quiet).await?;
        let refusal = refused(obtained, "renewal.revoked")?;
        story.tell("It cannot renew any more.");
        story.detail(&refusal.to_string());
        Ok(())
    }

    pub(super) async fn audit(&self, story: &mut Story) -> Result<(), Failure> {
        let reports = self.service.store.audit_verify().await?;
        if let Some(fault) = reports.iter().find_map(|r| r.fault.as_ref()) {
            return Err(wrong(format!("the audit is not whole: {fault}")));
        }
        let rows: u64 = reports.iter().map(|r| r.rows).sum();
        story.tell(&format!("The audit tells all of it in {rows} rows, and its hashes prove that it is whole."));
        Ok(())
    }

    pub(super) async fn end(self) {
        let _ = self.stop.send(());
        let _ = self.running.await;
    }

    /// The body of an address of the service, by HTTP/1.0 as the simplest clients speak it.
    async fn fetch(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        let head = response.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(|| wrong("no HTTP answer"))?;
        let body = response.split_off(head + 4);
        if !response.starts_with(b"HTTP/1.0 200") {
            let line = String::from_utf8_lossy(&response);
            return Err(wrong(format!("{path}: {}", line.lines().next().unwrap_or_default())));
        }
        Ok(body)
    }
}

fn wish(name: &str, challenge: Option<Zeroizing<String>>) -> Result<Wish, Failure> {
    let subject = Name::parse(&format!("CN={name},O=Demo")).map_err(|e| wrong(e.to_string()))?;
    Ok(Wish { subject, names: vec![GeneralName::Dns(format!("{name}.example.test"))], challenge })
}

fn held(folder: &Folder) -> Result<Certificate, Failure> {
    let identity = folder.identity()?.and_then(|identity| identity.certificate);
    identity.ok_or_else(|| wrong("the device holds no certificate"))
}

fn issued(obtained: Obtained) -> Result<Certificate, Failure> {
    match obtained {
        Obtained::Issued { certificate, .. } => Ok(certificate),
        other => Err(wrong(format!("there should be a certificate: {other:?}"))),
    }
}

fn refused(obtained: Obtained, code: &str) -> Result<Refusal, Failure> {
    match obtained {
        Obtained::Refused(refusal) if refusal.text.as_deref() == Some(code) => Ok(refusal),
        other => Err(wrong(format!("there should be a refusal with {code}: {other:?}"))),
    }
}
