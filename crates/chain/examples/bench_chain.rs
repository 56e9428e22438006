//! Validations of a three-element RSA-2048 chain per second, parsing included, beside rustls-webpki and beside OpenSSL,
//! in one run.
//!
//! `cargo run --release -p chain --example bench_chain`
//!
//! The engines take turns and the best round of each counts, which a busy neighbour disturbs least. OpenSSL is its own
//! program, `openssl verify` on many leaves in one process; the time of the same command on one leaf is taken off, so
//! that starting the process does not count. It reads PEM where the others read DER.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, clippy::unwrap_used, missing_docs)]
#![allow(dead_code, unreachable_pub, reason = "the forge of the tests makes more than is needed here")]

#[path = "../tests/windows/forge.rs"]
mod forge;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chain::{Question, SignatureCache, Store, judge, judge_with};
use forge::{ca, key_id_aki, noon, recipe, subject_key_id};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, oid};
use rustls_pki_types::{CertificateDer, UnixTime};

const ROUNDS: usize = 7;
const EACH: usize = 2_000;

struct Ders {
    root: Vec<u8>,
    issuing: Vec<u8>,
    leaf: Vec<u8>,
}

fn main() {
    let ders = ders();
    let mut cache = SignatureCache::new();
    let mut best = [Duration::MAX; 4];
    let folder = std::env::temp_dir().join(format!("bench-chain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    write_pem(&folder, &ders);
    for _ in 0..ROUNDS {
        best[0] = best[0].min(timed(|| ours(&ders)));
        best[1] = best[1].min(timed(|| ours_cached(&ders, &mut cache)));
        best[2] = best[2].min(timed(|| webpki(&ders)));
        if let Some(took) = openssl(&folder) {
            best[3] = best[3].min(took);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let webpki = best[2].as_secs_f64();
    println!("| engine | µs each | per second | of webpki's time |\n|---|---|---|---|");
    let names = [
        "chain: every fault of 3 elements, 3 signatures",
        "chain with a cache of verified signatures",
        "rustls-webpki: 2 signatures, first error",
        "openssl verify, many leaves in one process",
    ];
    for (name, took) in names.iter().zip(best) {
        if took == Duration::MAX {
            println!("| {name} | not run: no openssl program | | |");
            continue;
        }
        let micros = took.as_secs_f64() * 1e6;
        println!("| {name} | {micros:.1} | {:.0} | {:.2} |", 1e6 / micros, took.as_secs_f64() / webpki);
    }
}

fn timed(mut once: impl FnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..EACH {
        once();
    }
    started.elapsed() / EACH as u32
}

fn ders() -> Ders {
    let keys: Vec<PrivateKey> = (0..3).map(|_| PrivateKey::generate(KeySpec::Rsa2048).unwrap()).collect();
    let id = |at: usize| keys[at].public_key().key_id();
    let root = ca("CN=Example Root CA,O=Example,C=CH").with(subject_key_id(&id(0))).keyed(&keys[0]).self_signed();
    let issuing = ca("CN=Example Issuing CA 1,O=Example,C=CH").with(subject_key_id(&id(1))).with(key_id_aki(&id(0)));
    let issuing = issuing.keyed(&keys[1]).signed_by(&root);
    let leaf = recipe("CN=ndes.example.test,O=Example,C=CH").dns("ndes.example.test");
    let leaf = leaf.purposes(&[oid::SERVER_AUTH]).with(subject_key_id(&id(2))).with(key_id_aki(&id(1)));
    let leaf = leaf.keyed(&keys[2]).signed_by(&issuing);
    let der = |c: &Certificate| c.der().to_vec();
    Ders { root: der(&root.certificate), issuing: der(&issuing.certificate), leaf: der(&leaf.certificate) }
}

fn parsed(ders: &Ders) -> (Store, Certificate, [Certificate; 1]) {
    let mut store = Store::new();
    store.trust(&Certificate::parse(&ders.root).unwrap());
    (store, Certificate::parse(&ders.leaf).unwrap(), [Certificate::parse(&ders.issuing).unwrap()])
}

fn ours(ders: &Ders) {
    let (store, leaf, additional) = parsed(ders);
    let usages = [oid::SERVER_AUTH];
    let question = Question { additional: &additional, usages: &usages, ..Question::new(&leaf, noon()) };
    assert!(judge(&store, &question).chain.is_good());
}

fn ours_cached(ders: &Ders, cache: &mut SignatureCache) {
    let (store, leaf, additional) = parsed(ders);
    let usages = [oid::SERVER_AUTH];
    let question = Question { additional: &additional, usages: &usages, ..Question::new(&leaf, noon()) };
    assert!(judge_with(&store, &question, cache).chain.is_good());
}

fn webpki(ders: &Ders) {
    let (root, issuing, leaf) = (&ders.root, &ders.issuing, &ders.leaf);
    let root = CertificateDer::from(root.as_slice());
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let leaf = CertificateDer::from(leaf.as_slice());
    let leaf = webpki::EndEntityCert::try_from(&leaf).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(noon().seconds() as u64));
    let intermediates = [CertificateDer::from(issuing.as_slice())];
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(algorithms, &[anchor], &intermediates, at, usage, None, None).unwrap();
}

fn write_pem(folder: &Path, ders: &Ders) {
    for (name, der) in [("root", &ders.root), ("issuing", &ders.issuing), ("leaf", &ders.leaf)] {
        std::fs::write(folder.join(format!("{name}.pem")), pki::pem::encode("CERTIFICATE", der)).unwrap();
    }
}

fn openssl(folder: &Path) -> Option<Duration> {
    let many = openssl_verify(folder, EACH + 1)?;
    let one = openssl_verify(folder, 1)?;
    many.checked_sub(one).map(|d| d / EACH as u32)
}

fn openssl_verify(folder: &Path, leaves: usize) -> Option<Duration> {
    let at = noon().seconds().to_string();
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(["verify", "-attime", &at, "-purpose", "sslserver", "-CAfile", "root.pem"]);
    command.args(["-untrusted", "issuing.pem"]).args(std::iter::repeat_n("leaf.pem", leaves));
    let started = Instant::now();
    let output = command.output().ok()?;
    let took = started.elapsed();
    let verified = String::from_utf8_lossy(&output.stdout).matches(": OK").count();
    assert_eq!(verified, leaves, "{}", String::from_utf8_lossy(&output.stderr));
    Some(took)
}
