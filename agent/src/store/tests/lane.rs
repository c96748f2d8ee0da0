//! Claim, settle, let go.

use super::shop::*;
use crate::outbox::patience::Jump;

const CRASHED: Unanswered = Unanswered::MayHaveArrived;

fn sent(shop: &Shop, id: &str) -> bool {
    let sql = "SELECT d.sent FROM deliveries d JOIN documents o USING (seq) WHERE o.id = ?1";
    shop.outbox.query_row(sql, [id], |row| row.get(0)).unwrap()
}

fn damage(shop: &Shop, id: &str, body: &str) {
    let sql = "UPDATE documents SET body = ?2 WHERE id = ?1";
    shop.outbox.execute(sql, [id, body]).unwrap();
}

#[test]
fn the_oldest_go_first_and_no_more_than_asked_for() {
    let shop = Shop::new();
    for number in 1..=5 {
        shop.take(sale(number));
    }
    assert_eq!(shop.claim(3), ["1", "2", "3"]);
    shop.answer(&accepted());
    assert_eq!(shop.drain(&accepted()), ["4", "5"]);
}

#[test]
fn where_little_is_taken_at_a_time_the_most_urgent_gets_in() {
    let shop = Shop::new();
    shop.take(day_open(1, json!({})));
    shop.take(with(day_open(2, json!({})), "/till", "4"));
    shop.take(sale(3));
    for number in 4..=30 {
        shop.take(with(day_open(number, json!({})), "/till", "5"));
    }
    shop.take(sale(31));
    let claim = |max| {
        let (never, pace) = (Unanswered::NeverArrived, Pace::MostUrgentFirst);
        let pace = Choice::of_all(pace);
        let batch = lane::claim(&shop.outbox, ODOO, max, never, evening(), pace);
        numbers(&batch.unwrap())
    };
    assert_eq!(
        claim(2),
        ["1", "3"],
        "what the sale has to wait for comes along"
    );
    assert_eq!(claim(9), ["1", "3"], "until it is answered");
    shop.answer(&accepted());
    assert_eq!(claim(1), ["2"], "the last sale is not looked at yet");
    shop.answer(&accepted());
    assert_eq!(claim(7), ["4", "5", "6", "7", "8", "9", "31"]);
}

#[test]
fn after_a_crash_the_same_batch_goes_again_whatever_came_in_between() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.take(sale(2));
    assert_eq!(shop.claim(5), ["1", "2"]);
    shop.take(sale(3));
    assert_eq!(numbers(&shop.claim_as(1, CRASHED, evening())), ["1", "2"]);
}

#[test]
fn a_batch_noted_for_one_destination_is_nothing_to_another() {
    let mut shop = Shop::new();
    shop.routes = routes(&[ODOO, "folder"]);
    shop.take(sale(1));
    assert_eq!(shop.claim(5), ["1"]);
    let other = lane::claim(
        &shop.outbox,
        "folder",
        5,
        Unanswered::NeverArrived,
        evening(),
        Choice::of_all(Pace::AsItComes),
    )
    .unwrap();
    assert_eq!(numbers(&other), ["1"]);
}

#[test]
fn what_is_in_a_noted_batch_and_no_longer_waits_is_not_sent() {
    let shop = Shop::new();
    let gone = shop.take(sale(1));
    shop.take(sale(2));
    shop.claim(5);
    let sql = "UPDATE deliveries SET state = 'withdrawn' WHERE seq = (SELECT seq FROM documents WHERE id = ?1)";
    shop.outbox.execute(sql, [&gone.id]).unwrap();
    assert_eq!(numbers(&shop.claim_as(5, CRASHED, evening())), ["2"]);
}

#[test]
fn only_an_attempt_that_may_have_arrived_counts_as_sent() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    shop.claim(1);
    shop.claim_as(1, Unanswered::NeverArrived, evening());
    shop.answer(&postponed("unknown_product", Cause::UnknownProduct));
    assert!(!sent(&shop, &id));
    shop.claim_at(1, evening() + hours(1));
    shop.claim_as(1, CRASHED, evening() + hours(1));
    shop.answer(&postponed("unknown_product", Cause::UnknownProduct));
    assert!(sent(&shop, &id), "a later answer does not take it back");
}

