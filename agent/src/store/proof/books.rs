//! A till's own books of the day: what its closes say, and which money its documents moved through which method.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tillpost_shared::document::Kind;

use super::load::{Entry, Method, Money};

/// The method that change is taken from where no document of the till shows one.
const CASH_METHOD_DEFAULT: &str = "cash";

/// What a till's closes say of the day.
#[derive(Debug, Default)]
pub struct Books {
    /// The key of the last close.
    pub close_key: String,
    /// Sales less returns; `None` where no close says.
    pub amount: Option<Decimal>,
    /// How many numbers were used.
    pub count: Option<i64>,
    /// The ranges of numbers, by series.
    pub ranges: Vec<(String, i64, i64)>,
    /// What each method took in, as the closes expect it.
    pub methods: BTreeMap<String, Decimal>,
}

impl Books {
    /// A till's books; `None` while it has not closed.
    pub fn of(entries: &[&Entry], cash_method: &str) -> Option<Self> {
        let kept = |kind| {
            entries
                .iter()
                .filter(move |e| e.kind == kind && !super::assemble::withdrawn(e))
        };
        let closes: Vec<_> = kept(Kind::DayClose).collect();
        let mut books = Self {
            close_key: closes.last()?.key.clone(),
            ..Self::default()
        };
        for close in &closes {
            books.add(close);
        }
        books.take_off_what_was_there(&closes, cash_method, entries);
        Some(books)
    }

    fn add(&mut self, close: &Entry) {
        if let Some(sales) = &close.money.sales {
            *self.amount.get_or_insert_default() += sales.gross + sales.returns;
        }
        if let (Some(first), Some(last)) = (close.money.first_sequence, close.money.last_sequence)
            && first <= last
        {
            let count = self.count.get_or_insert_default();
            // A till may name any two numbers.
            *count = count.saturating_add(last.saturating_sub(first).saturating_add(1));
            self.ranges.push((close.series.clone(), first, last));
        }
        for method in &close.money.tenders {
            let implied = method
                .counted
                .map(|counted| counted - method.difference.unwrap_or_default());
            if let Some(expected) = method.expected.or(implied) {
                *self.methods.entry(method.method.clone()).or_default() += expected;
            }
        }
    }

    /// The drawer's opening and what was put in or taken out were never sales.
    fn take_off_what_was_there(
        &mut self,
        closes: &[&&Entry],
        cash_method: &str,
        entries: &[&Entry],
    ) {
        let kept = |kind| {
            entries
                .iter()
                .filter(move |e| e.kind == kind && !super::assemble::withdrawn(e))
        };
        let opens: Vec<_> = kept(Kind::DayOpen).collect();
        // A till that starts anew opens its day once more with the same drawer: one opening per close.
        for open in opens.iter().rev().take(closes.len()) {
            for opening in &open.money.opening {
                self.take_off(&opening.method, opening.amount);
            }
        }
        if opens.is_empty() {
            for close in closes {
                let opening = close.money.drawer.as_ref().map(|drawer| drawer.opening);
                self.take_off(cash_method, opening);
            }
        }
        for movement in kept(Kind::CashMovement) {
            let method = movement.money.method.as_deref().unwrap_or(cash_method);
            self.take_off(method, movement.money.amount);
        }
    }

    fn take_off(&mut self, method: &str, amount: Option<Decimal>) {
        if let (Some(expected), Some(amount)) = (self.methods.get_mut(method), amount) {
            *expected -= amount;
        }
    }
}

/// The method that a till's cash goes through.
pub fn cash_method(entries: &[&Entry]) -> String {
    let paid = entries.iter().flat_map(|entry| &entry.money.tenders);
    let cash = paid.filter(|tender| is_cash(tender)).map(|t| &t.method);
    let opening = entries.iter().flat_map(|entry| &entry.money.opening);
    let method = cash.chain(opening.map(|opening| &opening.method)).next();
    method.map_or_else(|| CASH_METHOD_DEFAULT.to_owned(), Clone::clone)
}

fn is_cash(tender: &Method) -> bool {
    tender.r#type.as_deref() == Some("cash") && tender.foreign.is_none()
}

/// What a document moved, by method.
pub fn moved(entry: &Entry, cash_method: &str) -> BTreeMap<String, Decimal> {
    match entry.kind {
        Kind::Sale | Kind::Return => taken(&entry.money.tenders, &entry.money, cash_method),
        Kind::Void => match (&entry.money.refund_tenders, &entry.voided) {
            (Some(refunds), _) => taken(refunds, &Money::default(), cash_method),
            (None, Some(voided)) => taken(&voided.tenders, voided, cash_method)
                .into_iter()
                .map(|(method, amount)| (method, -amount))
                .collect(),
            (None, None) => BTreeMap::new(),
        },
        Kind::DayOpen
        | Kind::DayClose
        | Kind::CashMovement
        | Kind::TillActivity
        | Kind::Settlement
        | Kind::StockCount
        | Kind::StockMove
        | Kind::Pickup => BTreeMap::new(),
    }
}

/// Change and cash given out on a card leave the drawer.
fn taken(tenders: &[Method], money: &Money, cash_method: &str) -> BTreeMap<String, Decimal> {
    let mut methods: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut given_out = money.change.unwrap_or_default();
    for tender in tenders {
        *methods.entry(tender.method.clone()).or_default() += tender.amount.unwrap_or_default();
        given_out += tender.cashback.unwrap_or_default();
    }
    if !given_out.is_zero() {
        let own = tenders.iter().find(|tender| is_cash(tender));
        let method = own.map_or(cash_method, |tender| &tender.method);
        *methods.entry(method.to_owned()).or_default() -= given_out;
    }
    methods
}
