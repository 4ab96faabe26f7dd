//! The storage tier: frames in, rows out. A frame is a length (4 bytes, big-endian) and that many bytes.
//!
//! Query: ticket (8 bytes, big-endian), kind (1 byte). Reply: ticket (8 bytes), rows as text.

use super::law::{Kind, Tier};
use super::service::{Action, Connection, Service};
use std::collections::HashMap;

/// Longest frame that is accepted, bytes.
const FRAME_LIMIT: usize = 64 * 1024;

/// Rows that every reply carries; what a page shows of the storage.
const ROWS: &str =
    "brass lamp|12.50\nwicker chair|49.00\noak shelf|89.90\nblue teapot|23.75\nwool rug|110.00\n";

/// Takes the first frame out of what has been received; an error where its length is absurd.
pub(super) fn take_frame(input: &mut Vec<u8>) -> Result<Option<Vec<u8>>, FrameTooLong> {
    let Some(length_bytes) = input.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length_bytes) as usize;
    if length > FRAME_LIMIT {
        return Err(FrameTooLong);
    }
    if input.len() < 4 + length {
        return Ok(None);
    }
    let frame = input[4..4 + length].to_vec();
    input.drain(..4 + length);
    Ok(Some(frame))
}

/// A frame longer than any that the site sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FrameTooLong;

/// The query of the web tier.
pub(super) fn query(ticket: u64, kind: Kind) -> Vec<u8> {
    frame(ticket, &[kind as u8])
}

/// Ticket and rows of a reply.
pub(super) fn read_reply(frame: &[u8]) -> Option<(u64, &str)> {
    let (ticket, rows) = frame.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*ticket), std::str::from_utf8(rows).ok()?))
}

fn frame(ticket: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + payload.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&ticket.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn read_query(frame: &[u8]) -> Option<(u64, Kind)> {
    let (ticket, payload) = frame.split_first_chunk::<8>()?;
    let &[kind] = payload else { return None };
    Some((u64::from_be_bytes(*ticket), *Kind::ALL.get(usize::from(kind))?))
}

/// The storage tier's protocol.
#[derive(Default)]
pub(super) struct Storage {
    queries: u64,
    asked_by: HashMap<u64, (Connection, u64)>,
}

impl Service for Storage {
    fn received(&mut self, from: Connection, input: &mut Vec<u8>, actions: &mut Vec<Action>) {
        loop {
            match take_frame(input) {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    let Some((ticket, kind)) = read_query(&frame) else {
                        return actions.push(Action::Close { whom: from });
                    };
                    self.queries += 1;
                    self.asked_by.insert(self.queries, (from, ticket));
                    let cpu_ns = u64::try_from(kind.cpu(Tier::Storage).as_nanos()).unwrap_or(u64::MAX);
                    actions.push(Action::Work {
                        ticket: self.queries,
                        cpu_ns,
                    });
                }
                Err(FrameTooLong) => return actions.push(Action::Close { whom: from }),
            }
        }
    }

    fn worked(&mut self, ticket: u64, actions: &mut Vec<Action>) {
        if let Some((to, asked)) = self.asked_by.remove(&ticket) {
            actions.push(Action::Send {
                to,
                bytes: frame(asked, ROWS.as_bytes()),
                close: false,
            });
        }
    }

    fn closed(&mut self, _whom: Connection, _actions: &mut Vec<Action>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_costs_the_law_and_is_answered_under_its_ticket() {
        let mut storage = Storage::default();
        let mut actions = Vec::new();
        let mut input = [query(77, Kind::Search), query(78, Kind::Buy)].concat();
        input.extend_from_slice(&[0, 0]);
        storage.received(5, &mut input, &mut actions);
        assert_eq!(input, [0, 0]);
        assert_eq!(
            actions,
            [
                Action::Work {
                    ticket: 1,
                    cpu_ns: 4_000_000
                },
                Action::Work {
                    ticket: 2,
                    cpu_ns: 2_000_000
                }
            ]
        );
        actions.clear();
        storage.worked(2, &mut actions);
        let Action::Send {
            to: 5,
            bytes,
            close: false,
        } = &actions[0]
        else {
            panic!("{actions:?}")
        };
        let mut bytes = bytes.clone();
        let frame = take_frame(&mut bytes).unwrap().unwrap();
        assert_eq!(read_reply(&frame), Some((78, ROWS)));
        assert!(bytes.is_empty());
    }

    #[test]
    fn nonsense_closes_the_connection() {
        for bytes in [vec![255; 8], frame(1, &[9]), frame(1, &[]), vec![0, 0, 0, 1, 7]] {
            let mut actions = Vec::new();
            Storage::default().received(5, &mut bytes.clone(), &mut actions);
            assert_eq!(actions, [Action::Close { whom: 5 }], "{bytes:?}");
        }
    }
}
