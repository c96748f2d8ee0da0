//! What waits for a time of day, and what it keeps from nobody.

use jiff::civil::time;
use jiff::tz::TimeZone;
use tillpost_shared::document::Kind;

use super::shop::*;
use crate::outbox::patience::Jump;
use crate::outbox::window::Window;
use crate::store::figures::{Figures, Kept, Question, figures};
use crate::store::survey::survey;
use crate::store::windows::{InWindow, Windows};

const DUE_LATER: &str = "SELECT COUNT(*) FROM deliveries WHERE due_at > 0";

/// Counts, till activities and stock moves wait until 22:00; the window ends at 05:30. It is 19:00.
fn night() -> Bulk {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let window = Window::new(time(22, 0, 0, 0), time(5, 30, 0, 0), zone);
    let kinds = vec![Kind::StockCount, Kind::TillActivity, Kind::StockMove];
    Bulk::new(kinds, window)
}

fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.bulk = Some(night());
    shop
}

fn opens() -> Timestamp {
    at("2026-10-30T22:00:00+01:00")
}

fn ends() -> Timestamp {
    at("2026-10-31T05:30:00+01:00")
}

fn activity(sequence: i64) -> Value {
    document(
        "till_activity",
        sequence,
        json!({"type": "no_sale"}),
        json!({}),
    )
}

/// A count of noon.
fn noon() -> Value {
    count("2026-10-30T12:00:00+01:00")
}

fn moved(reference: &str) -> Value {
    json!({"kind": "stock_move", "store": "ZH01", "occurred_at": "2026-10-30T11:00:00+01:00",
        "body": {"type": "receipt", "reference": reference, "lines": [{"line": 1, "product": {"sku": "A1"}, "quantity": "3"}]}})
}

fn moment() -> SignedDuration {
    SignedDuration::from_secs(1)
}

#[test]
fn outside_its_window_a_count_stays_and_a_sale_behind_it_goes() {
    let shop = shop();
    shop.take(noon());
    shop.take(sale(1));
    shop.take(activity(2));
    assert_eq!(shop.claim(9), ["1"]);
    shop.answer(&accepted());
    assert!(shop.claim_at(9, opens() - moment()).is_empty());
    assert_eq!(shop.claim_at(9, opens()), ["C1", "2"]);
}

#[test]
fn a_crowd_that_waits_for_its_window_hides_nothing_and_is_soon_looked_at_again() {
    let mut shop = shop();
    let crowd = (0..2_100).map(|n| arrival(activity(100 + n))).collect();
    accept(&shop.outbox, crowd, &shop.routes, "till 3", evening()).unwrap();
    shop.take(sale(9_000));
    let gone = |shop: &Shop, now| {
        for _ in 0..4 {
            let batch = shop.claim_as(20, Unanswered::NeverArrived, now);
            if !batch.deliveries.is_empty() || !batch.set_aside {
                return numbers(&batch);
            }
        }
        panic!("the crowd is looked at again and again");
    };
    assert_eq!(gone(&shop, evening()), ["9000"]);
    shop.answer(&accepted());
    assert!(gone(&shop, evening()).is_empty());
    // Shortly before it opens they are put off no longer than that.
    let before = opens() - SignedDuration::from_mins(5);
    assert!(gone(&shop, before).is_empty());
    let later: i64 = shop
        .outbox
        .query_row(DUE_LATER, [], |row| row.get(0))
        .unwrap();
    assert_eq!(later, 2_000, "fewer are passed over without being written");
    assert_eq!(shop.claim_at(1, opens()), ["100"]);
    shop.answer_at(&accepted(), opens());
    // Without the window they need not wait for the time at which it would have opened.
    let morning = ends() + moment();
    assert!(gone(&shop, morning).is_empty());
    shop.bulk = None;
    let soon = morning + SignedDuration::from_mins(10);
    assert_eq!(gone(&shop, soon)[0], "101");
}

#[test]
fn nothing_urgent_waits_for_what_waits_for_its_window() {
    let shop = shop();
    shop.take(activity(1));
    shop.take(with(noon(), "/till", "3"));
    shop.take(void(2, json!({"sequence": 1})));
    shop.take(with(goods_back(3, json!({"sequence": 1})), "/kind", "sale"));
    shop.take(sale(4));
    shop.take(day_close(5));
    assert_eq!(shop.drain(&accepted()), ["2", "3", "4", "5"]);
    // Without a window they go in their order, and the close after everything of its day.
    let shop = Shop::new();
    shop.take(activity(1));
    shop.take(day_close(2));
    assert_eq!(shop.claim(9), ["1"]);
}

#[test]
fn a_close_names_nothing_that_waits_for_its_window() {
    let shop = shop();
    shop.take(activity(1));
    shop.take(day_close(2));
    let batch = shop.claim_as(9, Unanswered::NeverArrived, evening());
    assert_eq!(numbers(&batch), ["2"]);
    assert!(batch.deliveries[0].missing.is_empty());
}

#[test]
fn in_its_window_a_count_still_goes_after_the_goods_before_it() {
    let shop = shop();
    shop.take(noon());
    shop.take(moved("R1"));
    assert_eq!(shop.claim_at(9, opens()), ["R1"]);
    shop.answer_at(&accepted(), opens());
    assert_eq!(shop.claim_at(9, opens()), ["C1"]);
}

