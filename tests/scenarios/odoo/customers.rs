//! Customers who ask for an invoice.
//!
//! Goal: who is known to Odoo by a reference or a card has an invoice, a return and a void have a credit note, and the day
//! closes with its own figures; each once, also from a PC with an empty data folder and after kill -9 before, within and
//! after the second step. Whoever Odoo does not know holds nothing up, and the document says so. Method: one till's day;
//! the invoices are read from Odoo's tables and compared with what the receipts come to.

use jiff::civil::Date;
use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{AGENT_KEY, HeadOffice};
use tillpost_tests::shop::drawer::{TillDay, void};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, moment, range, yesterday};

use super::kills::{REQUEST_LIMIT, dies_at_each};
use super::wait_arrived;

pub(super) const TILL: &str = "1";
const OPENING: i64 = 10_000;
/// Customers as head office knows them: names that no receipt says.
const REGULAR: &str = "Regular Ltd";
const MEMBER: &str = "Member Inc";

/// A day's documents, and what must come of them.
struct Story {
    documents: Vec<Value>,
    /// Of each invoice: the end of its order's reference, its kind, its total, its customer.
    invoices: Vec<[String; 4]>,
    /// Of each document with a note: its number, and what stands in its reference.
    notes: Vec<(u64, String)>,
}

pub(super) fn day() -> Date {
    yesterday()
}

pub(super) fn sale(number: u64, articles: &[usize]) -> Receipt {
    let at = moment(day(), 60 * i64::try_from(number).unwrap());
    let start = Receipt::sale(TILL, number, at, day());
    let add = |receipt: Receipt, article: &usize| receipt.item(&range()[*article], 1_000);
    articles.iter().fold(start, add)
}

/// The document, with more in its body.
pub(super) fn with(mut document: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        document["body"][name] = value.clone();
    }
    document
}

/// Who wants an invoice, with a name and an address that are none of Odoo's business.
fn wants(customer: &Value) -> Value {
    let mut customer = customer.clone();
    customer["invoice"] =
        json!({ "name": "Somebody Else", "street": "Elsewhere 1", "zip": "8000" });
    json!({ "customer": customer })
}

/// The day; `version` because 14 makes a credit note of an exchange that pays back, and 19 would invoice it with its sign lost.
fn story_of_invoices(version: u32) -> Story {
    let (by_reference, by_card) = (
        wants(&json!({ "reference": "C-100" })),
        // 14 lets nobody but an administrator search by a card.
        match version {
            14 => wants(&json!({ "reference": "C-200" })),
            _ => wants(&json!({ "loyalty_card": "LC-77" })),
        },
    );
    let unknown = wants(&json!({ "reference": "C-999", "loyalty_card": "LC-0" }));
    let first = sale(1, &[0, 2]).less(15).paid_with_note(100_000);
    let second = sale(2, &[1, 2]).paid(CARD);
    let plain = sale(3, &[0]).paid(CASH);
    let at = moment(day(), 900);
    let back = Receipt::back(TILL, 4, at, day())
        .item_of(&first, 1)
        .paid(CASH);
    let nobody = sale(6, &[0]).paid(CASH);
    let exchange = sale(7, &[0]).item_of(&first, 2).paid(CASH);
    let mut till = TillDay::new(TILL, OPENING);
    for receipt in [&first, &second, &plain, &back, &nobody, &exchange] {
        till.add(receipt, 1);
    }
    till.add(&second, -1);
    let documents = vec![
        till.open(day(), moment(day(), 0)),
        with(first.json(), &by_reference),
        with(second.json(), &by_card),
        plain.json(),
        with(back.json(), &by_reference),
        void(5, moment(day(), 1_000), day(), &second),
        with(nobody.json(), &unknown),
        with(exchange.json(), &by_reference),
        till.close(day(), moment(day(), 36_000), 0),
    ];
    let invoice = |number: &str, kind: &str, cents: i64, customer: &str| {
        [number, kind, &money(cents.abs()), customer].map(str::to_owned)
    };
    let mut invoices = vec![
        invoice("-1", "out_invoice", first.total(), REGULAR),
        invoice("-2", "out_invoice", second.total(), MEMBER),
        invoice("-4", "out_refund", back.total(), REGULAR),
        invoice("-void-5", "out_refund", second.total(), MEMBER),
    ];
    let mut notes = vec![(
        6,
        "; not invoiced: Odoo does not know the customer".to_owned(),
    )];
    assert!(exchange.total() < 0);
    match version {
        14 => invoices.insert(2, invoice("-7", "out_refund", exchange.total(), REGULAR)),
        _ => notes.push((
            7,
            "; not invoiced: Odoo makes no invoice of a sale that pays back".to_owned(),
        )),
    }
    Story {
        documents,
        invoices,
        notes,
    }
}

/// Head office, with two customers whom it knows by a reference and by a card.
pub(super) fn office(version: u32, name: &str) -> HeadOffice {
    let office = HeadOffice::on(version, name, &[TILL.to_owned()]);
    let database = &office.database;
    database.create("res.partner", &json!({ "name": REGULAR, "ref": "C-100" }));
    database.create(
        "res.partner",
        &json!({ "name": MEMBER, "ref": "C-200", "barcode": "LC-77" }),
    );
    office
}

