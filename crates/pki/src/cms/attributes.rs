use crate::der::{Reader, Tlv, tag, write};
use crate::{DerError, Oid};

/// Attributes a message may have; real ones have about ten.
const MOST: usize = 64;

/// One attribute (RFC 5652 §5.3).
#[derive(Debug, Clone)]
pub struct Attribute<'a> {
    /// Its type.
    pub id: Oid,
    /// The content of its SET of values.
    pub values: &'a [u8],
}

/// Signed attributes, in the order received.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    raw: &'a [u8],
    list: Vec<Attribute<'a>>,
}

impl<'a> Attributes<'a> {
    pub(super) fn read(element: Tlv<'a>) -> Result<Self, DerError> {
        let mut reader = element.reader();
        let mut list = Vec::with_capacity(12);
        while !reader.is_empty() {
            if list.len() == MOST {
                return Err(DerError::TooLarge);
            }
            let mut inner = reader.sequence("Attribute")?;
            let id = inner.oid("attrType")?;
            let values = inner.take(tag::SET, "attrValues")?.value;
            inner.finish("Attribute")?;
            list.push(Attribute { id, values });
        }
        Ok(Attributes { raw: element.raw, list })
    }

    /// The attributes in the order received.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute<'a>> {
        self.list.iter()
    }

    /// A type that stands there more than once, or has not exactly one value where it is found again by
    /// [`Attributes::single`]: nothing, if all is well.
    #[must_use]
    pub fn duplicate(&self) -> Option<&Oid> {
        let again = |at: usize, id: &Oid| self.list.iter().take(at).any(|earlier| earlier.id == *id);
        self.list.iter().enumerate().find(|(at, attribute)| again(*at, &attribute.id)).map(|(_, a)| &a.id)
    }

    /// The one value of the attribute of this type; nothing if it is missing, repeated or has not exactly one value.
    #[must_use]
    pub fn single(&self, id: &Oid) -> Option<Tlv<'a>> {
        let mut found = self.list.iter().filter(|a| a.id == *id);
        let attribute = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let mut values = Reader::new(attribute.values);
        let value = values.any().ok()?;
        values.is_empty().then_some(value)
    }

    /// Whether an attribute of this type is there, however often.
    #[must_use]
    pub fn has(&self, id: &Oid) -> bool {
        self.list.iter().any(|a| a.id == *id)
    }

    /// What is signed: the octets received, as the SET they stand for (RFC 5652 §5.4).
    pub(super) fn signed_form(&self) -> Vec<u8> {
        let mut out = self.raw.to_vec();
        if let Some(first) = out.first_mut() {
            *first = tag::SET;
        }
        out
    }

    /// What DER would make of them: sorted, shortest lengths outside. Some signers sign this and send another order.
    pub(super) fn sorted_form(&self) -> Option<Vec<u8>> {
        let element = Reader::new(self.raw).any().ok()?;
        let mut reader = element.reader();
        let mut parts = Vec::with_capacity(self.list.len());
        while !reader.is_empty() {
            parts.push(reader.any().ok()?.raw.to_vec());
        }
        Some(write::set_of(parts))
    }
}
