//! Which tags may stand where: one table of rules, one check of a tree against it.

use super::Element;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::SourceText;
use crate::suggest::did_you_mean;

/// Where a tag or attribute comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// AutoPerf's manual.
    Manual,
    /// Our own addition.
    Own,
}

/// What stands between a tag's opening and closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Other tags only.
    Tags,
    /// Text only.
    Text,
    /// Either text or tags.
    Either,
}

/// A tag of input.xml.
#[derive(Debug)]
pub struct TagRule {
    /// Name; matched ignoring ASCII case.
    pub name: &'static str,
    /// The tags it may stand in; `""` is the top level.
    pub within: &'static [&'static str],
    /// Whether it may stand there more than once.
    pub many: bool,
    /// What it contains.
    pub content: Content,
    /// Its attributes with what they take.
    pub attributes: &'static [(&'static str, &'static str)],
    /// Whose it is.
    pub origin: Origin,
    /// What it means, with its unit and default.
    pub meaning: &'static str,
}

/// Checks that every tag and attribute is known where it stands, that single ones are single, and that text stands only
/// where text is meant.
pub(crate) fn check(rules: &[TagRule], source: &SourceText, elements: &[Element], found: &mut Diagnostics) {
    Checker { rules, source, found }.children("", elements);
}

struct Checker<'a> {
    rules: &'a [TagRule],
    source: &'a SourceText,
    found: &'a mut Diagnostics,
}

impl Checker<'_> {
    fn children(&mut self, parent: &str, elements: &[Element]) {
        let allowed: Vec<&TagRule> = self.rules.iter().filter(|r| r.within.contains(&parent)).collect();
        let mut seen: Vec<&str> = Vec::new();
        for element in elements {
            let rule = allowed.iter().find(|r| element.is(r.name)).copied();
            let Some(rule) = rule else {
                self.unknown_tag(parent, element, &allowed);
                continue;
            };
            let again = !rule.many && seen.contains(&rule.name);
            if again {
                self.found.report(
                    self.source,
                    element.name_span,
                    Diagnostic::error(format!("`<{}>` for the second time", element.name))
                        .expected(format!("at most one in {}", shown(parent)))
                        .hint("remove one of them"),
                );
            }
            if !rule.many && !again {
                seen.push(rule.name);
            }
            self.element(rule, element);
        }
    }

    fn element(&mut self, rule: &TagRule, element: &Element) {
        for attribute in &element.attributes {
            let known = |name: &&(&str, &str)| attribute.name.eq_ignore_ascii_case(name.0);
            if !rule.attributes.iter().any(|a| known(&a)) {
                let names: Vec<&str> = rule.attributes.iter().map(|a| a.0).collect();
                let expected = if names.is_empty() {
                    format!("no attribute in `<{}>`", element.name)
                } else {
                    names.join(", ")
                };
                let message = format!("unknown attribute `{}` of `<{}>`", attribute.name, element.name);
                self.found.report(
                    self.source,
                    attribute.name_span,
                    Diagnostic::error(message)
                        .expected(expected)
                        .maybe_hint(did_you_mean(&attribute.name, names)),
                );
            }
        }
        let text = element.text.trimmed();
        let has_text = !text.value.is_empty();
        match rule.content {
            Content::Text => {
                if let Some(child) = element.children.first() {
                    self.found.report(
                        self.source,
                        child.open,
                        Diagnostic::error(format!("tag `<{}>` inside `<{}>`", child.name, element.name))
                            .expected("text only")
                            .hint("write `<` in a text as `&lt;`, or the text as <![CDATA[...]]>"),
                    );
                }
            }
            Content::Tags if has_text => self.stray_text(element),
            Content::Either if has_text && !element.children.is_empty() => self.stray_text(element),
            Content::Tags | Content::Either => {}
        }
        if rule.content != Content::Text {
            self.children(rule.name, &element.children);
        }
    }

    fn stray_text(&mut self, element: &Element) {
        let text = element.text.trimmed();
        self.found.report(
            self.source,
            text.span(),
            Diagnostic::error(format!("text directly in `<{}>`", element.name))
                .expected("tags only")
                .hint("a tag around the text is missing"),
        );
    }

    fn unknown_tag(&mut self, parent: &str, element: &Element, allowed: &[&TagRule]) {
        let names: Vec<&str> = allowed.iter().map(|r| r.name).collect();
        let elsewhere = self.rules.iter().find(|r| element.is(r.name));
        let message = match elsewhere {
            Some(_) => format!("`<{}>` does not belong in {}", element.name, shown(parent)),
            None => format!("unknown tag `<{}>` in {}", element.name, shown(parent)),
        };
        let hint = match elsewhere.and_then(|r| r.within.iter().find(|w| !w.is_empty())) {
            Some(place) => Some(format!("it belongs in `<{place}>`")),
            None => did_you_mean(&element.name, names.iter().copied()),
        };
        self.found.report(
            self.source,
            element.name_span,
            Diagnostic::error(message)
                .expected(tag_list(&names))
                .maybe_hint(hint),
        );
    }
}

fn shown(parent: &str) -> String {
    if parent.is_empty() {
        "the file's top level".to_owned()
    } else {
        format!("`<{parent}>`")
    }
}

fn tag_list(names: &[&str]) -> String {
    let list: Vec<String> = names.iter().map(|n| format!("<{n}>")).collect();
    list.join(" ")
}
