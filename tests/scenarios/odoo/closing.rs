//! When a till's day is closed in Odoo, with what, and what the store is told.
//!
//! Goal: a day waits for what is missing until the till's next day begins, or twelve hours; then it is closed with what is
//! there and the counted cash, and what comes later is booked with the day that is open then, and says so. If Odoo refuses
//! to close a day, the next one shares its session. Method: one till, two days, and the shop's own books; the journals, the
//! counted cash and the differences that Odoo booked must be the books'.

use jiff::civil::Date;
use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::ledger::Ledger;
use tillpost_tests::shop::drawer::{TillDay, cash_movement, void};
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, moment, range, yesterday};
use tillpost_tests::wait;

use super::{assert_books, wait_arrived};

const OPENING: i64 = 10_000;

/// A till on two days: the day before yesterday, and yesterday.
struct Story {
    office: HeadOffice,
    ledger: Ledger,
    days: [Date; 2],
    /// What the till adds up today.
    till: TillDay,
}

impl Story {
    fn new(name: &str) -> Self {
        let today = yesterday();
        Self {
            office: HeadOffice::new(name, &["1".to_owned()]),
            ledger: Ledger::new(&range(), STOCK_AT_START),
            days: [today.yesterday().unwrap(), today],
            till: TillDay::new("1", OPENING),
        }
    }

    fn hand_in(&self, agent: &Agent, document: &Value) -> String {
        let result = agent.hand_in(self.office.token("1"), document);
        assert_eq!(result["status"], "accepted", "{result}");
        result["id"].as_str().unwrap().to_owned()
    }

    /// A sale of the first day; the till adds it up at once.
    fn sale(&mut self, number: u64, day: usize, method: &'static str) -> Receipt {
        let at = moment(self.days[day], 60 * i64::try_from(number).unwrap());
        let sale = Receipt::sale("1", number, at, self.days[day])
            .item(&range()[usize::try_from(number).unwrap()], 1_000)
            .paid(method);
        self.till.add(&sale, 1);
        sale
    }

    fn opens(&mut self, agent: &Agent, day: usize) -> String {
        self.hand_in(
            agent,
            &self.till.open(self.days[day], moment(self.days[day], 0)),
        )
    }

    fn closes(&mut self, agent: &Agent, day: usize) -> String {
        let at = moment(self.days[day], 36_000);
        self.hand_in(agent, &self.till.close(self.days[day], at, 0))
    }

    /// The till's day is over; the next one begins with what lies in the drawer.
    fn next_day(&mut self) -> i64 {
        let counted = self.till.cash_expected();
        self.till = TillDay::new("1", counted);
        counted
    }

    /// The states of the till's sessions, oldest first.
    fn sessions(&self) -> Vec<String> {
        let states = self.office.database.rows(
            "SELECT s.state AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
             WHERE c.name LIKE 'ZH01-%' ORDER BY s.id",
        );
        states.into_iter().flatten().collect()
    }

    fn delivery(&self, agent: &Agent, id: &str) -> Value {
        agent.document(self.office.token("1"), id)["deliveries"][0].clone()
    }

    /// Waits until a document has arrived; its reference.
    fn reference(&self, agent: &Agent, id: &str) -> String {
        wait::within(DRAIN, "a document to arrive", || {
            let delivery = self.delivery(agent, id);
            assert_ne!(delivery["state"], "parked", "{delivery}");
            let arrived = delivery["state"] == "delivered";
            arrived.then(|| delivery["reference"].as_str().unwrap().to_owned())
        })
    }

    /// Waits until a document has this answer and is in this state; the answer's message.
    fn answer(&self, agent: &Agent, id: &str, state: &str, code: &str) -> String {
        let message = wait::within(DRAIN, code, || {
            let delivery = self.delivery(agent, id);
            let there = delivery["state"] == state && delivery["answer"]["code"] == code;
            there.then(|| delivery["answer"]["message"].as_str().unwrap().to_owned())
        });
        let problems = agent.status()["problems"].to_string();
        assert!(problems.contains(code), "the page says it: {problems}");
        message
    }
}

