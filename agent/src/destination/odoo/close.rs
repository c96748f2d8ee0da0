//! Closing a till's day: only when Odoo's own figures equal the till's, or when there is nothing left to wait for.
//!
//! Odoo's close says no with an HTTP 200: the body counts, and after it the session's state. With cash rounding on,
//! Odoo books any imbalance silently as rounding; so the rounding line is compared with what the receipts rounded.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use tillpost_shared::document::DayClose;

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Client, Search};
use super::parts::day_mark;
use super::row::{Row, number};
use super::sessions::{self, Session, SessionState};
use super::translate;
use crate::failpoint;
use crate::outbox::{Answer, Outage};

/// What Odoo holds of a day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// By payment method: its name, and what it should hold; the drawer with its opening and movements.
    pub methods: BTreeMap<i64, (String, Decimal)>,
    /// The drawer.
    pub drawer: Option<i64>,
    /// Sum of the receipts, tips aside.
    pub sales: Decimal,
}

#[derive(Deserialize)]
struct Control {
    default_cash_details: Option<Row>,
    non_cash_payment_methods: Vec<Row>,
}

/// What a method-by-method comparison needs of a receipt's order.
struct OrderSum {
    id: i64,
    ours: bool,
    total: Decimal,
    paid: Decimal,
    tip: Decimal,
}

/// Reads what a session holds of a day. Late receipts of other days in it do not count.
pub async fn figures(client: &Client, session: i64, day: Option<Date>) -> Result<Figures, Outage> {
    let failed = |error: CallError| outage(&error);
    let args = json!({ "ids": [session] });
    let control: Control = client
        .call("pos.session", "get_closing_control_data", args)
        .await
        .map_err(failed)?;
    let mut figures = Figures::default();
    // Odoo sends an empty object when there is no drawer.
    if let Some(cash) = control.default_cash_details.filter(|cash| cash.id() > 0) {
        figures.drawer = Some(cash.id());
        figures.methods.insert(cash.id(), named(&cash));
    }
    for method in &control.non_cash_payment_methods {
        figures.methods.insert(method.id(), named(method));
    }
    let orders = orders(client, session, day).await?;
    for order in orders.iter().filter(|order| order.ours) {
        figures.sales += order.total - order.tip;
    }
    let foreign: Vec<i64> = orders
        .iter()
        .filter(|order| !order.ours)
        .map(|order| order.id)
        .collect();
    if !foreign.is_empty() {
        for payment in super::originals::payments(client, &foreign).await? {
            if let Some((_, amount)) = figures.methods.get_mut(&payment.method) {
                *amount -= payment.amount;
            }
        }
    }
    Ok(figures)
}

fn named(row: &Row) -> (String, Decimal) {
    (
        row.text("name").unwrap_or_default().to_owned(),
        row.decimal("amount"),
    )
}

async fn orders(client: &Client, session: i64, day: Option<Date>) -> Result<Vec<OrderSum>, Outage> {
    let search = Search {
        domain: json!([
            ["session_id", "=", session],
            ["state", "not in", ["draft", "cancel"]]
        ]),
        fields: &[
            "pos_reference",
            "amount_total",
            "amount_paid",
            "is_tipped",
            "tip_amount",
        ],
        ..Search::default()
    };
    let rows = client
        .search_read("pos.order", search)
        .await
        .map_err(|error| outage(&error))?;
    let sum = |row: &Row| OrderSum {
        id: row.id(),
        ours: day.is_none_or(|day| {
            row.text("pos_reference")
                .unwrap_or_default()
                .contains(&day_mark(day))
        }),
        total: row.decimal("amount_total"),
        paid: row.decimal("amount_paid"),
        tip: if row.flag("is_tipped") {
            row.decimal("tip_amount")
        } else {
            Decimal::ZERO
        },
    };
    Ok(rows.iter().map(sum).collect())
}

/// What all receipts of a session were rounded to coins by.
pub async fn rounded(client: &Client, session: i64) -> Result<Decimal, Outage> {
    let orders = orders(client, session, None).await?;
    Ok(orders.iter().map(|order| order.paid - order.total).sum())
}

/// A till's method in Odoo: its id there, or `None`.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<i64>;

