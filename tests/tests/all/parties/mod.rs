//! A service and its clients in one process: no socket, and a clock that is moved by hand.

mod craft;
mod device;
mod old_digest;
mod pair;

pub(crate) use craft::{Craft, attribute, printable};
pub(crate) use device::{Device, KEYS};
pub(crate) use old_digest::Sha1Key;
pub(crate) use pair::{Pair, STATIC, Setup, algorithms, certificate, pending, refused};
