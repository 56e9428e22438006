//! What the texts of names look like.

/// A host name in preferred syntax (RFC 1034 §3.5 as widened by RFC 1123 §2.1); `*` may stand for the whole first
/// label (RFC 6125 §6.4.3).
pub(crate) fn is_dns(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    text.len() <= 253 && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A Mailbox without display name: a local part of printable ASCII without blanks, and a domain.
pub(crate) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && local.bytes().all(|b| b.is_ascii_graphic() && !b"@,:;<>()[]\\\"".contains(&b))
            && !domain.starts_with('*')
            && is_dns(domain)
    })
}

/// A scheme, a colon, and something in the characters of RFC 3986 §2.
pub(crate) fn is_uri(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && rest.bytes().all(allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_kind() {
        for good in ["dev-1.example.test", "a", "*.example.test", "1.2.3.example", &format!("{}.x", "a".repeat(63))] {
            assert!(is_dns(good), "{good}");
        }
        let bad = ["", ".", "a.", ".a", "-a", "a-", "a b", "a_b", "ä.test", "*", "a.*.b", "a\0b", "https://a"];
        assert!(bad.iter().all(|text| !is_dns(text)));
        assert!(!is_dns(&"a".repeat(64)) && !is_dns(&["a"; 128].join(".")));
        assert!(is_email("a.b+c@example.test") && is_email("a@host"));
        assert!(["", "a", "@b", "a@", "a@b@c", "a b@c", "ä@b.test", "<a@b>", "a@*.b"].iter().all(|t| !is_email(t)));
        assert!(is_uri("tag:microsoft.com,2022-09-14:sid:S-1-5-18") && is_uri("http://[::1]/a?b=%20#c"));
        assert!(["", "a", ":", "a:", "1a:b", "a:b c", "a:ü", "/a:b", "a:b\n"].iter().all(|t| !is_uri(t)));
    }
}
