//! A small tree of an XML text in which everything knows its place.

pub mod grammar;
pub(crate) mod reader;

use crate::source::{RawText, Span};

/// A tag with its contents.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// Name as typed.
    pub(crate) name: String,
    /// Where the name stands in the opening tag.
    pub(crate) name_span: Span,
    /// The whole opening tag.
    pub(crate) open: Span,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Element>,
    /// All character data directly inside, entities resolved.
    pub(crate) text: RawText,
}

/// An attribute of a tag.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) value: RawText,
}

impl Element {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.is(name))
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.is(name))
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// The text of a child without white space at its ends; `None` if the child is absent or empty, which means the default.
    pub(crate) fn child_text(&self, name: &str) -> Option<RawText> {
        let text = self.child(name)?.text.trimmed();
        (!text.value.is_empty()).then_some(text)
    }
}
