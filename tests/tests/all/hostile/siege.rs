//! The real program under attack, and what must be as it was when the attack is over.

use std::time::{Duration, Instant};

use pki::Certificate;
use pki::cipher::Cipher;
use pki::cms::{EnvelopeFor, seal_envelope};
use pki::key::KeyTransport;
use scep::FailInfo;
use scep::ca_certs::{self, Authorities};
use scep::client::{Algorithms, Answer, Ask, Expected, Outgoing, message, open_reply};
use scep::server::Legacy;
use server::world;

use super::wire::{self, Reaction};
use crate::harness::http::{self, Response};
use crate::harness::{Options, Service};
use crate::parties::{Craft, Device, algorithms};

/// The static challenge.
pub(crate) const SECRET: &str = "open sesame";

/// Mebibytes of memory that one service may ever have taken, whatever was sent to it: see each test.
pub(crate) struct Mebibytes(pub(crate) u64);

pub(crate) struct Siege {
    pub(crate) service: Service,
    pub(crate) authorities: Authorities,
    begun: Instant,
}

impl Siege {
    pub(crate) fn lay() -> Siege {
        Siege::lay_to(None)
    }

    /// With a changed configuration.
    pub(crate) fn lay_to(edit: Option<fn(String) -> String>) -> Siege {
        let service = Service::start(Options { static_challenge: Some(SECRET), edit, ..Options::default() });
        let body = service.get("/scep?operation=GetCACert").body;
        let certificates = ca_certs::read(&body).expect("certificates");
        let authorities = Authorities::choose(&certificates).expect("the service's certificates");
        Siege { service, authorities, begun: Instant::now() }
    }

    /// A message as our own client makes it.
    pub(crate) fn message(&self, ask: &Ask<'_>, by: &Device) -> Outgoing {
        self.message_to(&self.authorities.encryption, ask, by, &algorithms())
    }

    pub(crate) fn message_to(&self, to: &Certificate, ask: &Ask<'_>, by: &Device, with: &Algorithms) -> Outgoing {
        message(ask, &by.transaction(), &by.identity(), to, with, world::now(), &mut world::random).expect("a message")
    }

    /// An envelope around anything.
    pub(crate) fn envelope(&self, content: &[u8]) -> Vec<u8> {
        let to = &self.authorities.encryption;
        let recipient = EnvelopeFor::Key {
            issuer: to.issuer().der(),
            serial: to.serial(),
            key: to.public_key(),
            transport: KeyTransport::Pkcs1,
        };
        seal_envelope(content, Cipher::Aes128, recipient, &mut world::random).expect("an envelope")
    }

    /// A PKCSReq around anything, to be changed further.
    pub(crate) fn craft(&self, by: &Device, content: &[u8]) -> Craft {
        Craft::enrolment(by, &by.transaction(), self.envelope(content))
    }

    /// Posts a message; the connection is closed by the service.
    pub(crate) fn post(&self, body: &[u8]) -> Reaction {
        let request = http::post("/scep?operation=PKIOperation", "application/x-pki-message", body);
        wire::exchange(self.service.address(), &request)
    }

    pub(crate) fn respond(&self, body: &[u8]) -> Response {
        self.service.post("/scep?operation=PKIOperation", "application/x-pki-message", body)
    }

    /// Posts what must be refused with an HTTP status and a stable code.
    #[track_caller]
    pub(crate) fn refused(&self, body: &[u8], status: u16) -> String {
        let response = self.respond(body);
        assert_eq!(response.status, status, "{}", response.text());
        let code = response.text().trim().to_owned();
        assert!(code.contains('.') && code.len() < 40, "no stable code: {code:?}");
        code
    }

    /// Posts what must be answered with a signed FAILURE.
    #[track_caller]
    pub(crate) fn failure(&self, sent: &Outgoing, by: &Device) -> (FailInfo, String) {
        match self.answer(sent, by) {
            Answer::Failure { fail_info: Some(fail_info), text: Some(text), .. } => (fail_info, text),
            other => panic!("no FAILURE with failInfo and code: {other:?}"),
        }
    }

    /// Posts what must be answered, however.
    #[track_caller]
    pub(crate) fn answer(&self, sent: &Outgoing, by: &Device) -> Answer {
        let response = self.respond(&sent.der);
        assert_eq!(response.status, 200, "{}", response.text());
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: &self.authorities.all,
            certificate: &by.certificate,
            key: &by.key,
            challenge: Some(SECRET),
            legacy: Legacy::Refuse,
        };
        open_reply(&response.body, &expected).expect("a reply of this service")
    }

    /// A device that has done nothing wrong gets its certificate.
    #[track_caller]
    pub(crate) fn enrol(&self, device: &Device) -> Certificate {
        let sent = self.message(&Ask::Enrol(&device.request(Some(SECRET))), device);
        match self.answer(&sent, device) {
            Answer::Success { mut certificates, .. } => certificates.remove(0),
            other => panic!("a good request is refused: {other:?}"),
        }
    }

    /// The most memory the service has ever had, in MiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.service.process());
        let status = std::fs::read_to_string(path).expect("the status of the process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
    }

    /// Nothing was issued, nothing panicked, the audit is whole, memory stayed within the bound, and a good request is
    /// answered as ever.
    #[track_caller]
    pub(crate) fn lift(self, what: &str, bound: &Mebibytes) {
        let issued = self.service.operator(&["cert", "list"]);
        assert_eq!(issued.as_array().map(Vec::len), Some(0), "something was issued: {issued}");
        let (peak, took) = (self.peak_memory(), self.begun.elapsed());
        println!("{what}: at most {peak} MiB, {took:.1?}");
        assert!(peak <= bound.0, "the service took {peak} MiB; {} are allowed", bound.0);
        let log = self.service.log();
        assert!(!log.contains("panicked"), "{log}");
        self.service.command(&["audit", "verify"]).succeeded();
        let begun = Instant::now();
        self.enrol(&Device::rsa(crate::parties::KEYS - 1));
        assert!(begun.elapsed() < Duration::from_secs(5), "slow afterwards: {:?}", begun.elapsed());
    }
}
