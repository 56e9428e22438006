//! RFC 8894, requirement by requirement. A test's name starts with the row of docs/reference/rfc8894-coverage.md that
//! it proves.

#[path = "../support/mod.rs"]
mod support;

mod algorithms;
mod attributes;
mod capabilities;
mod certificates;
mod coverage;
mod messages;
mod recovery;
mod transport;
