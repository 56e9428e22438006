//! F-43: requests are refused because their URL is too long.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::NdesWebLog, Witness::HttpErrorLog]];
/// What http.sys calls a request that is too long (HTTPERR `s-reason`).
const REASONS: [&str; 4] = ["url_length", "fieldlength", "requestlength", "url"];

pub(super) const CHECK: Check = Check { code: "F-43", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.requests(Door::Scep, |request| {
        request.status == Some(414) || request.status == Some(404) && matches!(request.substatus, Some(13..=15))
    });
    let earlier = case.http_errors(|error| REASONS.contains(&error.reason.to_lowercase().as_str()));
    case.weigh("F-43", Signs::certain([refused, earlier].concat()), NEEDS)
}
