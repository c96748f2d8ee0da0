//! How much room the disk has left, and what is kept back of it.
//!
//! SQLite on a full disk fails safely, but then nothing can be noted any more: a delivered document would be sent again,
//! a person's word lost. So new documents are refused while there is still room for all that.

use std::path::Path;

use crate::paths;

/// Kept free for deliveries, notes and the log: documents are refused below it.
pub const RESERVE_BYTES: u64 = 64 << 20;
/// Below this somebody should make room.
pub const LOW_BYTES: u64 = 512 << 20;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    Enough,
    /// Less than is good.
    Low,
    /// Only the reserve, or part of it.
    Reserve,
}

impl Room {
    /// What so many free bytes mean.
    pub fn of(free_bytes: u64) -> Self {
        match free_bytes {
            ..RESERVE_BYTES => Self::Reserve,
            RESERVE_BYTES..LOW_BYTES => Self::Low,
            LOW_BYTES.. => Self::Enough,
        }
    }

    /// What there is on the disk of `dir`. A disk that does not say has enough until it fails.
    pub fn on(dir: &Path) -> Self {
        paths::free_bytes(dir).map_or(Self::Enough, Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_begins_where_it_says() {
        let free = [
            0,
            RESERVE_BYTES - 1,
            RESERVE_BYTES,
            LOW_BYTES - 1,
            LOW_BYTES,
        ];
        use Room::{Enough, Low, Reserve};
        assert_eq!(free.map(Room::of), [Reserve, Reserve, Low, Low, Enough]);
    }
}