#[test]
fn what_is_under_way_when_the_window_ends_is_finished() {
    let shop = shop();
    shop.take(activity(1));
    shop.take(activity(2));
    shop.take(activity(3));
    assert_eq!(shop.claim_at(2, ends() - moment()), ["1", "2"]);
    assert_eq!(shop.claim_at(2, ends()), ["1", "2"], "the batch in hand");
    lane::let_go(&shop.outbox, ODOO, Unanswered::MayHaveArrived, None).unwrap();
    assert_eq!(shop.claim_at(2, ends()), ["1"], "may have arrived");
    shop.answer_at(&accepted(), ends());
    assert_eq!(shop.claim_at(2, ends()), ["2"]);
    shop.answer_at(&accepted(), ends());
    assert!(shop.claim_at(2, ends()).is_empty(), "nobody has seen it");
}

#[test]
fn what_a_person_wants_to_go_goes_at_once_and_once() {
    let shop = shop();
    let id = shop.take(noon()).id;
    shop.take(activity(2));
    assert!(shop.claim(9).is_empty());
    assert_eq!(shop.act(&id, &Action::Retry), Done::Done);
    assert_eq!(shop.view(&id).deliveries[0].due_at, None);
    assert_eq!(shop.claim(9), ["C1"]);
    // A batch that was too large, and a clock that jumps, change nothing about it.
    lane::let_go(&shop.outbox, ODOO, Unanswered::NeverArrived, None).unwrap();
    let (by, now) = (hours(1), evening() + hours(1));
    let from = now;
    lane::move_waits(&shop.outbox, ODOO, Jump { by, from, now }).unwrap();
    assert_eq!(shop.claim_at(9, now), ["C1"]);
    shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), now);
    assert!(shop.claim_at(9, opens() - moment()).is_empty());
    assert_eq!(shop.claim_at(9, opens()), ["C1", "2"]);
}

fn asked(shop: &Shop, windows: Windows, now: Timestamp) -> Figures {
    let question = Question {
        currency: "CHF".to_owned(),
        day_began_at: evening(),
        destinations: windows.keys().cloned().collect(),
        stays: false,
        windows,
        now,
    };
    figures(&shop.outbox, &question).unwrap()
}

fn only_odoo() -> Windows {
    Windows::from([(ODOO.to_owned(), Some(night()))])
}

fn oldest(shop: &Shop, now: Timestamp) -> Option<Timestamp> {
    let figures = asked(shop, only_odoo(), now);
    let surveyed = survey(&shop.outbox, &only_odoo(), now).unwrap();
    assert_eq!(surveyed.oldest_waiting_at, figures.oldest_waiting_at);
    figures.oldest_waiting_at
}

#[test]
fn nothing_is_old_that_only_waits_for_its_window() {
    let shop = shop();
    shop.take(noon());
    shop.take(activity(1));
    let figures = asked(&shop, only_odoo(), evening());
    let in_window = InWindow {
        waiting: 2,
        opens_at: opens(),
    };
    assert_eq!(figures.waiting, 2);
    assert_eq!(figures.destinations[ODOO].in_window, Some(in_window));
    assert_eq!(oldest(&shop, opens() - moment()), None);
    shop.take_at(sale(2), evening() + hours(1));
    assert_eq!(
        oldest(&shop, evening() + hours(2)),
        Some(evening() + hours(1))
    );
    shop.drain(&accepted());
    // Once it opens, something else keeps them; also after a whole window in which they did not go.
    for later in [opens() + hours(1), ends() + hours(4)] {
        assert_eq!(oldest(&shop, later), Some(opens()));
    }
    let open = asked(&shop, only_odoo(), opens());
    assert_eq!(open.destinations[ODOO].in_window, None);
}

#[test]
fn what_a_destination_without_a_window_lacks_is_old_at_once() {
    let mut shop = shop();
    shop.routes = routes(&[ODOO, "folder"]);
    shop.take(noon());
    let mut windows = only_odoo();
    windows.insert("folder".to_owned(), None);
    let both = |shop: &Shop| asked(shop, windows.clone(), evening() + hours(1));
    let figures = both(&shop);
    assert_eq!(figures.oldest_waiting_at, Some(evening()));
    assert_eq!(figures.destinations["folder"].in_window, None);
    let all = Choice::of_all(Pace::AsItComes);
    let batch = lane::claim(
        &shop.outbox,
        "folder",
        9,
        Unanswered::NeverArrived,
        evening(),
        all,
    );
    let batch = batch.unwrap();
    let next = outbox::after(
        batch.standings[0],
        accepted(),
        evening(),
        &Policy::default(),
        0.0,
    );
    lane::settle(
        &shop.outbox,
        "folder",
        &[(batch.deliveries[0].seq, next)],
        evening(),
    )
    .unwrap();
    assert_eq!(both(&shop).oldest_waiting_at, None);
}

#[test]
fn what_was_not_taken_in_its_window_is_kept_back_since_then() {
    let shop = shop();
    shop.take(noon());
    let tried = opens() + SignedDuration::from_mins(1);
    assert_eq!(shop.claim_at(9, tried), ["C1"]);
    shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), tried);
    let reason = asked(&shop, only_odoo(), tried).reasons.remove(0);
    assert_eq!((reason.kept, reason.since), (Kept::Postponed, opens()));
}
