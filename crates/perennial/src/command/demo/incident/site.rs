//! A site in virtual time: a service, its registration point, two policy modules, and devices that enrol by the octets
//! a device would send.

use std::path::Path;
use std::sync::Arc;

use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name, Time};
use scep::client::{Answer, Ask};
use scep::http::Operation;
use server::Service;
use server::config::{Config, Endpoint, Lives};
use server::credential::{Keyed, Role};
use server::device::{self, SOURCE, Signer};
use server::init::{Legacy, Wanted, WantedPoint, init};
use server::operator::{self, ChallengeFor};
use server::registration::{Clock, InProcess, Point, Shows, Wanted as Challenge};
use server::store::{Actor, AuditFilter, CredentialMove, CredentialRecord, Slot};

use super::super::story::wrong;
use crate::failure::Failure;

/// The endpoint whose policy module shows the pinned certificate.
pub(super) const AS_IT_WAS: &str = "as-it-was";
/// The endpoint whose policy module shows the certificate that has the role.
pub(super) const BY_ROLE: &str = "mdm";
/// Where the host of the policy modules gets its own certificate, as autoenrolment does.
const AUTOENROLMENT: &str = "autoenrolment";

/// How long the policy module's certificate lives: the two years of the usual template.
pub(super) const LIFE_DAYS: i64 = 730;

/// What is added to the configuration of a new service. Who renews the client certificate is not the service: as in the
/// incident it is the site's autoenrolment, for both policy modules alike.
const MORE: &str = r#"
[credential.policy-module-client]
renew = "off"

[profile.policy-module]
validity = "730d"
key_usage = ["digitalSignature"]
extended_key_usage = ["client-auth"]

[endpoint.autoenrolment]
profile = "policy-module"

[endpoint.as-it-was]
profile = "device"
challenges = ["module"]

[endpoint.as-it-was.module]
kind = "registration-point"
url = "https://127.0.0.1:9"
"#;

/// What came of an enrolment.
pub(super) enum Outcome {
    /// The certificate.
    Issued,
    /// The device was told this code; the audit says why.
    Refused {
        /// failInfoText.
        code: String,
        /// The facts.
        why: String,
    },
}

/// The site.
pub(super) struct Site {
    service: Service,
    point: Arc<Point>,
    management: InProcess,
    clock: Clock,
    /// One key for all devices: to make one takes longer than to enrol, and nothing is decided by it here.
    device: PrivateKey,
}

fn autoenrolment() -> Actor {
    Actor { name: AUTOENROLMENT.to_owned(), source: "demo".to_owned() }
}

impl Site {
    /// Makes the site in a folder. The policy module's first certificate is pinned at the left endpoint.
    pub(super) async fn build(folder: &Path, now: Time) -> Result<(Site, Keyed), Failure> {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
        let wanted = Wanted {
            folder: folder.to_owned(),
            listen: nowhere,
            public_url: Some("http://scep.corp.example".to_owned()),
            store: None,
            organisation: "Example".to_owned(),
            root_key: KeySpec::Rsa2048,
            root_validity: server::init::ROOT_VALIDITY,
            issuing_key: KeySpec::Rsa2048,
            static_challenge: None,
            legacy: Legacy::Refuse,
            registration_point: Some(WantedPoint { listen: nowhere, url: None, folder: None }),
        };
        let made = init(&wanted, now).await?;
        let text = std::fs::read_to_string(&made.config)? + MORE;
        std::fs::write(&made.config, text)?;
        let mut config = Config::read(&made.config)?;
        config.lives = Lives::Foreseen;
        let mut service = Service::open_at(config, now).await?;
        let point = Arc::new(Point::open(&service.config).await?);
        let clock = Clock::at(now);
        let module = |shows| InProcess {
            point: Arc::clone(&point),
            credentials: Arc::clone(&service.credentials),
            shows,
            clock: clock.clone(),
        };
        let management = module(Shows::Role);
        service.modules.insert(BY_ROLE.to_owned(), Arc::new(module(Shows::Role)));
        let device = PrivateKey::generate(KeySpec::Rsa2048).map_err(|e| wrong(e.to_string()))?;
        let mut site = Site { service, point, management, clock, device };
        let pinned = site.autoenrol(None, now).await?;
        let exactly = InProcess {
            point: Arc::clone(&site.point),
            credentials: Arc::clone(&site.service.credentials),
            shows: Shows::Pinned(Box::new(pinned.clone())),
            clock: site.clock.clone(),
        };
        site.service.modules.insert(AS_IT_WAS.to_owned(), Arc::new(exactly));
        Ok((site, pinned))
    }

    /// It is this moment now; what is due is done.
    pub(super) async fn go_to(&self, now: Time) -> Result<(), Failure> {
        self.clock.set(now);
        server::task::round(&self.service, now).await?;
        Ok(self.point.refresh(now).await?)
    }

    /// The CA that issues, and the root.
    pub(super) fn authorities(&self) -> Result<(Certificate, Certificate), Failure> {
        let credentials = self.service.credentials.load();
        let issuer = credentials.issuer().ok_or_else(|| wrong("there is no issuing CA"))?;
        Ok((issuer.certificate.clone(), credentials.root.clone()))
    }

    /// The host's autoenrolment: a certificate for the policy module, enrolled or renewed at this very service, and put
    /// in place of the one in use.
    pub(super) async fn autoenrol(&self, before: Option<&Keyed>, now: Time) -> Result<Keyed, Failure> {
        let key = PrivateKey::generate(KeySpec::Rsa2048).map_err(|e| wrong(e.to_string()))?;
        let issued = match before {
            None => self.first(&key, now).await?,
            Some(old) => self.renewed(old, &key, now).await?,
        };
        let held = Keyed { certificate: issued, key: Arc::new(key) };
        self.install(&held, now).await?;
        self.go_to(now).await?;
        Ok(held)
    }