/// Where the till's figures and Odoo's differ, in words; empty when they are equal. What the till does not say is not
/// compared.
pub fn differences(close: &DayClose, figures: &Figures, resolve: Resolve<'_>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expected: BTreeMap<i64, Decimal> = BTreeMap::new();
    let mut said_all = !close.tenders.is_empty();
    for tender in &close.tenders {
        let Some(amount) = tender.expected else {
            said_all = false;
            continue;
        };
        match resolve(tender.method.as_str()) {
            Some(method) => *expected.entry(method).or_default() += amount.0,
            None if amount.0.is_zero() => {}
            None => differences.push(format!(
                "{}: {} at the till, unknown in Odoo",
                tender.method, amount
            )),
        }
    }
    for (method, (name, there)) in &figures.methods {
        let drawer = figures.drawer == Some(*method);
        let here = match expected.get(method) {
            Some(here) => *here,
            // A drawer that the till does not speak of holds what it held before.
            None if drawer || !said_all => continue,
            None => Decimal::ZERO,
        };
        if here != *there {
            differences.push(format!("{name}: {here} at the till, {there} in Odoo"));
        }
    }
    if let Some(sales) = &close.sales {
        let here = sales.gross.0 + sales.returns.0;
        if here != figures.sales {
            differences.push(format!(
                "sales: {here} at the till, {} in Odoo",
                figures.sales
            ));
        }
    }
    differences
}

/// What was counted: the drawer's cash, and by how much the other methods differ from Odoo's figures.
pub fn counted(
    close: &DayClose,
    figures: &Figures,
    resolve: Resolve<'_>,
) -> (Option<Decimal>, Vec<(i64, Decimal)>) {
    let mut counted: BTreeMap<i64, Decimal> = BTreeMap::new();
    for tender in &close.tenders {
        if let (Some(method), Some(amount)) = (resolve(tender.method.as_str()), tender.counted) {
            *counted.entry(method).or_default() += amount.0;
        }
    }
    let cash = figures
        .drawer
        .and_then(|drawer| counted.get(&drawer).copied());
    let mut rest = Vec::new();
    for (method, amount) in counted {
        let there = figures
            .methods
            .get(&method)
            .map_or(Decimal::ZERO, |(_, there)| *there);
        if figures.drawer != Some(method) && amount != there {
            rest.push((method, amount - there));
        }
    }
    (cash, rest)
}

/// Closes a session with what it holds: `counted` cash, or as much as Odoo expects.
pub async fn with_what_is_there(
    client: &Client,
    session: &Session,
    counted: Option<Decimal>,
) -> Result<Result<(), Answer>, Outage> {
    let figures = figures(client, session.id, None).await?;
    close(client, session.id, &figures, counted, &[]).await
}

/// Closes a session; closing it twice is closing it once.
pub async fn close(
    client: &Client,
    session: i64,
    figures: &Figures,
    cash: Option<Decimal>,
    differences: &[(i64, Decimal)],
) -> Result<Result<(), Answer>, Outage> {
    let expected = figures
        .drawer
        .and_then(|drawer| figures.methods.get(&drawer));
    if let Some((_, expected)) = expected {
        let args = json!({ "ids": [session], "counted_cash": number(cash.unwrap_or(*expected)) });
        if let Err(answer) = ask(client, session, "post_closing_cash_details", args).await? {
            return Ok(Err(answer));
        }
    }
    let pairs: Vec<Value> = differences
        .iter()
        .map(|(method, amount)| json!([method, number(*amount)]))
        .collect();
    let args = json!({ "ids": [session], "bank_payment_method_diff_pairs": pairs });
    let answer = ask(client, session, "close_session_from_ui", args).await?;
    failpoint::hit("odoo.close_called");
    match sessions::by_id(client, session)
        .await?
        .map(|session| session.state)
    {
        Some(SessionState::Closed) => Ok(Ok(())),
        Some(SessionState::Closing) => {
            sessions::reopen(client, session).await?;
            Ok(Err(answer.err().unwrap_or_else(|| {
                translate::close_refused("it gave no reason")
            })))
        }
        Some(SessionState::Opening | SessionState::Opened) | None => Ok(Err(answer
            .err()
            .unwrap_or_else(|| translate::close_refused("it gave no reason")))),
    }
}

