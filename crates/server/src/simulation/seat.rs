use pki::{Certificate, Time};
use scep::ca_certs::Authorities;

use super::DAY;

/// Who holds a device at a seat, and what that device holds.
pub(super) struct Seat {
    /// The name of the device; another one for each that comes to the seat.
    pub(super) name: String,
    pub(super) generation: u32,
    pub(super) number: usize,
    /// Which of the keys it has.
    pub(super) key: usize,
    pub(super) certificate: Option<Certificate>,
    /// What it was told of the CA and RA when it last asked.
    pub(super) known: Option<Authorities>,
    pub(super) challenge: Option<Challenge>,
    /// When another device takes its place.
    pub(super) retires: Time,
}

/// A challenge that has been made for a device.
pub(super) struct Challenge {
    pub(super) text: String,
    pub(super) expires: Time,
}

/// When a device comes again.
pub(super) enum Reached {
    /// Then.
    Next(Time),
    /// The machine sleeps: as soon as it is awake.
    Asleep,
}

impl Seat {
    pub(super) fn new(number: usize, generation: u32, retires: Time) -> Seat {
        let name = format!("device-{number}-{generation}");
        Seat { name, generation, number, key: 0, certificate: None, known: None, challenge: None, retires }
    }

    /// When it will renew the certificate it holds: in the last third of its life, and one in thirty too late.
    pub(super) fn renews(&self, at: Time, random: &mut fastrand::Rng) -> Time {
        let Some(certificate) = &self.certificate else { return at.plus(DAY) };
        let end = certificate.validity().not_after.seconds();
        let left = end - at.seconds();
        if left < 2 * DAY {
            return at.plus(DAY);
        }
        if random.u8(0..30) == 0 {
            return Time(end).plus(random.i64(DAY..40 * DAY));
        }
        at.plus(left / 100 * random.i64(66..94))
    }
}
