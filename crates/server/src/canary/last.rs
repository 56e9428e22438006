use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pki::Time;

use super::{FAILED, LATE, NOT_TRIED, Tried, VERB};
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
            Tried::NotTried(_) => None,
        }
    }
}

/// The last canary of every endpoint, by this node or another.
#[derive(Default)]
pub struct Lasts(Mutex<BTreeMap<String, Last>>);

impl Lasts {
    /// What is known.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn put(&self, endpoint: &str, last: Last) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint.to_owned(), last);
    }

    /// Whether one of the endpoints was last tried longer ago than the interval, or by a clock that was ahead.
    pub(super) fn is_due(&self, config: &Config, interval: i64, now: Time) -> bool {
        let all = self.all();
        config.endpoints.keys().any(|name| {
            let since = all.get(name).map(|last| now.seconds() - last.at.seconds());
            since.is_none_or(|since| !(0..interval).contains(&since))
        })
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
    pub fn degraded(&self, interval: i64, now: Time) -> Vec<(String, &'static str, String)> {
        let all = self.all();
        let found = all.into_iter().filter_map(|(name, last)| {
            let age = now.seconds() - last.at.seconds();
            match last.tried {
                Tried::Failed(why) => Some((name, FAILED, format!("the canary of {} failed: {why}", last.at))),
                _ if age > 3 * interval => Some((name, LATE, format!("there was no canary since {}", last.at))),
                _ => None,
            }
        });
        found.collect()
    }
}

fn last(row: AuditRow) -> Last {
    let detail = row.entry.detail;
    let tried = match row.entry.code.as_str() {
        FAILED => Tried::Failed(detail),
        NOT_TRIED => Tried::NotTried(detail),
        _ => Tried::Enrolled(detail.split(' ').find_map(|word| word.parse().ok()).unwrap_or_default()),
    };
    Last { at: row.at, tried }
}
