//! What the store promises, on both engines: each function here is a test on SQLite and one on PostgreSQL.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start a database, make folders and look at the clock"
)]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod audited;
mod conflict;
mod crash;
mod enrolment;
mod events;
mod lists;
mod made;
mod opening;
mod place;
mod speed;
