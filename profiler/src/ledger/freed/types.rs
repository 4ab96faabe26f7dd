//! Where the kernel keeps what is asked for, from its own description of its types (BTF, `include/uapi/linux/btf.h`). Pure.

use crate::netlink::{u16_at, u32_at};

const MAGIC: u16 = 0xeb9f;
/// Bytes of a type's description before what its kind adds.
const TYPE_BYTES: usize = 12;
/// Bytes of each member of a structure.
const MEMBER_BYTES: usize = 12;

const STRUCT: u32 = 4;
const UNION: u32 = 5;
const TYPEDEF: u32 = 8;

/// Structures inside structures that are followed.
const DEEPEST: usize = 4;

/// Offsets in a task, bytes, and the number of the tracepoint's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// The type of the tracepoint `sched_process_free`.
    pub(super) tracepoint: u32,
    /// The number of its process.
    pub(super) process: i16,
    /// Its own number.
    pub(super) thread: i16,
    /// The scheduler's sum of its run times, ns.
    pub(super) run_ns: i16,
    /// The address of what it shares with the other tasks of its process.
    pub(super) shared: i16,
    /// In there: the sum of the run times of those that have ended, ns.
    pub(super) ended_ns: i16,
}

impl Places {
    /// Finds them; `None` where the description is not one, or lacks one of them.
    pub(super) fn find(description: &[u8]) -> Option<Self> {
        let types = Types::new(description)?;
        let [task, entity, shared, tracepoint] = types.named([
            (STRUCT, "task_struct"),
            (STRUCT, "sched_entity"),
            (STRUCT, "signal_struct"),
            (TYPEDEF, "btf_trace_sched_process_free"),
        ])?;
        let run = types.offset(task, "se", 0)? + types.offset(entity, "sum_exec_runtime", 0)?;
        let place = |bytes: u32| i16::try_from(bytes).ok();
        Some(Self {
            tracepoint: tracepoint.number,
            process: place(types.offset(task, "tgid", 0)?)?,
            thread: place(types.offset(task, "pid", 0)?)?,
            run_ns: place(run)?,
            shared: place(types.offset(task, "signal", 0)?)?,
            ended_ns: place(types.offset(shared, "sum_sched_runtime", 0)?)?,
        })
    }
}

/// One type.
#[derive(Debug, Clone, Copy, Default)]
struct Type<'a> {
    number: u32,
    name: u32,
    info: u32,
    /// What its kind adds.
    more: &'a [u8],
}

impl Type<'_> {
    fn kind(&self) -> u32 {
        (self.info >> 24) & 0x1f
    }

    /// Bytes that its kind adds; `None` for a kind that is not known, after which nothing can be found.
    fn more_bytes(info: u32) -> Option<usize> {
        let count = usize::try_from(info & 0xffff).ok()?;
        Some(match (info >> 24) & 0x1f {
            // Pointers, forward declarations, typedefs, qualifiers, functions, floats, tags of types.
            2 | 7..=12 | 16 | 18 => 0,
            // Integers, variables, tags of declarations.
            1 | 14 | 17 => 4,
            // Arrays.
            3 => 12,
            STRUCT | UNION | 15 | 19 => count * MEMBER_BYTES,
            // Enumerations, parameters of functions.
            6 | 13 => count * 8,
            _ => return None,
        })
    }
}

/// All types, in the order of their numbers.
struct Types<'a> {
    types: &'a [u8],
    names: &'a [u8],
}

impl<'a> Types<'a> {
    fn new(description: &'a [u8]) -> Option<Self> {
        if u16_at(description, 0)? != MAGIC {
            return None;
        }
        let number = |at| usize::try_from(u32_at(description, at)?).ok();
        let body = description.get(number(4)?..)?;
        let part = |at: usize, bytes: usize| body.get(at..at.checked_add(bytes)?);
        Some(Self {
            types: part(number(8)?, number(12)?)?,
            names: part(number(16)?, number(20)?)?,
        })
    }

