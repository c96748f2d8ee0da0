//! Everything the destination knows while it works: one desk per store, one request in flight.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use rust_decimal::Decimal;
use tillpost_shared::config::{Destination, Environment, LateSales, Store, duration};
use tillpost_shared::document::Kind;
use tillpost_shared::key::Numbering;

use super::answer::outage;
use super::client::Client;
use super::customers::Customers;
use super::kept::Kept;
use super::orders::Till;
use super::products::Shelf;
use super::reference::{self, PosConfig, Reference};
use super::send::Verdicts;
use super::versions::{Facts, VERSION_TRIED};
use crate::destination::Delivery;
use crate::outbox::Outage;

/// How long what was read of the store is believed. What is not found is looked for again at once.
const REFERENCE_MAX: Duration = Duration::from_secs(300);
/// How long Odoo works on a request, unless its `limit_time_real` says otherwise.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);

/// How many orders go up in the first call; with three lines they take Odoo about 4 s where stock moves with each sale.
const ORDERS_FIRST: usize = 25;
/// The most orders that go up in one call, while Odoo is fast: it forgets between two calls what it has read.
pub const ORDERS_MAX: usize = 100;

/// The state behind the destination's lock.
pub struct Desk {
    /// The connection.
    pub client: Client,
    /// The store's code.
    pub store: String,
    /// What is to be known about the server.
    pub facts: Facts,
    /// Which world it belongs to.
    pub environment: Environment,
    /// The till's tender methods and what they are in Odoo.
    pub methods: BTreeMap<String, String>,
    /// The till's tax codes and what they are in Odoo.
    pub taxes: BTreeMap<String, String>,
    /// What becomes of receipts whose day is closed.
    pub late_sales: LateSales,
    /// How the store's tills number.
    pub numbering: Numbering,
    /// The store in Odoo.
    pub reference: Reference,
    loaded: Option<Instant>,
    /// Whether the reference was read since this batch began.
    fresh: bool,
    /// Products found so far.
    pub shelf: Shelf,
    /// Customers found so far.
    pub customers: Customers,
    /// How many orders go up in one call: fewer where it is slow, or could not cope.
    pub orders_max: usize,
    /// Cash that a till counted for a day which is not closed yet.
    pub counted: HashMap<(String, Date), Decimal>,
    /// Counts that were applied, by the count's key.
    pub counts_applied: Vec<String>,
    /// What was taken of a batch that the line failed.
    pub(super) kept: Kept,
}

impl Desk {
    /// A desk; nothing is asked yet.
    pub fn new(client: Client, config: &Destination, store: &Store, numbering: Numbering) -> Self {
        let limit = config.request_limit.as_deref();
        let request_limit = limit.and_then(duration).unwrap_or(REQUEST_LIMIT);
        Self {
            client: client.careful(request_limit),
            store: store.code.clone(),
            facts: Facts::of(VERSION_TRIED),
            environment: store.environment,
            methods: config.methods.clone(),
            taxes: config.taxes.clone(),
            late_sales: config.late_sales,
            numbering,
            reference: Reference::default(),
            loaded: None,
            fresh: false,
            shelf: Shelf::new(),
            customers: Customers::default(),
            orders_max: ORDERS_FIRST,
            counted: HashMap::new(),
            counts_applied: Vec::new(),
            kept: Kept::default(),
        }
    }

    /// Before a batch: reads the store again if that is long ago.
    pub async fn begin(&mut self) -> Result<(), Outage> {
        self.fresh = false;
        let failed = |error| outage(&error);
        let aged = self.loaded.is_none_or(|at| at.elapsed() >= REFERENCE_MAX);
        let facts = match aged {
            true => self.client.facts_now().await.map_err(failed)?,
            false => self.client.facts().await.map_err(failed)?,
        };
        if facts != self.facts {
            let (from, to) = (self.facts.version, facts.version);
            if self.loaded.is_some() {
                tracing::warn!(from, to, "server upgraded");
            }
            self.facts = facts;
            self.loaded = None;
        }
        match self.loaded {
            Some(at) if at.elapsed() < REFERENCE_MAX => Ok(()),
            _ => {
                self.shelf.clear();
                self.customers.clear();
                self.load().await
            }
        }
    }

    async fn load(&mut self) -> Result<(), Outage> {
        self.reference = reference::load(&self.client, &self.store).await?;
        self.loaded = Some(Instant::now());
        self.fresh = true;
        Ok(())
    }

    /// Something was not found: reads the store again, once per batch. Whether it did.
    pub async fn look_again(&mut self) -> Result<bool, Outage> {
        if self.fresh {
            return Ok(false);
        }
        self.load().await?;
        Ok(true)
    }

    /// The till in Odoo, `None` when nobody set it up.
    pub async fn config(&mut self, till: &str) -> Result<Option<PosConfig>, Outage> {
        let found = self.reference.config(&self.store, till, self.environment);
        if let Ok(Some(config)) = found {
            return Ok(Some(config.clone()));
        }
        self.look_again().await?;
        let found = self.reference.config(&self.store, till, self.environment)?;
        Ok(found.cloned())
    }

