//! The tags of input.xml, the manual's and our own: the reader obeys this table and docs/file-formats.md is checked against it.

use crate::xml::grammar::{Content, Origin, TagRule};

/// Every tag, in the order of the documentation.
pub const TAGS: &[TagRule] = &[
    block("Load", &[""], "Transactions and what holds for all of them."),
    TagRule {
        many: true,
        ..block(
            "transaction",
            &["Load"],
            "One transaction: a request to be sent and measured.",
        )
    },
    TagRule {
        many: true,
        ..text(
            "name",
            &["transaction", "usetransactions"],
            "Identifier of a transaction, as the CBMG and the profile block use it (in `<usetransactions>` it may be repeated).",
        )
    },
    TagRule {
        attributes: &[
            ("method", "get (default), post; also put, patch, delete, head"),
            (
                "inputype",
                "sequence, file, parse; sequence where it is missing; `inputtype` is accepted",
            ),
            ("inputtype", "the same"),
            ("unique", "unique"),
        ],
        ..text(
            "url",
            &["transaction"],
            "URL with `${...}` places; for post the part after `?` is the form. `&` is written `&amp;`.",
        )
    },
    block(
        "sequencelist",
        &["transaction"],
        "The sequences of this transaction.",
    ),
    TagRule {
        many: true,
        content: Content::Either,
        attributes: &[
            ("name", "name used in `${...}`"),
            ("type", "range; a list where it is missing"),
        ],
        ..text(
            "sequence",
            &["sequencelist"],
            "Comma-separated values, or with `type=\"range\"` the lowest and the highest integer.",
        )
    },
    TagRule {
        many: true,
        ..own(
            "value",
            &["sequence"],
            "One value of a list, where it contains commas or outer blanks.",
        )
    },
    text(
        "timeout",
        &["transaction", "Load"],
        "Time limit, ms; -1 (default) for none. In `<Load>`: for all transactions without one.",
    ),
    TagRule {
        attributes: &[
            (
                "law",
                "constant (default), uniform, exponential, erlang, hyperexponential, lognormal, empirical",
            ),
            ("stages", "number of stages of erlang"),
            ("cv", "coefficient of variation of hyperexponential and lognormal"),
        ],
        ..text(
            "thinktime",
            &["transaction", "Load"],
            "Time between the previous answer and this request, ms; 0 by default. In `<Load>`: for all transactions without one.",
        )
    },
    text(
        "warmup",
        &["Load"],
        "true (default): nothing is measured before the server is warm; false: from the beginning.",
    ),
    text(
        "cbmgfile",
        &["Load"],
        "Name of the CBMG file, relative to this file.",
    ),
    text(
        "startload",
        &["Load"],
        "Load level to start the capacity analysis with.",
    ),
    TagRule {
        many: true,
        attributes: &[("name", "the header's name")],
        ..own(
            "header",
            &["transaction"],
            "A request header; its value may have `${...}` places.",
        )
    },
    TagRule {
        attributes: &[("type", "content type; text/plain by default")],
        ..own(
            "body",
            &["transaction"],
            "The request body, with `${...}` places; an empty `<body/>` means none. The URL keeps its part after `?`.",
        )
    },
    own(
        "followredirects",
        &["transaction"],
        "true: redirects are followed and belong to the transaction; false by default.",
    ),
    own(
        "resources",
        &["transaction"],
        "true: what the page's HTML names (images, style sheets, scripts) is fetched as part of the transaction; false by default.",
    ),
    TagRule {
        many: true,
        ..own(
            "expect",
            &["transaction"],
            "Accepted status codes and ranges of them, comma-separated; without it, any below 400.",
        )
    },
    TagRule {
        many: true,
        ..own("contains", &["transaction"], "Text that the answer must contain.")
    },
    TagRule {
        many: true,
        ..own(
            "lacks",
            &["transaction"],
            "Text that the answer must not contain.",
        )
    },
    TagRule {
        many: true,
        ..own(
            "matches",
            &["transaction"],
            "Regular expression that the answer must match.",
        )
    },
    TagRule {
        many: true,
        attributes: &[
            ("name", "name used in `${...}` by later requests of the session"),
            ("from", "regex, jsonpath, css, header"),
        ],
        ..own(
            "extract",
            &["transaction"],
            "A value taken from the answer: the expression, path, selector (with `@attribute`) or header name.",
        )
    },
    block("ServerInfo", &["", "Load"], "The servers to be profiled."),
    TagRule {
        many: true,
        attributes: &[("type", "NonJavaNode (default), JavaNode")],
        ..block("NodeInfo", &["ServerInfo"], "A server process to be profiled.")
    },
    text("Node", &["NodeInfo"], "Host name or IP address of the machine."),
    text(
        "Process",
        &["NodeInfo"],
        "Name of the process on it; patterns with `*` and alternatives with `|` are our addition.",
    ),
    text("Port", &["NodeInfo"], "Port on which the profiler listens there."),
    own(
        "Cores",
        &["NodeInfo"],
        "Cores that the process may use, where the profiler can't see the limit.",
    ),
    block("Profile", &["", "Load"], "What the profiling mode does."),
    TagRule {
        many: true,
        ..block(
            "usetransactions",
            &["Profile"],
            "A transaction to be profiled, with what it requires.",
        )
    },
    TagRule {
        many: true,
        ..text(
            "requires",
            &["usetransactions"],
            "A transaction that each user issues once before, unmeasured; repeated for several.",
        )
    },
    text(
        "numusers",
        &["Profile"],
        "Number of users to emulate; 1 where empty.",
    ),
    text(
        "profilethinktime",
        &["Profile"],
        "Think time between executions, ms; 0 where empty.",
    ),
    text(
        "executioncount",
        &["Profile"],
        "Executions by each user; determined automatically where empty.",
    ),
];

const fn block(name: &'static str, within: &'static [&'static str], meaning: &'static str) -> TagRule {
    TagRule {
        name,
        within,
        many: false,
        content: Content::Tags,
        attributes: &[],
        origin: Origin::Manual,
        meaning,
    }
}

const fn text(name: &'static str, within: &'static [&'static str], meaning: &'static str) -> TagRule {
    TagRule {
        content: Content::Text,
        ..block(name, within, meaning)
    }
}

const fn own(name: &'static str, within: &'static [&'static str], meaning: &'static str) -> TagRule {
    TagRule {
        origin: Origin::Own,
        ..text(name, within, meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_documented() {
        for (i, tag) in TAGS.iter().enumerate() {
            assert!(
                TAGS[..i].iter().all(|t| !t.name.eq_ignore_ascii_case(tag.name)),
                "{}",
                tag.name
            );
            assert!(tag.meaning.ends_with('.'), "{}", tag.name);
            for place in tag.within {
                assert!(
                    place.is_empty() || TAGS.iter().any(|t| t.name == *place),
                    "{place}"
                );
            }
        }
    }
}
