//! The checks: each a code, whose words and weight are data (see [`crate::cause`]), and one pure function over the
//! evidence.

mod f01;
mod f02;
mod f03;
mod f04;
mod f05;
mod f06;
mod f07;
mod f08;
mod f09;
mod f10;
mod f11;
mod f12;
mod f13;
mod f14;
mod f15;
mod f16;
mod f17;
mod f18;
mod f19;
mod f20;
mod f21;
mod f22;
mod f23;
mod f24;
mod f25;
mod f26;
mod f27;
mod f28;
mod f29;
mod f30;
mod f31;
mod f32;
mod f33;
mod f34;
mod f35;
mod f36;
mod f37;
mod f38;
mod f39;
mod f40;
mod f41;
mod f43;
mod f44;
mod f45;
mod f46;
mod f47;
mod f48;
mod f49;
mod f50;
mod f51;
mod f52;
mod f53;
mod f54;
mod f55;
mod f56;
mod f57;
mod f58;
mod f59;
mod f60;
mod f61;
mod f62;
mod f63;
mod f64;
mod f65;
mod f66;
mod f68;
mod f69;
mod f70;

use crate::case::Case;
use crate::finding::Outcome;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// The cause it looks for.
    pub code: &'static str,
    /// Looks for it.
    pub judge: fn(&Case<'_>) -> Outcome,
}

/// Every check, by code. F-42 and F-67 leave nothing behind that could be handed over; their files say so.
pub static ALL: &[&Check] = &[
    &f01::CHECK,
    &f02::CHECK,
    &f03::CHECK,
    &f04::CHECK,
    &f05::CHECK,
    &f06::CHECK,
    &f07::CHECK,
    &f08::CHECK,
    &f09::CHECK,
    &f10::CHECK,
    &f11::CHECK,
    &f12::CHECK,
    &f13::CHECK,
    &f14::CHECK,
    &f15::CHECK,
    &f16::CHECK,
    &f17::CHECK,
    &f18::CHECK,
    &f19::CHECK,
    &f20::CHECK,
    &f21::CHECK,
    &f22::CHECK,
    &f23::CHECK,
    &f24::CHECK,
    &f25::CHECK,
    &f26::CHECK,
    &f27::CHECK,
    &f28::CHECK,
    &f29::CHECK,
    &f30::CHECK,
    &f31::CHECK,
    &f32::CHECK,
    &f33::CHECK,
    &f34::CHECK,
    &f35::CHECK,
    &f36::CHECK,
    &f37::CHECK,
    &f38::CHECK,
    &f39::CHECK,
    &f40::CHECK,
    &f41::CHECK,
    &f43::CHECK,
    &f44::CHECK,
    &f45::CHECK,
    &f46::CHECK,
    &f47::CHECK,
    &f48::CHECK,
    &f49::CHECK,
    &f50::CHECK,
    &f51::CHECK,
    &f52::CHECK,
    &f53::CHECK,
    &f54::CHECK,
    &f55::CHECK,
    &f56::CHECK,
    &f57::CHECK,
    &f58::CHECK,
    &f59::CHECK,
    &f60::CHECK,
    &f61::CHECK,
    &f62::CHECK,
    &f63::CHECK,
    &f64::CHECK,
    &f65::CHECK,
    &f66::CHECK,
    &f68::CHECK,
    &f69::CHECK,
    &f70::CHECK,
];
