//! The days of the incident, one after another, and what each side made of them.

use std::path::Path;

use pki::{Certificate, Time};
use serde::Serialize;

use super::site::{AS_IT_WAS, BY_ROLE, LIFE_DAYS, Outcome, Site};
use crate::failure::Failure;

/// The first day, at the hour at which autoenrolment works: 2024-01-08T06:00:00Z.
const BEGIN: Time = Time(1_704_693_600);
/// The last day.
const END: Time = Time(BEGIN.0 + 996 * DAY);
const DAY: i64 = 86_400;
/// How long before its end autoenrolment renews a certificate: the six weeks of the usual template.
const RENEWED_BEFORE: i64 = 42 * DAY;
/// At which hour devices enrol, after [`BEGIN`]'s.
const MORNING: i64 = 2 * 3600;
/// Days around a change on which a device enrols every day; otherwise one a week.
const CLOSE: i64 = 10 * DAY;

/// Days from one change to the next, with what each side did in them.
#[derive(Serialize)]
pub(super) struct Phase {
    /// What begins it, in a sentence.
    pub(super) begins: String,
    #[serde(serialize_with = "rfc3339")]
    pub(super) since: Time,
    #[serde(serialize_with = "date")]
    pub(super) from: Time,
    #[serde(serialize_with = "date")]
    pub(super) to: Time,
    pub(super) as_it_was: Tally,
    pub(super) with_perennial: Tally,
}

/// How enrolments went.
#[derive(Serialize, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) enrolled: u32,
    pub(super) failed: u32,
}

impl Tally {
    pub(super) fn all(self) -> u32 {
        self.enrolled + self.failed
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Issued => self.enrolled += 1,
            Outcome::Refused { .. } => self.failed += 1,
        }
    }

    pub(super) fn and(self, other: Tally) -> Tally {
        Tally { enrolled: self.enrolled + other.enrolled, failed: self.failed + other.failed }
    }
}

/// An enrolment as it was: for what the machine leaves behind.
pub(super) struct Attempt {
    pub(super) at: Time,
    pub(super) device: String,
    pub(super) outcome: Outcome,
}

/// The whole story.
pub(super) struct Replay {
    pub(super) phases: Vec<Phase>,
    pub(super) attempts: Vec<Attempt>,
    /// What went wrong with Perennial; nothing should.
    pub(super) faults: Vec<String>,
    pub(super) pinned: Certificate,
    pub(super) renewed: Certificate,
    pub(super) renewed_at: Time,
    pub(super) issuer: Certificate,
    pub(super) root: Certificate,
}

pub(super) fn rfc3339<S: serde::Serializer>(at: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_string())
}

fn date<S: serde::Serializer>(at: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.date())
}

/// Lives through the days in a folder.
pub(super) async fn replay(folder: &Path) -> Result<Replay, Failure> {
    let (site, pinned) = Site::build(folder, BEGIN).await?;
    let ends = pinned.certificate.validity().not_after;
    let renewal = ends.plus(-RENEWED_BEFORE);
    let (issuer, root) = site.authorities()?;
    let mut story = Replay {
        phases: Vec::new(),
        attempts: Vec::new(),
        faults: Vec::new(),
        pinned: pinned.certificate.clone(),
        renewed: pinned.certificate.clone(),
        renewed_at: renewal,
        issuer,
        root,
    };
    let until = format!("client certificate, valid until {}; on the left its thumbprint is pinned", ends.date());
    story.days(&site, until, BEGIN, renewal, &[renewal]).await?;
    story.renewed = site.autoenrol(Some(&pinned), renewal).await?.certificate;
    let renewed = "the client certificate is renewed automatically: another thumbprint";
    story.days(&site, renewed.to_owned(), renewal, ends, &[renewal, ends]).await?;
    let ended = format!("the certificate with the pinned thumbprint expires at {}", clock(ends));
    story.days(&site, ended, ends, END, &[ends]).await?;
    Ok(story)
}

fn clock(at: Time) -> String {
    at.to_string().get(11..16).unwrap_or_default().to_owned()
}

impl Replay {
    /// Devices enrol at both endpoints, from one change to the next.
    async fn days(
        &mut self,
        site: &Site,
        begins: String,
        since: Time,
        until: Time,
        changes: &[Time],
    ) -> Result<(), Failure> {
        let (mut was, mut is) = (Tally::default(), Tally::default());
        let (mut day, mut last) = (since, since);
        while day < until {
            let at = day.plus(MORNING);
            site.go_to(at).await?;
            let device = format!("device-{:03}", self.attempts.len() + 1);
            let outcome = site.enrol(AS_IT_WAS, &device, at).await?;
            was.count(&outcome);
            self.attempts.push(Attempt { at, device: device.clone(), outcome });
            let other = site.enrol(BY_ROLE, &device, at).await?;
            is.count(&other);
            if let Outcome::Refused { code, why } = other {
                self.faults.push(format!("{}: {code}: {why}", at.date()));
            }
            last = day;
            let close = changes.iter().any(|change| (change.seconds() - day.seconds()).abs() <= CLOSE);
            let next = day.plus(if close { DAY } else { 7 * DAY });
            // No week leaps over the days close to a change.
            let near = changes.iter().map(|change| change.plus(-CLOSE)).find(|near| day < *near && *near < next);
            day = near.unwrap_or(next);
        }
        self.phases.push(Phase { begins, since, from: since, to: last, as_it_was: was, with_perennial: is });
        Ok(())
    }

    /// The first enrolment that failed as it was.
    pub(super) fn first_failure(&self) -> Option<(&Attempt, &str)> {
        self.attempts.iter().find_map(|attempt| match &attempt.outcome {
            Outcome::Refused { why, .. } => Some((attempt, why.as_str())),
            Outcome::Issued => None,
        })
    }

    /// What came otherwise than it is told; nothing: the incident is what it is said to be.
    pub(super) fn deviations(&self) -> Vec<String> {
        let mut found = self.faults.clone();
        if self.pinned.thumbprint() == self.renewed.thumbprint() {
            found.push("the renewed certificate has the thumbprint of the old one".to_owned());
        }
        let life = self.pinned.validity().not_after.seconds() - BEGIN.seconds();
        if life != LIFE_DAYS * DAY {
            found.push(format!("the pinned certificate lives {life} s"));
        }
        let ends = self.pinned.validity().not_after;
        for attempt in &self.attempts {
            match &attempt.outcome {
                Outcome::Issued if attempt.at > ends => {
                    found.push(format!("{}: enrolled with an expired client certificate", attempt.at));
                }
                Outcome::Refused { why, .. } if attempt.at <= ends || !why.contains("client.expired") => {
                    found.push(format!("{}: refused: {why}", attempt.at));
                }
                Outcome::Issued | Outcome::Refused { .. } => {}
            }
        }
        found
    }

    /// Each side's sum.
    pub(super) fn sums(&self) -> (Tally, Tally) {
        let sum = |of: fn(&Phase) -> Tally| self.phases.iter().map(of).fold(Tally::default(), Tally::and);
        (sum(|phase| phase.as_it_was), sum(|phase| phase.with_perennial))
    }
}
