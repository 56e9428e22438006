//! strongSwan's `pki --scepca` and `pki --scep` 5.9.8 (Debian's packages `strongswan-pki` and
//! `libstrongswan-extra-plugins`, which fetches over HTTP).

use std::path::{Path, PathBuf};

use super::{always_due, approve_the_only_case, keep_authorities, openssl, renewals, serial, verified};
use crate::harness::program::{Ran, find, foreign};
use crate::harness::{Legacy, Options, Service};

struct Pki {
    program: PathBuf,
    service: Service,
}

impl Pki {
    /// The service, and its certificates as `pki --scepca` writes them: `ca.pem` the root, `ca-1.pem` the issuing CA,
    /// `ra.pem` and `ra-2.pem` the RA's.
    fn start(options: Options) -> Option<Pki> {
        // Without it pki cannot fetch anything.
        find("/usr/lib/ipsec/plugins/libstrongswan-curl.so")?;
        find("openssl")?;
        let pki = Pki { program: find("pki")?, service: Service::start(options) };
        let url = pki.service.url("/scep");
        let arguments = ["--scepca", "--url", &url, "--caout", "ca.pem", "--raout", "ra.pem", "--outform", "pem"];
        let said = pki.run(&arguments).succeeded();
        assert_eq!(said.stderr.matches("is trusted").count(), 3, "{}", said.story());
        keep_authorities(&pki.service, pki.folder());
        Some(pki)
    }

    fn folder(&self) -> &Path {
        self.service.scratch()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        foreign(&self.program, self.folder(), arguments)
    }

    fn key(&self, file: &str) {
        openssl(self.folder(), &["genrsa", "-out", file, "2048"]);
    }

    /// Which of the two RA certificates encrypts; pki writes them in the order of their serial numbers.
    fn ra(&self, purpose: &str) -> &'static str {
        let holds =
            |file: &&str| openssl(self.folder(), &["x509", "-in", file, "-noout", "-subject"]).text().contains(purpose);
        ["ra.pem", "ra-1.pem", "ra-2.pem"]
            .into_iter()
            .filter(|file| self.folder().join(file).is_file())
            .find(holds)
            .expect("both RA certificates")
    }

    fn scep(&self, endpoint: &str, key: &str, name: &str, more: &[&str]) -> Ran {
        let (url, subject) = (self.service.url(endpoint), format!("C=CH, O=x, CN={name}"));
        let fixed = ["--scep", "--url", &url, "--in", key, "--dn", &subject, "--san", "dev-1.example.test"];
        let held = ["--cacert-enc", self.ra("Encryption"), "--cacert-sig", self.ra("Signing")];
        let chain = ["--cacert", "ca.pem", "--cacert", "ca-1.pem", "--interval", "1", "--outform", "pem"];
        self.run(&[&fixed[..], &held, &chain, more].concat())
    }

    /// What `pki --scep` printed is kept in a file, and must be a good certificate.
    fn kept(&self, ran: Ran, file: &str) -> String {
        let ran = ran.succeeded();
        std::fs::write(self.folder().join(file), &ran.stdout).expect("kept");
        verified(self.folder(), file);
        serial(self.folder(), file)
    }
}

fn secret() -> Options {
    Options { static_challenge: Some("secret"), ..Options::default() }
}

#[test]
fn enrols_with_aes() {
    let Some(pki) = Pki::start(secret()) else { return };
    pki.key("k.pem");
    let more = ["--password", "secret", "--cipher", "aes", "--maxpolltime", "20"];
    pki.kept(pki.scep("/scep", "k.pem", "dev-1", &more), "c.pem");
    let names = openssl(pki.folder(), &["x509", "-in", "c.pem", "-noout", "-subject", "-ext", "subjectAltName"]).text();
    assert!(names.contains("C = CH, O = x, CN = dev-1") && names.contains("DNS:dev-1.example.test"), "{names}");
    // The transactionID is a digest of the key: the same one comes again, and so does the same certificate.
    let again = pki.kept(pki.scep("/scep", "k.pem", "dev-1", &more), "again.pem");
    assert_eq!(serial(pki.folder(), "c.pem"), again);
}

