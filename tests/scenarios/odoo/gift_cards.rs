//! Gift cards: sold, topped up, used, paid back onto, taken back.
//!
//! Goal: the money on each card in Odoo is what the till's receipts come to, once, also from a PC with an empty data folder
//! and after kill -9 before, within and after the second step; a card that Odoo does not know holds nothing up, and the
//! document says so. Method: one till's receipts; cards and their history are read from Odoo's tables and compared with a
//! sum over what the receipts say.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::drawer::void;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, moment};

use super::customers::{TILL, assert_notes, day, hand_in, sale, with};
use super::points::killed_around_cards;

/// Known to Odoo before the day, and what is on it.
const OLD: &str = "GC-OLD-7700";
const ON_OLD: i64 = 3_000;
const LOW: &str = "GC-LOW-7701";
const ON_LOW: i64 = 100;
/// Sold in the day.
const FIRST: &str = "GC-0001-AAAA";
const SECOND: &str = "GC-0002-BBBB";
const VOIDED: &str = "GC-0003-CCCC";

/// A move of money: the end of its order's reference, the card, cents put on it or taken off.
type Move = (&'static str, &'static str, i64);

struct Story {
    documents: Vec<Value>,
    moves: Vec<Move>,
    notes: Vec<(u64, String)>,
}

/// A line that sells cards of so many cents each, for less than they are worth.
fn cards(line: usize, serials: &[&str], each: i64, less: i64) -> Value {
    let lot = |serial: &&str| json!({ "serial": serial, "quantity": "1", "expiry": "2031-12-31" });
    let count = i64::try_from(serials.len()).unwrap();
    let mut line = json!({
        "line": line, "type": "voucher", "product": { "name": "Gift card" }, "quantity": count.to_string(),
        "unit_price": money(each), "taxes": [], "total": money(count * each - less),
        "lots": serials.iter().map(lot).collect::<Vec<_>>(),
    });
    if less != 0 {
        line["discounts"] = json!([{ "amount": money(less), "reason": "Promotion" }]);
    }
    line
}

/// A receipt of nothing but cards, paid in cash.
fn sells(number: u64, lines: &[Value], total: i64) -> Value {
    with(
        sale(number, &[]).json(),
        &json!({
            "lines": lines, "taxes": [], "tax_total": "0.00", "total": money(total),
            "tenders": [{ "type": "cash", "method": CASH, "amount": money(total) }],
        }),
    )
}

/// The receipt paid, or paid back, partly with a card or voucher, the rest in cash.
fn paid_with(receipt: &Receipt, kind: &str, number: &str, cents: i64) -> Value {
    let rest = receipt.total() - cents;
    let card = json!({ "type": kind, "method": CARD, "amount": money(cents), "reference": number });
    let cash = json!({ "type": "cash", "method": CASH, "amount": money(rest) });
    with(receipt.json(), &json!({ "tenders": [card, cash] }))
}

fn story() -> Story {
    let bought = sale(2, &[0, 1]);
    let back = Receipt::back(TILL, 3, moment(day(), 900), day()).item_of(&bought, 1);
    let used = 500;
    let returned = back.total();
    let documents = vec![
        sells(
            1,
            &[
                cards(1, &[FIRST, SECOND], 2_500, 0),
                // As much as is on it.
                cards(2, &[OLD], ON_OLD, 0),
            ],
            8_000,
        ),
        paid_with(&bought, "gift_card", FIRST, used),
        with(
            back.json(),
            &json!({ "tenders": [{ "type": "gift_card", "method": CARD, "amount": money(returned), "reference": SECOND }] }),
        ),
        sells(4, &[cards(1, &[VOIDED], 4_000, 400)], 3_600),
        void(5, moment(day(), 1_000), day(), &sale(4, &[])),
        paid_with(&sale(6, &[0, 1]), "gift_card", "GC-NOBODY-9999", used),
        paid_with(&sale(7, &[0, 1]), "voucher", "MEAL-1", used),
        paid_with(&sale(8, &[0, 1]), "voucher", LOW, used),
    ];
    let moves = vec![
        ("-1", FIRST, 2_500),
        ("-1", SECOND, 2_500),
        ("-1", OLD, ON_OLD),
        ("-2", FIRST, -used),
        ("-3", SECOND, -returned),
        ("-4", VOIDED, 4_000),
        ("-void-5", VOIDED, -4_000),
        ("-8", LOW, -used),
    ];
    let note = |number, note: String| (number, note);
    let notes = vec![
        note(
            1,
            "; 25 put on gift card ...AAAA; 25 put on gift card ...BBBB; 30 put on gift card ...7700".into(),
        ),
        note(2, "; 5 taken off gift card ...AAAA".into()),
        note(5, "; 40 taken off gift card ...CCCC".into()),
        note(
            6,
            "; 5 not taken off gift card ...9999: Odoo does not know it".into(),
        ),
        note(
            8,
            "; 5 taken off gift card ...7701, which is overdrawn in Odoo by 4".into(),
        ),
    ];
    Story {
        documents,
        moves,
        notes,
    }
}

