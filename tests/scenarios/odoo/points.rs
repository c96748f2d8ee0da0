//! Points on loyalty cards.
//!
//! Goal: points change by what the till says, and back by a return and a void, once, also from a PC with an empty data
//! folder and after kill -9 before, within and after the second step; a card that Odoo does not know, and an Odoo that
//! keeps no history of cards, hold nothing up, and the document says so. Method: one card, a till's receipts; its points
//! and its history are read from Odoo's tables and compared with what the receipts say.

use serde_json::{Value, json};
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::drawer::void;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, moment};

use super::customers::{TILL, assert_notes, day, hand_in, office, queue, sale, with};
use super::kills::{REQUEST_LIMIT, dies_at_each};

/// Documents, and of each with a note its number and what stands in its reference.
struct Story {
    documents: Vec<Value>,
    notes: Vec<(u64, String)>,
}

/// Points as the till says them, for a card.
fn points(program: Option<&str>, card: &str, earned: &str, redeemed: &str) -> Value {
    let mut loyalty = json!({ "card": card, "earned": earned, "redeemed": redeemed });
    if let Some(program) = program {
        loyalty["program"] = program.into();
    }
    json!({ "loyalty": loyalty })
}

/// A programme and a card of a contact's with ten points.
fn bonus_card(office: &HeadOffice) {
    let database = &office.database;
    let program = database.create(
        "loyalty.program",
        &json!({ "name": "Bonus", "program_type": "loyalty", "applies_on": "both", "trigger": "auto" }),
    );
    let contact = database.search("res.partner", &json!([["ref", "=", "C-100"]]));
    let card =
        json!({ "program_id": program, "code": "BONUS-1", "points": 10, "partner_id": contact[0] });
    database.create("loyalty.card", &card);
}

fn story_of_points() -> Story {
    let first = sale(1, &[0, 1]).paid(CASH);
    let second = sale(2, &[1]).paid(CARD);
    let back = Receipt::back(TILL, 3, moment(day(), 900), day())
        .item_of(&first, 1)
        .paid(CASH);
    let (unknown, other, unnamed, last) =
        (sale(5, &[0]), sale(6, &[0]), sale(7, &[0]), sale(8, &[2]));
    let documents = vec![
        with(first.json(), &points(Some("Bonus"), "BONUS-1", "6", "0")),
        with(second.json(), &points(None, "BONUS-1", "1", "4.5")),
        with(back.json(), &points(Some("bonus"), "BONUS-1", "2", "0")),
        void(4, moment(day(), 1_000), day(), &second),
        with(
            unknown.paid(CASH).json(),
            &points(None, "BONUS-2", "3", "0"),
        ),
        with(
            other.paid(CASH).json(),
            &points(Some("Gold"), "BONUS-1", "3", "0"),
        ),
        with(
            unnamed.paid(CASH).json(),
            &json!({ "loyalty": { "program": "Bonus", "earned": "3" } }),
        ),
        with(last.paid(CASH).json(), &points(None, "BONUS-1", "5", "0")),
    ];
    let note = |number, note: &str| (number, note.to_owned());
    let notes = vec![
        note(1, "; 6 points on the loyalty card"),
        note(2, "; -3.5 points on the loyalty card"),
        note(4, "; 3.5 points on the loyalty card"),
        note(
            5,
            "; 3 points not booked: Odoo does not know the loyalty card",
        ),
        note(
            6,
            "; 3 points not booked: the loyalty card is of another programme in Odoo",
        ),
        note(
            7,
            "; 3 points not booked: the receipt names no loyalty card",
        ),
    ];
    Story { documents, notes }
}

/// The card's points, and its history: the end of each order's reference, points put on, points taken off.
#[track_caller]
fn assert_points(office: &HeadOffice) {
    let database = &office.database;
    let card = "SELECT points::numeric(16,2)::text AS a FROM loyalty_card WHERE code = 'BONUS-1'";
    // 10 + 6 - 3.5 - 2 + 3.5 + 5.
    assert_eq!(database.rows(card), [["19.00"]]);
    let circle = format!("ZH01-{TILL}-0-{}", day().strftime("%Y%m%d"));
    let history = database.rows(&format!(
        "SELECT replace(o.pos_reference, '{circle}', '') AS a, h.issued::numeric(16,2)::text AS b, \
         h.used::numeric(16,2)::text AS c FROM loyalty_history h JOIN loyalty_card k ON k.id = h.card_id \
         JOIN pos_order o ON o.id = h.order_id AND h.order_model = 'pos.order' WHERE k.code = 'BONUS-1' \
         ORDER BY o.date_order, o.id"
    ));
    let expected = [
        ["-1", "6.00", "0.00"],
        ["-2", "0.00", "3.50"],
        ["-8", "5.00", "0.00"],
        ["-3", "0.00", "2.00"],
        ["-void-4", "3.50", "0.00"],
    ];
    assert_eq!(history, expected);
}

#[test]
fn points_change_once_and_come_back_with_a_return_and_a_void() {
    let mut office = office(19, "points");
    bonus_card(&office);
    let story = story_of_points();
    for round in ["first", "from an empty data folder"] {
        println!("{round}");
        let agent = office.start();
        hand_in(&office, &agent, &story.documents);
        agent.wait_drained(DRAIN);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        assert_points(&office);
        assert_notes(&office, &agent, &story.notes);
        agent.stop();
        office.new_home();
    }
    let named = "SELECT count(*) AS a FROM pos_order o JOIN res_partner p ON p.id = o.partner_id WHERE p.ref = 'C-100'";
    assert!(
        office.database.number(named) > 0,
        "the card's contact is the receipt's customer"
    );
}

/// Kills the agent before, within and after the step that changes cards, and lets it come to its end.
pub(super) fn killed_around_cards(office: &HeadOffice, documents: &[Value]) {
    office.request_limit(REQUEST_LIMIT);
    queue(office, documents);
    dies_at_each(
        office,
        &[
            "odoo.answer_read",
            "odoo.out.pos.order.confirm_coupon_programs",
            "odoo.points_sent",
        ],
    );
    let agent = office.start();
    agent.wait_drained(DRAIN);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    agent.stop();
}

#[test]
fn killed_around_the_points_they_change_once() {
    let office = office(19, "points_killed");
    bonus_card(&office);
    killed_around_cards(&office, &story_of_points().documents);
    assert_points(&office);
}

mod v14 {
    use super::*;

    #[test]
    fn where_odoo_keeps_no_history_of_points_the_document_says_so() {
        let office = HeadOffice::on(14, "points_of_14", &[TILL.to_owned()]);
        let agent = office.start();
        let sold = with(
            sale(1, &[0]).paid(CASH).json(),
            &points(None, "BONUS-1", "6", "0"),
        );
        hand_in(&office, &agent, &[sold]);
        agent.wait_drained(DRAIN);
        let note = "; 6 points not booked: this Odoo keeps no history of cards";
        assert_notes(&office, &agent, &[(1, note.to_owned())]);
        agent.stop();
    }
}
