//! What to certify.

use pki::extension::{GeneralName, KeyUsage};
use pki::key::PublicKey;
use pki::{Name, Time};

use crate::Sid;

/// What to certify: subject, names and key as granted, and what the service itself knows of the device.
///
/// Only a grant becomes an order. This crate cannot know what a grant is; the workspace's `clippy.toml` forbids
/// [`Order::new`] everywhere but in the one place of the server that turns grants, and the service's own certificates,
/// into orders.
#[derive(Debug, Clone)]
pub struct Order {
    subject: Name,
    names: Vec<GeneralName>,
    key: PublicKey,
    sid: Option<Sid>,
    key_usage: Option<KeyUsage>,
    not_after: Option<Time>,
}

impl Order {
    /// An order for this key under these names.
    #[must_use]
    pub fn new(subject: Name, names: Vec<GeneralName>, key: PublicKey) -> Order {
        Order { subject, names, key, sid: None, key_usage: None, not_after: None }
    }

    /// With the Windows security identifier of the account, from a source the service trusts; never from the request.
    #[must_use]
    pub fn with_sid(mut self, sid: Sid) -> Order {
        self.sid = Some(sid);
        self
    }

    /// With the key usage the request states, if it states one.
    #[must_use]
    pub fn with_key_usage(mut self, requested: Option<KeyUsage>) -> Order {
        self.key_usage = requested;
        self
    }

    /// Not valid after this moment, whatever the profile says; the earlier of two such caps holds.
    #[must_use]
    pub fn not_after(mut self, cap: Time) -> Order {
        self.not_after = Some(self.not_after.map_or(cap, |before| before.min(cap)));
        self
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The subject alternative names.
    #[must_use]
    pub fn names(&self) -> &[GeneralName] {
        &self.names
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The security identifier, if the service knows one.
    #[must_use]
    pub fn sid(&self) -> Option<&Sid> {
        self.sid.as_ref()
    }

    /// The key usage the request states.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// The last moment of validity the order allows.
    #[must_use]
    pub fn cap(&self) -> Option<Time> {
        self.not_after
    }
}
