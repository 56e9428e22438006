//! Certificates of others that were refused: what people look at when something does not get through.
//!
//! Whoever can open a connection can cause one, so there is a bound to everything: the same refusal is counted for an
//! hour in one row, each row has a size, and only the newest rows are kept.

use pki::{Time, digest};

use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

/// How many events are kept: the newest. Between two clearances there may be a few more.
pub const MOST_EVENTS: u32 = 10_000;
/// Seconds for which the same refusal is counted in one row, by the clock: from one full hour to the next.
pub const SAME_FOR: i64 = 3600;
/// Octets of a judgement as JSON.
pub const LONGEST_JUDGEMENT: usize = 16 << 10;
/// Octets of the CAPI2 events of one refusal.
pub const LONGEST_CAPI2: usize = 32 << 10;
/// Characters of a name.
const LONGEST_NAME: usize = 256;
/// Characters of the reasons.
const LONGEST_DETAIL: usize = 2048;

/// Whose certificate was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRole {
    /// The client certificate of a policy module, at a registration point.
    Client,
    /// The server certificate of a registration point or webhook, at a policy module.
    Server,
    /// The certificate that signed a renewal, at an endpoint.
    RenewalSigner,
}

/// The refusal of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Whose certificate it was.
    pub role: EventRole,
    /// Which part of the service refused it: `registration-point`, or the name of an endpoint.
    pub place: String,
    /// Who presented it: an address, or the name of the server that was called.
    pub source: String,
    /// Its subject; empty if there was no certificate that could be read.
    pub subject: String,
    /// SHA-1 over it in upper-case hexadecimal; empty likewise.
    pub thumbprint: String,
    /// The stable code.
    pub code: String,
    /// What came of it, as Windows says it (HRESULT).
    pub result: u32,
    /// The CERT_TRUST error bits of its chain.
    pub error: u32,
    /// The CERT_TRUST info bits of its chain.
    pub info: u32,
    /// Every reason in words.
    pub detail: String,
    /// The judgement of the chain as JSON; empty if there is no chain.
    pub judgement: String,
    /// The same as events of CAPI2 (11, 30 and 90), XML; empty likewise.
    pub capi2: String,
}

/// An event of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its name: 14 hexadecimal digits, 8 for when it was first seen.
    pub id: String,
    /// The node that refused.
    pub node: String,
    /// First when.
    pub first_at: Time,
    /// Last when.
    pub last_at: Time,
    /// How often within that hour.
    pub times: u64,
    /// What was refused, as it was the first time.
    pub event: EventRecord,
}

/// Which events to list.
#[derive(Debug, Clone, Copy)]
pub struct EventFilter {
    /// Seen at this time or later.
    pub since: Option<Time>,
    /// At most this many.
    pub limit: u32,
}

macro_rules! stored_event {
    () => {
        "SELECT id, node, first_at, last_at, times, role, place, source, subject, thumbprint, code, result, error_bits,
         info_bits, detail, judgement, capi2 FROM event "
    };
}

const LIST: &str = concat!(stored_event!(), "WHERE last_at >= $1 ORDER BY last_at DESC, id DESC LIMIT $2");

const STARTING: &str = concat!(stored_event!(), "WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT $3");

const PUT: &str =
    "INSERT INTO event (id, sameness, same_hour, node, first_at, last_at, times, role, place, source, subject,
    thumbprint, code, result, error_bits, info_bits, detail, judgement, capi2)
    VALUES ($1, $2, $3, $4, $5, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (sameness, same_hour) DO UPDATE SET times = event.times + 1, last_at = excluded.last_at";

const FORGET: &str = "DELETE FROM event WHERE (last_at, id) <=
    (SELECT last_at, id FROM event ORDER BY last_at DESC, id DESC LIMIT 1 OFFSET $1)";

impl EventRole {
    const ALL: [EventRole; 3] = [EventRole::Client, EventRole::Server, EventRole::RenewalSigner];

    /// Its name, as in the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EventRole::Client => "client",
            EventRole::Server => "server",
            EventRole::RenewalSigner => "renewal-signer",
        }
    }

    fn by_name(name: &str) -> Result<EventRole, StoreError> {
        let found = EventRole::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| StoreError::Corrupt(format!("an event is of a {name}")))
    }
}