#[test]
fn what_went_unanswered_goes_alone_so_that_the_one_at_fault_is_found() {
    let shop = Shop::new();
    for number in 1..=3 {
        shop.take(sale(number));
    }
    shop.claim(5);
    lane::let_go(&shop.outbox, ODOO, CRASHED, None).unwrap();
    shop.take(sale(4));
    shop.take(sale(5));
    assert_eq!(shop.claim(5), ["1"]);
    let until = evening() + SignedDuration::from_mins(10);
    lane::let_go(&shop.outbox, ODOO, CRASHED, Some(until)).unwrap();
    assert_eq!(shop.drain(&accepted()), ["2", "3", "4", "5"]);
    assert_eq!(shop.claim_at(5, until), ["1"]);
}

#[test]
fn a_batch_that_was_turned_away_as_a_whole_may_be_another_next_time() {
    let shop = Shop::new();
    for number in 1..=3 {
        shop.take(sale(number));
    }
    shop.claim(3);
    lane::let_go(&shop.outbox, ODOO, Unanswered::NeverArrived, None).unwrap();
    assert_eq!(shop.claim(2), ["1", "2"]);
}

#[test]
fn a_body_that_cannot_be_read_parks_with_a_reason_and_the_others_go() {
    let shop = Shop::new();
    let damaged = [shop.take(sale(1)).id, shop.take(sale(2)).id];
    shop.take(sale(3));
    damage(&shop, &damaged[0], "{half of it");
    damage(&shop, &damaged[1], r#"{"kind":"sale"}"#);
    assert_eq!(shop.claim(5), ["3"]);
    for id in damaged {
        let view = shop.view(&id);
        let answer = view.deliveries[0].answer.as_ref().unwrap();
        assert_eq!(
            (view.state, answer.code.as_str()),
            (State::Parked, "unreadable")
        );
        assert!(view.history[1].what.contains("cannot be read"));
    }
}

#[test]
fn behind_a_batch_of_which_nothing_can_be_read_there_is_more_to_claim() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    shop.take(sale(2));
    damage(&shop, &id, "");
    let batch = shop.claim_as(1, Unanswered::NeverArrived, evening());
    assert!(batch.deliveries.is_empty() && batch.set_aside);
    assert_eq!(shop.claim(1), ["2"]);
}

#[test]
fn a_released_document_of_a_later_schema_parks_with_a_reason() {
    let shop = Shop::new();
    let id = shop
        .take(with(with(sale(1), "/schema", 2), "/body/feature", "x"))
        .id;
    assert!(shop.claim(5).is_empty());
    shop.act(&id, &Action::Release);
    assert!(shop.claim(5).is_empty());
    let view = shop.view(&id);
    let answer = view.deliveries[0].answer.as_ref().unwrap();
    assert_eq!(
        (view.state, answer.code.as_str()),
        (State::Parked, "schema_newer")
    );
}

#[test]
fn an_answer_to_a_document_that_does_not_wait_changes_nothing() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    let batch = shop.claim_as(1, Unanswered::NeverArrived, evening());
    let late = |verdict| {
        let next = outbox::after(
            batch.standings[0],
            verdict,
            evening(),
            &Policy::default(),
            0.0,
        );
        lane::settle(
            &shop.outbox,
            ODOO,
            &[(batch.deliveries[0].seq, next)],
            evening(),
        )
        .unwrap();
    };
    late(rejected(true));
    late(accepted());
    assert_eq!(
        (shop.state(&id), shop.view(&id).history.len()),
        (State::Parked, 2)
    );
}

