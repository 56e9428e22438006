//! Service credentials through their generations, with the real service on a clock that is moved by hand.

mod adopted;
mod authority;
mod crash;
mod jumps;
mod place;
mod years;
