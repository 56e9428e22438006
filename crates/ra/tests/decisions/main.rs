//! Who may have a certificate: every rule with a request that passes it and one that does not, and properties over
//! requests, stores and policies thrown together at random.

mod challenge;
mod first;
mod generations;
mod poll;
mod properties;
mod renewal;
mod sealed;
mod support;