    async fn first(&self, key: &PrivateKey, now: Time) -> Result<Certificate, Failure> {
        let endpoint = self.endpoint(AUTOENROLMENT)?;
        let wanted = ChallengeFor::default();
        let made = operator::new_challenge(&self.service, endpoint, &wanted, &autoenrolment(), now).await?;
        let subject = Name::parse("CN=Example Policy Module,O=Example").map_err(|e| wrong(e.to_string()))?;
        let request = device::request(&subject, key, Some(&made.challenge)).map_err(wrong)?;
        let own = device::self_signed(&subject, key, now).map_err(wrong)?;
        let by = Signer { certificate: &own, key };
        issued(self.send(endpoint, &Ask::Enrol(&request), by, now).await?)
    }

    async fn renewed(&self, old: &Keyed, key: &PrivateKey, now: Time) -> Result<Certificate, Failure> {
        let request = device::request(old.certificate.subject(), key, None).map_err(wrong)?;
        let by = Signer { certificate: &old.certificate, key: &old.key };
        issued(self.send(self.endpoint(AUTOENROLMENT)?, &Ask::Renew(&request), by, now).await?)
    }

    /// Puts a certificate where the service finds the policy module's, as its renewal does.
    async fn install(&self, held: &Keyed, now: Time) -> Result<(), Failure> {
        let store = &self.service.store;
        let role = Role::PolicyModuleClient.name();
        let reference = format!("keys/{role}-{}.key.pem", held.certificate.serial_hex());
        std::fs::write(self.service.config.folder.join(&reference), held.key.to_pem().as_bytes())?;
        let rows = store.credentials(Some(role)).await?;
        let record = CredentialRecord {
            id: pki::digest::hex(&held.certificate.fingerprint()),
            role: role.to_owned(),
            slot: Slot::Next,
            certificate: held.certificate.der().to_vec(),
            key_reference: reference,
            since: now,
            until: held.certificate.validity().not_after,
        };
        store.credential_put(&record, &autoenrolment(), now).await?;
        let current = rows.into_iter().filter(|row| row.slot == Slot::Current);
        let out = current.map(|row| CredentialMove { id: row.id, from: Slot::Current, to: Slot::Retired });
        let into = CredentialMove { id: record.id, from: Slot::Next, to: Slot::Current };
        let moves: Vec<CredentialMove> = out.chain([into]).collect();
        Ok(store.credentials_move(&moves, &autoenrolment(), now).await?)
    }

    /// A device enrols, with a challenge the device management has made for it.
    pub(super) async fn enrol(&self, endpoint: &str, device: &str, now: Time) -> Result<Outcome, Failure> {
        let text = format!("CN={device}");
        let wanted = Challenge {
            endpoint: endpoint.to_owned(),
            device: Some(device.to_owned()),
            subject: Some(text.clone()),
            ..Challenge::default()
        };
        let made = self.management.mint(wanted).await.map_err(|e| wrong(e.to_string()))?;
        let subject = Name::parse(&text).map_err(|e| wrong(e.to_string()))?;
        let request = device::request(&subject, &self.device, Some(&made.challenge)).map_err(wrong)?;
        let own = device::self_signed(&subject, &self.device, now).map_err(wrong)?;
        let by = Signer { certificate: &own, key: &self.device };
        match self.send(self.endpoint(endpoint)?, &Ask::Enrol(&request), by, now).await? {
            Answer::Success { .. } => Ok(Outcome::Issued),
            Answer::Failure { text, .. } => {
                Ok(Outcome::Refused { code: text.unwrap_or_default(), why: self.why().await? })
            }
            Answer::Pending => Err(wrong("the request waits for somebody")),
        }
    }

    /// What the audit says of the latest refusal.
    async fn why(&self) -> Result<String, Failure> {
        let refused = AuditFilter { outcome: Some("refused".to_owned()), ..AuditFilter::default() };
        let rows = self.service.store.audit_list(&refused, 1, None).await?;
        Ok(rows.into_iter().next().map(|row| row.entry.detail).unwrap_or_default())
    }

    fn endpoint(&self, name: &str) -> Result<&Endpoint, Failure> {
        self.service.config.endpoints.get(name).ok_or_else(|| wrong(format!("there is no endpoint {name}")))
    }

    /// Everything a device does: it asks for the certificates, encrypts to them, signs, and opens the reply.
    async fn send(&self, endpoint: &Endpoint, ask: &Ask<'_>, by: Signer<'_>, now: Time) -> Result<Answer, Failure> {
        let authorities = device::authorities(&self.service, endpoint, now).await.map_err(wrong)?;
        let sent = device::message(ask, by, &authorities, now).map_err(wrong)?;
        let operation = Operation::PkiOperation(sent.der.clone());
        let reply = self.service.answer(endpoint, operation, SOURCE, now).await;
        device::opened(&reply, &sent, by, &authorities).map_err(wrong)
    }
}

fn issued(answer: Answer) -> Result<Certificate, Failure> {
    match answer {
        Answer::Success { certificates, .. } => {
            certificates.into_iter().next().ok_or_else(|| wrong("the reply holds no certificate"))
        }
        other => Err(wrong(format!("autoenrolment got no certificate: {other:?}"))),
    }
}
