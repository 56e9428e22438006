//! DNS names and hosts.

/// Whether a host name fits a name of a certificate. A wildcard stands for exactly one label and only as the whole
/// leftmost label (RFC 9525 §6.3); case and one dot at the end do not count.
pub(crate) fn host_matches(presented: &str, wanted: &str) -> bool {
    let presented = presented.strip_suffix('.').unwrap_or(presented);
    let wanted = wanted.strip_suffix('.').unwrap_or(wanted);
    if wanted.is_empty() || wanted.contains('*') {
        return false;
    }
    match presented.strip_prefix("*.") {
        None => !presented.contains('*') && presented.eq_ignore_ascii_case(wanted),
        Some(rest) => {
            let Some((label, parent)) = wanted.split_once('.') else { return false };
            !label.is_empty() && rest.contains('.') && !rest.contains('*') && parent.eq_ignore_ascii_case(rest)
        }
    }
}

/// Whether the text has the form of a DNS name (RFC 1034 §3.5 preferred syntax, digits first allowed), a wildcard as
/// leftmost label included.
pub(crate) fn is_dns_name(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether `name` is `base` or lies below it, label by label. Both in lower case.
pub(super) fn within(name: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    match name.strip_suffix(base) {
        None => false,
        Some(front) => front.is_empty() || front.ends_with('.') || base.starts_with('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_whole_label() {
        assert!(
            host_matches("*.example.test", "www.example.test") && host_matches("WWW.example.test", "www.EXAMPLE.test")
        );
        for (presented, wanted) in [
            ("*.example.test", "example.test"),
            ("*.example.test", "a.b.example.test"),
            ("w*.example.test", "www.example.test"),
            ("www.*.test", "www.example.test"),
            ("*", "example"),
            ("*.test", "example.test"),
            ("*.example.test", "*.example.test"),
        ] {
            assert!(!host_matches(presented, wanted), "{presented} {wanted}");
        }
        assert!(is_dns_name("*.a-1.test") && !is_dns_name("a_b.test") && !is_dns_name("a..test") && !is_dns_name(""));
    }

    #[test]
    fn subtrees_end_at_a_dot() {
        assert!(within("a.example.test", "example.test") && within("example.test", "example.test"));
        assert!(!within("badexample.test", "example.test") && within("x", ""));
        assert!(within("a.example.test", ".example.test") && !within("example.test", ".example.test"));
    }
}
