use std::collections::BTreeMap;

use pki::Time;

use super::Wanted;
use crate::credential::Role;

/// Something that should have worked and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// When.
    pub at: Time,
    /// What was tried.
    pub what: String,
    /// What came of it.
    pub says: String,
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What everything that was drawn follows from.
    pub seed: u64,
    /// The first moment.
    pub from: Time,
    /// The last moment.
    pub until: Time,
    /// Devices at a time.
    pub devices: u32,
    /// How many credentials of each role took over from another.
    pub renewals: BTreeMap<Role, u64>,
    /// Enrolments and renewals of devices that were tried.
    pub tried: u64,
    /// First certificates.
    pub enrolled: u64,
    /// Certificates in place of others.
    pub renewed: u64,
    /// Requests that were sent again, and got the same certificate again.
    pub repeated: u64,
    /// What should have worked and did not.
    pub failed: Vec<Failed>,
    /// What was rightly refused: the reason, the code the device was told, and how often.
    pub refused: BTreeMap<(&'static str, String), u64>,
    /// How often a device found nobody to ask, and came again.
    pub unreachable: u64,
    /// What happened to the service, and how often.
    pub troubles: BTreeMap<&'static str, u64>,
    /// Rounds of the service.
    pub rounds: u64,
    /// What the service said was degraded, by its code, and in how many rounds.
    pub degraded: BTreeMap<&'static str, u64>,
    /// Rows of the audit that were proved in the end.
    pub audited: u64,
}

impl Report {
    pub(super) fn new(wanted: &Wanted, until: Time) -> Report {
        Report {
            seed: wanted.seed,
            from: wanted.from,
            until,
            devices: wanted.devices,
            renewals: BTreeMap::new(),
            tried: 0,
            enrolled: 0,
            renewed: 0,
            repeated: 0,
            failed: Vec::new(),
            refused: BTreeMap::new(),
            unreachable: 0,
            troubles: BTreeMap::new(),
            rounds: 0,
            degraded: BTreeMap::new(),
            audited: 0,
        }
    }

    pub(super) fn fail(&mut self, at: Time, what: &str, says: impl std::fmt::Display) {
        self.failed.push(Failed { at, what: what.to_owned(), says: says.to_string() });
    }

    pub(super) fn count(&mut self, trouble: &'static str) {
        *self.troubles.entry(trouble).or_default() += 1;
    }
}
