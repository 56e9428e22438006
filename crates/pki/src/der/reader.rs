use super::{DerError, tag};

/// One element: identifier, content and the octets of both as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// First identifier octet. Tag numbers above 30 are skipped over correctly but not told apart.
    pub tag: u8,
    /// The content octets.
    pub value: &'a [u8],
    /// Identifier, length and content octets as received.
    pub raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// A reader over the content.
    #[must_use]
    pub fn reader(self) -> Reader<'a> {
        Reader::new(self.value)
    }

    /// The text of a string type, or nothing if the octets are not text of that type. T.61 is read as Latin-1, which is
    /// what its users meant (RFC 5280 leaves it undefined).
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self.tag & !tag::CONSTRUCTED {
            tag::UTF8_STRING => std::str::from_utf8(self.value).ok().map(str::to_owned),
            tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING | tag::VISIBLE_STRING => {
                self.value.is_ascii().then(|| self.value.iter().map(|&b| char::from(b)).collect())
            }
            tag::TELETEX_STRING => Some(self.value.iter().map(|&b| char::from(b)).collect()),
            tag::BMP_STRING if self.value.len().is_multiple_of(2) => {
                let units = self.value.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
                char::decode_utf16(units).collect::<Result<_, _>>().ok()
            }
            tag::UNIVERSAL_STRING if self.value.len().is_multiple_of(4) => self
                .value
                .chunks_exact(4)
                .map(|c| char::from_u32(u32::from_be_bytes([c[0], c[1], c[2], c[3]])))
                .collect(),
            _ => None,
        }
    }
}

/// Walks the elements of a definite-length encoding.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `input`.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        Reader { rest: input }
    }

    /// The one element that `input` is, with nothing after it.
    pub fn single(input: &'a [u8], tag: u8, what: &'static str) -> Result<Tlv<'a>, DerError> {
        let mut reader = Reader::new(input);
        let element = reader.take(tag, what)?;
        reader.finish(what)?;
        Ok(element)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next identifier octet without reading it.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads the next element, whatever it is.
    pub fn any(&mut self) -> Result<Tlv<'a>, DerError> {
        let (header, length) = header(self.rest)?;
        let length = length.ok_or(DerError::Length)?;
        let end = header.checked_add(length).ok_or(DerError::Length)?;
        let raw = self.rest.get(..end).ok_or(DerError::Truncated)?;
        let value = raw.get(header..).ok_or(DerError::Truncated)?;
        let tag = raw.first().copied().ok_or(DerError::Truncated)?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(Tlv { tag, value, raw })
    }

    /// Reads the next element, which must have this identifier octet; `what` names it in the error.
    pub fn take(&mut self, tag: u8, what: &'static str) -> Result<Tlv<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            found => Err(DerError::Unexpected { what, found: found.unwrap_or(0) }),
        }
    }

    /// Reads the next element if it has this identifier octet.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, DerError> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// A SEQUENCE's content.
    pub fn sequence(&mut self, what: &'static str) -> Result<Reader<'a>, DerError> {
        Ok(self.take(tag::SEQUENCE, what)?.reader())
    }

    /// An INTEGER's content octets, two's complement, as received.
    pub fn integer(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        let value = self.take(tag::INTEGER, what)?.value;
        if value.is_empty() { Err(DerError::Value(what)) } else { Ok(value) }
    }

    /// A small non-negative INTEGER.
    pub fn small(&mut self, what: &'static str) -> Result<u32, DerError> {
        small(self.integer(what)?).ok_or(DerError::Value(what))
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self, what: &'static str) -> Result<crate::Oid, DerError> {
        Ok(crate::Oid::from_content(self.take(tag::OID, what)?.value))
    }

    /// A BIT STRING made of whole octets.
    pub fn bit_octets(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        match self.take(tag::BIT_STRING, what)?.value.split_first() {
            Some((0, octets)) => Ok(octets),
            _ => Err(DerError::Value(what)),
        }
    }

    /// The octets of a signature's BIT STRING. One that does not consist of whole octets can verify under no key: its
    /// content is returned with the count of unused bits in front, so that it does not.
    pub fn signature_octets(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        let content = self.take(tag::BIT_STRING, what)?.value;
        match content.split_first() {
            Some((0, octets)) => Ok(octets),
            Some(_) => Ok(content),
            None => Err(DerError::Value(what)),
        }
    }

    /// Nothing may be left.
    pub fn finish(self, what: &'static str) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DerError::Trailing(what)) }
    }
}

/// A non-negative integer of at most 32 bits out of INTEGER content octets.
pub(crate) fn small(content: &[u8]) -> Option<u32> {
    if content.first().is_some_and(|b| b & 0x80 != 0) {
        return None;
    }
    let digits = content.iter().position(|&b| b != 0).and_then(|at| content.get(at..)).unwrap_or_default();
    if digits.len() > 4 {
        return None;
    }
    Some(digits.iter().fold(0, |value, &b| (value << 8) | u32::from(b)))
}

/// The number of header octets, and the content length or `None` when indefinite.
pub(super) fn header(input: &[u8]) -> Result<(usize, Option<usize>), DerError> {
    let first = *input.first().ok_or(DerError::Truncated)?;
    let mut at = 1;
    if first & 0x1f == 0x1f {
        loop {
            let octet = *input.get(at).ok_or(DerError::Truncated)?;
            at += 1;
            if octet & 0x80 == 0 {
                break;
            }
            if at > 5 {
                return Err(DerError::Value("a tag number"));
            }
        }
    }
    let length = *input.get(at).ok_or(DerError::Truncated)?;
    at += 1;
    if length < 0x80 {
        return Ok((at, Some(usize::from(length))));
    }
    if length == 0x80 {
        return Ok((at, None));
    }
    let count = usize::from(length & 0x7f);
    let octets = input.get(at..at + count).ok_or(DerError::Truncated)?;
    let significant = octets.iter().position(|&b| b != 0).and_then(|p| octets.get(p..)).unwrap_or_default();
    if significant.len() > 4 {
        return Err(DerError::Length);
    }
    let value = significant.iter().fold(0usize, |v, &b| (v << 8) | usize::from(b));
    Ok((at + count, Some(value)))
}
