//! Sales that come after their day was closed, and a day that cannot be closed.
//!
//! Goal: with `late_sales = "hold"` a late sale waits for a person and then goes into the session that is open; a close
//! that Odoo refuses names the orders that stand against it with their amounts, and goes through once they are put
//! right. Method: one till, one day; a draft put into the session by hand.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CASH, moment, range, yesterday};
use tillpost_tests::wait;

fn sale(number: u64) -> Receipt {
    let at = moment(yesterday(), 60 * i64::try_from(number).unwrap());
    Receipt::sale("1", number, at, yesterday())
        .item(&range()[0], 1_000)
        .paid(CASH)
}

fn day(kind: &str, number: u64, date: jiff::civil::Date, body: Value) -> Value {
    json!({
        "kind": kind, "store": "ZH01", "till": "1", "sequence": number, "currency": "USD",
        "business_date": date.to_string(), "occurred_at": moment(date, 30_000).to_string(), "body": body,
    })
}

fn close(number: u64, cents: i64) -> Value {
    let tenders = json!([{ "method": CASH, "expected": money(cents), "counted": money(cents) }]);
    day(
        "day_close",
        number,
        yesterday(),
        json!({ "tenders": tenders }),
    )
}

fn wait_delivered(agent: &Agent) {
    wait::within(DRAIN, "everything to arrive", || {
        (agent.count("waiting") == 0).then_some(())
    });
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
}

/// The id and the answer of the document that is parked.
fn parked(office: &HeadOffice) -> (String, Value) {
    wait::within(DRAIN, "a parked document", || {
        let listed = office
            .home
            .run(&["documents", "list", "--state", "parked", "--json"])
            .json();
        let id = listed["documents"][0]["id"].as_str()?.to_owned();
        let shown = office
            .home
            .run(&["documents", "show", &id, "--json"])
            .json();
        Some((id, shown["deliveries"][0]["answer"].clone()))
    })
}

#[test]
fn a_late_sale_is_held_until_a_person_lets_it_go_into_the_open_session() {
    let office = HeadOffice::new("late_hold", &["1".to_owned()]);
    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let hold = config.replace("methods = {", "late_sales = \"hold\"\nmethods = {");
    assert_ne!(hold, config);
    std::fs::write(office.home.config(), hold).unwrap();
    let agent = office.start();
    let (first, late) = (sale(1), sale(2));
    let documents = [first.json(), close(3, first.total())];
    agent.hand_in_all(office.token("1"), &documents, "accepted");
    wait_delivered(&agent);

    agent.hand_in_all(office.token("1"), &[late.json()], "accepted");
    let (id, answer) = parked(&office);
    assert_eq!(answer["code"], "late_sale", "{answer}");
    let orders = "SELECT count(*) AS a FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
                  JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%'";
    assert_eq!(office.database.number(orders), 1, "nothing was sent");

    let today = yesterday().tomorrow().unwrap();
    let open = day("day_open", 4, today, json!({ "opening": [] }));
    agent.hand_in_all(office.token("1"), &[open], "accepted");
    wait::within(DRAIN, "the next day's session", || {
        (agent.count("waiting") == 0).then_some(())
    });
    office.home.run(&["documents", "retry", &id]).ended(0);
    wait_delivered(&agent);
    let where_it_is = office.database.rows(&format!(
        "SELECT s.state AS a, s.opening_notes AS b, (o.pos_reference LIKE '%-{}-%')::text AS c FROM pos_order o \
         JOIN pos_session s ON s.id = o.session_id WHERE o.uuid = '{}'",
        yesterday().strftime("%Y%m%d"),
        late.uid()
    ));
    let expected = [
        "opened".to_owned(),
        format!("Tillpost {today}"),
        "true".to_owned(),
    ];
    assert_eq!(where_it_is, [expected]);
    agent.stop();
}

#[test]
fn a_refused_close_names_what_stands_against_it_and_goes_through_afterwards() {
    let office = HeadOffice::new("late_close", &["1".to_owned()]);
    let agent = office.start();
    let first = sale(1);
    agent.hand_in_all(office.token("1"), &[first.json()], "accepted");
    wait_delivered(&agent);
    let database = &office.database;
    let session = database.number(
        "SELECT s.id AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%'",
    );
    let product =
        database.number("SELECT id AS a FROM product_product WHERE default_code = 'TP-001'");
    let draft = database.create(
        "pos.order",
        &json!({
            "session_id": session, "pos_reference": "DRAFT-1", "amount_total": 5, "amount_tax": 0, "amount_paid": 0,
            "amount_return": 0, "lines": [[0, 0, { "product_id": product, "qty": 1, "price_unit": 5,
                                                    "price_subtotal": 5, "price_subtotal_incl": 5 }]],
        }),
    );
    agent.hand_in_all(office.token("1"), &[close(2, first.total())], "accepted");
    let (id, answer) = parked(&office);
    assert_eq!(answer["code"], "close_refused", "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("DRAFT-1 of 5 is a draft"), "{message}");
    let state = format!("SELECT state AS a FROM pos_session WHERE id = {session}");
    assert_eq!(
        database.rows(&state),
        [["opened"]],
        "it takes receipts again"
    );

    database.call("pos.order", "unlink", &json!({ "ids": [draft] }));
    // Somebody began to close it by hand and left it at that: it is taken back and closed.
    database.write(
        "pos.session",
        &[session],
        &json!({ "state": "closing_control" }),
    );
    office.home.run(&["documents", "retry", &id]).ended(0);
    wait_delivered(&agent);
    assert_eq!(database.rows(&state), [["closed"]]);
    agent.stop();
}
