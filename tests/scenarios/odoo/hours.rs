//! Tills' days that are opened and closed by the store's hours.
//!
//! Goal: at the hour a day is closed with the cash that Odoo expects, once everything of it has arrived and not before; what
//! comes later is taken all the same; an hour that passed while the PC was off is made up for. Method: a till that sends no
//! `day_open` and no `day_close`, and a clock that the test sets; the sessions, their cash and their orders are read from
//! Odoo's tables and held against what the till took.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::head_office::{DRAIN, HeadOffice, Make};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, ZONE, moment, now, range, yesterday};
use tillpost_tests::wait;

fn office(version: u32, name: &str, hours: &str) -> (HeadOffice, Clock) {
    let make = Make {
        destination: format!("sessions = {{ {hours} }}"),
        ..Make::usual()
    };
    let mut office = HeadOffice::of(version, name, &["1".to_owned()], &make);
    let clock = Clock::of(&mut office.home);
    (office, clock)
}

/// Sets the store's clock to a time of day.
fn set(clock: &Clock, date: Date, hour: i8, minute: i8) {
    let local = date.at(hour, minute, 0, 0);
    let at = local.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap();
    let off = at.timestamp().as_second() - now().as_second();
    clock.jump(&format!("{off:+}"));
}

fn sale(number: u64, date: Date, method: &'static str) -> Receipt {
    let at = moment(date, 60 * i64::try_from(number).unwrap());
    Receipt::sale("1", number, at, date)
        .item(&range()[usize::try_from(number).unwrap()], 1_000)
        .paid(method)
}

/// A sale that Odoo has no payment method for.
fn paid_otherwise(number: u64, date: Date) -> Value {
    let mut unknown = sale(number, date, CARD).json();
    unknown["body"]["tenders"][0]["type"] = json!("mobile");
    unknown["body"]["tenders"][0]["method"] = json!("TWINT");
    unknown
}

/// A person takes back what was refused.
fn withdraw_what_was_refused(office: &HeadOffice, agent: &Agent) {
    let refused = agent.get(office.token("1"), "/v1/documents?state=parked");
    let refused: Value = serde_json::from_str(&refused.body).unwrap();
    let id = refused["documents"][0]["id"].as_str().unwrap();
    let withdraw = ["documents", "withdraw", id, "--reason", "did not happen"];
    office.home.run(&withdraw).ended(0);
}

