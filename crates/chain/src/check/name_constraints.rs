//! Name constraints (RFC 5280 §6.1.3 (b), (c), §4.2.1.10).
//!
//! By the rules of Windows the CA that sets the limit carries the fault, by those of RFC 5280 the certificate with the
//! name.

use std::sync::Arc;

use crate::build::Path;
use crate::facts::{Facts, Stated};
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::names::{Base, Claimed, NameConstraints, SubjectEmail, Subtree, claimed_names};
use crate::question::Question;
use crate::trust::InfoStatus;

/// Faults of one kind that are written out for one certificate.
const SHOWN: usize = 8;

type Names = Vec<(Claimed, String)>;

pub(crate) fn name_constraints(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let constrained = |facts: &Arc<Facts>| !facts.constraints.is_absent();
    if !path.nodes.iter().any(constrained) {
        return;
    }
    let email = if question.is_rfc() { SubjectEmail::WithoutAlternatives } else { SubjectEmail::Always };
    let claimed: Vec<Names> = path.nodes.iter().map(|facts| names_below(facts, email)).collect();
    let mut left = question.budget.name_comparisons;
    for (at, facts) in path.each() {
        if path.anchor(question) == Some(at) && !question.anchor.judges_constraints() {
            continue;
        }
        match &facts.constraints {
            Stated::Absent => {}
            Stated::Unreadable => {
                out.add(at, Fault::new(Kind::NameConstraintsInvalid, "what its name constraints hold cannot be read"));
            }
            Stated::Is(constraints) => {
                let counts = forms(constraints);
                let mut one =
                    Constrainer { question, at, constraints, left: &mut left, counts, wrong: Wrong::default() };
                one.check_form();
                one.check_below(path, &claimed);
                let valid = one.wrong.counts.is_empty();
                one.wrong.report(out);
                if valid && at > 0 {
                    out.inform(at, InfoStatus::HAS_VALID_NAME_CONSTRAINTS);
                }
            }
        }
    }
}

fn names_below(facts: &Facts, email: SubjectEmail) -> Names {
    let mut names = claimed_names(facts, email);
    if facts.names.is_unreadable() {
        names.push((Claimed::Malformed(0, "they cannot be read"), "the subject alternative names".to_owned()));
    }
    names
}

/// Faults found: the first few of a kind are written out, the rest are counted.
#[derive(Default)]
struct Wrong {
    written: Vec<(usize, Fault)>,
    counts: Vec<((usize, Kind), usize)>,
}

impl Wrong {
    fn push(&mut self, on: usize, kind: Kind, says: impl FnOnce() -> String) {
        let at = self.counts.iter().position(|(key, _)| *key == (on, kind)).unwrap_or_else(|| {
            self.counts.push(((on, kind), 0));
            self.counts.len() - 1
        });
        let Some((_, seen)) = self.counts.get_mut(at) else { return };
        *seen += 1;
        if *seen <= SHOWN {
            self.written.push((on, Fault::new(kind, says())));
        }
    }

    fn report(self, out: &mut Findings) {
        self.written.into_iter().for_each(|(on, fault)| out.add(on, fault));
        for ((on, kind), seen) in self.counts.into_iter().filter(|(_, seen)| *seen > SHOWN) {
            out.add(on, Fault::new(kind, format!("and {} more of this kind", seen - SHOWN)));
        }
    }
}

/// How many subtrees there are of each form of name.
fn forms(constraints: &NameConstraints) -> Vec<(u8, usize)> {
    let mut counts: Vec<(u8, usize)> = Vec::new();
    for subtree in constraints.all() {
        match counts.iter_mut().find(|(tag, _)| *tag == subtree.base.tag()) {
            Some((_, count)) => *count += 1,
            None => counts.push((subtree.base.tag(), 1)),
        }
    }
    counts
}

struct Constrainer<'a> {
    question: &'a Question<'a>,
    at: usize,
    constraints: &'a NameConstraints,
    left: &'a mut usize,
    /// Subtrees of each form.
    counts: Vec<(u8, usize)>,
    wrong: Wrong,
}

