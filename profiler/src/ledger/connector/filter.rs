//! What of the events is not wanted never leaves the kernel: most are of threads, and of ends, which the exit records tell.
//!
//! A program of classic BPF. It loads words most significant byte first, whatever the machine's order.

use libc::sock_filter;

use super::{BEFORE_IDS, COMM, CONNECTOR_HEADER, EXEC, FORK};
use crate::netlink::HEADER;

const LOAD_WORD: u16 = 0x20;
const TO_INDEX: u16 = 0x07;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_EQUAL_INDEX: u16 = 0x1d;
const RETURN: u16 = 0x06;
const ALL: u32 = u32::MAX;
const NOTHING: u32 = 0;

/// Lets starts of processes pass, programs, and names of processes.
pub(super) fn program() -> [sock_filter; 14] {
    let event = (HEADER + CONNECTOR_HEADER) as u32;
    let id = |index: u32| event + BEFORE_IDS as u32 + 4 * index;
    [
        load(event),
        jump(JUMP_IF_EQUAL, EXEC.to_be(), 10, 0),
        jump(JUMP_IF_EQUAL, COMM.to_be(), 5, 0),
        jump(JUMP_IF_EQUAL, FORK.to_be(), 0, 9),
        // A start: of a process where child and child's process are one.
        load(id(2)),
        instruction(TO_INDEX, 0, 0, 0),
        load(id(3)),
        jump(JUMP_IF_EQUAL_INDEX, 0, 4, 5),
        // A name: of a process where thread and process are one.
        load(id(0)),
        instruction(TO_INDEX, 0, 0, 0),
        load(id(1)),
        jump(JUMP_IF_EQUAL_INDEX, 0, 0, 1),
        instruction(RETURN, 0, 0, ALL),
        instruction(RETURN, 0, 0, NOTHING),
    ]
}

fn load(from: u32) -> sock_filter {
    instruction(LOAD_WORD, 0, 0, from)
}

fn jump(code: u16, value: u32, equal: u8, else_: u8) -> sock_filter {
    instruction(code, equal, else_, value)
}

fn instruction(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::connector::Event;

    /// What the program returns for a message, by the rules of `linux/filter.h`.
    fn run(program: &[sock_filter], message: &[u8]) -> u32 {
        let (mut at, mut accumulator, mut index) = (0, 0_u32, 0_u32);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            match code {
                LOAD_WORD => {
                    let Some(word) = message.get(k as usize..k as usize + 4) else {
                        return 0;
                    };
                    accumulator = u32::from_be_bytes(word.try_into().unwrap());
                }
                TO_INDEX => index = accumulator,
                JUMP_IF_EQUAL | JUMP_IF_EQUAL_INDEX => {
                    let other = if code == JUMP_IF_EQUAL { k } else { index };
                    at += usize::from(if accumulator == other { jt } else { jf });
                }
                RETURN => return k,
                other => panic!("{other:#x}"),
            }
        }
    }

    #[test]
    fn what_passes_is_what_is_used() {
        for what in [1, 2, 4, 0x40, 0x80, 0x200, 0x4000_0000, 0x8000_0000] {
            for ids in [[7, 7, 20, 20], [7, 7, 21, 20], [8, 7, 20, 20], [8, 7, 21, 20]] {
                let mut message = vec![0; HEADER + CONNECTOR_HEADER];
                message.extend_from_slice(&u32::to_ne_bytes(what));
                message.extend_from_slice(&[0; 12]);
                ids.iter()
                    .for_each(|id: &u32| message.extend_from_slice(&id.to_ne_bytes()));
                let used = matches!(
                    Event::parse(&message),
                    Some(Event::Fork { .. } | Event::Exec { .. } | Event::Rename { .. })
                );
                let passes = run(&program(), &message) != NOTHING;
                assert_eq!(passes, used, "{what:#x} {ids:?}");
            }
        }
    }
}
