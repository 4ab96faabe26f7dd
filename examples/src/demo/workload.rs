//! The workload files of the demo site, in AutoPerf's format.

use super::law::{CORES_PER_TIER, ENTRY, Kind, LAW, ROWS, THINK_TIME, Tier};
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// Time limit of a transaction, ms: far above the response times at any sensible load.
const TIMEOUT_MS: u32 = 20_000;

/// Writes `input.xml` and `cbmg.txt` for a site at this port of 127.0.0.1 and a profiler at that one.
///
/// # Errors
/// Where the folder cannot be created or a file not written.
pub fn write_workload(folder: &Path, web_port: u16, profiler_port: u16) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("input.xml"), input_xml(web_port, profiler_port))?;
    fs::write(folder.join("cbmg.txt"), cbmg_txt())
}

/// The text of input.xml.
fn input_xml(web_port: u16, profiler_port: u16) -> String {
    let transactions: String = Kind::ALL
        .into_iter()
        .map(|kind| transaction(kind, web_port))
        .collect();
    let nodes: String = Tier::ALL
        .into_iter()
        .map(|tier| node(tier, profiler_port))
        .collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<autoperf>
<Load>
{transactions}    <warmup>true</warmup>
    <cbmgfile>cbmg.txt</cbmgfile>
</Load>
<ServerInfo>
{nodes}</ServerInfo>
</autoperf>
"#
    )
}

fn transaction(kind: Kind, port: u16) -> String {
    let (method, path, sequences): (_, _, &[&str]) = match kind {
        Kind::Browse => (
            "get",
            "browse?category=${category}&amp;page=${page}",
            &[
                r#"<sequence name="category">1,2,3,4,5,6,7,8</sequence>"#,
                r#"<sequence name="page" type="range">1,20</sequence>"#,
            ],
        ),
        Kind::Search => (
            "get",
            "search?q=${word}",
            &[r#"<sequence name="word">lamp,chair,shelf,teapot,rug,mirror,clock,vase</sequence>"#],
        ),
        Kind::Buy => (
            "post",
            "buy?item=${item}&amp;quantity=${quantity}",
            &[
                r#"<sequence name="item" type="range">1,500</sequence>"#,
                r#"<sequence name="quantity">1,2,3</sequence>"#,
            ],
        ),
    };
    let name = LAW[kind as usize].name;
    let sequences: String = sequences
        .iter()
        .map(|line| format!("            {line}\n"))
        .collect();
    let think_time_ms = THINK_TIME.as_millis();
    format!(
        r#"    <transaction>
        <name>{name}</name>
        <sequencelist>
{sequences}        </sequencelist>
        <url method="{method}" inputype="sequence">http://127.0.0.1:{port}/{path}</url>
        <timeout>{TIMEOUT_MS}</timeout>
        <thinktime>{think_time_ms}</thinktime>
    </transaction>
"#
    )
}

fn node(tier: Tier, profiler_port: u16) -> String {
    let process = tier.process_name();
    format!(
        r#"    <NodeInfo type="nonJavaNode">
        <Node>127.0.0.1</Node>
        <Process>{process}</Process>
        <Port>{profiler_port}</Port>
        <Cores>{CORES_PER_TIER}</Cores>
    </NodeInfo>
"#
    )
}

/// The text of cbmg.txt.
fn cbmg_txt() -> String {
    let names: Vec<_> = LAW.iter().map(|law| law.name).collect();
    let mut text = format!("Entry {} Exit\n", names.join(" "));
    let states = std::iter::once(("Entry", ENTRY)).chain(names.iter().copied().zip(ROWS));
    for (name, row) in states {
        // The rest is rounded to whole per cent like the figures it comes from, so that the row sums to 1 as typed.
        let exit = 1.0 - row.iter().sum::<f64>();
        // Writing into a String cannot fail.
        let _ = write!(text, "{name} 0");
        for probability in row.into_iter().chain([exit.abs()]) {
            let _ = write!(text, " {probability:.2}");
        }
        text.push('\n');
    }
    text.push_str("Exit 0 0 0 0 0\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_graph_sums_to_one_as_typed() {
        let text = cbmg_txt();
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows[0], "Entry Browse Search Buy Exit");
        assert_eq!(rows.len(), 6);
        for row in &rows[1..5] {
            let figures: Vec<f64> = row.split(' ').skip(1).map(|word| word.parse().unwrap()).collect();
            assert_eq!(figures.len(), 5, "{row}");
            assert!((figures.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{row}");
        }
        assert_eq!(rows[1], "Entry 0 0.70 0.30 0.00 0.00");
    }

    #[test]
    fn the_input_names_each_transaction_and_each_process_once() {
        let text = input_xml(8080, 22221);
        for law in LAW {
            assert_eq!(text.matches(&format!("<name>{}</name>", law.name)).count(), 1);
        }
        for tier in Tier::ALL {
            assert_eq!(
                text.matches(&format!("<Process>{}</Process>", tier.process_name()))
                    .count(),
                1
            );
        }
        assert!(
            text.contains("http://127.0.0.1:8080/buy?item=${item}&amp;quantity=${quantity}"),
            "{text}"
        );
        assert!(
            text.contains("<Port>22221</Port>\n        <Cores>0.5</Cores>"),
            "{text}"
        );
    }
}