impl Constrainer<'_> {
    /// What is wrong with the constraints whatever stands below.
    fn check_form(&mut self) {
        let rfc = self.question.is_rfc();
        for subtree in self.constraints.all() {
            let shown = &subtree.shown;
            if let Some(bound) = subtree.bounded {
                self.wrong.push(self.at, Kind::NameConstraintUnsupported, || {
                    format!("the subtree {shown} has a {bound}, which nobody supports")
                });
            }
            let malformed = match &subtree.base {
                Base::Malformed(_) => true,
                // RFC 5280 defines the period in front for URIs and e-mail only.
                Base::Dns(text) => rfc && (text.starts_with('.') || text.contains("..")),
                _ => false,
            };
            if malformed {
                self.wrong.push(self.at, Kind::NameConstraintsInvalid, || {
                    format!("the subtree {shown} is not of the form its type demands")
                });
            }
            let unsupported = matches!(subtree.base, Base::Unsupported(..)) || subtree.base.is_empty_text();
            if unsupported && !rfc {
                self.wrong.push(self.at, Kind::NameConstraintUnsupported, || {
                    format!("the subtree {shown} is of a form that is not supported")
                });
            }
        }
    }

    /// Every certificate below, self-issued ones exempt but for the leaf.
    fn check_below(&mut self, path: &Path, claimed: &[Names]) {
        for below in (0..self.at).rev() {
            let (Some(facts), Some(names)) = (path.nodes.get(below), claimed.get(below)) else { continue };
            if below > 0 && facts.is_self_issued() {
                continue;
            }
            let cost = names.iter().map(|(name, _)| self.comparisons(name)).fold(0, usize::saturating_add);
            let Some(left) = self.left.checked_sub(cost) else {
                let on = self.blamed(below);
                self.wrong.push(on, Kind::NameConstraintsTooMany, || format!(
                    "comparing the {} names of {} with the subtrees takes {cost} steps, more than the budget allows",
                    names.len(),
                    facts.shown()
                ));
                continue;
            };
            *self.left = left;
            for (name, shown) in names {
                self.check_name(below, facts, name, shown);
            }
        }
    }

    /// Subtrees of the name's form.
    fn comparisons(&self, name: &Claimed) -> usize {
        self.counts.iter().find(|(tag, _)| *tag == name.tag()).map_or(0, |(_, count)| *count)
    }

    /// The certificate that carries the fault.
    fn blamed(&self, below: usize) -> usize {
        if self.question.is_rfc() { below } else { self.at }
    }

    fn check_name(&mut self, below: usize, facts: &Facts, name: &Claimed, shown: &str) {
        let whole = matches!(name, Claimed::Malformed(0, _));
        // No subtree of this form: what is not compared costs nothing.
        if self.comparisons(name) == 0 && !whole {
            return;
        }
        let concerned = |list: &[Subtree]| list.iter().any(|subtree| subtree.base.concerns(name));
        let (permits, excludes) = (concerned(&self.constraints.permitted), concerned(&self.constraints.excluded));
        if !permits && !excludes && !whole {
            return;
        }
        let whose = facts.shown();
        let on = self.blamed(below);
        match name {
            Claimed::Malformed(_, why) => {
                self.wrong.push(on, Kind::NameUnreadable, || {
                    format!("{shown} in {whose} cannot be compared with the constraints: {why}")
                });
                return;
            }
            Claimed::Unsupported(..) => {
                self.wrong.push(on, Kind::NameConstraintUnsupported, || {
                    format!("{shown} in {whose} is of a constrained form that is not supported")
                });
                return;
            }
            _ => {}
        }
        if permits && !self.constraints.permitted.iter().any(|subtree| subtree.base.contains(name)) {
            let constraints = self.constraints;
            self.wrong.push(on, Kind::NameNotPermitted, || {
                format!("{shown} in {whose} is outside what is permitted: {}", permitted_like(constraints, name))
            });
        }
        if let Some(subtree) = self.constraints.excluded.iter().find(|subtree| subtree.base.touches(name)) {
            self.wrong.push(on, Kind::NameExcluded, || format!("{shown} in {whose} is excluded by {}", subtree.shown));
        }
    }
}

/// The permitted subtrees of the name's form, the first few.
fn permitted_like(constraints: &NameConstraints, name: &Claimed) -> String {
    let alike = constraints.permitted.iter().filter(|subtree| subtree.base.concerns(name)).take(SHOWN);
    alike.map(|subtree| subtree.shown.as_str()).collect::<Vec<_>>().join(", ")
}