#[test]
fn a_reason_given_again_and_again_is_one_row_of_history() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    let mut now = evening();
    for _ in 0..5 {
        assert_eq!(shop.claim_at(1, now), ["1"]);
        shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), now);
        assert!(shop.claim_at(1, now).is_empty());
        now += hours(1);
    }
    shop.claim_at(1, now);
    shop.answer_at(&accepted(), now);
    let view = shop.view(&id);
    assert_eq!((view.history.len(), view.deliveries[0].attempts), (3, 6));
    assert_eq!(view.deliveries[0].reference.as_deref(), Some("ref"));
}

#[test]
fn only_what_waits_for_the_cause_is_woken() {
    let shop = Shop::new();
    for (number, code) in [(1, "unknown_product"), (2, "no_session")] {
        shop.take(sale(number));
        shop.claim(1);
        shop.answer(&postponed(code, Cause::NotYet));
    }
    assert!(shop.claim(5).is_empty());
    assert_eq!(lane::wake(&shop.outbox, "unknown_product").unwrap(), 1);
    assert_eq!(shop.claim(5), ["1"]);
}

#[test]
fn a_clock_that_jumped_back_freezes_nothing() {
    let shop = Shop::new();
    shop.take(sale(1));
    let ahead = evening() + hours(24);
    shop.claim_at(1, ahead);
    shop.answer_at(&postponed("no_session", Cause::NotYet), ahead);
    let latest = evening() + SignedDuration::from_mins(15);
    assert!(lane::any_due_beyond(&shop.outbox, latest).unwrap());
    assert_eq!(lane::cap_due(&shop.outbox, latest).unwrap(), 1);
    assert!(!lane::any_due_beyond(&shop.outbox, latest).unwrap());
    assert_eq!(shop.claim_at(1, latest), ["1"]);
}

#[test]
fn a_document_is_delivered_when_its_last_destination_has_it() {
    let mut shop = Shop::new();
    shop.routes = routes(&[ODOO, "folder"]);
    let id = shop.take(sale(1)).id;
    shop.drain(&accepted());
    assert_eq!(shop.state(&id), State::Waiting);
    let batch = lane::claim(
        &shop.outbox,
        "folder",
        1,
        Unanswered::NeverArrived,
        evening(),
        Choice::of_all(Pace::AsItComes),
    )
    .unwrap();
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
    assert_eq!(shop.state(&id), State::Delivered);
}

#[test]
fn what_waited_by_a_wrong_clock_has_not_waited_for_the_jump() {
    let shop = Shop::new();
    let (then, now) = (at("2019-01-01T00:05:00Z"), at("2026-11-26T10:00:00Z"));
    shop.take_at(sale(1), then);
    shop.claim_at(9, then + SignedDuration::from_mins(1));
    // The PC is switched off, its clock is set right, and the agent starts again.
    lane::move_waits_over_a_stop(&shop.outbox, &[ODOO.to_owned()], now).unwrap();
    lane::move_waits_over_a_stop(&shop.outbox, &[ODOO.to_owned()], now + hours(1)).unwrap();
    let batch = shop.claim_as(9, Unanswered::MayHaveArrived, now);
    assert_eq!(batch.standings[0].since, now);
    shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), now);
    let (id, state): (String, String) = shop
        .outbox
        .query_row("SELECT id, state FROM documents", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(state, "waiting", "{id}");
}

#[test]
fn a_postponed_document_is_due_as_soon_as_without_the_jump() {
    for by in [hours(30 * 24), hours(-30 * 24), hours(1), hours(-1)] {
        let shop = Shop::new();
        shop.take(sale(1));
        shop.claim_at(9, evening());
        shop.answer_at(
            &postponed("unknown_product", Cause::UnknownProduct),
            evening(),
        );
        let due = || -> i64 {
            let sql = "SELECT due_at FROM deliveries";
            shop.outbox.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let before = due();
        let now = evening() + by;
        let jump = Jump { by, from: now, now };
        lane::move_waits(&shop.outbox, ODOO, jump).unwrap();
        let moved = i64::try_from(by.as_micros()).unwrap();
        assert_eq!(due(), before + moved);
    }
}