#[test]
fn a_day_waits_for_its_parked_sale_until_the_next_one_begins_and_names_it() {
    let mut story = Story::new("close_parked");
    let agent = story.office.start();
    let [first, _] = story.days;
    story.ledger.open("1", first, OPENING);
    story.opens(&agent, 0);
    let (cash, parked) = (story.sale(1, 0, CASH), story.sale(2, 0, CARD));
    story.ledger.receipt(&cash);
    let cash = story.hand_in(&agent, &cash.json());
    let mut unknown = parked.json();
    unknown["body"]["tenders"][0]["type"] = json!("mobile");
    unknown["body"]["tenders"][0]["method"] = json!("TWINT");
    let unknown = story.hand_in(&agent, &unknown);
    story.reference(&agent, &cash);
    story.answer(&agent, &unknown, "parked", "method_not_in_odoo");
    let close = story.closes(&agent, 0);
    // A second sale goes past the close, which waits.
    let late_in_the_day = story.sale(3, 0, CASH);
    story.ledger.receipt(&late_in_the_day);
    let id = story.hand_in(&agent, &late_in_the_day.json());
    story.reference(&agent, &id);
    assert_eq!(story.delivery(&agent, &close)["state"], "waiting");
    assert_eq!(story.sessions(), ["opened"]);

    // The till counted before its last sale: that money lies in the drawer when the next day begins.
    let counted = story.till.cash_expected() - late_in_the_day.total();
    story.ledger.close("1", counted);
    let opening = story.next_day();
    story.ledger.open("1", story.days[1], opening);
    story.opens(&agent, 1);
    let reference = story.reference(&agent, &close);
    assert!(
        reference.ends_with("closed without ZH01/1/0/2"),
        "{reference}"
    );
    wait::within(DRAIN, "the next session", || {
        (story.sessions() == ["closed", "opened"]).then_some(())
    });
    let proof = story
        .office
        .home
        .run(&["proof", "--date", &first.to_string(), "--json"]);
    let proof: Value = serde_json::from_str(&proof.ended(1).stdout).unwrap();
    assert!(
        proof["differences"].to_string().contains("ZH01/1/0/2"),
        "{proof}"
    );
    agent.stop();

    let config = std::fs::read_to_string(story.office.home.config()).unwrap();
    let mended = config.replace("CARD = \"Card\"", "CARD = \"Card\", TWINT = \"Card\"");
    std::fs::write(story.office.home.config(), mended).unwrap();
    let agent = story.office.start();
    story
        .office
        .home
        .run(&["documents", "retry", &unknown])
        .ended(0);
    let reference = story.reference(&agent, &unknown);
    let late = format!("late: booked with {}", story.days[1]);
    assert!(reference.ends_with(&late), "{reference}");
    story.ledger.receipt(&parked);
    story.ledger.close("1", story.till.cash_expected());
    story.closes(&agent, 1);
    wait_arrived(&agent, &story.office.database);
    assert_books(&story.office.database, &story.ledger);
    agent.stop();
}

#[test]
fn what_comes_after_the_close_is_booked_with_the_next_day_and_says_so() {
    let mut story = Story::new("close_late");
    let agent = story.office.start();
    let [first, second] = story.days;
    story.ledger.open("1", first, OPENING);
    story.opens(&agent, 0);
    let (kept, undone, late) = (
        story.sale(1, 0, CASH),
        story.sale(2, 0, CARD),
        story.sale(3, 0, CASH),
    );
    for sale in [&kept, &undone] {
        story.ledger.receipt(sale);
        story.hand_in(&agent, &sale.json());
    }
    // The till has all of it in its Z; the last three come when the day is closed.
    let at = moment(first, 30_000);
    let (void, pay_in) = (
        void(4, at, first, &undone),
        cash_movement("1", 5, at, first, "pay_in", 700),
    );
    story.till.add(&undone, -1);
    story.till.cash(700);
    let close = story.closes(&agent, 0);
    let message = story.answer(&agent, &close, "waiting", "day_differs");
    let there = money(OPENING + kept.total());
    let differs = format!(
        "{} at the till, {there} in Odoo",
        money(story.till.cash_expected())
    );
    assert!(message.contains(&differs), "{message}");
    assert_eq!(story.sessions(), ["opened"]);

    story.ledger.close("1", story.till.cash_expected());
    let opening = story.next_day();
    story.ledger.open("1", second, opening);
    story.opens(&agent, 1);
    let reference = story.reference(&agent, &close);
    assert!(
        reference.contains("closed though its figures differed"),
        "{reference}"
    );

    let late_documents = [late.json(), void, pay_in];
    for document in &late_documents {
        let id = story.hand_in(&agent, document);
        let reference = story.reference(&agent, &id);
        let marked = reference.ends_with(&format!("late: booked with {second}"));
        assert!(marked, "{reference} of {document}");
    }
    story.ledger.receipt(&late);
    story.ledger.void(4, at.as_second(), &undone);
    story.ledger.cash("1", 700);
    story.ledger.close("1", story.till.cash_expected());
    let close = story.closes(&agent, 1);
    let reference = story.reference(&agent, &close);
    assert!(
        !reference.contains("closed"),
        "its own figures are equal: {reference}"
    );
    wait_arrived(&agent, &story.office.database);
    assert_books(&story.office.database, &story.ledger);
    agent.stop();
}

