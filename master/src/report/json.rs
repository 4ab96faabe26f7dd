//! `summary.json`: the summary itself, the public contract.

use super::{Renderer, ReportError};

/// The JSON form.
pub const RENDERER: Renderer = Renderer {
    name: "json",
    file_name: "summary.json",
    about: "the whole answer for programs, by the published schema",
    always: true,
    render: |summary| {
        serde_json::to_string_pretty(summary)
            .map(|text| text + "\n")
            .map_err(|error| ReportError::Render {
                what: "summary.json",
                reason: error.to_string(),
            })
    },
};
