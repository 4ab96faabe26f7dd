//! How requests find their way: address families, proxies, expectations.

use crate::site::{Request, Site, bytes, page};
use crate::workloads::{endless, records, start, text, transaction};
use autoperf_inputs::workload::{Body, Check, Method, Transaction};
use autoperf_models::record::Outcome;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

#[test]
fn an_address_of_ipv6_is_reached_and_named_in_brackets() {
    let listener = TcpListener::bind("[::1]:0").expect("loopback of IPv6");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().expect("socket"));
                let mut writer = stream;
                loop {
                    let mut host = String::new();
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(value) = line.strip_prefix("Host: ") {
                            host = value.trim().to_owned();
                        }
                        if line == "\r\n" {
                            break;
                        }
                    }
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{host}", host.len());
                    if writer.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let mut checked = transaction("t", &format!("http://{address}/"), 0.0);
    checked.checks = vec![Check::Contains(format!("[::1]:{}", address.port()))];
    let engine = start(&endless(checked));
    engine.set_users(2);
    assert!(records(&engine, 10).iter().all(|r| r.outcome.is_ok()));
}

#[test]
fn proxies_of_the_environment_are_ignored() {
    let site = Site::constant("direct");
    let proxy = Site::constant("by the proxy");
    let mut command = Command::new(env!("CARGO_BIN_EXE_autoperf"));
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env(name, proxy.url(""));
    }
    let output = command
        .args(["try", &site.url("/"), "--steps", "1"])
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!((site.requests().len(), proxy.connections()), (1, 0));
}

#[test]
fn an_expectation_is_stated_but_not_waited_for() {
    let site = Site::start(|request: &Request| {
        assert_eq!(request.field("expect"), Some("100-continue"));
        match (request.target.as_str(), request.body.as_str()) {
            ("/told", "the body") => {
                let told = bytes("HTTP/1.1 100 Continue\r\n\r\n");
                [vec![told], page("ok")].concat()
            }
            ("/silent", "the body") => page("ok"),
            _ => vec![bytes(
                "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
            )],
        }
    });
    for (target, outcome, status) in [
        ("/told", Outcome::Ok, 200),
        ("/silent", Outcome::Ok, 200),
        ("/refused", Outcome::HttpError, 417),
    ] {
        let expecting = Transaction {
            method: Method::Post,
            body: Some(Body {
                content_type: "text/plain".to_owned(),
                text: text("the body"),
            }),
            headers: vec![("Expect".to_owned(), text("100-continue"))],
            ..transaction("t", &site.url(target), 0.0)
        };
        let engine = start(&endless(expecting));
        engine.set_users(1);
        for record in records(&engine, 3) {
            assert_eq!((record.outcome, record.status), (outcome, status), "{target}");
        }
    }
}
