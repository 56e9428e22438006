use crate::chain::{Chain, Element, Verdict};
use crate::fault::Fault;
use crate::policy::PolicyStatus;
use crate::trust::result;

/// A tree to read at a glance: root first, each certificate with what is wrong with it below.
///
/// ```text
/// ✗ chain: 0x1 CERT_TRUST_IS_NOT_TIME_VALID
///   ✓ Example Root (E5…)  until 2036-01-01
///   └ ✓ Example Issuing CA (A1…)  until 2030-01-01
///     └ ✗ ndes.example.test (5D…)  until 2026-11-20
///         ✗ CHAIN-EXPIRED it expired on …
/// policy CERT_CHAIN_POLICY_SSL: 0x800B0101 CERT_E_EXPIRED at element 0
/// ```
#[must_use]
pub fn text(verdict: &Verdict, policy: Option<&PolicyStatus>) -> String {
    let mut out = String::new();
    one(&mut out, &verdict.chain, "chain");
    if let Some(status) = policy {
        out.push_str(&policy_line(status));
    }
    for (at, chain) in verdict.alternatives.iter().enumerate() {
        out.push('\n');
        one(&mut out, chain, &format!("alternative {}", at + 1));
    }
    out
}

fn mark(is_clear: Clear) -> char {
    match is_clear {
        Clear::Yes => '✓',
        Clear::No => '✗',
    }
}

#[derive(Clone, Copy)]
enum Clear {
    Yes,
    No,
}

impl From<crate::trust::ErrorStatus> for Clear {
    fn from(error: crate::trust::ErrorStatus) -> Clear {
        if error.is_clear() { Clear::Yes } else { Clear::No }
    }
}

fn one(out: &mut String, chain: &Chain, title: &str) {
    let names: Vec<&str> = chain.error.names().collect();
    let names = if names.is_empty() { "no error".to_owned() } else { names.join(" ") };
    out.push_str(&format!("{} {title}: {} {names}\n", mark(chain.error.into()), chain.error));
    for fault in &chain.faults {
        fault_line(out, fault, "  ");
    }
    for (depth, element) in chain.elements.iter().rev().enumerate() {
        element_lines(out, element, depth);
    }
}

fn element_lines(out: &mut String, element: &Element, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    let branch = if depth == 0 { "" } else { "└ " };
    let c = &element.certificate;
    let sign = mark(element.error.into());
    let until = c.validity().not_after.date();
    out.push_str(&format!("{indent}{branch}{sign} {} ({})  until {until}\n", shown(c), c.thumbprint()));
    for fault in &element.faults {
        fault_line(out, fault, &format!("{indent}    "));
    }
}

/// The whole name, with nothing in it that could move a terminal's cursor.
fn shown(certificate: &pki::Certificate) -> String {
    let name = certificate.subject().to_string();
    let name = if name.is_empty() { "(no subject)".to_owned() } else { name };
    plain(&name)
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn fault_line(out: &mut String, fault: &Fault, indent: &str) {
    let sign = if fault.is_note() { '·' } else { '✗' };
    out.push_str(&format!("{indent}{sign} {} {}\n", fault.code(), plain(&fault.says)));
}

fn policy_line(status: &PolicyStatus) -> String {
    let (name, _) = status.policy.name();
    if status.result == result::OK {
        return format!("policy {name}: passed\n");
    }
    let place = match status.element_index {
        -1 => "the chain as a whole".to_owned(),
        at => format!("element {at}"),
    };
    let (code, says) = (result::name(status.result), result::says(status.result));
    format!("policy {name}: 0x{:08X} {code} at {place}. {says}\n", status.result)
}
