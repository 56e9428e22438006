//! F-60: a chain ends in a root that the machine does not trust.

use super::Check;
use super::f59::{NEEDS, chain_faults};
use crate::case::{Case, Signs};
use crate::finding::Outcome;

/// CERT_TRUST_IS_UNTRUSTED_ROOT.
const UNTRUSTED_ROOT: u32 = 0x20;
/// CERT_E_UNTRUSTEDROOT.
const UNTRUSTED: u32 = 0x800B_0109;

pub(super) const CHECK: Check = Check { code: "F-60", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-60", Signs::probable(chain_faults(case, UNTRUSTED_ROOT, UNTRUSTED)), NEEDS)
}