#[test]
fn enrols_with_triple_des_where_it_is_allowed() {
    let more = ["--password", "secret", "--cipher", "des3"];
    let Some(pki) = Pki::start(Options { legacy: Legacy::Accept, ..secret() }) else { return };
    pki.key("k.pem");
    pki.kept(pki.scep("/scep", "k.pem", "dev-1", &more), "c.pem");
    let Some(strict) = Pki::start(secret()) else { return };
    strict.key("k.pem");
    strict.scep("/scep", "k.pem", "dev-1", &more).failed();
    assert_eq!(strict.service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn renews_with_the_old_certificate_and_a_new_key() {
    let Some(pki) = Pki::start(secret()) else { return };
    pki.key("k.pem");
    let first = pki.kept(pki.scep("/scep", "k.pem", "dev-1", &["--password", "secret"]), "c.pem");
    pki.key("k2.pem");
    let old = ["--cert", "c.pem", "--key", "k.pem"];
    let second = pki.kept(pki.scep("/scep", "k2.pem", "dev-1", &old), "c2.pem");
    assert_ne!(first, second);
    assert_eq!(renewals(&pki.service), 1);
}

#[test]
fn renews_with_the_same_key_when_it_is_due() {
    let Some(pki) = Pki::start(Options { edit: Some(always_due), ..secret() }) else { return };
    pki.key("k.pem");
    let first = pki.kept(pki.scep("/scep", "k.pem", "dev-1", &["--password", "secret"]), "c.pem");
    let old = ["--cert", "c.pem", "--key", "k.pem"];
    let second = pki.kept(pki.scep("/scep", "k.pem", "dev-1", &old), "c2.pem");
    assert_ne!(first, second);
}

#[test]
fn a_wrong_challenge_is_refused() {
    let Some(pki) = Pki::start(secret()) else { return };
    pki.key("k.pem");
    let ran = pki.scep("/scep", "k.pem", "dev-1", &["--password", "wrong"]).failed();
    assert!(ran.said().contains("badRequest"), "{}", ran.story());
}

#[test]
fn polls_until_an_operator_approves() {
    let Some(pki) = Pki::start(Options::default()) else { return };
    pki.key("k.pem");
    let ran = std::thread::scope(|scope| {
        let asking = scope.spawn(|| pki.scep("/scep/approval", "k.pem", "dev-1", &["--maxpolltime", "60"]));
        approve_the_only_case(&pki.service);
        asking.join().expect("pki ends")
    });
    assert!(ran.stderr.contains("SCEP request pending"), "{}", ran.story());
    pki.kept(ran, "c.pem");
}

#[test]
fn gives_up_when_nobody_decides_and_gets_the_certificate_later() {
    let Some(pki) = Pki::start(Options::default()) else { return };
    pki.key("k.pem");
    pki.scep("/scep/approval", "k.pem", "dev-1", &["--maxpolltime", "2"]).failed();
    approve_the_only_case(&pki.service);
    pki.kept(pki.scep("/scep/approval", "k.pem", "dev-1", &["--maxpolltime", "2"]), "c.pem");
}

#[test]
fn a_denied_request_is_a_failure() {
    let Some(pki) = Pki::start(Options::default()) else { return };
    pki.key("k.pem");
    pki.scep("/scep/approval", "k.pem", "dev-1", &["--maxpolltime", "1"]).failed();
    let cases = pki.service.operator(&["case", "list"]);
    pki.service.operator(&["case", "deny", cases[0]["id"].as_str().expect("a case"), "--why", "unknown device"]);
    let ran = pki.scep("/scep/approval", "k.pem", "dev-1", &["--maxpolltime", "5"]).failed();
    assert!(ran.said().contains("badRequest"), "{}", ran.story());
}

/// Of the RA's two certificates one signs and one encrypts. `pki` writes both and does not say which is which: with the
/// one that encrypts in both places, and no issuing CA, it cannot verify a reply (docs/divergences.md).
#[test]
fn the_signing_certificate_or_the_issuing_ca_must_be_named() {
    let Some(pki) = Pki::start(secret()) else { return };
    pki.key("k.pem");
    let (url, encryption) = (pki.service.url("/scep"), pki.ra("Encryption"));
    let fixed = ["--scep", "--url", &url, "--in", "k.pem", "--dn", "CN=dev-1", "--password", "secret"];
    let held = ["--cacert-enc", encryption, "--cacert-sig", encryption, "--cacert", "ca.pem", "--outform", "pem"];
    let ran = pki.run(&[&fixed[..], &held].concat()).failed();
    assert!(ran.stderr.contains("no issuer certificate found"), "{}", ran.story());
    let ran = pki.run(&[&fixed[..], &held, &["--cacert", "ca-1.pem"]].concat());
    pki.kept(ran, "c.pem");
}
