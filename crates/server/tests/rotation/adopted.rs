use std::path::Path;

use ca::{Order, Profile, Serial};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Time};
use server::Service;
use server::credential::{Role, round};
use server::store::Slot;

use crate::place::*;

const PLAN: &str = "[credential.ra-signing]\nfile = \"outside/ra.pem\"\n";

/// Somebody outside who has the CA make a certificate for them.
fn made(service: &Service, profile: &Profile, subject: &str, now: Time) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeySpec::Rsa2048).expect("a key");
    let credentials = service.credentials.load();
    let issuer = credentials.issuer().expect("a CA");
    let order = Order::new(Name::parse(subject).expect("a name"), Vec::new(), key.public_key().clone());
    let serial = Serial::random(&mut server::world::random);
    let algorithm = issuer.key.preferred();
    let prepared = ca::prepare(&order, profile, &issuer.certificate, algorithm, &serial, now).expect("prepared");
    (ca::sign(prepared, &issuer.certificate, &*issuer.key).expect("signed"), key)
}

pub(crate) fn pem(of: &(Certificate, PrivateKey)) -> String {
    format!("{}{}", &*of.1.to_pem(), of.0.to_pem())
}

/// Writes as careful programs do: beside it, then renamed.
pub(crate) fn put(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("written");
    std::fs::rename(&beside, path).expect("renamed");
}

struct Outside {
    place: Place,
    service: Service,
    path: std::path::PathBuf,
}

impl Outside {
    /// A service whose RA signing certificate came from a file.
    async fn new(more: &str) -> Outside {
        let place = Place::new(&format!("{PLAN}{more}")).await;
        let path = place.folder.path().join("outside/ra.pem");
        std::fs::create_dir(place.folder.path().join("outside")).expect("a folder");
        let service = place.open(START).await;
        Outside { place, service, path }
    }

    async fn look(&self, now: Time) {
        round(&self.service, now).await.expect("a round");
    }

    async fn signing(&self, now: Time) -> Certificate {
        get_ca(&self.service, now).await.signing
    }

    /// The file is refused for this reason, and the old credential serves on.
    async fn refuses(&self, reason: &str, now: Time) {
        let before = self.signing(now).await;
        self.look(now).await;
        let reasons = self.service.state.reasons();
        let found = reasons.iter().find(|r| r.code == "credential.file-refused").expect(reason);
        assert!(found.says.contains(reason), "{}", found.says);
        assert_eq!(self.signing(now).await, before);
        enrol(&self.service, &get_ca(&self.service, now).await, Signer::Itself, now).await.expect("served");
    }
}

#[tokio::test]
async fn a_file_renewed_outside_is_taken_over_and_everything_else_is_refused() {
    let o = Outside::new("").await;
    o.refuses("No such file", START).await;
    let good = Profile::ra_signing(YEAR);
    let first = made(&o.service, &good, "CN=RA from outside", START);
    let now = START.plus(3600);
    put(&o.path, &pem(&first));
    o.look(now).await;
    assert_eq!(o.signing(now).await, first.0);
    assert!(!codes(&o.service).contains(&"credential.file-refused"), "{:?}", o.service.state.reasons());
    enrol(&o.service, &get_ca(&o.service, now).await, Signer::Itself, now).await.expect("served");

    let second = made(&o.service, &good, "CN=RA from outside", START.plus(7200));
    let whole = pem(&second);
    // Half-written: at any point.
    for part in [0, 40, whole.len() / 2, whole.len() - 40] {
        std::fs::write(&o.path, whole.get(..part).expect("ASCII")).expect("written");
        o.look(now.plus(1)).await;
        assert_eq!(o.signing(now).await, first.0, "{part} octets");
        assert!(codes(&o.service).contains(&"credential.file-refused"), "{part} octets");
    }
    // A key that is another's.
    std::fs::write(&o.path, format!("{}{}", &*first.1.to_pem(), second.0.to_pem())).expect("written");
    o.refuses("the key does not belong to the certificate", now).await;
    let client = made(&o.service, &Profile::tls_client(YEAR), "CN=RA from outside", START.plus(7200));
    put(&o.path, &pem(&client));
    o.refuses("its extended key usage lacks", now).await;
    let usage = made(&o.service, &Profile::ra_encryption(YEAR), "CN=RA from outside", START.plus(7200));
    put(&o.path, &pem(&usage));
    o.refuses("its key usage lacks digitalSignature", now).await;
    let early = made(&o.service, &good, "CN=RA from outside", START.plus(10 * DAY));
    put(&o.path, &pem(&early));
    o.refuses("it is not valid before", now).await;
    put(&o.path, &pem(&second));
    // And the good one at last, without a pause.
    o.look(now.plus(7200)).await;
    assert_eq!(o.signing(now).await, second.0);
    assert_eq!(codes(&o.service), Vec::<&str>::new());
    // A restart finds it again, though the file is gone.
    std::fs::remove_file(&o.path).expect("removed");
    let again = o.place.open(now.plus(7300)).await;
    assert_eq!(get_ca(&again, now).await.signing, second.0);
}

#[tokio::test]
async fn nobody_has_renewed_the_file() {
    let o = Outside::new("").await;
    put(&o.path, &pem(&made(&o.service, &Profile::ra_signing(YEAR), "CN=RA", START)));
    o.look(START.plus(60)).await;
    let late = START.plus(YEAR * 3 / 4);
    o.look(late).await;
    let reasons = o.service.state.reasons();
    let reason = reasons.iter().find(|r| r.role == Role::RaSigning).expect("a reason");
    assert_eq!((reason.code, reason.breaks), ("credential.late", Some(START.plus(YEAR + 1))));
    assert_eq!(held(&o.service, Role::RaSigning, Slot::Next).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_pinned_thumbprint_is_a_lineage() {
    let o = Outside::new("").await;
    let good = Profile::ra_signing(YEAR);
    let pinned = made(&o.service, &good, "CN=NDES", START);
    put(&o.path, &pem(&pinned));
    o.place.configure(&format!("thumbprint = \"{}\"", pinned.0.thumbprint().to_lowercase()));
    // The configuration ends with the table of the credential, so the line above belongs to it.
    let o = Outside { service: o.place.open(START.plus(60)).await, ..o };
    assert_eq!(o.signing(START).await, pinned.0);
    let stranger = made(&o.service, &good, "CN=OTHER", START.plus(DAY));
    put(&o.path, &pem(&stranger));
    o.refuses("no successor of the pinned certificate of CN=NDES", START.plus(DAY)).await;
    let successor = made(&o.service, &good, "CN=NDES", START.plus(2 * DAY));
    put(&o.path, &pem(&successor));
    o.look(START.plus(2 * DAY)).await;
    assert_eq!(o.signing(START).await, successor.0);
    // The day after the pinned certificate has ended.
    let after = pinned.0.validity().not_after.plus(1);
    o.look(after).await;
    enrol(&o.service, &get_ca(&o.service, after).await, Signer::Itself, after).await.expect("served");
}
