//! A generated trading day over several tills, and the day before it, which is closed.
//!
//! The same seed gives the same day. The documents come in the order in which they are handed in, which is not always
//! the order in which they happened: some voids come before their sale, and the count comes some sales late.

use jiff::civil::Date;
use serde_json::Value;

use super::floor::Floor;
use crate::ledger::Ledger;
use crate::random::Random;

/// How big a day is.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub tills: usize,
    pub sales: usize,
    /// Returns in all, the next two among them.
    pub returns: usize,
    /// Returns without receipt.
    pub blind: usize,
    /// Returns of receipts of the closed day before.
    pub old: usize,
    /// Voids in all, the next among them.
    pub voids: usize,
    /// Voids that are handed in before their sale.
    pub early_voids: usize,
    pub exchanges: usize,
}

impl Plan {
    /// The day of the acceptance test: 300 sales, 30 returns, 10 voids, 5 exchanges.
    pub fn whole() -> Self {
        Self {
            seed: 20_261_123,
            tills: 3,
            sales: 300,
            returns: 30,
            blind: 10,
            old: 5,
            voids: 10,
            early_voids: 3,
            exchanges: 5,
        }
    }

    /// A tenth of it, with everything in it.
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            tills: 2,
            sales: 30,
            returns: 6,
            blind: 2,
            old: 2,
            voids: 3,
            early_voids: 1,
            exchanges: 2,
        }
    }
}

/// A document and the till that hands it in.
#[derive(Debug, Clone)]
pub struct HandIn {
    pub till: String,
    pub document: Value,
}

/// Two days of a shop.
#[derive(Debug, Clone)]
pub struct Day {
    pub tills: Vec<String>,
    pub date: Date,
    /// The day before.
    pub earlier: Vec<HandIn>,
    pub documents: Vec<HandIn>,
    /// The books after both.
    pub ledger: Ledger,
}

/// What happens at a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Sale,
    BlindReturn,
    OldReturn,
    Return,
    ReturnOfTwo,
    Void,
    EarlyVoid,
    Exchange,
    Cash(&'static str, i64),
    Count,
}

impl Day {
    /// The day of a plan, and what must come of it.
    pub fn generate(plan: &Plan) -> Self {
        let mut floor = Floor::new(plan);
        floor.open();
        for _ in 0..(4 * plan.tills).max(2 * plan.old) {
            floor.happens(Event::Sale);
        }
        floor.close(0);
        let earlier = std::mem::take(&mut floor.documents);
        floor.next_day();
        floor.open();
        for event in events(plan, &mut floor.random) {
            floor.happens(event);
        }
        floor.close(100);
        Self {
            tills: (1..=plan.tills).map(|n| n.to_string()).collect(),
            date: floor.date,
            earlier,
            documents: floor.documents,
            ledger: floor.ledger,
        }
    }
}

/// The day's events in a random order, after some sales to return from, and the count in the middle.
fn events(plan: &Plan, random: &mut Random) -> Vec<Event> {
    let linked = plan.returns - plan.blind - plan.old;
    let of_two = linked.min(1);
    let first = plan.sales / 5;
    let mut rest = Vec::new();
    let mut add = |event, times| rest.extend(std::iter::repeat_n(event, times));
    add(Event::Sale, plan.sales - first - plan.early_voids);
    add(Event::BlindReturn, plan.blind);
    add(Event::OldReturn, plan.old);
    add(Event::Return, linked - of_two);
    add(Event::ReturnOfTwo, of_two);
    add(Event::Void, plan.voids - plan.early_voids);
    add(Event::EarlyVoid, plan.early_voids);
    add(Event::Exchange, plan.exchanges);
    add(Event::Cash("pay_in", 5_000), plan.tills);
    add(Event::Cash("pay_out", -1_230), plan.tills);
    add(Event::Cash("pickup", -10_000), 1);
    add(Event::Cash("bank_deposit", -2_500), 1);
    random.shuffle(&mut rest);
    rest.insert(rest.len() / 2, Event::Count);
    let mut all = vec![Event::Cash("float", 3_000)];
    all.extend(std::iter::repeat_n(Event::Sale, first));
    all.extend(rest);
    all
}
