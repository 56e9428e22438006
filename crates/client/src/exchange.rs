//! Messages to a server and what comes back.

use std::time::Duration;

use pki::key::PrivateKey;
use pki::{Certificate, Crl, Name};
use scep::FailInfo;
use scep::caps::Capability;
use scep::client::{Answer, Ask, Expected, Outgoing, fresh_transaction_id, message, open_reply};
use scep::http::get_query;
use scep::server::SigningKey;

use crate::authority::leads_to;
use crate::{Application, ClientError, Identity, Session, world};

/// What became of an application.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The certificate, which fits the key and leads to the server's CA, and whatever else came with it.
    Issued {
        /// The certificate.
        certificate: Certificate,
        /// Its issuers as far as they are known, the direct one first.
        chain: Vec<Certificate>,
    },
    /// The server wants to be asked again.
    Pending,
    /// The server said no.
    Refused(Refusal),
}

/// A server's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The number, if it is one of RFC 8894's.
    pub fail_info: Option<FailInfo>,
    /// What the server says about it.
    pub text: Option<String>,
    /// The Windows error (HRESULT) that NDES states.
    pub windows_error: Option<i32>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.fail_info.map_or("no failInfo", FailInfo::name))?;
        if let Some(text) = &self.text {
            // What a server sends is shown, not obeyed.
            let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
            write!(f, ": {shown}")?;
        }
        if let Some(code) = self.windows_error {
            write!(f, " (Windows error 0x{code:08X})")?;
        }
        Ok(())
    }
}

/// How long to go on asking while a request is pending.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two questions.
    pub interval: Duration,
    /// Altogether; zero asks once.
    pub limit: Duration,
}

impl Default for Patience {
    /// Every 30 seconds for ten minutes.
    fn default() -> Self {
        Patience { interval: Duration::from_secs(30), limit: Duration::from_secs(600) }
    }
}

/// What happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The request has been sent.
    Sent,
    /// The request is pending; the next question follows in so long.
    Pending {
        /// Questions so far.
        asked: u32,
        /// Until the next one.
        next_in: Duration,
    },
}

impl Session {
    /// Sends an application (PKCSReq, or RenewalReq where the server lists Renewal).
    pub async fn submit(&self, application: &Application) -> Result<Outcome, ClientError> {
        let ask = if application.is_renewal() && self.caps().lists(Capability::Renewal) {
            Ask::Renew(&application.request)
        } else {
            // Older servers take a PKCSReq signed with the old certificate for a renewal.
            Ask::Enrol(&application.request)
        };
        self.ask(&ask, application).await
    }

    /// Asks what has become of an application (CertPoll, RFC 8894 §4.4).
    pub async fn ask_again(&self, application: &Application) -> Result<Outcome, ClientError> {
        let issuer = self.authorities().issuer.subject();
        self.ask(&Ask::Poll { issuer, subject: application.request.subject() }, application).await
    }