    /// The till's side of an order.
    pub fn till<'a>(&'a self, config: &'a PosConfig, code: &'a str, base: &'a str) -> Till<'a> {
        Till {
            config,
            base,
            code,
            methods: &self.methods,
            quantity_digits: self.reference.quantity_digits,
            store: &self.reference.configs,
            facts: self.facts,
        }
    }

    /// The receipt's customer in Odoo.
    pub fn customer(&self, delivery: &Delivery) -> Option<i64> {
        self.customers.of(delivery)
    }
}

/// Documents that go up together, by their positions in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// Sales and returns of one till and day.
    Orders(Vec<usize>),
    /// Anything else, by itself.
    Single(usize),
}

impl Run {
    /// The positions of its documents that have no verdict yet.
    pub fn open(&self, verdicts: &Verdicts) -> Vec<usize> {
        let places = match self {
            Self::Orders(places) => places,
            Self::Single(place) => std::slice::from_ref(place),
        };
        let open = places.iter().filter(|place| verdicts[**place].is_none());
        open.copied().collect()
    }
}

/// What goes up together and in which order. A till's documents stay in their order; what depends on others comes
/// after everything before it.
pub fn runs(batch: &[Delivery]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: HashMap<(&str, Date), usize> = HashMap::new();
    for (n, delivery) in batch.iter().enumerate() {
        let till = delivery.document.head.till();
        let place = (till, delivery.business_date);
        if !stands_alone(delivery) {
            // Another day of the same till closes the day before: nothing of that may come later.
            open.retain(|(other, day), _| *other != till || *day == delivery.business_date);
            match open.get(&place).and_then(|run| runs.get_mut(*run)) {
                Some(Run::Orders(run)) => run.push(n),
                Some(Run::Single(_)) | None => {
                    open.insert(place, runs.len());
                    runs.push(Run::Orders(vec![n]));
                }
            }
            continue;
        }
        match delivery.document.head.kind {
            Kind::DayOpen | Kind::DayClose | Kind::CashMovement | Kind::TillActivity => {
                open.retain(|(other, _), _| *other != till);
            }
            Kind::Sale | Kind::Return | Kind::Void | Kind::StockCount => open.clear(),
            Kind::Settlement | Kind::StockMove | Kind::Pickup => {}
        }
        let takes_back = matches!(delivery.document.head.kind, Kind::Sale | Kind::Return);
        runs.push(if takes_back {
            Run::Orders(vec![n])
        } else {
            Run::Single(n)
        });
    }
    runs
}

/// Everything but a sale or return that refers to no other receipt.
fn stands_alone(delivery: &Delivery) -> bool {
    let Some(sale) = delivery.document.body.as_sale() else {
        return true;
    };
    sale.lines.iter().any(|line| line.returned_from.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::destination::odoo::testing::delivery;

    fn of(till: &str, day: &str, kind: &str, body: Value) -> Delivery {
        let mut delivery = delivery(kind, 1, body);
        let mut document = (*delivery.document).clone();
        document.head.till = tillpost_shared::scalar::Code::parse(till);
        delivery.document = document.into();
        delivery.business_date = day.parse().expect("a date");
        delivery
    }
    fn sale(till: &str, day: &str) -> Delivery {
        of(
            till,
            day,
            "sale",
            json!({ "prices": "tax_included", "total": "0" }),
        )
    }
    fn back(till: &str) -> Delivery {
        let line = json!({ "line": 1, "type": "item", "product": {}, "quantity": "-1", "unit_price": "0", "total": "0",
                           "returned_from": { "sequence": 1 } });
        of(
            till,
            "2026-11-20",
            "return",
            json!({ "prices": "tax_included", "total": "0", "lines": [line] }),
        )
    }

    #[test]
    fn sales_of_a_till_and_day_go_together_even_when_tills_take_turns() {
        let day = "2026-11-20";
        let batch = [
            sale("1", day),
            sale("2", day),
            sale("1", day),
            sale("1", "2026-11-21"),
            sale("1", day),
        ];
        let expected = [
            Run::Orders(vec![0, 2]),
            Run::Orders(vec![1]),
            Run::Orders(vec![3]),
            Run::Orders(vec![4]),
        ];
        assert_eq!(runs(&batch), expected);
    }

    #[test]
    fn what_depends_on_others_comes_after_them() {
        let day = "2026-11-20";
        let batch = [
            sale("1", day),
            back("2"),
            sale("1", day),
            of("1", day, "day_open", json!({})),
            sale("1", day),
        ];
        let expected = [
            Run::Orders(vec![0]),
            Run::Orders(vec![1]),
            Run::Orders(vec![2]),
            Run::Single(3),
            Run::Orders(vec![4]),
        ];
        assert_eq!(runs(&batch), expected);
    }
}
