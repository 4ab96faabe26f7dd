//! The `<ServerInfo>` block.

use super::fields::Fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::http;
use crate::number;
use crate::source::RawText;
use crate::suggest::did_you_mean;
use crate::workload::NodeInfo;
use crate::xml::Element;

pub(super) fn read(servers: &Element, notes: &mut Diagnostics, fields: &mut Fields<'_>) -> Vec<NodeInfo> {
    servers
        .all("NodeInfo")
        .filter_map(|element| node(element, notes, fields))
        .collect()
}

fn node(element: &Element, notes: &mut Diagnostics, fields: &mut Fields<'_>) -> Option<NodeInfo> {
    let java = java(element, notes, fields);
    let node = fields.required_text(element, "Node");
    let process = fields.required_text(element, "Process");
    let port = fields
        .required_text(element, "Port")
        .and_then(|text| fields.count(&text, "port", 1..=65535))
        .and_then(|n| u16::try_from(n).ok());
    let cores = element.child_text("Cores").map(|text| cores(&text, fields));
    let node = node.filter(|text| host(text, fields))?;
    let process = process.filter(|text| single_line(text, fields))?;
    Some(NodeInfo {
        node: node.value,
        process: process.value,
        port: port?,
        java,
        cores: cores.flatten(),
    })
}

fn java(element: &Element, notes: &mut Diagnostics, fields: &mut Fields<'_>) -> bool {
    let Some(text) = fields.attribute(element, "type") else {
        return false;
    };
    if text.value.eq_ignore_ascii_case("NonJavaNode") {
        return false;
    }
    if text.value.eq_ignore_ascii_case("JavaNode") {
        notes.push(
            Diagnostic::note("a Java process")
                .at(fields.source, text.span())
                .hint("its CPU time and memory are measured as those of any process"),
        );
        return true;
    }
    fields.push(
        Diagnostic::error(format!("`{}` for a type of node", text.value))
            .expected("NonJavaNode or JavaNode")
            .maybe_hint(did_you_mean(&text.value, ["NonJavaNode", "JavaNode"])),
        text.span(),
    );
    false
}

fn host(text: &RawText, fields: &mut Fields<'_>) -> bool {
    let checked = http::machine(&text.value);
    let good = checked.is_ok();
    if let Err(why) = checked {
        let expected = "a host name or an IP address, such as 10.129.41.154";
        fields.push(Diagnostic::error(why).expected(expected), text.span());
    }
    good
}

fn single_line(text: &RawText, fields: &mut Fields<'_>) -> bool {
    let good = !text.value.contains(char::is_control);
    if !good {
        fields.push(
            Diagnostic::error("a process name over several lines").expected("one name, such as apache2"),
            text.span(),
        );
    }
    good
}

fn cores(text: &RawText, fields: &mut Fields<'_>) -> Option<f64> {
    let value = number::decimal(&text.value).filter(|v| *v > 0.0 && *v <= 65536.0);
    if value.is_none() {
        fields.push(
            Diagnostic::error(format!("`{}` for a number of cores", text.value))
                .expected("a number above 0, such as 0.5"),
            text.span(),
        );
    }
    value
}
