//! Elements and attributes, written by hand-held values: a tree that is printed with two blanks per level.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// An element to be written.
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: Option<String>,
}

impl Element {
    pub(super) fn new(name: &str) -> Element {
        Element { name: name.to_owned(), attributes: Vec::new(), children: Vec::new(), text: None }
    }

    pub(super) fn attribute(mut self, name: &str, value: impl Into<String>) -> Element {
        self.attributes.push((name.to_owned(), clean(&value.into())));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Element {
        self.text = Some(clean(&text.into()));
        self
    }

    pub(super) fn child(mut self, child: Element) -> Element {
        self.children.push(child);
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        self.children.extend(children);
        self
    }

    /// A bit word as Windows writes it: hexadecimal without 0x, and each set bit as an attribute.
    pub(super) fn bits<'n>(self, value: u32, names: impl Iterator<Item = &'n str>) -> Element {
        let with_value = self.attribute("value", format!("{value:X}"));
        names.fold(with_value, |element, name| element.attribute(name, "true"))
    }

    /// The document with this element as its root.
    pub(super) fn document(&self) -> String {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        // Writing into memory does not fail.
        let _ = self.write(&mut writer);
        let mut out = String::from_utf8(writer.into_inner()).unwrap_or_default();
        out.push('\n');
        out
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name.as_str());
        for (name, value) in &self.attributes {
            start.push_attribute((name.as_str(), value.as_str()));
        }
        if self.children.is_empty() && self.text.is_none() {
            return writer.write_event(Event::Empty(start));
        }
        writer.write_event(Event::Start(start))?;
        if let Some(text) = &self.text {
            writer.write_event(Event::Text(BytesText::new(text)))?;
        }
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))
    }
}

/// Characters XML cannot hold are replaced.
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}
