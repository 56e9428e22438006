//! F-03: the pinned thumbprint was typed or pasted with characters that do not belong to it.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::cause::Language;
use crate::finding::Outcome;
use crate::said::Said;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry]];

pub(super) const CHECK: Check = Check { code: "F-03", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let Some(pin) = case.pin() else {
        return if case.heard(Witness::Registry) { Outcome::NotApplicable } else { case.unsigned(NEEDS, Vec::new()) };
    };
    let odd: Vec<String> =
        pin.raw.chars().filter(|c| !c.is_ascii_hexdigit()).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    let digits = pin.raw.chars().filter(char::is_ascii_hexdigit).count();
    let mut signs = Signs::default();
    if !odd.is_empty() || digits != 40 {
        let says = Said::by(|language| {
            let before = language.pick("NDESCertThumbprint has", "NDESCertThumbprint hat");
            let between = language.pick("hexadecimal digits and beside them", "Hexadezimalziffern und daneben");
            format!("{before} {digits} {between} {}", list(&odd, language))
        });
        signs.certain.push(line(pin.place, says));
    }
    let plain: String = pin.raw.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase();
    let described = pin.thumbprint.and_then(|thumbprint| case.describe(thumbprint)).map(|(_, it)| it);
    case.weigh("F-03", signs, NEEDS).about(described).with("pin", pin.raw).with("new", plain)
}

fn list(odd: &[String], language: Language) -> String {
    match odd {
        [] => language.pick("nothing", "nichts").to_owned(),
        odd => odd.iter().take(8).cloned().collect::<Vec<_>>().join(" "),
    }
}