/// The till's sessions, oldest first: state, cash at the start and at the end, what the orders come to, all in cents, and
/// what stands in the closing notes, which 14 has none of.
fn sessions(office: &HeadOffice) -> Vec<Vec<String>> {
    let database = &office.database;
    let mut fields = vec![
        "state",
        "cash_register_balance_start",
        "cash_register_balance_end_real",
    ];
    if database.server.version > 14 {
        fields.push("closing_notes");
    }
    let found = database.call(
        "pos.session",
        "search_read",
        &json!({ "domain": [["config_id.name", "=like", "ZH01-%"]], "fields": fields, "order": "id" }),
    );
    let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round().to_string();
    let row = |session: &Value| {
        let sold = database.number(&format!(
            "SELECT coalesce(round(sum(amount_total) * 100), 0)::bigint AS a FROM pos_order WHERE session_id = {}",
            session["id"]
        ));
        vec![
            session["state"].as_str().unwrap().to_owned(),
            cents(&session[fields[1]]),
            cents(&session[fields[2]]),
            sold.to_string(),
            session["closing_notes"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ]
    };
    found.as_array().unwrap().iter().map(row).collect()
}

fn states(office: &HeadOffice) -> Vec<String> {
    let states = sessions(office).into_iter().map(|row| row[0].clone());
    states.collect()
}

/// What was handed in by hours: the documents of this kind.
fn by_hours(office: &HeadOffice, agent: &Agent, kind: &str) -> Vec<Value> {
    let answer = agent.get(office.token("1"), &format!("/v1/documents?kind={kind}"));
    let page: Value = serde_json::from_str(&answer.body).unwrap();
    page["documents"].as_array().unwrap().clone()
}

fn delivered(office: &HeadOffice, agent: &Agent, id: &str) -> String {
    wait::within(DRAIN, "a document to arrive", || {
        let document = agent.document(office.token("1"), id);
        let delivery = &document["deliveries"][0];
        assert_ne!(delivery["state"], "parked", "{delivery}");
        let arrived = delivery["state"] == "delivered";
        arrived.then(|| delivery["reference"].as_str().unwrap().to_owned())
    })
}

fn a_day_is_closed_at_its_hour(version: u32) {
    let (office, clock) = office(version, "hours_close", "close_at = \"20:00\"");
    let day = yesterday();
    set(&clock, day, 19, 40);
    let agent = office.start();
    let token = office.token("1");
    let (cash, card, late) = (sale(1, day, CASH), sale(2, day, CARD), sale(4, day, CASH));
    let documents = [cash.json(), card.json(), paid_otherwise(3, day)];
    agent.hand_in_all(token, &documents, "accepted");
    wait::within(DRAIN, "two to arrive and one to be refused", || {
        let settled = agent.count("waiting") == 0 && agent.count("parked") == 1;
        settled.then_some(())
    });
    assert_eq!(by_hours(&office, &agent, "day_close"), Vec::<Value>::new());
    assert_eq!(states(&office), ["opened"]);

    set(&clock, day, 20, 1);
    let close = wait::within(DRAIN, "the hour to be noticed", || {
        by_hours(&office, &agent, "day_close").into_iter().next()
    });
    let id = close["id"].as_str().unwrap();
    let another = sale(5, day, CARD);
    agent.hand_in_all(token, &[another.json()], "accepted");
    wait::within(DRAIN, "a sale that goes past the close", || {
        (agent.count("waiting") == 1).then_some(())
    });
    assert_eq!(
        agent.document(token, id)["state"],
        "waiting",
        "one is missing"
    );
    assert_eq!(states(&office), ["opened"]);

    withdraw_what_was_refused(&office, &agent);
    let reference = delivered(&office, &agent, id);
    assert!(
        reference.ends_with(", by the store's hours, without a count"),
        "{reference}"
    );
    let rung_up = cash.total() + card.total() + another.total();
    let found = sessions(&office);
    let expected = [
        "closed".to_owned(),
        "0".to_owned(),
        cash.total().to_string(),
        rung_up.to_string(),
        match version {
            14 => String::new(),
            _ => "Tillpost: closed by the store's hours, without a count".to_owned(),
        },
    ];
    assert_eq!(found, [expected.to_vec()]);

    agent.hand_in_all(token, &[late.json()], "accepted");
    agent.wait_drained(DRAIN);
    let found = sessions(&office);
    assert_eq!(found[0], expected, "what is closed stays as it was");
    assert_eq!(
        (found[1][0].as_str(), found[1][3].as_str()),
        ("opened", late.total().to_string().as_str())
    );
    assert_eq!(by_hours(&office, &agent, "day_close").len(), 1);
    agent.stop();
}

fn a_missed_hour_is_made_up_for(version: u32) {
    let hours = "open_at = \"07:00\", close_at = \"20:00\"";
    let (office, clock) = office(version, "hours_off", hours);
    let day = yesterday();
    set(&clock, day, 12, 0);
    let agent = office.start();
    wait::within(DRAIN, "the day to be opened", || {
        (states(&office) == ["opened"]).then_some(())
    });
    let cash = sale(1, day, CASH);
    agent.hand_in_all(office.token("1"), &[cash.json()], "accepted");
    agent.wait_drained(DRAIN);
    agent.stop();

    set(&clock, day.tomorrow().unwrap(), 6, 0);
    let agent = office.start();
    wait::within(DRAIN, "the day before to be closed", || {
        (states(&office) == ["closed"]).then_some(())
    });
    agent.wait_drained(DRAIN);
    assert_eq!(by_hours(&office, &agent, "day_open").len(), 1);
    set(&clock, day.tomorrow().unwrap(), 7, 1);
    wait::within(DRAIN, "the next day to be opened", || {
        (states(&office) == ["closed", "opened"]).then_some(())
    });
    agent.wait_drained(DRAIN);
    let found = sessions(&office);
    let total = cash.total().to_string();
    assert_eq!(
        found[0][1..4],
        ["0".to_owned(), total.clone(), total.clone()]
    );
    assert_eq!(
        found[1][1], total,
        "it begins with what the day before ended with"
    );
    assert_eq!(by_hours(&office, &agent, "day_close").len(), 1);
    agent.stop();
}

#[test]
fn at_the_hour_a_day_is_closed_without_a_count_once_everything_of_it_has_arrived() {
    a_day_is_closed_at_its_hour(19);
}

#[test]
fn an_hour_that_passed_while_the_pc_was_off_is_made_up_for_and_the_next_day_is_opened() {
    a_missed_hour_is_made_up_for(19);
}

mod v14 {
    use super::{a_day_is_closed_at_its_hour, a_missed_hour_is_made_up_for};

    #[test]
    fn at_the_hour_a_day_is_closed_without_a_count_once_everything_of_it_has_arrived() {
        a_day_is_closed_at_its_hour(14);
    }

    #[test]
    fn an_hour_that_passed_while_the_pc_was_off_is_made_up_for_and_the_next_day_is_opened() {
        a_missed_hour_is_made_up_for(14);
    }
}
