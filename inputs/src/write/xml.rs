//! input.xml as text.

use super::{is_unique, name_of, range_of, sequences, sources, text};
use crate::diagnostic::Diagnostics;
use crate::http::{self, FORM};
use crate::number::thousandfold_text;
use crate::workload::{
    Check, Extractor, Method, NodeInfo, Part, Profile, Source, Template, Transaction, Workload,
};
use autoperf_models::distribution::Distribution;

pub(super) fn input(workload: &Workload) -> Result<String, Diagnostics> {
    let mut out = Writer {
        text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
        depth: 0,
    };
    out.open("autoperf");
    out.open("Load");
    for transaction in &workload.transactions {
        out.transaction(transaction)?;
    }
    if !workload.warm_up {
        out.leaf("warmup", &[], "false");
    }
    if let Some(level) = workload.start_load {
        out.leaf("startload", &[], &level.to_string());
    }
    out.close("Load");
    if !workload.nodes.is_empty() {
        out.open("ServerInfo");
        for node in &workload.nodes {
            out.node(node);
        }
        out.close("ServerInfo");
    }
    if let Some(profile) = &workload.profile {
        out.profile(profile, &workload.transactions)?;
    }
    out.close("autoperf");
    Ok(out.text)
}

struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    fn indent(&mut self) {
        self.text.push_str(&"    ".repeat(self.depth));
    }

    fn open(&mut self, name: &str) {
        self.open_with(name, &[]);
    }

    fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.start(name, attributes);
        self.text.push('\n');
        self.depth += 1;
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        self.text.push_str(&format!("</{name}>\n"));
    }

    fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.indent();
        self.start(name, attributes);
        self.text.push_str(&kept(value));
        self.text.push_str(&format!("</{name}>\n"));
    }

    fn transaction(&mut self, transaction: &Transaction) -> Result<(), Diagnostics> {
        self.open("transaction");
        self.leaf("name", &[], &transaction.name);
        let sequences = sequences(transaction)?;
        let unique = is_unique(transaction);
        if !sequences.is_empty() {
            self.open("sequencelist");
            for source in sequences {
                self.sequence(source, unique);
            }
            self.close("sequencelist");
        }
        self.request(transaction);
        for (name, value) in &transaction.headers {
            self.leaf("header", &[("name", name)], &text(value));
        }
        if let Some(timeout) = transaction.timeout_s {
            self.leaf("timeout", &[], &thousandfold_text(timeout));
        }
        self.think_time(&transaction.think_time_s);
        if transaction.follow_redirects {
            self.leaf("followredirects", &[], "true");
        }
        if transaction.resources {
            self.leaf("resources", &[], "true");
        }
        for check in &transaction.checks {
            self.check(check);
        }
        for extraction in &transaction.extractions {
            let (from, value) = match &extraction.from {
                Extractor::Regex(value) => ("regex", value),
                Extractor::JsonPath(value) => ("jsonpath", value),
                Extractor::Css(value) => ("css", value),
                Extractor::Header(value) => ("header", value),
            };
            let attributes = [("name", extraction.name.as_str()), ("from", from)];
            self.leaf("extract", &attributes, value);
        }
        self.close("transaction");
        Ok(())
    }

    fn sequence(&mut self, source: &Source, unique: bool) {
        let name = ("name", source.name.as_str());
        if let Some((low, high)) = range_of(source, unique) {
            let value = format!("{low},{high}");
            self.leaf("sequence", &[name, ("type", "range")], &value);
        } else if source.values.iter().all(|v| is_plain(v)) {
            self.leaf("sequence", &[name], &source.values.join(","));
        } else {
            self.open_with("sequence", &[name]);
            for value in source.values.iter() {
                self.leaf("value", &[], value);
            }
            self.close("sequence");
        }
    }

    fn request(&mut self, transaction: &Transaction) {
        let mut attributes = Vec::new();
        if transaction.method != Method::Get {
            attributes.push(("method", http::method_name(transaction.method)));
        }
        let has_files = sources(transaction).any(|s| s.file().is_some());
        let has_values = sources(transaction).next().is_some();
        if transaction.from_last_page {
            attributes.push(("inputype", "parse"));
        } else if has_files {
            attributes.push(("inputype", "file"));
        } else if has_values {
            attributes.push(("inputype", "sequence"));
        }
        if is_unique(transaction) {
            attributes.push(("unique", "unique"));
        }
        let url = text(&transaction.url);
        let post = transaction.method == Method::Post;
        let splits = post && literal_holds(&transaction.url, |t| t.contains('?'));
        match &transaction.body {
            Some(body)
                if post
                    && !splits
                    && body.content_type == FORM
                    && !literal_holds(&body.text, |t| t.contains(spoils_a_url)) =>
            {
                self.leaf("url", &attributes, &format!("{url}?{}", text(&body.text)));
            }
            Some(body) => {
                self.leaf("url", &attributes, &url);
                self.leaf("body", &[("type", &body.content_type)], &text(&body.text));
            }
            None => {
                self.leaf("url", &attributes, &url);
                if splits {
                    self.leaf("body", &[], "");
                }
            }
        }
    }

    fn think_time(&mut self, law: &Distribution) {
        let ms = |time: &f64| thousandfold_text(*time);
        match law {
            Distribution::Constant(0.0) => {}
            Distribution::Constant(time) => self.leaf("thinktime", &[], &ms(time)),
            Distribution::Uniform { low, high } => {
                let times = format!("{},{}", ms(low), ms(high));
                self.leaf("thinktime", &[("law", "uniform")], &times);
            }
            Distribution::Exponential { mean } => {
                self.leaf("thinktime", &[("law", "exponential")], &ms(mean));
            }
            Distribution::Erlang { stages, mean } => {
                let stages = stages.to_string();
                let attributes = [("law", "erlang"), ("stages", stages.as_str())];
                self.leaf("thinktime", &attributes, &ms(mean));
            }
            Distribution::Hyperexponential { mean, cv } => {
                let cv = cv.to_string();
                let attributes = [("law", "hyperexponential"), ("cv", cv.as_str())];
                self.leaf("thinktime", &attributes, &ms(mean));
            }
            Distribution::Lognormal { mean, cv } => {
                let cv = cv.to_string();
                let attributes = [("law", "lognormal"), ("cv", cv.as_str())];
                self.leaf("thinktime", &attributes, &ms(mean));
            }
            Distribution::Empirical(values) => {
                let times: Vec<String> = values.iter().map(ms).collect();
                self.leaf("thinktime", &[("law", "empirical")], &times.join(","));
            }
        }
    }

    fn check(&mut self, check: &Check) {
        match check {
            Check::Status(list) => {
                let codes: Vec<String> = list.iter().map(u16::to_string).collect();
                self.leaf("expect", &[], &codes.join(","));
            }
            Check::Contains(value) => self.leaf("contains", &[], value),
            Check::Lacks(value) => self.leaf("lacks", &[], value),
            Check::Matches(value) => self.leaf("matches", &[], value),
        }
    }

    fn node(&mut self, node: &NodeInfo) {
        let kind = if node.java { "JavaNode" } else { "NonJavaNode" };
        self.open_with("NodeInfo", &[("type", kind)]);
        self.leaf("Node", &[], &node.node);
        self.leaf("Process", &[], &node.process);
        self.leaf("Port", &[], &node.port.to_string());
        if let Some(cores) = node.cores {
            self.leaf("Cores", &[], &cores.to_string());
        }
        self.close("NodeInfo");
    }

    fn profile(&mut self, profile: &Profile, transactions: &[Transaction]) -> Result<(), Diagnostics> {
        self.open("Profile");
        for item in &profile.uses {
            self.open("usetransactions");
            self.leaf("name", &[], name_of(transactions, item.transaction)?);
            for &index in &item.requires {
                self.leaf("requires", &[], name_of(transactions, index)?);
            }
            self.close("usetransactions");
        }
        self.leaf("numusers", &[], &profile.users.to_string());
        let think = thousandfold_text(profile.think_time_s);
        self.leaf("profilethinktime", &[], &think);
        let count = profile.execution_count.map(|n| n.to_string());
        self.leaf("executioncount", &[], &count.unwrap_or_default());
        self.close("Profile");
        Ok(())
    }
}

/// Whether a value can stand between commas.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.contains(',') && value.trim() == value
}

fn literal_holds(template: &Template, test: impl Fn(&str) -> bool) -> bool {
    template
        .parts
        .iter()
        .any(|part| matches!(part, Part::Literal(text) if test(text)))
}

/// Characters that may stand in a form but not in a URL, of which the form is written as a part.
fn spoils_a_url(c: char) -> bool {
    c == '#' || c.is_whitespace() || c.is_control()
}

/// Text with blanks at its ends and carriage returns as references, so that they are taken for meant.
fn kept(text: &str) -> String {
    let inner = text.trim();
    let from = text.find(inner).unwrap_or(0);
    let outer = |part: &str| -> String { part.chars().map(|c| format!("&#{};", u32::from(c))).collect() };
    format!(
        "{}{}{}",
        outer(&text[..from]),
        escaped(inner),
        outer(&text[from + inner.len()..])
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}
