//! A four-ary heap of instants: a node's children share a cache line.

/// Instants with the number of whom they concern; equal instants come out in the order in which they went in.
#[derive(Debug, Clone, Default)]
pub(super) struct Heap {
    /// Bits of the time, the count of insertion, the number: one comparison orders all three.
    keys: Vec<u128>,
    inserted: u32,
}

impl Heap {
    /// Adds an instant, which must be a number not below zero.
    #[inline]
    pub(super) fn push(&mut self, time: f64, number: u32) {
        debug_assert!(time >= 0.0, "{time}");
        // Adding zero turns -0 into +0, whose bits order as its value does.
        let bits = (time + 0.0).to_bits();
        let key = (u128::from(bits) << 64) | (u128::from(self.inserted) << 32) | u128::from(number);
        self.inserted = self.inserted.wrapping_add(1);
        self.keys.push(key);
        self.rise(self.keys.len() - 1, key);
    }

    /// The earliest instant; infinite where there is none.
    #[inline]
    pub(super) fn first(&self) -> f64 {
        self.keys
            .first()
            .map_or(f64::INFINITY, |key| f64::from_bits((key >> 64) as u64))
    }

    /// Takes the earliest instant out and says whom it concerns.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u32> {
        let last = self.keys.pop()?;
        let Some(&first) = self.keys.first() else {
            return Some(last as u32);
        };
        self.sink(last);
        Some(first as u32)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline]
    fn rise(&mut self, mut at: usize, key: u128) {
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[at] = self.keys[parent];
            at = parent;
        }
        self.keys[at] = key;
    }

    /// Puts `key` where the root was: the hole goes to the bottom by the smallest children, then the key rises from there,
    /// because a key from the end nearly always belongs there.
    #[inline]
    fn sink(&mut self, key: u128) {
        let count = self.keys.len();
        let mut at = 0;
        loop {
            let child = 4 * at + 1;
            if child >= count {
                break;
            }
            let mut least = child;
            for other in child + 1..(child + 4).min(count) {
                if self.keys[other] < self.keys[least] {
                    least = other;
                }
            }
            self.keys[at] = self.keys[least];
            at = least;
        }
        self.rise(at, key);
    }
}

#[cfg(test)]
mod tests {
    use super::Heap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_out_sorted_and_stable(times in prop::collection::vec(0u8..20, 0..200)) {
            let mut heap = Heap::default();
            for (number, time) in times.iter().enumerate() {
                heap.push(f64::from(*time) / 8.0, number as u32);
            }
            let mut want: Vec<(u8, u32)> = times.iter().copied().zip(0..).collect();
            want.sort();
            for (time, number) in want {
                prop_assert_eq!(heap.first(), f64::from(time) / 8.0);
                prop_assert_eq!(heap.pop(), Some(number));
            }
            prop_assert_eq!(heap.pop(), None);
            prop_assert!(heap.first().is_infinite());
        }
    }

    #[test]
    fn interleaved_pushes_and_pops_keep_order() {
        let mut heap = Heap::default();
        let mut state = 1_u64;
        let mut last = 0.0;
        for number in 0..5_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            heap.push(last + (state >> 40) as f64, number);
            if number % 3 > 0 {
                assert!(heap.first() >= last);
                last = heap.first();
                assert!(heap.pop().is_some());
            }
        }
        assert_eq!(heap.len(), 5_000 - 3_333);
    }
}
