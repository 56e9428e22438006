//! F-55: a health check posts what is no SCEP message.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::{Line, Outcome};

/// CRYPT_E_ASN1_BADTAG: what came is no PKCS#7 message.
const NO_MESSAGE: u32 = 0x8009_310B;

pub(super) const CHECK: Check = Check { code: "F-55", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let junk = case.ndes(&[17], &[NO_MESSAGE]);
    let signs = if regular(&junk) { Signs::probable(junk) } else { Signs::possible(junk) };
    case.weigh("F-55", signs, NEEDS)
}

/// Whether the lines come like a clock's: three gaps or more, none a fifth off the first.
fn regular(lines: &[Line]) -> bool {
    let mut times: Vec<i64> = lines.iter().filter_map(|line| line.place.when).map(|when| when.at.seconds()).collect();
    times.sort_unstable();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair.iter().rev().fold(0, |sum, t| t - sum).abs()).collect();
    let Some(first) = gaps.first().copied().filter(|gap| *gap > 0) else { return false };
    gaps.len() >= 3 && gaps.iter().all(|gap| (gap - first).abs() * 5 <= first)
}
