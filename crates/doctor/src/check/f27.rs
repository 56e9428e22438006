//! F-27: the CA's own certificate or revocation list has expired, so it refuses to issue.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-27", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.ndes(&[31], &[0x8009_2013, 0x800B_0101, 0x8009_4005]);
    // CertSvc 48: revocation of the CA certificate could not be verified; 100: the service did not start.
    let ca = case.events(EventKind::CertificationAuthority, &[48, 100]);
    case.weigh("F-27", Signs::certain(refused).or_probable(ca), NEEDS)
}
