//! Service credentials through their generations, with the real service on a clock that is moved by hand.

#![allow(clippy::disallowed_methods, reason = "tests write files and order what they like")]

mod adopted;
mod authority;
mod crash;
mod foreseen;
mod jumps;
mod place;
mod simulated;
mod tls;
mod tls_files;
mod years;
