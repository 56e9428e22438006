//! The RSA operations of an enrolment alone: open the envelope, sign the certificate, sign the reply, verify message and
//! request, encrypt to the device.

use std::time::Instant;

use pki::digest::Digest;
use pki::key::{Decrypt, KeySpec, KeyTransport, PrivateKey, Sign, SignatureAlgorithm};

/// Milliseconds of one thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    /// One private operation (a signature).
    pub(crate) private: f64,
    /// All of the operations of one enrolment.
    pub(crate) enrolment: f64,
}

const TIMES: usize = 200;

pub(crate) fn measure() -> Floor {
    let key = PrivateKey::generate(KeySpec::Rsa2048).unwrap();
    let algorithm = SignatureAlgorithm::RsaPkcs1(Digest::Sha256);
    let message = [7; 1000];
    let signature = key.sign(algorithm, &message).unwrap();
    let encrypted = key.public_key().encrypt(KeyTransport::Pkcs1, &[1; 16]).unwrap();
    let private = each(|| drop(key.sign(algorithm, &message).unwrap()));
    let enrolment = each(|| {
        drop(key.decrypt(KeyTransport::Pkcs1, &encrypted).unwrap());
        drop(key.sign(algorithm, &message).unwrap());
        drop(key.sign(algorithm, &message).unwrap());
        key.public_key().verify(algorithm, &message, &signature).unwrap();
        key.public_key().verify(algorithm, &message, &signature).unwrap();
        drop(key.public_key().encrypt(KeyTransport::Pkcs1, &[1; 16]).unwrap());
    });
    Floor { private, enrolment }
}

/// The median of single times: interruptions by neighbours fall out.
fn each(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[TIMES / 2]
}
