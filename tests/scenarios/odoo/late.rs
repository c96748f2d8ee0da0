//! Sales that come after their day was closed, and a day that cannot be closed.
//!
//! Goal: with `late_sales = "hold"` a late sale waits for a person and then goes into the session that is open; a close
//! that Odoo refuses names the orders that stand against it with their amounts, and goes through once they are put
//! right; on 14, where an order for a closed session makes a rescue session, that one is nobody's day, and is told of.
//! Method: one till, one day; a draft put into the session by hand; a rescue session made by somebody else's upload.

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

mod v14 {
    use super::*;

    /// What somebody else's till does that does not know of the close.
    const LATE_UPLOAD: &str = r#"
session = env['pos.session'].search([('config_id.name', '=like', 'ZH01-%')], order='id desc', limit=1).ensure_one()
assert session.state == 'closed'
product = env['product.product'].search([('default_code', '=', 'TP-001')]).ensure_one()
cash = session.config_id.payment_method_ids.filtered('is_cash_count')
env['pos.order'].create_from_ui([{'id': 'ELSE-1', 'to_invoice': False, 'data': {
    'name': 'ELSE-1', 'server_id': False, 'pos_session_id': session.id, 'user_id': env.uid, 'partner_id': False,
    'sequence_number': 1, 'creation_date': '2026-11-20T17:03:11.000Z', 'fiscal_position_id': False,
    'pricelist_id': session.config_id.pricelist_id.id, 'amount_total': 5, 'amount_tax': 0, 'amount_paid': 5,
    'amount_return': 0, 'to_invoice': False,
    'lines': [[0, 0, {'name': 'ELSE-1-1', 'product_id': product.id, 'qty': 1, 'price_unit': 5, 'discount': 0,
                      'tax_ids': [[6, 0, []]], 'price_subtotal': 5, 'price_subtotal_incl': 5}]],
    'statement_ids': [[0, 0, {'name': '2026-11-20 17:03:11', 'payment_method_id': cash.id, 'amount': 5}]]}}])
env.cr.commit()
"#;

    #[test]
    fn a_rescue_session_is_nobodys_day_and_is_told_of() {
        let office = HeadOffice::on(14, "v14_rescue", &["1".to_owned()]);
        let agent = office.start();
        let (token, today) = (office.token("1"), yesterday().tomorrow().unwrap());
        let first = sale(1);
        let documents = [first.json(), close(2, first.total())];
        agent.hand_in_all(token, &documents, "accepted");
        wait_delivered(&agent);
        office.database.shell(LATE_UPLOAD);
        let rescue = "SELECT s.name AS a, s.state AS b, count(o.id) AS c FROM pos_session s \
                      LEFT JOIN pos_order o ON o.session_id = s.id WHERE s.rescue GROUP BY 1, 2";
        let made = office.database.rows(rescue);
        assert_eq!((made.len(), made[0][2].as_str()), (1, "1"), "{made:?}");
        let doctor = office.home.run(&["doctor"]).stdout;
        assert!(
            doctor.contains(&format!("{} is a rescue session", made[0][0])),
            "{doctor}"
        );

        let opening = json!([{ "method": CASH, "amount": money(first.total()) }]);
        let mut next = sale(4);
        next.date = today;
        let documents = [
            day("day_open", 3, today, json!({ "opening": opening })),
            next.json(),
        ];
        agent.hand_in_all(token, &documents, "accepted");
        wait_delivered(&agent);
        assert_eq!(
            office.database.rows(rescue),
            made,
            "nothing of ours went into it"
        );
        // Somebody begins to close the day, and leaves it at that: it takes the next sale all the same.
        let own = "SELECT s.id AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
                   WHERE c.name LIKE 'ZH01-%' AND s.rescue IS NOT TRUE ORDER BY s.id DESC LIMIT 1";
        let session = office.database.number(own);
        office.database.tamper(&format!(
            "UPDATE pos_session SET state = 'closing_control' WHERE id = {session}"
        ));
        let doctor = office.home.run(&["doctor"]).stdout;
        assert!(doctor.contains("is being closed by somebody"), "{doctor}");
        let mut last = sale(5);
        last.date = today;
        agent.hand_in_all(token, &[last.json()], "accepted");
        wait_delivered(&agent);
        assert_eq!(office.database.number(own), session, "the same session");
        assert_eq!(office.database.rows(rescue), made);

        let cents = first.total() + next.total() + last.total();
        let tenders =
            json!([{ "method": CASH, "expected": money(cents), "counted": money(cents) }]);
        let end = day("day_close", 6, today, json!({ "tenders": tenders }));
        agent.hand_in_all(token, &[end], "accepted");
        let (id, answer) = parked(&office);
        assert_eq!(answer["code"], "rescue_session", "{answer}");
        assert!(
            answer["message"].as_str().unwrap().contains(&made[0][0]),
            "{answer}"
        );
        let state = format!("SELECT state AS a FROM pos_session WHERE id = {session}");
        assert_eq!(office.database.rows(&state), [["closed"]]);
        office.home.run(&["documents", "retry", &id]).ended(0);
        wait_delivered(&agent);
        assert_eq!(office.database.rows(rescue), made);
        agent.stop();
    }
}
