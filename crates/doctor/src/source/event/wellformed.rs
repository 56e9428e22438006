//! XML that is what it claims to be, read with quick-xml.
//!
//! Document type definitions are refused: no event has one, and they are how entity bombs are built. The five
//! predefined entities and character references are all that is resolved.

use std::borrow::Cow;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::tree::Element;

/// Why text is not well-formed XML to this reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotWellFormed {
    /// It breaks the rules of XML.
    Broken,
    /// It has a document type definition.
    Dtd,
    /// It nests deeper than allowed.
    Depth,
}

/// Reads all top-level elements of the text.
pub(crate) fn elements(text: &str, depth: usize) -> Result<Vec<Element<'_>>, NotWellFormed> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut roots = Vec::new();
    let mut open: Vec<Element<'_>> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| NotWellFormed::Broken)? {
            Event::Start(start) => {
                if open.len() >= depth {
                    return Err(NotWellFormed::Depth);
                }
                open.push(element(&start, text)?);
            }
            Event::Empty(start) => {
                let empty = element(&start, text)?;
                close(empty, &mut open, &mut roots);
            }
            Event::End(_) => {
                let closed = open.pop().ok_or(NotWellFormed::Broken)?;
                close(closed, &mut open, &mut roots);
            }
            Event::Text(piece) => {
                let piece = piece.into_inner();
                if let Some(parent) = open.last_mut() {
                    parent.push_text(piece);
                } else if !piece.trim().is_empty() {
                    return Err(NotWellFormed::Broken);
                }
            }
            Event::CData(piece) => {
                if let Some(parent) = open.last_mut() {
                    parent.push_text(piece.into_inner());
                }
            }
            Event::GeneralRef(reference) => {
                let name = reference.into_inner();
                let resolved = unescape(&format!("&{name};")).map_err(|_| NotWellFormed::Broken)?.into_owned();
                open.last_mut().ok_or(NotWellFormed::Broken)?.push_text(Cow::Owned(resolved));
            }
            Event::DocType(_) => return Err(NotWellFormed::Dtd),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { Ok(roots) } else { Err(NotWellFormed::Broken) }
}

fn close<'a>(done: Element<'a>, open: &mut [Element<'a>], roots: &mut Vec<Element<'a>>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => roots.push(done),
    }
}

/// Borrows from the text where the name and values are found in it unchanged.
fn element<'a>(start: &BytesStart<'a>, text: &'a str) -> Result<Element<'a>, NotWellFormed> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| NotWellFormed::Broken)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| NotWellFormed::Broken)?;
        let value = borrowed(text, &value).map_or_else(|| Cow::Owned(value.into_owned()), Cow::Borrowed);
        let key = attribute.key.as_ref();
        let key = borrowed(text, key).map_or_else(|| Cow::Owned(key.to_owned()), Cow::Borrowed);
        attributes.push((key, value));
    }
    let name = start.local_name();
    let name = name.as_ref();
    let name = borrowed(text, name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed);
    Ok(Element { name, attributes, text: Cow::Borrowed(""), children: Vec::new() })
}

/// The part of `text` that `part` is, if it lies inside it: quick-xml hands out slices with shorter lifetimes.
fn borrowed<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let at = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    text.get(at..at.checked_add(part.len())?)
}