/// A call whose body says whether it worked.
async fn ask(
    client: &Client,
    session: i64,
    method: &str,
    args: Value,
) -> Result<Result<(), Answer>, Outage> {
    let body: Result<Row, CallError> = client.call("pos.session", method, args).await;
    let words = match body {
        Ok(body) if body.flag("successful") => return Ok(Ok(())),
        Ok(body) => body
            .text("message")
            .unwrap_or("it gave no reason")
            .to_owned(),
        Err(error) => match judge(&error) {
            Blame::Destination(outage) => return Err(outage),
            Blame::Document(refusal) => refusal.words,
        },
    };
    let closed = sessions::by_id(client, session)
        .await?
        .is_some_and(|session| session.state == SessionState::Closed);
    Ok(if closed {
        Ok(())
    } else {
        Err(translate::close_refused(&words))
    })
}

/// What a closed session's entry holds as rounding, on the side of the receipts: positive when more was paid.
pub async fn rounding_booked(client: &Client, entry: i64) -> Result<Option<Decimal>, Outage> {
    let search = Search {
        domain: json!([["move_id", "=", entry], ["name", "=", "Rounding line"]]),
        fields: &["balance"],
        context: json!({ "lang": "en_US" }),
        ..Search::default()
    };
    match client.search_read("account.move.line", search).await {
        Ok(rows) => Ok(Some(rows.iter().map(|row| -row.decimal("balance")).sum())),
        // Without the right to read entries the comparison is not possible, and no reason to stop.
        Err(error) => match judge(&error) {
            Blame::Document(_) => Ok(None),
            Blame::Destination(outage) => Err(outage),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tillpost_shared::document::Body;

    use super::*;
    use crate::destination::odoo::testing::{dec, delivery};

    fn z(tenders: Value, sales: Value) -> DayClose {
        let delivery = delivery(
            "day_close",
            9,
            json!({ "tenders": tenders, "sales": sales }),
        );
        match &delivery.document.body {
            Body::DayClose(close) => close.clone(),
            other => panic!("not a day close: {other:?}"),
        }
    }
    fn figures() -> Figures {
        let methods = [
            (1, "Cash", "150.00"),
            (2, "Card", "80.50"),
            (3, "Voucher", "0"),
        ];
        let methods = methods.map(|(id, name, amount)| (id, (name.to_owned(), dec(amount))));
        Figures {
            methods: methods.into(),
            drawer: Some(1),
            sales: dec("130.50"),
        }
    }
    fn resolve(method: &str) -> Option<i64> {
        match method {
            "CASH" => Some(1),
            "VISA" | "MASTER" => Some(2),
            _ => None,
        }
    }

    #[rstest]
    #[case::equal(
        json!([{ "method": "CASH", "expected": "150" }, { "method": "VISA", "expected": "60.50" }, { "method": "MASTER", "expected": "20" }]),
        json!({ "gross": "140.50", "returns": "-10" }),
        &[]
    )]
    #[case::nothing_said(json!([]), json!(null), &[])]
    #[case::only_counted(json!([{ "method": "CASH", "counted": "149" }]), json!(null), &[])]
    #[case::a_card_sale_is_missing(
        json!([{ "method": "CASH", "expected": "150" }, { "method": "VISA", "expected": "100.50" }]),
        json!({ "gross": "150.50", "returns": "0" }),
        &["Card: 100.50 at the till, 80.50 in Odoo", "sales: 150.50 at the till, 130.50 in Odoo"]
    )]
    #[case::the_till_forgot_cards(
        json!([{ "method": "CASH", "expected": "150" }]),
        json!(null),
        &["Card: 0 at the till, 80.50 in Odoo"]
    )]
    #[case::unknown(
        json!([{ "method": "TWINT", "expected": "5" }, { "method": "WIR", "expected": "0" }, { "method": "VISA", "expected": "80.50" }]),
        json!(null),
        &["TWINT: 5 at the till, unknown in Odoo"]
    )]
    fn figures_are_compared_method_by_method(
        #[case] tenders: Value,
        #[case] sales: Value,
        #[case] expected: &[&str],
    ) {
        assert_eq!(
            differences(&z(tenders, sales), &figures(), &resolve),
            expected
        );
    }

    #[test]
    fn the_drawer_is_counted_and_the_rest_is_a_difference() {
        let close = z(
            json!([{ "method": "CASH", "counted": "149.50" }, { "method": "VISA", "counted": "79.00" }]),
            json!(null),
        );
        assert_eq!(
            counted(&close, &figures(), &resolve),
            (Some(dec("149.50")), vec![(2, dec("-1.50"))])
        );
    }
}
