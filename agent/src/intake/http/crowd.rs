//! Who is in the room. There are only so many places; when all are taken, whoever has kept the agent waiting longest
//! makes place for the next: an idle connection, a request that drips in, an answer that nobody reads. A connection
//! whose request is in hand keeps its place. So one visitor, however many connections it opens, shuts nobody out.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Nobody is asked to leave who has kept the agent waiting for less than this: a till that has just connected writes
/// its request now.
const GRACE: Duration = Duration::from_millis(100);

/// Bytes of answers that may wait to be read. Beyond it, those make place that do not read theirs.
const UNREAD_BYTES_MAX: u64 = 16 << 20;
/// An answer below this is nothing to speak of.
const UNREAD_BYTES_MIN: u64 = 64 << 10;

/// The connections that are open.
#[derive(Debug)]
pub struct Crowd {
    places: usize,
    guests: Mutex<Guests>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Guests {
    next: u64,
    by_number: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    peer: IpAddr,
    /// Since when the agent waits for this guest; `None` while the guest waits for the agent.
    awaited_since: Option<Instant>,
    /// Bytes of the last answer, which may not have been read yet.
    answer_bytes: u64,
    leave: CancellationToken,
}

/// A place in the room, free again when dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    leave: CancellationToken,
}

impl Crowd {
    /// A room with so many places.
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            guests: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// A place for a connection from `peer`; waits until there is one.
    pub async fn enter(self: &Arc<Self>, peer: IpAddr) -> Place {
        loop {
            if let Some(place) = self.take_place(peer, Instant::now()) {
                return place;
            }
            self.send_one_out(Instant::now());
            // Whoever is within the grace now will not be soon.
            let _ = tokio::time::timeout(GRACE, self.left.notified()).await;
        }
    }

    /// Asks whoever has kept the agent waiting longest to leave; false when nobody has.
    pub fn send_one_out(&self, now: Instant) -> bool {
        let guests = self.guests();
        let one = who_leaves(&guests.by_number, now, 0).and_then(|n| guests.by_number.get(&n));
        if let Some(guest) = one {
            guest.leave.cancel();
        }
        one.is_some()
    }

    fn take_place(self: &Arc<Self>, peer: IpAddr, now: Instant) -> Option<Place> {
        let mut guests = self.guests();
        if guests.by_number.len() >= self.places {
            return None;
        }
        let (number, leave) = (guests.next, CancellationToken::new());
        guests.next += 1;
        let guest = Guest {
            peer,
            awaited_since: Some(now),
            answer_bytes: 0,
            leave: leave.clone(),
        };
        guests.by_number.insert(number, guest);
        Some(Place {
            crowd: Arc::clone(self),
            number,
            leave,
        })
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// From now on the agent waits for the guest: for a request, or for the rest of one.
    pub fn awaited(&self) {
        self.set(Some(Instant::now()), 0);
    }

    /// From now on the guest waits for the agent.
    pub fn served(&self) {
        self.set(None, 0);
    }

    /// From now on the agent waits for the guest to read an answer of so many bytes, and to ask again.
    pub fn answered(&self, bytes: u64) {
        let now = Instant::now();
        self.set(Some(now), bytes);
        let guests = self.crowd.guests();
        let unread: u64 = guests
            .by_number
            .values()
            .map(|guest| guest.answer_bytes)
            .sum();
        if unread > UNREAD_BYTES_MAX
            && let Some(number) = who_leaves(&guests.by_number, now, UNREAD_BYTES_MIN)
            && let Some(guest) = guests.by_number.get(&number)
        {
            guest.leave.cancel();
        }
    }

    /// For how long the agent has been waiting for the guest.
    pub fn awaited_for(&self) -> Duration {
        let guests = self.crowd.guests();
        let guest = guests.by_number.get(&self.number);
        let since = guest.and_then(|guest| guest.awaited_since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Ends when the guest must make place.
    pub async fn asked_to_leave(&self) {
        self.leave.cancelled().await;
    }

    fn set(&self, awaited_since: Option<Instant>, answer_bytes: u64) {
        if let Some(guest) = self.crowd.guests().by_number.get_mut(&self.number) {
            guest.awaited_since = awaited_since;
            guest.answer_bytes = answer_bytes;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.guests().by_number.remove(&self.number);
        self.crowd.left.notify_one();
    }
}

/// Of those that keep the agent waiting, one of the address with most connections, and of its the longest awaited; with
/// `unread_bytes` only of those whose last answer was as large.
fn who_leaves(guests: &BTreeMap<u64, Guest>, now: Instant, unread_bytes: u64) -> Option<u64> {
    let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
    for guest in guests.values() {
        *of_peer.entry(guest.peer).or_default() += 1;
    }
    let awaited = guests.iter().filter_map(|(number, guest)| {
        let waited = now.checked_duration_since(guest.awaited_since?)?;
        let long_enough = waited >= GRACE || unread_bytes > 0;
        let may_go =
            long_enough && guest.answer_bytes >= unread_bytes && !guest.leave.is_cancelled();
        may_go.then_some((of_peer[&guest.peer], waited, *number))
    });
    awaited.max().map(|(_, _, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    /// Guests with their peer and the milliseconds for which they are awaited.
    fn leaving(guests: &[(IpAddr, Option<u64>)]) -> Option<u64> {
        let begin = Instant::now();
        let now = begin + Duration::from_secs(60);
        let guest = |&(peer, awaited): &(IpAddr, Option<u64>)| Guest {
            peer,
            awaited_since: awaited.map(|millis| now - Duration::from_millis(millis)),
            answer_bytes: awaited.unwrap_or(0) * 1_000,
            leave: CancellationToken::new(),
        };
        let numbered = guests.iter().enumerate();
        let guests = numbered.map(|(n, one)| (n as u64, guest(one))).collect();
        who_leaves(&guests, now, 0)
    }

    #[test]
    fn the_longest_awaited_leaves_and_nobody_whose_request_is_in_hand() {
        assert_eq!(
            leaving(&[(A, Some(500)), (A, Some(900)), (A, None)]),
            Some(1)
        );
        assert_eq!(leaving(&[(A, None), (A, None)]), None);
        assert_eq!(leaving(&[(A, Some(99))]), None, "it has only just come");
    }

    #[test]
    fn the_address_with_most_connections_makes_place() {
        let patient = (B, Some(50_000));
        assert_eq!(leaving(&[patient, (A, Some(500)), (A, Some(900))]), Some(2));
        assert_eq!(leaving(&[patient, (A, None), (A, None)]), Some(0));
    }

    #[tokio::test]
    async fn a_place_is_taken_over_from_one_that_keeps_us_waiting() {
        let crowd = Crowd::new(2);
        let (idle, busy) = (crowd.enter(A).await, crowd.enter(A).await);
        busy.served();
        let leaving = tokio::spawn(async move {
            idle.asked_to_leave().await;
        });
        let third = crowd.enter(A).await;
        leaving.await.unwrap();
        assert!(!busy.leave.is_cancelled() && !third.leave.is_cancelled());
    }
}
