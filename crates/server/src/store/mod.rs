//! The store: everything the service must remember, in one database.
//!
//! It does **not** decide anything and knows no protocol: it answers what it knows of a request in one read and makes a
//! decision durable in one write.

mod audit;
mod error;
mod record;
mod skeleton;
mod unit;
mod value;

pub use audit::{AuditEntry, AuditFault, AuditFilter, AuditPlace, AuditRow, ChainReport};
pub use error::{CommitError, StoreError};
pub use record::*;

/// The store. Cheap to clone; every clone writes through the same writer.
#[derive(Clone)]
pub struct Store(std::sync::Arc<()>);