/// The invoices of the shop's orders; of each the end of its order's reference, its kind, its total, its customer.
fn invoices(office: &HeadOffice) -> Vec<[String; 4]> {
    let circle = format!("ZH01-{TILL}-0-{}", day().strftime("%Y%m%d"));
    let rows = office.database.rows(&format!(
        "SELECT replace(o.pos_reference, '{circle}', '') AS a, m.move_type AS b, m.amount_total::numeric(16,2)::text AS c, \
         p.name AS d FROM pos_order o JOIN account_move m ON m.id = o.account_move AND m.state = 'posted' \
         JOIN res_partner p ON p.id = m.partner_id WHERE o.pos_reference LIKE 'ZH01-%' ORDER BY o.date_order, o.id"
    ));
    rows.into_iter()
        .map(|row| row.try_into().unwrap())
        .collect()
}

/// All entries in the books, and what of the shop's invoices is still owed.
fn entries_and_owed(office: &HeadOffice) -> [i64; 2] {
    let owed = "SELECT coalesce(round(sum(abs(m.amount_residual)) * 100), 0)::bigint AS a FROM account_move m \
                JOIN pos_order o ON o.account_move = m.id";
    ["SELECT count(*) AS a FROM account_move", owed].map(|select| office.database.number(select))
}

pub(super) fn hand_in(office: &HeadOffice, agent: &Agent, documents: &[Value]) {
    agent.hand_in_all(office.token(TILL), documents, "accepted");
}

/// Has the documents wait in the outbox, because the key is wrong.
pub(super) fn queue(office: &HeadOffice, documents: &[Value]) {
    let agent = Agent::start(
        &office.home,
        &[(AGENT_KEY, "0000000000000000000000000000000000000000")],
    );
    hand_in(office, &agent, documents);
    agent.kill();
}

/// What Odoo calls the document with this number of the till.
fn reference(office: &HeadOffice, agent: &Agent, number: u64) -> String {
    let listed = agent
        .get(office.token(TILL), "/v1/documents?limit=100")
        .ok();
    let key = format!("ZH01/{TILL}/0/{number}");
    let found = listed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["key"] == key);
    let id = found.unwrap_or_else(|| panic!("no {key}: {listed}"))["id"]
        .as_str()
        .unwrap();
    let delivery = agent.document(office.token(TILL), id)["deliveries"][0].clone();
    delivery["reference"]
        .as_str()
        .unwrap_or_else(|| panic!("{delivery}"))
        .to_owned()
}

#[track_caller]
pub(super) fn assert_notes(office: &HeadOffice, agent: &Agent, notes: &[(u64, String)]) {
    for (number, note) in notes {
        let reference = reference(office, agent, *number);
        assert!(reference.contains(note), "{number}: {reference}");
    }
}

#[track_caller]
fn assert_invoiced(office: &HeadOffice, agent: &Agent, story: &Story) {
    assert_eq!(invoices(office), story.invoices);
    assert_notes(office, agent, &story.notes);
    let first = reference(office, agent, 1);
    assert!(first.contains("; invoice "), "{first}");
    let plain = reference(office, agent, 3);
    assert!(!plain.contains("invoice"), "{plain}");
    let strangers = "SELECT count(*) AS a FROM res_partner WHERE name = 'Somebody Else' OR street = 'Elsewhere 1'";
    assert_eq!(office.database.number(strangers), 0);
}

fn an_invoice_is_made_once_and_the_day_closes_with_its_own_figures(version: u32) {
    let mut office = office(version, "invoices");
    let story = story_of_invoices(version);
    let agent = office.start();
    hand_in(&office, &agent, &story.documents);
    wait_arrived(&agent, &office.database);
    assert_invoiced(&office, &agent, &story);
    let before = entries_and_owed(&office);
    assert_eq!(before[1], 0, "all of them are paid");
    let closed = office.database.rows("SELECT s.state AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%'");
    assert_eq!(closed, [["closed"]]);
    agent.stop();

    office.new_home();
    let agent = office.start();
    hand_in(&office, &agent, &story.documents);
    wait_arrived(&agent, &office.database);
    assert_invoiced(&office, &agent, &story);
    assert_eq!(entries_and_owed(&office), before, "new entries");
    agent.stop();
}

fn killed_around_an_invoice_there_is_one(version: u32) {
    let office = office(version, "invoices_killed");
    office.request_limit(REQUEST_LIMIT);
    let story = story_of_invoices(version);
    queue(&office, &story.documents);
    dies_at_each(
        &office,
        &[
            "odoo.answer_read",
            "odoo.out.pos.order.action_pos_order_invoice",
            "odoo.invoice_asked",
        ],
    );
    let agent = office.start();
    wait_arrived(&agent, &office.database);
    assert_invoiced(&office, &agent, &story);
    assert_eq!(entries_and_owed(&office)[1], 0, "all of them are paid");
    agent.stop();
}

on_19_and_14! {
    an_invoice_is_made_once_and_the_day_closes_with_its_own_figures
    killed_around_an_invoice_there_is_one
}