    /// Sends an application and goes on asking while it is pending. [`Outcome::Pending`] comes back when patience has
    /// run out; the application can be asked about again later.
    pub async fn obtain(
        &self,
        application: &Application,
        patience: &Patience,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Outcome, ClientError> {
        progress(Progress::Sent);
        let first = self.submit(application).await?;
        self.wait(first, application, patience, progress).await
    }

    pub(crate) async fn wait(
        &self,
        first: Outcome,
        application: &Application,
        patience: &Patience,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Outcome, ClientError> {
        let mut outcome = first;
        let mut waited = Duration::ZERO;
        let mut asked = 1;
        while matches!(outcome, Outcome::Pending) && waited + patience.interval <= patience.limit {
            progress(Progress::Pending { asked, next_in: patience.interval });
            tokio::time::sleep(patience.interval).await;
            waited += patience.interval;
            outcome = self.ask_again(application).await?;
            asked += 1;
        }
        Ok(outcome)
    }

    /// The revocation list on which a certificate of `issuer` would stand (GetCRL, RFC 8894 §4.6). Its signature is
    /// verified if the issuer's certificate is held.
    pub async fn crl(&self, own: &Identity, issuer: &Name, serial: &[u8]) -> Result<Result<Crl, Refusal>, ClientError> {
        let answer = self.question(&Ask::Crl { issuer, serial }, own).await?;
        let list = match answer {
            Answer::Success { mut crls, .. } => {
                crls.pop().ok_or(ClientError::Issued("there is no list in the reply"))?
            }
            other => return refusal(other).map(Err),
        };
        let held = self.authorities().all.iter().find(|c| c.subject().matches(list.issuer()));
        if held.is_some_and(|ca| list.verify_signature(ca.public_key()).is_err()) {
            return Err(ClientError::Issued("the list is not signed by its issuer"));
        }
        Ok(Ok(list))
    }

    /// A certificate by its serial number (GetCert, RFC 8894 §4.5).
    pub async fn certificate(
        &self,
        own: &Identity,
        issuer: &Name,
        serial: &[u8],
    ) -> Result<Result<Certificate, Refusal>, ClientError> {
        match self.question(&Ask::Certificate { issuer, serial }, own).await? {
            Answer::Success { certificates, .. } => {
                let wanted = pki::certificate::serial_hex(serial);
                let found = certificates.into_iter().find(|c| c.serial_hex() == wanted && c.issuer().matches(issuer));
                found.map(Ok).ok_or(ClientError::Issued("the reply holds another certificate"))
            }
            other => refusal(other).map(Err),
        }
    }

    async fn question(&self, ask: &Ask<'_>, own: &Identity) -> Result<Answer, ClientError> {
        let certificate = own.certificate.as_ref();
        let certificate = certificate.ok_or(ClientError::Nothing("only the holder of a certificate may ask"))?;
        let transaction = fresh_transaction_id(&mut world::random);
        self.converse(ask, &transaction, certificate, &own.key, None).await
    }

    async fn ask(&self, ask: &Ask<'_>, application: &Application) -> Result<Outcome, ClientError> {
        let challenge = application.request.challenge();
        let (signer, key) = (&application.signer, application.signer_key());
        match self.converse(ask, &application.transaction_id, signer, key, challenge.as_deref()).await? {
            Answer::Success { certificates, .. } => self.issued(certificates, application),
            Answer::Pending => Ok(Outcome::Pending),
            other => refusal(other).map(Outcome::Refused),
        }
    }

    /// One message and its reply.
    async fn converse(
        &self,
        ask: &Ask<'_>,
        transaction: &str,
        certificate: &Certificate,
        key: &PrivateKey,
        challenge: Option<&str>,
    ) -> Result<Answer, ClientError> {
        let from = SigningKey { certificate, key };
        let to = &self.authorities().encryption;
        let algorithms = self.algorithms();
        let sent = message(ask, transaction, &from, to, &algorithms, world::now(), &mut world::random)?;
        let reply = self.send(&sent).await?;
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: &self.authorities().all,
            certificate,
            key,
            challenge,
            legacy: self.options.legacy,
        };
        Ok(open_reply(&reply, &expected)?)
    }

    /// By POST where the server has it (RFC 8894 §4.1).
    async fn send(&self, sent: &Outgoing) -> Result<bytes::Bytes, ClientError> {
        if self.caps().has(Capability::PostPkiOperation) {
            self.transport.post("PKIOperation", "operation=PKIOperation", sent.der.clone()).await
        } else {
            self.transport.get("PKIOperation", &get_query(&sent.der)).await
        }
    }

    /// The certificate among those received, checked.
    fn issued(&self, certificates: Vec<Certificate>, application: &Application) -> Result<Outcome, ClientError> {
        let wanted = application.request.public_key().key_octets();
        let own = certificates.iter().find(|c| c.public_key().key_octets() == wanted).cloned();
        let certificate = own.ok_or(ClientError::Issued("no certificate in the reply holds the key asked for"))?;
        let held = &self.authorities().all;
        let anchors: Vec<&Certificate> = held.iter().filter(|c| c.is_ca() || held.len() == 1).collect();
        if !leads_to(&certificate, &anchors, &certificates) {
            return Err(ClientError::Issued("it was not issued by the server's CA"));
        }
        let chain = chain(&certificate, held, &certificates);
        Ok(Outcome::Issued { certificate, chain })
    }
}

/// The issuers of a certificate, as far as they are known.
fn chain(certificate: &Certificate, held: &[Certificate], received: &[Certificate]) -> Vec<Certificate> {
    let mut out: Vec<Certificate> = Vec::new();
    let mut current = certificate.clone();
    while out.len() < 8 && !current.is_self_issued() {
        let issuer = held
            .iter()
            .chain(received)
            .find(|c| current.issuer().matches(c.subject()) && current.verify_signature(c.public_key()).is_ok());
        let Some(issuer) = issuer else { break };
        current = issuer.clone();
        out.push(current.clone());
    }
    out
}

fn refusal(answer: Answer) -> Result<Refusal, ClientError> {
    match answer {
        Answer::Failure { fail_info, text, windows_error } => Ok(Refusal { fail_info, text, windows_error }),
        _ => Err(ClientError::Issued("the reply is no answer to the question")),
    }
}
