//! Revocation lists.

mod support;

use ca::{RevokedEntry, SignFailed};
use pki::crl::Reason;
use pki::der::write;
use pki::extension::AuthorityKeyId;
use pki::key::KeySpec;
use pki::{Time, oid};
use support::{DAY, NOW, device, issue, key, order, tiers};

const REASONS: [Reason; 9] = [
    Reason::Unspecified,
    Reason::KeyCompromise,
    Reason::CaCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::CertificateHold,
    Reason::PrivilegeWithdrawn,
    Reason::AaCompromise,
];

fn entry(serial: &[u8], at: Time, reason: Reason) -> RevokedEntry {
    RevokedEntry { serial: serial.to_vec(), at, reason }
}

fn list(entries: &[RevokedEntry], number: u64, next_update: Time) -> Result<pki::Crl, SignFailed> {
    let issuer = &tiers().issuing;
    ca::crl(&issuer.certificate, &issuer.key, entries, number, NOW, next_update)
}

#[test]
fn a_list_says_what_it_was_told() {
    let issuer = &tiers().issuing;
    let entries: Vec<RevokedEntry> = REASONS
        .iter()
        .enumerate()
        .map(|(n, reason)| entry(&[n as u8 + 1], NOW.plus(-(n as i64) * DAY), *reason))
        .collect();
    let crl = list(&entries, 0x01ff, NOW.plus(7 * DAY)).unwrap();
    assert_eq!(crl.issuer(), issuer.certificate.subject());
    assert_eq!((crl.this_update(), crl.next_update()), (NOW, Some(NOW.plus(7 * DAY))));
    assert_eq!(crl.number(), Some(vec![1, 0xff]));
    let above = AuthorityKeyId::parse(&crl.extension(&oid::AUTHORITY_KEY_ID).unwrap().value).unwrap();
    assert_eq!(above.key_id.as_deref(), issuer.certificate.subject_key_id());
    assert!(crl.verify_signature(issuer.certificate.public_key()).is_ok());
    for (revoked, told) in crl.revoked().iter().zip(&entries) {
        assert_eq!((&revoked.serial, revoked.at), (&told.serial, told.at));
        let written = Some(told.reason).filter(|reason| *reason != Reason::Unspecified);
        assert_eq!(revoked.reason(), written);
        assert_eq!(revoked.extensions.len(), usize::from(written.is_some()));
    }
    assert_eq!(crl.revoked().len(), entries.len());
}

#[test]
fn an_empty_list_has_no_empty_sequence() {
    let released = entry(&[1], NOW, Reason::RemoveFromCrl);
    for entries in [&[][..], &[released]] {
        let crl = list(entries, 1, NOW.plus(DAY)).unwrap();
        assert!(crl.revoked().is_empty());
        // thisUpdate and nextUpdate, and directly behind them the extensions (RFC 5280 §5.1.2.6).
        let dates = [NOW.to_der(), NOW.plus(DAY).to_der()].concat();
        let at = crl.tbs().windows(dates.len()).position(|w| w == dates).unwrap() + dates.len();
        assert_eq!(crl.tbs().get(at), Some(&0xa0));
    }
}

#[test]
fn lists_that_are_not_made() {
    assert_eq!(list(&[], 1, NOW).map(|_| ()), Err(SignFailed::Dates));
    assert_eq!(list(&[entry(&[], NOW, Reason::Superseded)], 1, NOW.plus(1)).map(|_| ()), Err(SignFailed::Serial));
    let issuer = &tiers().issuing.certificate;
    let foreign = ca::crl(issuer, key(KeySpec::P256), &[], 1, NOW, NOW.plus(1));
    assert_eq!(foreign.map(|_| ()), Err(SignFailed::ForeignKey));
    let own = key(KeySpec::P256);
    let leaf = issue(&order("CN=x", Vec::new(), pki::key::Sign::public_key(own)), &device()).unwrap();
    assert_eq!(ca::crl(&leaf, own, &[], 1, NOW, NOW.plus(1)).map(|_| ()), Err(SignFailed::NoCrlSigner));
}

#[test]
fn a_list_is_due_before_it_ends() {
    let next_update = NOW.plus(7 * DAY);
    let due = |at: i64| ca::crl_due(next_update, 3 * DAY, NOW.plus(at));
    assert!(!due(0) && !due(4 * DAY - 1) && due(4 * DAY) && due(7 * DAY) && due(100 * DAY));
}

#[test]
fn a_long_list_is_written_like_the_reader_reads_it() {
    let entries: Vec<RevokedEntry> = (0u32..5_000)
        .map(|n| entry(&[&[1][..], &n.to_be_bytes()].concat(), NOW.plus(-i64::from(n) * 61), REASONS[n as usize % 9]))
        .collect();
    let crl = list(&entries, u64::MAX, NOW.plus(DAY)).unwrap();
    let rewritten: Vec<Vec<u8>> = crl
        .revoked()
        .iter()
        .map(|r| {
            let extensions = match r.extensions.as_slice() {
                [] => Vec::new(),
                some => pki::extension::Extension::all_to_der(some),
            };
            write::sequence(&[&write::tlv(2, &r.serial), &r.at.to_der(), &extensions])
        })
        .collect();
    let rewritten = write::sequence(&rewritten.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(crl.tbs().windows(rewritten.len()).any(|w| w == rewritten));
    assert_eq!(crl.number(), Some(vec![0xff; 8]));
}
