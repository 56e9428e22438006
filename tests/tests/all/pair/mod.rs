//! Two endpoints in memory and a hand-moved clock: what a device gets, and when.

mod approval;
mod authorities;
mod challenges;
mod elliptic;
mod extensions;
mod recovery;
mod renewal;
mod repeated;
mod signers;
mod years;
