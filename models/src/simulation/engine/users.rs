//! Users: the closed population by number, and visitors of an open one in places that are used again.

use super::stream;
use rand_chacha::ChaCha8Rng;

/// Numbers from here on are visitors.
const VISITORS: u32 = 1 << 31;

const STREAM_USERS: u64 = 1 << 32;
const STREAM_VISITORS: u64 = 1 << 48;

/// Somebody who walks the graph.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// Walk and think times.
    pub(super) rng: ChaCha8Rng,
    /// The transaction that is thought about or under way.
    pub(super) class: u16,
    /// Whether the user is there.
    present: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Users {
    seed: u64,
    /// Users below this number stay.
    target: u32,
    closed: Vec<User>,
    visitors: Vec<User>,
    free: Vec<u32>,
    admitted: u64,
}

impl Users {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            target: 0,
            closed: Vec::new(),
            visitors: Vec::new(),
            free: Vec::new(),
            admitted: 0,
        }
    }

    /// Sets how many users there shall be; those who have to begin a session for it.
    pub(super) fn resize(&mut self, target: u32) -> Vec<u32> {
        let target = target.min(VISITORS);
        self.target = target;
        while self.closed.len() < target as usize {
            let rng = stream(self.seed, STREAM_USERS + self.closed.len() as u64);
            self.closed.push(User {
                rng,
                class: 0,
                present: false,
            });
        }
        let mut begin = Vec::new();
        for (user, number) in self.closed.iter_mut().zip(0..target) {
            if !user.present {
                user.present = true;
                begin.push(number);
            }
        }
        begin
    }

    /// Whether the user is one who has to leave; then it is gone.
    #[inline]
    pub(super) fn leaves(&mut self, number: u32) -> bool {
        if number < self.target || Self::is_visitor(number) {
            return false;
        }
        self.closed[number as usize].present = false;
        true
    }

    pub(super) fn is_visitor(number: u32) -> bool {
        number >= VISITORS
    }

    /// Lets a visitor in, with a stream of random numbers of its own.
    pub(super) fn admit(&mut self) -> u32 {
        let visitor = User {
            rng: stream(self.seed, STREAM_VISITORS + self.admitted),
            class: 0,
            present: true,
        };
        self.admitted += 1;
        if let Some(place) = self.free.pop() {
            self.visitors[place as usize] = visitor;
            return VISITORS + place;
        }
        self.visitors.push(visitor);
        VISITORS + (self.visitors.len() - 1) as u32
    }

    /// A visitor's session is over.
    pub(super) fn dismiss(&mut self, number: u32) {
        self.free.push(number - VISITORS);
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> &mut User {
        if Self::is_visitor(number) {
            &mut self.visitors[(number - VISITORS) as usize]
        } else {
            &mut self.closed[number as usize]
        }
    }
}
