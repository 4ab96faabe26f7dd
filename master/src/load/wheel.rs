//! A hierarchical timer wheel (Varghese and Lauck 1987): set, cancel and expire in constant time, one timer per user.

/// Length of a tick: 2^17 ns = 0.131 ms. A timer never fires early and at most one tick late by construction; all that
/// expire within a tick share one wake-up of the thread.
const TICK_SHIFT: u32 = 17;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// 0.131 ms x 64^6 = 104 days.
const LEVELS: usize = 6;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    tick: u64,
    next: u32,
    previous: u32,
    /// Level x 64 + slot, or `UNSET`.
    place: u16,
}

const UNSET: u16 = u16::MAX;

/// Timers of the users of one thread; a user is a small number and has at most one timer.
#[derive(Debug)]
pub struct Wheel {
    /// All ticks before this one have fired.
    current: u64,
    heads: [u32; SLOTS * LEVELS],
    occupied: [u64; LEVELS],
    nodes: Vec<Node>,
    set: usize,
}

impl Wheel {
    /// A wheel whose time starts at 0.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            current: 0,
            heads: [NONE; SLOTS * LEVELS],
            occupied: [0; LEVELS],
            nodes: Vec::new(),
            set: 0,
        }
    }

    /// Number of timers that are set.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.set
    }

    /// Whether no timer is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set == 0
    }

    /// Sets the user's timer, in place of an earlier one.
    pub fn set(&mut self, user: u32, deadline_ns: u64) {
        self.cancel(user);
        let at = user as usize;
        if at >= self.nodes.len() {
            self.nodes.resize(
                at + 1,
                Node {
                    tick: 0,
                    next: NONE,
                    previous: NONE,
                    place: UNSET,
                },
            );
        }
        self.nodes[at].tick = deadline_ns.div_ceil(1 << TICK_SHIFT).max(self.current);
        self.link(user);
        self.set += 1;
    }

    /// Takes the user's timer back; whether there was one.
    pub fn cancel(&mut self, user: u32) -> bool {
        let Some(node) = self.nodes.get(user as usize).copied() else {
            return false;
        };
        if node.place == UNSET {
            return false;
        }
        self.unlink(user, node);
        self.set -= 1;
        true
    }

    /// An instant, ns, before which nothing can fire; never later than the first deadline's tick.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        let mut earliest: Option<u64> = None;
        for level in 0..LEVELS {
            if let Some(tick) = self.next_tick_of(level) {
                earliest = Some(earliest.map_or(tick, |e| e.min(tick)));
            }
        }
        earliest.map(|tick| tick << TICK_SHIFT)
    }

    /// Moves the time on and gives out whose timers have fired, in the order of their ticks.
    pub fn advance(&mut self, now_ns: u64, fired: &mut Vec<u32>) {
        let now_tick = now_ns >> TICK_SHIFT;
        while self.current <= now_tick {
            let Some(next) = self.next_ns().map(|ns| ns >> TICK_SHIFT) else {
                break;
            };
            if next > now_tick {
                break;
            }
            self.current = next;
            self.cascade();
            self.expire(fired);
            self.current += 1;
        }
        self.current = self.current.max(now_tick + 1);
    }

    /// First tick at which a slot of this level has something to do.
    fn next_tick_of(&self, level: usize) -> Option<u64> {
        let bits = self.occupied[level];
        if bits == 0 {
            return None;
        }
        let shift = SLOT_BITS * level as u32;
        let position = self.current >> shift;
        // A slot above level 0 is emptied downwards when its span begins; the span that `current` is inside of has begun,
        // unless `current` stands on its very first tick.
        let inside = level > 0 && self.current & ((1 << shift) - 1) != 0;
        let first = position + u64::from(inside);
        let ahead = bits.rotate_right((first % SLOTS as u64) as u32).trailing_zeros();
        Some((first + u64::from(ahead)) << shift)
    }

    /// Empties the slots of higher levels whose span begins at `current`.
    fn cascade(&mut self) {
        for level in (1..LEVELS).rev() {
            let shift = SLOT_BITS * level as u32;
            if self.current & ((1 << shift) - 1) != 0 {
                continue;
            }
            let slot = ((self.current >> shift) % SLOTS as u64) as usize;
            let mut user = self.take_slot(level * SLOTS + slot);
            while user != NONE {
                let next = self.nodes[user as usize].next;
                self.link(user);
                user = next;
            }
        }
    }

    fn expire(&mut self, fired: &mut Vec<u32>) {
        let slot = (self.current % SLOTS as u64) as usize;
        let mut user = self.take_slot(slot);
        while user != NONE {
            let node = &mut self.nodes[user as usize];
            let next = node.next;
            node.place = UNSET;
            self.set -= 1;
            fired.push(user);
            user = next;
        }
    }

    fn take_slot(&mut self, place: usize) -> u32 {
        self.occupied[place / SLOTS] &= !(1 << (place % SLOTS));
        std::mem::replace(&mut self.heads[place], NONE)
    }

    fn link(&mut self, user: u32) {
        let tick = self.nodes[user as usize].tick;
        let level = level_for(self.current, tick);
        // Beyond the reach of the highest level the timer goes round with its last slot until its turn comes.
        let reach = (1_u64 << (SLOT_BITS * LEVELS as u32)) - 1;
        let shown = tick.min(self.current + reach - (1 << (SLOT_BITS * (LEVELS as u32 - 1))));
        let slot = ((shown >> (SLOT_BITS * level as u32)) % SLOTS as u64) as usize;
        let place = level * SLOTS + slot;
        let head = self.heads[place];
        if head != NONE {
            self.nodes[head as usize].previous = user;
        }
        let node = &mut self.nodes[user as usize];
        node.next = head;
        node.previous = NONE;
        node.place = place as u16;
        self.heads[place] = user;
        self.occupied[level] |= 1 << slot;
    }

    fn unlink(&mut self, user: u32, node: Node) {
        if node.previous == NONE {
            let place = usize::from(node.place);
            self.heads[place] = node.next;
            if node.next == NONE {
                self.occupied[place / SLOTS] &= !(1 << (place % SLOTS));
            }
        } else {
            self.nodes[node.previous as usize].next = node.next;
        }
        if node.next != NONE {
            self.nodes[node.next as usize].previous = node.previous;
        }
        self.nodes[user as usize].place = UNSET;
    }
}

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

