//! How long a list of 100,000 revoked certificates takes: `cargo run --release -p ca --example crl_speed`.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "this program measures time and prints it")]

use std::time::Instant;

use ca::{RevokedEntry, Serial, authority};
use pki::crl::Reason;
use pki::key::{KeySpec, PrivateKey};
use pki::{Name, Time, Validity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = Time(1_795_521_600);
    let validity = Validity { not_before: now, not_after: now.plus(86_400) };
    let random = |seed: u32| {
        move |out: &mut [u8]| out.iter_mut().zip(seed.to_be_bytes().iter().cycle()).for_each(|(o, s)| *o = *s | 1)
    };
    let entries: Vec<RevokedEntry> = (0..100_000u32)
        .map(|n| RevokedEntry {
            serial: Serial::random(&mut random(n)).content().to_vec(),
            at: now.plus(-i64::from(n) * 97),
            reason: if n % 4 == 0 { Reason::Unspecified } else { Reason::Superseded },
        })
        .collect();
    for spec in [KeySpec::P256, KeySpec::Rsa2048, KeySpec::Rsa4096] {
        let key = PrivateKey::generate(spec)?;
        let root = authority::root(&Name::parse("CN=Speed")?, &key, validity, &Serial::random(&mut random(1)))?;
        let mut best = f64::MAX;
        let mut octets = 0;
        for _ in 0..5 {
            let begin = Instant::now();
            octets = ca::crl(&root, &key, &entries, 1, now, now.plus(3_600))?.der().len();
            best = best.min(begin.elapsed().as_secs_f64());
        }
        println!("{}: {} entries, {octets} octets, {:.1} ms", spec.name(), entries.len(), best * 1e3);
    }
    Ok(())
}
