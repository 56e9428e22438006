//! F-22: key usage, extended key usage or key length in the request differ from the profile.

use super::Check;
use super::f21::NEEDS;
use crate::case::{Case, Signs};
use crate::fact::log::{Property, TraceMeaning};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-22", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let said = case.traced(|meaning| {
        use Property::{ExtendedKeyUsage, KeyLength, KeyUsage};
        matches!(meaning, TraceMeaning::Mismatch(KeyUsage | ExtendedKeyUsage | KeyLength))
    });
    let told = case.connector(&[], &["KeyUsageMismatch", "KeyLengthMismatch", "EnhancedKeyUsageMismatch"]);
    case.weigh("F-22", Signs::certain([said, told].concat()), NEEDS)
}
