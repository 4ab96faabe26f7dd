//! Maps and sets by process numbers. The kernel gives the numbers, so nobody can choose them to collide, and a thousand look-ups
//! a second should cost little.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Something for each of some processes.
pub type ByNumber<V> = HashMap<u32, V, BuildHasherDefault<Spread>>;
/// Some processes.
pub type Numbers = HashSet<u32, BuildHasherDefault<Spread>>;

/// Spreads a number over all bits by one multiplication (Knuth's multiplicative hashing).
#[derive(Debug, Default, Clone, Copy)]
pub struct Spread {
    state: u64,
}

/// 2^64 over the golden ratio, odd.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        // The map takes its place from the low bits and a tag from the high ones; the product is good in the high ones.
        self.state.rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.state = (self.state ^ u64::from(number)).wrapping_mul(FACTOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_numbers_are_spread() {
        let mut low = HashSet::new();
        let mut tags = HashSet::new();
        for number in 1..=1024_u32 {
            let mut hasher = Spread::default();
            hasher.write_u32(number);
            low.insert(hasher.finish() % 4096);
            tags.insert(hasher.finish() >> 57);
        }
        assert!(low.len() > 700, "{} of 4096 places", low.len());
        assert!(tags.len() > 100, "{} of 128 tags", tags.len());
    }
}
