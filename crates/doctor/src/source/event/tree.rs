//! An XML element as the extractors see it, whichever reader made it.

use std::borrow::Cow;

/// An element with local names only. Names are looked up without regard to case: pastes come through HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) text: Cow<'a, str>,
    pub(crate) children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// An attribute's value, trimmed.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.children.iter().find(|child| child.is(name))
    }

    /// All children of that name.
    pub(crate) fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Element<'a>> {
        self.children.iter().filter(move |child| child.is(name))
    }

    /// The first element of that name at any depth below, breadth being less likely wrong than depth: children first.
    pub(crate) fn find(&self, name: &str) -> Option<&Element<'a>> {
        self.child(name).or_else(|| self.children.iter().find_map(|child| child.find(name)))
    }

    /// Every element of that name at any depth below, in order.
    pub(crate) fn find_all<'b>(&'b self, name: &str, out: &mut Vec<&'b Element<'a>>) {
        for child in &self.children {
            if child.is(name) {
                out.push(child);
            }
            child.find_all(name, out);
        }
    }

    /// Trimmed text of the first element of that name below.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.find(name).map(|found| found.text.trim()).filter(|text| !text.is_empty())
    }

    /// All text at and below, white space folded.
    pub(crate) fn whole_text(&self) -> String {
        let mut words = Vec::new();
        self.collect(&mut words);
        words.join(" ")
    }

    fn collect<'b>(&'b self, words: &mut Vec<&'b str>) {
        words.extend(self.text.split_whitespace());
        for child in &self.children {
            child.collect(words);
        }
    }

    /// Appends text to what is there.
    pub(crate) fn push_text(&mut self, more: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = more;
        } else if !more.is_empty() {
            self.text.to_mut().push_str(&more);
        }
    }
}
