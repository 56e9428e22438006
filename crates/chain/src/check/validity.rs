//! Validity periods, both bounds included (RFC 5280 §4.1.2.5).

use crate::build::Path;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::Question;

pub(crate) fn validity(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let at = question.at;
    for (index, facts) in path.each() {
        let validity = facts.certificate.validity();
        let (kind, says) = if at > validity.not_after {
            let days = (at.seconds() - validity.not_after.seconds()) / 86_400;
            let since = if days > 0 { format!(", {days} days ago") } else { String::new() };
            (Kind::Expired, format!("it expired on {}{since}; the time asked about is {at}", validity.not_after))
        } else if at < validity.not_before {
            (Kind::NotYetValid, format!("it is valid from {} on; the time asked about is {at}", validity.not_before))
        } else {
            continue;
        };
        let judged = path.anchor(question) != Some(index) || question.anchor.judges_validity();
        out.add(index, if judged { Fault::new(kind, says) } else { Fault::noted(kind, says) });
    }
}
