//! The program that the kernel runs for each task that it gives back: numbers and run times of the task into a record, the
//! record into the queue. Written in the instructions of eBPF (`Documentation/bpf/standardization/instruction-set.rst`), so
//! that nothing must be compiled where it runs.

use std::os::fd::{AsRawFd, OwnedFd};

use super::Freed;
use super::types::Places;
use crate::netlink::{u32_at, u64_at};
use crate::syscall::Instruction;

/// Bytes of a record: process, thread, run time, and the sum of the run times of its process's ended tasks.
pub(super) const RECORD_BYTES: usize = 24;

/// The kernel lets only programs under terms that fit its own look into its structures; these are the autoperf authors' own.
pub(super) const LICENSE: &std::ffi::CStr = c"Dual MIT/GPL";

const LOAD_U32: u8 = 0x61;
const LOAD_U64: u8 = 0x79;
const STORE_U32: u8 = 0x63;
const STORE_U64: u8 = 0x7b;
const MOVE: u8 = 0xb7;
const MOVE_REGISTER: u8 = 0xbf;
const ADD: u8 = 0x07;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// The wide load whose number is a descriptor of a map.
const LOAD_WIDE: u8 = 0x18;
const MAP_DESCRIPTOR: u8 = 1;

const RESULT: u8 = 0;
const FIRST: u8 = 1;
const SECOND: u8 = 2;
const THIRD: u8 = 3;
const TASK: u8 = 6;
const STACK: u8 = 10;

/// The helper `bpf_map_push_elem`.
const PUSH: i32 = 87;

/// Where the record lies, from the end of the stack.
const RECORD: i16 = -(RECORD_BYTES as i16);

fn instruction(code: u8, target: u8, source: u8, offset: i16, number: i32) -> Instruction {
    Instruction {
        code,
        registers: target | source << 4,
        offset,
        number,
    }
}

/// The program for a kernel with these places.
pub(super) fn instructions(places: &Places, queue: &OwnedFd) -> Vec<Instruction> {
    let copy = |load: u8, from: i16, store: u8, to: i16| {
        [
            instruction(load, SECOND, TASK, from, 0),
            instruction(store, STACK, SECOND, to, 0),
        ]
    };
    let mut program = vec![instruction(LOAD_U64, TASK, FIRST, 0, 0)];
    program.extend(copy(LOAD_U32, places.process, STORE_U32, RECORD));
    program.extend(copy(LOAD_U32, places.thread, STORE_U32, RECORD + 4));
    program.extend(copy(LOAD_U64, places.run_ns, STORE_U64, RECORD + 8));
    program.push(instruction(LOAD_U64, TASK, TASK, places.shared, 0));
    program.extend(copy(LOAD_U64, places.ended_ns, STORE_U64, RECORD + 16));
    program.extend([
        instruction(LOAD_WIDE, FIRST, MAP_DESCRIPTOR, 0, queue.as_raw_fd()),
        instruction(0, 0, 0, 0, 0),
        instruction(MOVE_REGISTER, SECOND, STACK, 0, 0),
        instruction(ADD, SECOND, 0, 0, i32::from(RECORD)),
        instruction(MOVE, THIRD, 0, 0, 0),
        instruction(CALL, 0, 0, 0, PUSH),
        instruction(MOVE, RESULT, 0, 0, 0),
        instruction(EXIT, 0, 0, 0, 0),
    ]);
    program
}

/// Reads what the program has written.
pub(super) fn parse(record: &[u8; RECORD_BYTES]) -> Freed {
    Freed {
        process: u32_at(record, 0).unwrap_or(0),
        thread: u32_at(record, 4).unwrap_or(0),
        cpu_ns: u64_at(record, 8).unwrap_or(0),
        in_clock_ns: u64_at(record, 16).unwrap_or(0),
    }
}