/// The lowest level whose 64 slots reach from `current` to `tick`: by the highest bit in which the two differ.
fn level_for(current: u64, tick: u64) -> usize {
    let differing = (current ^ tick) | (SLOTS as u64 - 1);
    let level = (63 - differing.leading_zeros()) / SLOT_BITS;
    (level as usize).min(LEVELS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICK_NS: u64 = 1 << TICK_SHIFT;

    #[test]
    fn fires_never_early_and_at_most_a_tick_late() {
        for deadline in [
            1,
            TICK_NS,
            TICK_NS + 1,
            70 * TICK_NS,
            5_000 * TICK_NS + 7,
            300_000 * TICK_NS,
            20_000_000 * TICK_NS,
        ] {
            let mut wheel = Wheel::new();
            wheel.set(3, deadline);
            let mut fired = Vec::new();
            wheel.advance(deadline - 1, &mut fired);
            assert!(fired.is_empty(), "{deadline}");
            wheel.advance(deadline + TICK_NS, &mut fired);
            assert_eq!(fired, [3], "{deadline}");
            assert!(wheel.is_empty());
        }
    }

    #[test]
    fn a_deadline_beyond_the_reach_is_kept() {
        let mut wheel = Wheel::new();
        let far = u64::MAX >> 4;
        wheel.set(0, far);
        let mut fired = Vec::new();
        for _ in 0..10_000 {
            let Some(next) = wheel.next_ns() else { break };
            wheel.advance(next, &mut fired);
            if !fired.is_empty() {
                assert!(next >= far);
                return;
            }
        }
        panic!("never fired");
    }

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(steps in prop::collection::vec((0u32..40, 0u64..40_000_000_000, 0u8..4, 0u64..2_000_000_000), 1..200)) {
            let mut wheel = Wheel::new();
            let mut model: Vec<Option<u64>> = vec![None; 40];
            let mut now = 0_u64;
            for (user, delay, action, pass) in steps {
                match action {
                    0 => {
                        prop_assert_eq!(wheel.cancel(user), model[user as usize].take().is_some());
                    }
                    1 => {
                        // Sleep exactly as the driver does, until `pass` is over.
                        let until = now + pass;
                        let mut fired = Vec::new();
                        while now < until {
                            let next = wheel.next_ns().unwrap_or(until).clamp(now + 1, until.max(now + 1));
                            now = next.min(until);
                            wheel.advance(now, &mut fired);
                        }
                        fired.sort_unstable();
                        let mut expected = Vec::new();
                        for (user, deadline) in model.iter_mut().enumerate() {
                            if deadline.is_some_and(|d| d.div_ceil(TICK_NS) <= now >> TICK_SHIFT) {
                                *deadline = None;
                                expected.push(user as u32);
                            }
                        }
                        prop_assert_eq!(fired, expected);
                    }
                    _ => {
                        // A deadline within the tick that has just fired waits for the next one.
                        let deadline = (now + delay).max(((now >> TICK_SHIFT) + 1) << TICK_SHIFT);
                        wheel.set(user, deadline);
                        model[user as usize] = Some(deadline);
                    }
                }
                prop_assert_eq!(wheel.len(), model.iter().flatten().count());
                let first = model.iter().flatten().min().map(|d| d.div_ceil(TICK_NS) * TICK_NS);
                prop_assert!(wheel.next_ns().is_none() == first.is_none());
                if let (Some(next), Some(first)) = (wheel.next_ns(), first) {
                    prop_assert!(next <= first);
                }
            }
        }
    }
}