#[test]
fn a_day_that_differs_is_closed_after_twelve_hours_with_what_was_counted() {
    let mut story = Story::new("close_12_hours");
    let clock = Clock::of(&mut story.office.home);
    // The PC takes the day's documents, is off for thirteen hours, and goes on.
    clock.jump("-13h");
    let agent = story.office.start();
    let [first, _] = story.days;
    story.ledger.open("1", first, OPENING);
    story.opens(&agent, 0);
    let (sale, never_came) = (story.sale(1, 0, CASH), story.sale(2, 0, CASH));
    story.ledger.receipt(&sale);
    story.hand_in(&agent, &sale.json());
    story.ledger.close("1", story.till.cash_expected());
    let close = story.closes(&agent, 0);
    story.answer(&agent, &close, "waiting", "day_differs");
    assert_eq!(story.sessions(), ["opened"]);
    agent.stop();
    clock.jump("+0");
    let agent = story.office.start();
    let reference = story.reference(&agent, &close);
    let there = money(OPENING + sale.total());
    let here = money(OPENING + sale.total() + never_came.total());
    let differs = format!(": {here} at the till, {there} in Odoo");
    assert!(reference.contains(&differs), "{reference}");
    wait_arrived(&agent, &story.office.database);
    assert_books(&story.office.database, &story.ledger);
    agent.stop();
}

#[test]
fn the_day_after_one_that_odoo_does_not_close_shares_its_session() {
    let mut story = Story::new("close_shared");
    let agent = story.office.start();
    let [first, second] = story.days;
    story.ledger.open("1", first, OPENING);
    story.opens(&agent, 0);
    for method in [CASH, CARD] {
        let sale = story.sale(if method == CASH { 1 } else { 2 }, 0, method);
        story.ledger.receipt(&sale);
        let id = story.hand_in(&agent, &sale.json());
        story.reference(&agent, &id);
    }
    let database = &story.office.database;
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
    let close = story.closes(&agent, 0);
    let message = story.answer(&agent, &close, "parked", "close_refused");
    assert!(message.contains("DRAFT-1 of 5 is a draft"), "{message}");

    story.next_day();
    story.ledger.goes_on("1", second);
    let open = story.opens(&agent, 1);
    story.reference(&agent, &open);
    let sale = story.sale(6, 1, CASH);
    story.ledger.receipt(&sale);
    let id = story.hand_in(&agent, &sale.json());
    story.reference(&agent, &id);
    assert_eq!(story.sessions(), ["opened"], "one session for both days");
    story
        .office
        .home
        .run(&["documents", "retry", &close])
        .ended(0);
    story.answer(&agent, &close, "waiting", "session_shared");

    let database = &story.office.database;
    database.call("pos.order", "unlink", &json!({ "ids": [draft] }));
    story.ledger.close("1", story.till.cash_expected());
    let second_close = story.closes(&agent, 1);
    let reference = story.reference(&agent, &second_close);
    assert!(
        !reference.contains("closed"),
        "its own figures are equal: {reference}"
    );
    story.reference(&agent, &close);
    wait_arrived(&agent, &story.office.database);
    assert_books(&story.office.database, &story.ledger);
    agent.stop();
}
