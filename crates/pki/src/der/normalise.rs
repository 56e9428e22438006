use std::borrow::Cow;

use super::reader::header;
use super::{DerError, tag, write};

/// What an untrusted input may cost, checked before and while it is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets of the whole input.
    pub size: usize,
    /// Nesting of constructed elements.
    pub depth: usize,
}

impl Default for Limits {
    /// 2 MiB and 24 levels: an order of magnitude above the largest message of the SCEP corpus.
    fn default() -> Self {
        Limits { size: 2 << 20, depth: 24 }
    }
}

/// Rewrites the BER forms that real clients send (indefinite lengths, OCTET STRINGs in fragments; X.690 §8.1.3.6,
/// §8.7) to definite lengths.
///
/// Only the elements concerned and their ancestors are rewritten: every other octet, and so every certificate, stays as
/// it was received. Input that needs nothing is returned as it is. Octets after the first element are refused.
pub fn normalise(input: &[u8], limits: Limits) -> Result<Cow<'_, [u8]>, DerError> {
    if input.len() > limits.size {
        return Err(DerError::TooLarge);
    }
    let (rewritten, used) = element(input, limits.depth)?;
    if input.len() != used {
        return Err(DerError::Trailing("the message"));
    }
    Ok(rewritten.map_or(Cow::Borrowed(input), Cow::Owned))
}

/// Reads one element; returns its rewriting if it needs one, and how many octets it took.
fn element(input: &[u8], depth: usize) -> Result<(Option<Vec<u8>>, usize), DerError> {
    let first = *input.first().ok_or(DerError::Truncated)?;
    let (start, length) = header(input)?;
    let constructed = first & tag::CONSTRUCTED != 0;
    let Some(length) = length else {
        if !constructed {
            return Err(DerError::Length);
        }
        let (content, used) = children(input.get(start..).unwrap_or_default(), depth, End::Marked)?;
        let content = content.ok_or(DerError::Length)?;
        return Ok((Some(rebuild(input, first, start, &content)?), start + used));
    };
    let end = start.checked_add(length).ok_or(DerError::Length)?;
    let body = input.get(start..end).ok_or(DerError::Truncated)?;
    if !constructed {
        return Ok((None, end));
    }
    // A definite-length element that does not parse inside may be opaque on purpose; its reader will say so.
    let content = match children(body, depth, End::Definite) {
        Ok((content, _)) => content,
        Err(DerError::TooDeep) => return Err(DerError::TooDeep),
        Err(_) => return Ok((None, end)),
    };
    if first == tag::OCTET_STRING | tag::CONSTRUCTED {
        let content = content.unwrap_or_else(|| body.to_vec());
        return Ok((Some(rebuild(input, first, start, &content)?), end));
    }
    match content {
        Some(content) => Ok((Some(rebuild(input, first, start, &content)?), end)),
        None => Ok((None, end)),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Marked,
    Definite,
}

/// Reads the elements of a constructed content. With [`End::Marked`] the content is always returned.
fn children(input: &[u8], depth: usize, end: End) -> Result<(Option<Vec<u8>>, usize), DerError> {
    let depth = depth.checked_sub(1).ok_or(DerError::TooDeep)?;
    let mut at = 0;
    let mut out: Option<Vec<u8>> = (end == End::Marked).then(Vec::new);
    loop {
        let rest = input.get(at..).unwrap_or_default();
        match end {
            End::Marked if rest.starts_with(&[0, 0]) => return Ok((out, at + 2)),
            End::Definite if rest.is_empty() => return Ok((out, at)),
            _ => {}
        }
        let (rewritten, used) = element(rest, depth)?;
        match (&mut out, rewritten) {
            (Some(out), Some(child)) => out.extend_from_slice(&child),
            (Some(out), None) => out.extend_from_slice(rest.get(..used).unwrap_or_default()),
            (None, Some(child)) => {
                let mut so_far = input.get(..at).unwrap_or_default().to_vec();
                so_far.extend_from_slice(&child);
                out = Some(so_far);
            }
            (None, None) => {}
        }
        at += used;
    }
}

/// The element with a definite length; fragments of an OCTET STRING are joined.
fn rebuild(input: &[u8], first: u8, start: usize, content: &[u8]) -> Result<Vec<u8>, DerError> {
    if first == tag::OCTET_STRING | tag::CONSTRUCTED {
        return Ok(write::tlv(tag::OCTET_STRING, &join_fragments(content)?));
    }
    if first & 0x1f == 0x1f {
        // A tag number above 30: keep its identifier octets.
        let identifier = input.get(..start).unwrap_or_default();
        let after = identifier.iter().skip(1).position(|b| b & 0x80 == 0).map_or(1, |p| p + 2);
        let mut out = identifier.get(..after).unwrap_or_default().to_vec();
        write::length(&mut out, content.len());
        out.extend_from_slice(content);
        return Ok(out);
    }
    Ok(write::tlv(first, content))
}

/// The octets of an OCTET STRING sent in fragments: the contents of the OCTET STRINGs in `content`, joined.
pub(crate) fn join_fragments(content: &[u8]) -> Result<Vec<u8>, DerError> {
    let mut reader = super::Reader::new(content);
    let mut joined = Vec::with_capacity(content.len());
    while !reader.is_empty() {
        joined.extend_from_slice(reader.take(tag::OCTET_STRING, "a fragment of an OCTET STRING")?.value);
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits::default()
    }

    #[test]
    fn leaves_definite_input_as_it_is() {
        let input = [0x30, 0x03, 0x02, 0x01, 0x05];
        assert!(matches!(normalise(&input, limits()).unwrap(), Cow::Borrowed(b) if b == input));
    }

    #[test]
    fn joins_fragments_inside_indefinite_lengths() {
        let input = [0x30, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0x24, 0x03, 0x04, 0x01, 3, 0, 0, 0x02, 0x01, 9, 0, 0];
        assert_eq!(&*normalise(&input, limits()).unwrap(), [0x30, 0x08, 0x04, 0x03, 1, 2, 3, 0x02, 0x01, 9]);
    }

    #[test]
    fn refuses_what_is_too_deep_too_large_or_followed_by_more() {
        let bomb: Vec<u8> = [0x30, 0x80].repeat(900_000);
        assert_eq!(normalise(&bomb, limits()), Err(DerError::TooDeep));
        let mut definite = vec![0x05, 0x00];
        for _ in 0..40 {
            definite = write::tlv(tag::SEQUENCE, &definite);
        }
        assert_eq!(normalise(&definite, limits()), Err(DerError::TooDeep));
        assert_eq!(normalise(&vec![0; (2 << 20) + 1], limits()), Err(DerError::TooLarge));
        assert!(matches!(normalise(&[5, 0, 5, 0], limits()), Err(DerError::Trailing(_))));
        assert_eq!(normalise(&[0x30, 0x80, 0x05, 0x00], limits()), Err(DerError::Truncated));
    }

    proptest! {
        #[test]
        fn never_panics_and_is_idempotent(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(once) = normalise(&input, limits()) {
                prop_assert_eq!(&*normalise(&once, limits()).unwrap(), &*once);
            }
        }
    }
}
