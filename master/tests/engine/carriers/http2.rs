//! The site's side of HTTP/2.

use super::{Act, Carried, Seen, Stage};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

pub(super) async fn serve<S: Carried>(stream: S, number: usize, stage: Arc<Stage>) -> Option<()> {
    let mut connection = h2::server::handshake(stream).await.ok()?;
    let closing = Arc::new(Notify::new());
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = closing.notified() => return None,
        };
        let (request, mut response) = accepted?.ok()?;
        let (head, body) = request.into_parts();
        let seen = Seen {
            connection: number,
            method: head.method.to_string(),
            target: head.uri.path_and_query()?.to_string(),
            fields: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
                .collect(),
            body: Vec::new(),
        };
        let early = (stage.actor)(&seen);
        let head_request = seen.method == "HEAD";
        if matches!(early, Act::LastAnswer(_)) {
            connection.graceful_shutdown();
        }
        if matches!(early, Act::Close) {
            return None;
        }
        let (stage, closing) = (Arc::clone(&stage), Arc::clone(&closing));
        tokio::spawn(async move {
            if matches!(early, Act::Early(_) | Act::Deaf) {
                let act = stage.act(seen);
                return perform(&mut response, act, (body, &closing, head_request)).await;
            }
            let (read, body) = read_all(body).await?;
            let act = stage.act(Seen { body: read, ..seen });
            perform(&mut response, act, (body, &closing, head_request)).await
        });
    }
}

async fn read_all(mut body: RecvStream) -> Option<(Vec<u8>, RecvStream)> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        body.flow_control().release_capacity(piece.len()).ok()?;
        all.extend_from_slice(&piece);
    }
    Some((all, body))
}

async fn perform(
    response: &mut SendResponse<Bytes>,
    act: Act,
    (body, closing, head_request): (RecvStream, &Notify, bool),
) -> Option<()> {
    match act {
        Act::Answer(status, mut fields, text) if head_request => {
            fields.push(("content-length", text.len().to_string()));
            answer(response, status, &fields, Vec::new()).await
        }
        Act::Answer(status, fields, text) => answer(response, status, &fields, text).await,
        Act::LastAnswer(text) => answer(response, 200, &[], text).await,
        Act::Early(status) => answer(response, status, &[], Vec::new()).await,
        Act::Half | Act::Cut => {
            let mut stream = head(response, 200, &[("content-length", "10".to_owned())], false)?;
            stream.send_data(Bytes::from_static(b"abc"), false).ok()?;
            if act == Act::Cut {
                // The frames must have left before the connection is gone.
                tokio::time::sleep(Duration::from_millis(20)).await;
                closing.notify_one();
                return None;
            }
            wait((stream, body)).await
        }
        Act::Silent | Act::Deaf => wait(body).await,
        Act::Reset => {
            response.send_reset(Reason::INTERNAL_ERROR);
            None
        }
        Act::Close => None,
    }
}

/// Long enough for any time limit of a test to pass; what is held would be cancelled if it were dropped.
async fn wait<T>(held: T) -> Option<()> {
    tokio::time::sleep(Duration::from_secs(100)).await;
    drop(held);
    None
}

fn head(
    response: &mut SendResponse<Bytes>,
    status: u16,
    fields: &[(&str, String)],
    last: bool,
) -> Option<SendStream<Bytes>> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in fields {
        builder = builder.header(*name, value);
    }
    response.send_response(builder.body(()).ok()?, last).ok()
}

async fn answer(
    response: &mut SendResponse<Bytes>,
    status: u16,
    fields: &[(&str, String)],
    body: Vec<u8>,
) -> Option<()> {
    let mut stream = head(response, status, fields, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(Bytes::from(body), true).ok()?;
    }
    Some(())
}