fn office(name: &str) -> HeadOffice {
    let office = HeadOffice::on(19, name, &[TILL.to_owned()]);
    let database = &office.database;
    // Odoo's demonstration data brings one along.
    let programs = database.search(
        "loyalty.program",
        &json!([["program_type", "=", "gift_card"]]),
    );
    let [program] = programs[..] else {
        panic!("one programme for gift cards, not {programs:?}");
    };
    for (number, cents) in [(OLD, ON_OLD), (LOW, ON_LOW)] {
        let card = json!({ "program_id": program, "code": number, "points": cents as f64 / 100.0 });
        database.create("loyalty.card", &card);
    }
    office
}

/// What differs between the cards in Odoo and the sum of the receipts.
fn differences(office: &HeadOffice, moves: &[Move]) -> Vec<String> {
    let mut on_cards = BTreeMap::from([(OLD, ON_OLD), (LOW, ON_LOW)]);
    for (_, card, cents) in moves {
        *on_cards.entry(*card).or_default() += cents;
    }
    let mut expected: Vec<Vec<String>> = on_cards
        .iter()
        .map(|(card, cents)| vec![(*card).to_owned(), money(*cents)])
        .collect();
    expected.extend(moves.iter().map(|(order, card, cents)| {
        vec![
            (*card).to_owned(),
            (*order).to_owned(),
            money((*cents).max(0)),
            money((-*cents).max(0)),
        ]
    }));
    let database = &office.database;
    let mut found = database.rows(
        "SELECT code AS a, points::numeric(16,2)::text AS b FROM loyalty_card WHERE code LIKE 'GC-%'",
    );
    let circle = format!("ZH01-{TILL}-0-{}", day().strftime("%Y%m%d"));
    found.extend(database.rows(&format!(
        "SELECT k.code AS a, replace(o.pos_reference, '{circle}', '') AS b, h.issued::numeric(16,2)::text AS c, \
         h.used::numeric(16,2)::text AS d FROM loyalty_history h JOIN loyalty_card k ON k.id = h.card_id \
         JOIN pos_order o ON o.id = h.order_id AND h.order_model = 'pos.order'"
    )));
    let mut told = Vec::new();
    for row in expected {
        match found.iter().position(|other| *other == row) {
            Some(place) => drop(found.swap_remove(place)),
            None => told.push(format!("missing: {row:?}")),
        }
    }
    told.extend(found.iter().map(|row| format!("too much: {row:?}")));
    told
}

#[test]
fn the_money_on_gift_cards_is_what_the_receipts_come_to() {
    let mut office = office("gift_cards");
    let story = story();
    for round in ["first", "from an empty data folder"] {
        println!("{round}");
        let agent = office.start();
        hand_in(&office, &agent, &story.documents);
        agent.wait_drained(DRAIN);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        assert_eq!(differences(&office, &story.moves), [""; 0]);
        assert_notes(&office, &agent, &story.notes);
        agent.stop();
        office.new_home();
    }
    let until = "SELECT count(*) AS a FROM loyalty_card WHERE code LIKE 'GC-000%' AND expiration_date = '2031-12-31'";
    assert_eq!(office.database.number(until), 3);
    for fault in [
        "UPDATE loyalty_card SET points = points + 0.01 WHERE code = 'GC-0001-AAAA'",
        "DELETE FROM loyalty_history WHERE id = (SELECT max(id) FROM loyalty_history)",
        "INSERT INTO loyalty_history (card_id, order_id, order_model, issued, used, description) \
         SELECT card_id, order_id, order_model, issued, used, description FROM loyalty_history ORDER BY id DESC LIMIT 1",
    ] {
        let before = differences(&office, &story.moves);
        office.database.tamper(fault);
        let after = differences(&office, &story.moves);
        assert_ne!(after, before, "goes unnoticed: {fault}");
        println!("a planted fault is seen: {}", after.join("; "));
    }
}

#[test]
fn killed_around_the_gift_cards_their_money_changes_once() {
    let office = office("gift_cards_killed");
    let story = story();
    killed_around_cards(&office, &story.documents);
    assert_eq!(differences(&office, &story.moves), [""; 0]);
}