impl Default for EventFilter {
    /// The latest hundred.
    fn default() -> Self {
        EventFilter { since: None, limit: 100 }
    }
}

impl EventRecord {
    /// What makes two refusals the same.
    fn sameness(&self, node: &str) -> [u8; 32] {
        let result = self.result.to_string();
        let parts =
            [node, self.role.name(), &self.place, &self.source, &self.thumbprint, &self.subject, &self.code, &result];
        digest::sha256(parts.join("\0").as_bytes())
    }

    /// Nothing of it longer than it may be. What is too long to be cut is left out.
    #[must_use]
    pub fn bounded(mut self) -> EventRecord {
        for name in [&mut self.place, &mut self.source, &mut self.subject, &mut self.code] {
            *name = start_of(name, LONGEST_NAME);
        }
        self.detail = start_of(&self.detail, LONGEST_DETAIL);
        if self.judgement.len() > LONGEST_JUDGEMENT {
            self.judgement.clear();
        }
        if self.capi2.len() > LONGEST_CAPI2 {
            self.capi2.clear();
        }
        self
    }
}

fn start_of(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl StoredEvent {
    /// A new name, which nothing else has but by chance.
    #[must_use]
    pub fn name(now: Time, random: pki::Random<'_>) -> String {
        let mut octets = [0; 3];
        random(&mut octets);
        format!("{:08x}{}", now.seconds() & 0xffff_ffff, digest::hex(&octets).to_ascii_lowercase())
    }

    /// `EventRecordID` of the first of its CAPI2 events: it grows with the time.
    #[must_use]
    pub fn record(id: &str) -> u64 {
        u64::from_str_radix(id, 16).unwrap_or(0).saturating_mul(4)
    }
}

impl Store {
    /// Keeps an event under a new name, or counts it if the same was seen within the hour.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another event has this name; or the store does not answer.
    pub async fn event_put(&self, id: &str, event: EventRecord, now: Time) -> Result<(), StoreError> {
        let event = event.bounded();
        let fields = params![
            id,
            &event.sameness(self.node()),
            now.seconds().div_euclid(SAME_FOR),
            self.node(),
            now,
            event.role.name(),
            &event.place,
            &event.source,
            &event.subject,
            &event.thumbprint,
            &event.code,
            event.result,
            event.error,
            event.info,
            &event.detail,
            &event.judgement,
            &event.capi2
        ];
        self.write(vec![Step::one("event", PUT, fields)], Vec::new(), now).await.map(|_| ())
    }

    /// Forgets all but the newest events.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn events_forget(&self, keep: u32, now: Time) -> Result<u64, StoreError> {
        let step = Step::any("event", FORGET, params![keep]);
        let touched = self.write(vec![step], Vec::new(), now).await?;
        Ok(touched.into_iter().sum())
    }

    /// Events, the latest first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        let since = filter.since.unwrap_or(Time(i64::MIN));
        self.query(LIST, params![since, filter.limit]).await?.into_iter().map(stored).collect()
    }

    /// The events whose names start so.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn events_named(&self, start: &str, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let last = format!("{start}g");
        self.query(STARTING, params![start, &last, limit]).await?.into_iter().map(stored).collect()
    }
}

fn stored(mut row: Row) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: row.text()?,
        node: row.text()?,
        first_at: row.time()?,
        last_at: row.time()?,
        times: row.count()?,
        event: EventRecord {
            role: EventRole::by_name(&row.text()?)?,
            place: row.text()?,
            source: row.text()?,
            subject: row.text()?,
            thumbprint: row.text()?,
            code: row.text()?,
            result: row.small()?,
            error: row.small()?,
            info: row.small()?,
            detail: row.text()?,
            judgement: row.text()?,
            capi2: row.text()?,
        },
    })
}
