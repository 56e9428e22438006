//! A synthetic NDES deployment: made from published descriptions of the formats, because nobody publishes broken ones.
//!
//! [`Deployment::healthy`] is what a working installation leaves behind; [`sick`] holds, for each cause, what changes, and
//! [`well`] what it looks like when that cause has been mended.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod capi2;
pub mod events;
pub mod files;
pub mod sick;
pub mod store;
pub mod well;

use doctor::Evidence;
use doctor::fact::evidence::Weight;
use doctor::fact::{Observed, Place, Position, ProbeFact};
use doctor::source::Reading;
use pki::Time;

pub use store::Cert;

/// The moment the deployment is judged at: 2026-11-24 12:00 UTC.
pub fn now() -> Time {
    Time::civil((2026, 11, 24), (12, 0, 0)).unwrap()
}

/// Thumbprint of the pinned client certificate.
pub const CLIENT: &str = "5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B";
/// Thumbprint of its successor.
pub const TWIN: &str = "7E11AA22BB33CC44DD55EE66FF77008899AABBCC";
pub const RA_SIGNING: &str = "AA01AA01AA01AA01AA01AA01AA01AA01AA01AA01";
pub const RA_ENCRYPTION: &str = "AA02AA02AA02AA02AA02AA02AA02AA02AA02AA02";
pub const WEB_SERVER: &str = "BB01BB01BB01BB01BB01BB01BB01BB01BB01BB01";
pub const ISSUER: &str = "CC01CC01CC01CC01CC01CC01CC01CC01CC01CC01";
pub const ROOT: &str = "DD01DD01DD01DD01DD01DD01DD01DD01DD01DD01";
/// The application pool's account.
pub const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-4444";

/// What a deployment leaves behind.
#[derive(Clone)]
pub struct Deployment {
    pub pin: Option<String>,
    /// Key below MSCEP, name, data as a `.reg` file writes it.
    pub registry: Vec<(String, String, String)>,
    /// Further keys with their values, as lines of a `.reg` file.
    pub other_keys: Vec<String>,
    pub my: Vec<Cert>,
    pub ca: Vec<Cert>,
    pub root: Vec<Cert>,
    pub capi2: Vec<String>,
    pub application: Vec<String>,
    pub system: Vec<String>,
    pub connector: Vec<String>,
    pub device: Vec<String>,
    pub domain_controller: Vec<String>,
    pub plugin: Vec<String>,
    pub crp: Vec<String>,
    pub ndes_web: Vec<String>,
    pub crp_web: Vec<String>,
    pub http_errors: Vec<String>,
    pub configuration: String,
    pub probes: Vec<ProbeFact>,
}

impl Deployment {
    /// Everything works.
    pub fn healthy() -> Deployment {
        Deployment {
            pin: Some(CLIENT.to_owned()),
            registry: files::registry(),
            other_keys: Vec::new(),
            my: store::machine(),
            ca: vec![store::issuer()],
            root: vec![store::root()],
            capi2: capi2::healthy(),
            application: events::application(),
            system: events::system(),
            connector: events::connector(),
            device: events::device(),
            domain_controller: Vec::new(),
            plugin: files::plugin(),
            crp: files::registration_point(),
            ndes_web: files::ndes_web(),
            crp_web: files::registration_point_web(),
            http_errors: files::http_errors(),
            configuration: files::CONFIGURATION.to_owned(),
            probes: vec![ProbeFact::Capabilities {
                url: "http://ndes01.corp.example/certsrv/mscep/mscep.dll".to_owned(),
                status: 200,
                lines: ["POSTPKIOperation", "Renewal", "SHA-256"].map(str::to_owned).to_vec(),
            }],
        }
    }

    pub fn client(&mut self) -> &mut Cert {
        self.my.iter_mut().find(|cert| cert.thumbprint == CLIENT).unwrap()
    }

    /// The files as they would be collected.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let text = |name: &str, content: String| (name.to_owned(), content.into_bytes());
        let mut files = vec![
            ("MSCEP.reg".to_owned(), files::reg(self)),
            text("my.txt", store::listing("My", &self.my)),
            text("ca.txt", store::listing("CA", &self.ca)),
            text("root.txt", store::listing("Root", &self.root)),
            text("capi2.xml", files::export(&self.capi2)),
            text("application.xml", files::export(&self.application)),
            text("system.xml", files::export(&self.system)),
            text("connector.xml", files::export(&self.connector)),
            text("device.xml", files::export(&self.device)),
            text("dc.xml", files::export(&self.domain_controller)),
            text("NDESPlugin.log", files::trace("NDESPlugin", &self.plugin)),
            text("CRP.log", files::trace("CRP", &self.crp)),
            text("u_ex261124.log", files::w3c(&self.ndes_web)),
            text("crp-u_ex261124.log", files::w3c(&self.crp_web)),
            text("httperr1.log", files::httperr(&self.http_errors)),
            text("applicationHost.config", self.configuration.clone()),
        ];
        files.retain(|(_, octets)| !octets.is_empty());
        files
    }

    pub fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        for (name, octets) in self.files() {
            read(&name, &octets, &mut evidence);
        }
        for probe in &self.probes {
            let place = Place::new("probe".into(), Position::Whole);
            evidence.push(place, Observed::Probe(Box::new(probe.clone())), Weight::Telling);
        }
        evidence
    }
}

pub fn read(name: &str, octets: &[u8], evidence: &mut Evidence) {
    let mut reading = Reading::new(name);
    reading.feed(octets, evidence);
    reading.finish(evidence);
}
