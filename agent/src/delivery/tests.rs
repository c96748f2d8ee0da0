//! A lane before a destination that answers as told.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::activity::Bell;
use crate::destination::{Asked, Delivery, HeldThere};
use crate::outbox::outage::UNANSWERED_MAX;
use crate::store::accept::accept;
use crate::store::tests::shop;

/// Gives no usable answer so many times, then takes everything; notes how the lane looked at each call.
struct Mute {
    refusals: usize,
    calls: AtomicUsize,
    board: Board,
    seen: Mutex<VecDeque<Option<Health>>>,
}

impl Destination for Mute {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let health = self.board.read().get("odoo").map(|report| report.health);
        self.seen.lock().unwrap().push_back(health);
        if self.calls.fetch_add(1, Ordering::SeqCst) < self.refusals {
            return Err(Outage::Ambiguous("HTTP status 502".to_owned()));
        }
        Ok(batch
            .iter()
            .map(|_| Verdict::Accepted("there".to_owned()))
            .collect())
    }

    async fn read_back(&self, _: &[Asked]) -> Result<HeldThere, Outage> {
        Err(Outage::Unreachable("not asked".to_owned()))
    }
}

/// However slow the machine is, the lane gets this far in this time.
const HANG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_lone_document_is_tried_until_it_is_answered_and_until_then_nothing_is_well() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let arrivals = vec![shop::arrival(shop::sale(1))];
    store
        .write(move |writer| accept(writer, arrivals, &shop::routes(&["odoo"]), "till 3", now()))
        .await
        .unwrap();
    let board = Board::default();
    let refusals = UNANSWERED_MAX as usize + 1;
    let destination = Arc::new(Mute {
        refusals,
        calls: AtomicUsize::new(0),
        board: board.clone(),
        seen: Mutex::default(),
    });
    let stop = CancellationToken::new();
    let lane = Lane {
        name: "odoo".to_owned(),
        destination: Arc::clone(&destination),
        bulk: None,
        store: store.clone(),
        ear: Bell::default().listen(),
        board: board.clone(),
        stop: stop.clone(),
    };
    let running = tokio::spawn(lane.run());
    let arrived = async {
        while board
            .read()
            .get("odoo")
            .is_none_or(|report| report.health != Health::Ok)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(HANG, arrived).await.expect("the document arrives");
    stop.cancel();
    running.await.unwrap();
    let seen = destination.seen.lock().unwrap().clone();
    assert_eq!(
        seen.len(),
        refusals + 1,
        "it was called well before it was answered: {seen:?}"
    );
    assert!(
        seen.iter()
            .skip(1)
            .all(|health| *health == Some(Health::Offline)),
        "{seen:?}"
    );
}
