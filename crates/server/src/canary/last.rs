use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pki::Time;

use super::{FAILED, LATE, NOT_TRIED, Tried, UNMARKED, VERB};
use crate::config::Config;
use crate::store::{AuditFilter, AuditRow, Store, StoreError};

/// Rows of the audit that are read for the last canary of each endpoint.
const MOST_ROWS: u32 = 1000;

/// The last canary of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// When it was sent out.
    pub at: Time,
    /// What came of it.
    pub tried: Tried,
}

impl Last {
    /// Whether it got its certificate; nothing if there was no way in for it.
    #[must_use]
    pub fn succeeded(&self) -> Option<bool> {
        match self.tried {
            Tried::Enrolled(_) => Some(true),
            Tried::Failed(_) => Some(false),
            Tried::NotTried(_) | Tried::Unmarked(_) => None,
        }
    }
}

/// The last canary of every endpoint, by this node or another.
#[derive(Default)]
pub struct Lasts {
    of: Mutex<BTreeMap<String, Last>>,
    /// Since when this process sends them out.
    begun: Mutex<Option<Time>>,
}

impl Lasts {
    /// What is known.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Last> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn begin(&self, at: Time) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    pub(super) fn put(&self, endpoint: &str, last: Last) {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint.to_owned(), last);
    }

    /// Whether one of the endpoints is due.
    pub(super) fn is_due(&self, config: &Config, interval: i64, now: Time) -> bool {
        config.endpoints.keys().any(|name| self.is_due_at(name, interval, now))
    }

    /// Whether an endpoint was last tried longer ago than the interval, or by a clock that was ahead.
    pub(super) fn is_due_at(&self, endpoint: &str, interval: i64, now: Time) -> bool {
        match self.all().get(endpoint) {
            None => true,
            Some(Last { tried: Tried::Unmarked(_), .. }) => false,
            Some(last) => !(0..interval).contains(&(now.seconds() - last.at.seconds())),
        }
    }

    /// What any node has written into the audit since.
    pub(super) async fn read(&self, store: &Store, since: Time) -> Result<(), StoreError> {
        let filter = AuditFilter { verb: Some(VERB.to_owned()), since: Some(since), ..AuditFilter::default() };
        for row in store.audit_list(&filter, MOST_ROWS, None).await?.into_iter().rev() {
            let name = row.entry.object.clone();
            self.put(&name, last(row));
        }
        Ok(())
    }

    /// What is not as it should be: the endpoint, the code, and what it is in a sentence.
    #[must_use]
    pub fn degraded(&self, config: &Config, now: Time) -> Vec<(String, &'static str, String)> {
        let (all, begun) = (self.all(), *self.begun.lock().unwrap_or_else(PoisonError::into_inner));
        let interval = config.canary.unwrap_or(i64::MAX / 4);
        let is_late = |since: Time| now.seconds() - since.seconds() > 3 * interval;
        let late = |since: Time| (LATE, format!("there was no canary since {since}"));
        let of = |name: &String| match (all.get(name), begun) {
            (Some(Last { at, tried: Tried::Failed(why) }), _) => {
                Some((FAILED, format!("the canary of {at} failed: {why}")))
            }
            (Some(Last { tried: Tried::Unmarked(_), .. }), _) => None,
            (Some(last), _) => is_late(last.at).then(|| late(last.at)),
            (None, Some(begun)) => is_late(begun).then(|| late(begun)),
            (None, None) => None,
        };
        config.endpoints.keys().filter_map(|name| of(name).map(|(code, says)| (name.clone(), code, says))).collect()
    }
}

fn last(row: AuditRow) -> Last {
    let detail = row.entry.detail;
    let tried = match row.entry.code.as_str() {
        FAILED => Tried::Failed(detail),
        NOT_TRIED => Tried::NotTried(detail),
        UNMARKED => Tried::Unmarked(detail),
        _ => Tried::Enrolled(detail.split(' ').find_map(|word| word.parse().ok()).unwrap_or_default()),
    };
    Last { at: row.at, tried }
}
