//! The tables, and how a store of an earlier version becomes one of this version. The same text on both engines.

use super::StoreError;

/// Batches of statements, one for each version.
pub(super) type Migrations = &'static [&'static [&'static str]];

/// What brings a store from each version to the next; the first batch from nothing to 1. A batch that has been
/// released never changes.
pub(super) const MIGRATIONS: Migrations = &[VERSION_1, VERSION_2];

/// Where the version is kept.
pub(super) const CREATE_SCHEMA: &str =
    "CREATE TABLE schema (id BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, CHECK (id = 1))";

/// Which version it is.
pub(super) const READ_VERSION: &str = "SELECT version FROM schema WHERE id = 1";

/// Notes the version.
pub(super) const WRITE_VERSION: &str =
    "INSERT INTO schema (id, version) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET version = excluded.version";

/// The statements that a store of this version still needs.
pub(super) fn outstanding(migrations: Migrations, found: i64) -> Result<Vec<&'static str>, StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).ok();
    let batches = done.and_then(|done| migrations.get(done..)).ok_or(StoreError::Newer { found, known })?;
    Ok(batches.iter().flat_map(|batch| batch.iter().copied()).collect())
}

const VERSION_1: &[&str] = &[
    "CREATE TABLE enrolment_case (
        id TEXT NOT NULL PRIMARY KEY,
        endpoint TEXT NOT NULL,
        transaction_id TEXT NOT NULL,
        generation BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'prepared', 'issued', 'denied')),
        requested_key BYTEA NOT NULL,
        signer_key BYTEA NOT NULL,
        requested_names BYTEA NOT NULL,
        signer BYTEA NOT NULL,
        request BYTEA NOT NULL,
        profile TEXT NOT NULL,
        device TEXT,
        sid TEXT,
        issuer BYTEA,
        serial BYTEA,
        decided_by TEXT,
        decided_why TEXT,
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        UNIQUE (endpoint, transaction_id, generation))",
    // Few cases wait; the many others cost no entry.
    "CREATE INDEX enrolment_case_waiting ON enrolment_case (created_at) WHERE state IN ('pending', 'approved')",
    "CREATE INDEX enrolment_case_by_age ON enrolment_case (created_at)",
    "CREATE TABLE certificate (
        issuer BYTEA NOT NULL,
        serial BYTEA NOT NULL,
        case_id TEXT REFERENCES enrolment_case (id),
        endpoint TEXT NOT NULL,
        profile TEXT NOT NULL,
        subject TEXT NOT NULL,
        device TEXT,
        sid TEXT,
        not_before BIGINT NOT NULL,
        not_after BIGINT NOT NULL,
        authority TEXT NOT NULL,
        replaces BYTEA,
        algorithm BYTEA NOT NULL,
        tbs BYTEA,
        der BYTEA,
        prepared_at BIGINT NOT NULL,
        issued_at BIGINT,
        revoked_at BIGINT,
        revoked_reason BIGINT,
        revoked_by TEXT,
        PRIMARY KEY (serial, issuer),
        CHECK ((tbs IS NULL) <> (der IS NULL)))",
    "CREATE INDEX certificate_by_age ON certificate (prepared_at)",
    "CREATE INDEX certificate_unfinished ON certificate (prepared_at) WHERE tbs IS NOT NULL",
    "CREATE INDEX certificate_revoked ON certificate (issuer, serial) WHERE revoked_at IS NOT NULL",
    "CREATE TABLE challenge (
        challenge_key BYTEA NOT NULL PRIMARY KEY,
        endpoint TEXT NOT NULL,
        profile TEXT,
        device TEXT,
        sid TEXT,
        created_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        spent_case TEXT REFERENCES enrolment_case (id),
        spent_at BIGINT)",
    "CREATE INDEX challenge_by_end ON challenge (expires_at)",
    "CREATE TABLE crl (
        issuer BYTEA NOT NULL,
        number BIGINT NOT NULL,
        der BYTEA NOT NULL,
        this_update BIGINT NOT NULL,
        next_update BIGINT NOT NULL,
        PRIMARY KEY (issuer, number))",
    "CREATE TABLE credential (
        id TEXT NOT NULL PRIMARY KEY,
        role TEXT NOT NULL,
        slot TEXT NOT NULL CHECK (slot IN ('next', 'current', 'retired')),
        certificate BYTEA NOT NULL,
        key_reference TEXT NOT NULL,
        in_slot_since BIGINT NOT NULL,
        ends_at BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX credential_one_current ON credential (role) WHERE slot = 'current'",
    "CREATE UNIQUE INDEX credential_one_next ON credential (role) WHERE slot = 'next'",
    "CREATE TABLE notice (
        id TEXT NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        case_id TEXT REFERENCES enrolment_case (id),
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        next_try BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        failure TEXT,
        delivered_at BIGINT)",
    "CREATE INDEX notice_waiting ON notice (next_try) WHERE delivered_at IS NULL",
    "CREATE INDEX notice_by_seq ON notice (seq)",
    "CREATE TABLE notification (
        id TEXT NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        client TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        transaction_id TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('issued', 'pending', 'refused')),
        challenge_id TEXT,
        requested_key BYTEA NOT NULL,
        requested_names BYTEA NOT NULL,
        body TEXT NOT NULL,
        received_at BIGINT NOT NULL)",
    "CREATE INDEX notification_by_seq ON notification (seq)",
    "CREATE INDEX notification_by_challenge ON notification (challenge_id) WHERE challenge_id IS NOT NULL",
    "CREATE TABLE task (
        name TEXT NOT NULL PRIMARY KEY,
        held_by TEXT NOT NULL,
        held_until BIGINT NOT NULL)",
    "CREATE TABLE weak_use (
        client TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        uses BIGINT NOT NULL,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        PRIMARY KEY (client, endpoint, algorithm))",
    "CREATE TABLE audit (
        chain TEXT NOT NULL,
        seq BIGINT NOT NULL,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        verb TEXT NOT NULL,
        object TEXT NOT NULL,
        outcome TEXT NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        source TEXT NOT NULL,
        previous BYTEA NOT NULL,
        hash BYTEA NOT NULL,
        PRIMARY KEY (chain, seq))",
    "CREATE INDEX audit_by_time ON audit (at, chain, seq)",
    "CREATE TABLE audit_head (
        chain TEXT NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        hash BYTEA NOT NULL)",
];

