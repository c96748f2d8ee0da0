//! A lane that looks at a destination whose key ends and whose clock is off.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::activity::{Bell, Board, Report};
use crate::destination::{Asked, Delivery, HeldThere};
use crate::outbox::Verdict;
use crate::store::Store;

/// A destination that says when its key ends and by how much its clock is off.
#[derive(Default)]
struct Frank {
    ends: Mutex<Option<Timestamp>>,
    ahead: Mutex<SignedDuration>,
    mute: Mutex<bool>,
    keys_taken: AtomicU32,
    asked: AtomicU32,
}

impl Destination for Frank {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let taken = |_: &Delivery| Verdict::Accepted("there".to_owned());
        Ok(batch.iter().map(taken).collect())
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        Some(*self.ahead.lock().unwrap())
    }

    fn keys_taken(&self) -> u32 {
        self.keys_taken.load(Ordering::SeqCst)
    }

    async fn key_ends(&self) -> Result<Option<Timestamp>, Outage> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.mute.lock().unwrap() {
            return Err(Outage::Unreachable("no line".to_owned()));
        }
        Ok(*self.ends.lock().unwrap())
    }

    async fn read_back(&self, _: &[Asked]) -> Result<HeldThere, Outage> {
        Err(Outage::Unreachable("not asked".to_owned()))
    }
}

fn lane(dir: &std::path::Path) -> Lane<Frank> {
    Lane {
        name: "odoo".to_owned(),
        destination: Arc::default(),
        bulk: None,
        store: Store::open(dir).unwrap(),
        ear: Bell::default().listen(),
        board: Board::default(),
        stop: CancellationToken::new(),
    }
}

fn report(lane: &Lane<Frank>, name: &str) -> Option<Report> {
    lane.board.read().remove(name)
}

#[tokio::test]
async fn a_key_that_ends_is_announced_until_another_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let lane = lane(dir.path());
    let until = now() + SignedDuration::from_hours(72);
    *lane.destination.ends.lock().unwrap() = Some(until);
    let mut look = Look::default();
    lane.look(&mut look).await;
    let told = report(&lane, "odoo key").unwrap();
    assert_eq!(
        (told.health, told.code.as_str(), told.until),
        (Health::Attention, "key_ends", Some(until))
    );
    assert!(
        told.sentence.contains(&until.to_string()),
        "{}",
        told.sentence
    );
    assert_eq!(lane.board.terms()["odoo"].key_ends_at, Some(until));
    assert_eq!(report(&lane, "odoo"), None, "the lane itself is well");

    *lane.destination.ends.lock().unwrap() = None;
    lane.look(&mut look).await;
    assert_eq!(report(&lane, "odoo key").unwrap().health, Health::Attention);
    lane.destination.keys_taken.store(1, Ordering::SeqCst);
    lane.look(&mut look).await;
    let told = report(&lane, "odoo key").unwrap();
    assert_eq!((told.health, told.until), (Health::Ok, None));
    assert_eq!(lane.board.terms()["odoo"].key_ends_at, None);
}

#[tokio::test]
async fn the_end_of_a_key_is_asked_for_once_a_day_and_again_when_nobody_answers() {
    let dir = tempfile::tempdir().unwrap();
    let lane = lane(dir.path());
    let mut look = Look::default();
    let asked = || lane.destination.asked.load(Ordering::SeqCst);
    *lane.destination.mute.lock().unwrap() = true;
    lane.look(&mut look).await;
    *lane.destination.mute.lock().unwrap() = false;
    for expected in [2, 2, 2] {
        // An hour later.
        look.next = None;
        lane.look(&mut look).await;
        assert_eq!(asked(), expected);
    }
    assert_eq!(report(&lane, "odoo key"), None, "it does not end");
    let heard = look.key_heard.unwrap();
    assert!(!look.asks_for_key(heard + KEY_EVERY - Duration::from_secs(1)));
    assert!(look.asks_for_key(heard + KEY_EVERY));
}

#[tokio::test]
async fn clocks_that_do_not_agree_are_told_and_so_is_that_they_do_again() {
    let dir = tempfile::tempdir().unwrap();
    let lane = lane(dir.path());
    let mut look = Look::default();
    for (seconds, said) in [
        (-100, None),
        (1_205, Some("20 min 5 s behind that of odoo")),
        (-601, Some("10 min 1 s ahead of that of odoo")),
        (3, None),
    ] {
        *lane.destination.ahead.lock().unwrap() = SignedDuration::from_secs(seconds);
        look.next = None;
        lane.look(&mut look).await;
        let told = report(&lane, "odoo clock").unwrap();
        match said {
            None => assert_eq!(told.health, Health::Ok),
            Some(said) => {
                assert_eq!(told.code, "clock_differs");
                assert!(told.sentence.contains(said), "{}", told.sentence);
            }
        }
    }
}
