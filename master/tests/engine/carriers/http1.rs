//! The site's side of HTTP/1.1.

use super::{Act, Carried, Seen, Stage};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

pub(super) async fn serve<S: Carried>(stream: S, connection: usize, stage: &Stage) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (request, length) = read_head(&mut stream, connection).await?;
        // Some acts come before the body; they are told by the target alone.
        let early = (stage.actor)(&request);
        if !matches!(early, Act::Early(_) | Act::Deaf) {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.ok()?;
            let act = stage.act(Seen {
                body,
                ..request.clone()
            });
            perform(&mut stream, act, &request.method).await?;
        } else {
            let act = stage.act(request);
            perform(&mut stream, act, "POST").await?;
        }
    }
}

async fn read_head<S: Carried>(stream: &mut BufReader<S>, connection: usize) -> Option<(Seen, usize)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let mut request = Seen {
        connection,
        method: words.next()?,
        target: words.next()?,
        fields: std::collections::BTreeMap::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        request.fields.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = request
        .fields
        .get("content-length")
        .map_or(Some(0), |n| n.parse().ok())?;
    Some((request, length))
}

/// `None` where the connection has come to its end.
async fn perform<S: Carried>(stream: &mut BufReader<S>, act: Act, method: &str) -> Option<()> {
    match act {
        Act::Answer(status, fields, body) => answer(stream, (status, &fields, method), &body).await,
        Act::LastAnswer(body) => {
            let close = [("Connection", "close".to_owned())];
            answer(stream, (200, &close, method), &body).await?;
            stream.get_mut().shutdown().await.ok()?;
            None
        }
        Act::Early(status) => {
            let close = [("Connection", "close".to_owned())];
            answer(stream, (status, &close, method), b"").await?;
            // What is left of the request is read, so that no reset destroys the answer.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok()?;
            None
        }
        Act::Half | Act::Cut => {
            stream
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                .await
                .ok()?;
            stream.get_mut().flush().await.ok()?;
            if act == Act::Half {
                wait().await;
            }
            None
        }
        Act::Silent | Act::Deaf => {
            wait().await;
            None
        }
        Act::Reset => {
            let now = Some(Duration::ZERO);
            rustix::net::sockopt::set_socket_linger(stream.get_ref().socket(), now).expect("open");
            None
        }
        Act::Close => None,
    }
}

/// Long enough for any time limit of a test to pass.
async fn wait() {
    tokio::time::sleep(Duration::from_secs(100)).await;
}

async fn answer<S: Carried>(
    stream: &mut BufReader<S>,
    (status, fields, method): (u16, &[(&str, String)], &str),
    body: &[u8],
) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if method != "HEAD" {
        bytes.extend_from_slice(body);
    }
    stream.get_mut().write_all(&bytes).await.ok()?;
    stream.get_mut().flush().await.ok()
}