/// Certificates of others that were refused.
const VERSION_2: &[&str] = &[
    "CREATE TABLE event (
        id TEXT NOT NULL PRIMARY KEY,
        sameness BYTEA NOT NULL,
        same_hour BIGINT NOT NULL,
        node TEXT NOT NULL,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        times BIGINT NOT NULL,
        role TEXT NOT NULL,
        place TEXT NOT NULL,
        source TEXT NOT NULL,
        subject TEXT NOT NULL,
        thumbprint TEXT NOT NULL,
        code TEXT NOT NULL,
        result BIGINT NOT NULL,
        error_bits BIGINT NOT NULL,
        info_bits BIGINT NOT NULL,
        detail TEXT NOT NULL,
        judgement TEXT NOT NULL,
        capi2 TEXT NOT NULL,
        UNIQUE (sameness, same_hour))",
    "CREATE INDEX event_by_time ON event (last_at, id)",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let two: Migrations = &[&["a"], &["b", "c"]];
        assert_eq!(outstanding(two, 0), Ok(vec!["a", "b", "c"]));
        assert_eq!(outstanding(two, 1), Ok(vec!["b", "c"]));
        assert_eq!(outstanding(two, 2), Ok(Vec::new()));
        assert_eq!(outstanding(two, 3), Err(StoreError::Newer { found: 3, known: 2 }));
        assert_eq!(outstanding(two, -1), Err(StoreError::Newer { found: -1, known: 2 }));
    }
}
