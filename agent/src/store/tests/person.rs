//! Retry, release, withdraw.

use rstest::rstest;

use super::shop::*;

/// A document brought into a state.
fn document_in(shop: &Shop, state: State) -> String {
    let id = match state {
        State::Held => shop.take(odd_sale(1)).id,
        State::Delivered | State::Withdrawn | State::Waiting | State::Parked => {
            shop.take(sale(1)).id
        }
    };
    match state {
        State::Held | State::Waiting => {}
        State::Delivered => drop(shop.drain(&accepted())),
        State::Parked => drop(shop.drain(&rejected(false))),
        State::Withdrawn => drop(shop.withdraw(&id)),
    }
    assert_eq!(shop.state(&id), state);
    id
}

#[rstest]
#[case(State::Held, Action::Retry, None)]
#[case(State::Held, Action::Release, Some(State::Waiting))]
#[case(State::Held, Action::Withdraw("wrong".into()), Some(State::Withdrawn))]
#[case(State::Parked, Action::Retry, Some(State::Waiting))]
#[case(State::Parked, Action::Release, None)]
#[case(State::Parked, Action::Withdraw("wrong".into()), Some(State::Withdrawn))]
#[case(State::Waiting, Action::Retry, None)]
#[case(State::Waiting, Action::Release, None)]
#[case(State::Waiting, Action::Withdraw("wrong".into()), Some(State::Withdrawn))]
#[case(State::Delivered, Action::Retry, None)]
#[case(State::Delivered, Action::Release, None)]
#[case(State::Delivered, Action::Withdraw("wrong".into()), None)]
#[case(State::Withdrawn, Action::Retry, None)]
#[case(State::Withdrawn, Action::Release, None)]
#[case(State::Withdrawn, Action::Withdraw("wrong".into()), None)]
fn an_action_fits_a_state_or_changes_nothing(
    #[case] state: State,
    #[case] action: Action,
    #[case] becomes: Option<State>,
) {
    let shop = Shop::new();
    let id = document_in(&shop, state);
    let rows = shop.view(&id).history.len();
    match becomes {
        Some(becomes) => {
            assert_eq!(shop.act(&id, &action), Done::Done);
            assert_eq!(shop.state(&id), becomes);
            let history = shop.view(&id).history;
            assert_eq!(
                (history.len(), history[rows].who.as_str()),
                (rows + 1, "manager")
            );
        }
        None => {
            assert_eq!(shop.act(&id, &action), Done::WrongState(state));
            assert_eq!(
                (shop.state(&id), shop.view(&id).history.len()),
                (state, rows)
            );
        }
    }
}

#[test]
fn there_is_nothing_to_do_with_a_document_that_is_not_there() {
    assert_eq!(Shop::new().act("0193", &Action::Retry), Done::NotFound);
}

#[test]
fn what_is_under_way_is_not_withdrawn() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    shop.claim(1);
    assert_eq!(shop.withdraw(&id), Done::WrongState(State::Waiting));
    shop.answer(&accepted());
    assert_eq!(shop.state(&id), State::Delivered);
}

#[test]
fn what_may_have_arrived_is_not_withdrawn_before_the_destination_was_asked() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    shop.claim(1);
    lane::let_go(&shop.outbox, ODOO, Unanswered::MayHaveArrived, None).unwrap();
    assert_eq!(shop.withdraw(&id), Done::WrongState(State::Waiting));
    shop.drain(&rejected(false));
    assert_eq!(shop.withdraw(&id), Done::Done);
    // It may lie there all the same: its key is not given to another.
    assert_eq!(shop.take(sale_of(1, "11.00")).key, "ZH01/3/0/1~2");
}

#[test]
fn with_one_destination_at_it_a_document_is_not_taken_from_the_other() {
    let mut shop = Shop::new();
    shop.routes = routes(&[ODOO, "folder"]);
    let id = shop.take(sale(1)).id;
    shop.drain(&rejected(false));
    let batch = lane::claim(
        &shop.outbox,
        "folder",
        1,
        Unanswered::NeverArrived,
        evening(),
        Choice::of_all(Pace::AsItComes),
    )
    .unwrap();
    assert_eq!(batch.deliveries.len(), 1);
    assert_eq!(shop.withdraw(&id), Done::WrongState(State::Waiting));
}

#[test]
fn a_document_delivered_to_one_destination_keeps_its_key_when_withdrawn_from_the_other() {
    let mut shop = Shop::new();
    shop.routes = routes(&[ODOO, "folder"]);
    let id = shop.take(sale(1)).id;
    shop.drain(&accepted());
    assert_eq!(shop.state(&id), State::Waiting);
    assert_eq!(shop.withdraw(&id), Done::Done);
    assert_eq!(shop.state(&id), State::Withdrawn);
    let states: Vec<_> = shop
        .view(&id)
        .deliveries
        .iter()
        .map(|delivery| delivery.state)
        .collect();
    assert_eq!(states, [State::Withdrawn, State::Delivered]);
    assert_eq!(shop.take(sale_of(1, "11.00")).key, "ZH01/3/0/1~2");
}

#[test]
fn only_what_waits_for_another_try_is_tried_again() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    assert_eq!(
        shop.act(&id, &Action::Retry),
        Done::WrongState(State::Waiting)
    );
    shop.claim(10);
    shop.answer(&postponed("unknown_product", Cause::UnknownProduct));
    assert_eq!(shop.state(&id), State::Waiting);
    assert_eq!(shop.act(&id, &Action::Retry), Done::Done);
}

#[test]
fn a_retry_gives_the_whole_patience_again() {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    let late = evening() + hours(7 * 24);
    shop.claim(1);
    shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), late);
    assert_eq!(shop.state(&id), State::Parked);
    person::act(&shop.outbox, &id, &Action::Retry, "manager", None, late).unwrap();
    assert_eq!(shop.claim_at(1, late), ["1"]);
    shop.answer_at(&postponed("unknown_product", Cause::UnknownProduct), late);
    assert_eq!(shop.state(&id), State::Waiting);
}