    fn iter(&self) -> impl Iterator<Item = Type<'a>> {
        let mut rest = self.types;
        let mut number = 0;
        std::iter::from_fn(move || {
            let (name, info) = (u32_at(rest, 0)?, u32_at(rest, 4)?);
            let end = TYPE_BYTES + Type::more_bytes(info)?;
            let more = rest.get(TYPE_BYTES..end)?;
            rest = rest.get(end..)?;
            // The number 0 means nothing.
            number += 1;
            Some(Type {
                number,
                name,
                info,
                more,
            })
        })
    }

    fn is_called(&self, name: u32, wanted: &str) -> bool {
        let text = usize::try_from(name).ok().and_then(|at| self.names.get(at..));
        text.and_then(|text| text.strip_prefix(wanted.as_bytes()))
            .is_some_and(|rest| rest.first() == Some(&0))
    }

    /// The first of each of these kinds and names. A kernel has some hundred thousand types, so they are gone through once.
    fn named<const N: usize>(&self, wanted: [(u32, &str); N]) -> Option<[Type<'a>; N]> {
        let mut found = [None; N];
        for candidate in self.iter() {
            for ((kind, name), place) in wanted.iter().zip(&mut found) {
                if candidate.kind() == *kind && place.is_none() && self.is_called(candidate.name, name) {
                    *place = Some(candidate);
                }
            }
            if found.iter().all(Option::is_some) {
                break;
            }
        }
        let all = found.iter().all(Option::is_some);
        all.then(|| found.map(Option::unwrap_or_default))
    }

    /// Where in a structure a member is, bytes; also one of a structure without a name in it, which must be looked for.
    fn offset(&self, of: Type<'a>, wanted: &str, depth: usize) -> Option<u32> {
        let packed = of.info >> 31 == 1;
        let members = || {
            of.more.chunks_exact(MEMBER_BYTES).filter_map(move |member| {
                let (name, number, place) = (u32_at(member, 0)?, u32_at(member, 4)?, u32_at(member, 8)?);
                // Where a structure has bit fields, the upper byte is their width.
                let bits = if packed { place & 0x00ff_ffff } else { place };
                Some((name, number, bits / 8))
            })
        };
        if let Some((_, _, bytes)) = members().find(|(name, ..)| self.is_called(*name, wanted)) {
            return Some(bytes);
        }
        if depth >= DEEPEST {
            return None;
        }
        members()
            .filter(|(name, ..)| *name == 0)
            .find_map(|(_, number, bytes)| {
                let inner = self.iter().find(|candidate| candidate.number == number)?;
                let inside =
                    matches!(inner.kind(), STRUCT | UNION).then(|| self.offset(inner, wanted, depth + 1));
                Some(bytes + inside.flatten()?)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A description made by hand.
    #[derive(Default)]
    struct Made {
        types: Vec<u8>,
        names: Vec<u8>,
    }

    impl Made {
        fn new() -> Self {
            Self {
                names: vec![0],
                ..Self::default()
            }
        }

        fn name(&mut self, text: &str) -> u32 {
            if text.is_empty() {
                return 0;
            }
            let at = self.names.len() as u32;
            self.names.extend_from_slice(text.as_bytes());
            self.names.push(0);
            at
        }

        fn add(&mut self, kind: u32, name: &str, members: &[(&str, u32, u32)]) {
            let name = self.name(name);
            let info = kind << 24 | members.len() as u32;
            self.words(&[name, info, 0]);
            for (name, kind, bits) in members {
                let name = self.name(name);
                self.words(&[name, *kind, *bits]);
            }
        }

        fn words(&mut self, words: &[u32]) {
            for word in words {
                self.types.extend_from_slice(&word.to_ne_bytes());
            }
        }

        fn bytes(&self) -> Vec<u8> {
            let mut bytes = MAGIC.to_ne_bytes().to_vec();
            bytes.extend_from_slice(&[1, 0]);
            let (types, names) = (self.types.len() as u32, self.names.len() as u32);
            for word in [24, 0, types, types, names] {
                bytes.extend_from_slice(&word.to_ne_bytes());
            }
            bytes.extend_from_slice(&self.types);
            bytes.extend_from_slice(&self.names);
            bytes
        }
    }

    fn kernel() -> Made {
        let mut made = Made::new();
        // 1: an integer, with four more bytes.
        let int = made.name("int");
        made.words(&[int, 1 << 24, 4, 32]);
        made.add(
            STRUCT,
            "sched_entity",
            &[("load", 1, 0), ("sum_exec_runtime", 1, 512)],
        );
        made.add(STRUCT, "", &[("pid", 1, 64), ("tgid", 1, 96)]);
        made.add(STRUCT, "task_struct_ext", &[("tgid", 1, 8)]);
        made.add(
            STRUCT,
            "task_struct",
            &[
                ("flags", 1, 0),
                ("se", 2, 1024),
                ("", 3, 8000),
                ("signal", 1, 16000),
            ],
        );
        made.add(STRUCT, "signal_struct", &[("sum_sched_runtime", 1, 640)]);
        made.add(TYPEDEF, "btf_trace_sched_process_free", &[]);
        made
    }

    #[test]
    fn members_are_found_also_in_structures_without_a_name() {
        let places = Places::find(&kernel().bytes()).unwrap();
        let expected = Places {
            tracepoint: 7,
            process: 1000 + 12,
            thread: 1000 + 8,
            run_ns: 128 + 64,
            shared: 2000,
            ended_ns: 80,
        };
        assert_eq!(places, expected);
    }

    #[test]
    fn what_is_missing_or_foreign_is_no_place() {
        let mut without = Made::new();
        without.add(STRUCT, "task_struct", &[("se", 1, 0)]);
        assert_eq!(Places::find(&without.bytes()), None);
        let whole = kernel().bytes();
        for cut in 0..whole.len() {
            assert_eq!(Places::find(&whole[..cut]), None, "cut at {cut}");
        }
        let mut other = whole;
        other[0] ^= 1;
        assert_eq!(Places::find(&other), None);
    }

    #[test]
    fn this_kernel_s_own_description_has_them() {
        let Ok(description) = std::fs::read("/sys/kernel/btf/vmlinux") else {
            eprintln!("not tested: this kernel does not describe its types");
            return;
        };
        let places = Places::find(&description).unwrap();
        assert!(places.run_ns > 0 && places.process != places.thread);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_description_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut description = MAGIC.to_ne_bytes().to_vec();
            description.extend(bytes);
            let _ = Places::find(&description);
        }
    }
}
