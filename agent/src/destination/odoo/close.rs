//! Closing a till's day: only when Odoo's own figures equal the till's, or when there is nothing left to wait for.
//!
//! Odoo's close says no with an HTTP 200: the body counts, and after it the session's state. With cash rounding on,
//! Odoo books any imbalance silently as rounding; so the rounding line is compared with what the receipts rounded.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Client, Search};
use super::figures::Figures;
use super::parts::day_mark;
use super::row::{Row, number};
use super::sessions::{self, Session, SessionState};
use super::translate;
use super::versions::Closing;
use super::{drawer, late};
use crate::failpoint;
use crate::outbox::{Answer, Outage};

#[derive(Deserialize)]
struct Control {
    default_cash_details: Option<Row>,
    #[serde(alias = "other_payment_methods")]
    non_cash_payment_methods: Vec<Row>,
}

/// What a method-by-method comparison needs of a receipt's order.
struct OrderSum {
    id: i64,
    reference: String,
    total: Decimal,
    paid: Decimal,
    tip: Decimal,
}

impl OrderSum {
    fn sales(&self) -> Decimal {
        self.total - self.tip
    }

    fn is_of(&self, days: &[Date]) -> bool {
        days.iter()
            .any(|day| self.reference.contains(&day_mark(*day)))
    }
}

/// Reads what a session holds of a day. Late receipts of other days in it do not count; but the money of a day that
/// shares the session lies in its drawer, because that day's end was never counted out of it.
pub async fn figures(
    client: &Client,
    session: &Session,
    day: Option<Date>,
) -> Result<Figures, Outage> {
    let facts = client.facts().await.map_err(|error| outage(&error))?;
    let mut figures = match facts.closing {
        Closing::FromUi => control(client, session.id).await?,
        Closing::Statement => drawer::figures(client, session.id).await?,
    };
    let Some(day) = day else {
        let orders = orders(client, session.id).await?;
        figures.sales = orders.iter().map(OrderSum::sales).sum();
        return Ok(figures);
    };
    let (today, others): (Vec<_>, Vec<_>) = orders(client, session.id)
        .await?
        .into_iter()
        .partition(|order| order.is_of(&[day]));
    figures.sales = today.iter().map(OrderSum::sales).sum();
    figures.moved_late(moved_late(client, session.id, facts.drawer_line).await?);
    if others.is_empty() {
        return Ok(figures);
    }
    let ids: Vec<i64> = others.iter().map(|order| order.id).collect();
    let payments = super::originals::payments(client, &ids).await?;
    figures.leave_out(&payments, |id| {
        let order = others.iter().find(|order| order.id == id);
        order.is_some_and(|order| order.is_of(&session.days))
    });
    Ok(figures)
}

/// Cash movements of other days that came when those were closed.
async fn moved_late(client: &Client, session: i64, of_session: &str) -> Result<Decimal, Outage> {
    let marked = format!("%{}____-__-__", late::MARK);
    let search = Search {
        domain: json!([[of_session, "=", session], ["payment_ref", "=like", marked]]),
        fields: &["amount"],
        ..Search::default()
    };
    let rows = client
        .search_read("account.bank.statement.line", search)
        .await
        .map_err(|error| outage(&error))?;
    Ok(rows.iter().map(|row| row.decimal("amount")).sum())
}

/// What Odoo itself shows at a close.
async fn control(client: &Client, session: i64) -> Result<Figures, Outage> {
    let args = json!({ "ids": [session] });
    let control: Control = client
        .call("pos.session", "get_closing_control_data", args)
        .await
        .map_err(|error| outage(&error))?;
    let mut figures = Figures::default();
    // Odoo sends an empty object when there is no drawer.
    if let Some(cash) = control.default_cash_details.filter(|cash| cash.id() > 0) {
        let (name, shown) = named(&cash);
        figures.drawer = Some(cash.id());
        figures.in_drawer = expected(client, session).await?.unwrap_or(shown);
        figures.methods.insert(cash.id(), (name, figures.in_drawer));
    }
    for method in &control.non_cash_payment_methods {
        figures.methods.insert(method.id(), named(method));
    }
    Ok(figures)
}

/// What should lie in the drawer by the session itself, where what is shown at its close begins with what the day before
/// ended with.
async fn expected(client: &Client, session: i64) -> Result<Option<Decimal>, Outage> {
    let facts = client.facts().await.map_err(|error| outage(&error))?;
    if !facts.drawer_by_session {
        return Ok(None);
    }
    let search = Search {
        domain: json!([["id", "=", session]]),
        fields: &["cash_register_balance_end"],
        ..Search::default()
    };
    let rows = client.search_read("pos.session", search).await;
    let rows = rows.map_err(|error| outage(&error))?;
    Ok(rows
        .first()
        .map(|row| row.decimal("cash_register_balance_end")))
}

fn named(row: &Row) -> (String, Decimal) {
    (
        row.text("name").unwrap_or_default().to_owned(),
        row.decimal("amount"),
    )
}

async fn orders(client: &Client, session: i64) -> Result<Vec<OrderSum>, Outage> {
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
        reference: row.text("pos_reference").unwrap_or_default().to_owned(),
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
    let orders = orders(client, session).await?;
    Ok(orders.iter().map(|order| order.paid - order.total).sum())
}

/// Closes a session with what it holds: `counted` cash, or as much as Odoo expects.
pub async fn with_what_is_there(
    client: &Client,
    session: &Session,
    counted: Option<Decimal>,
) -> Result<Result<(), Answer>, Outage> {
    let figures = figures(client, session, None).await?;
    close(client, session.id, &figures, counted, &[], "").await
}

/// Closes a session; closing it twice is closing it once. A note is for people who look at it in Odoo; 14 has no place
/// for one.
pub async fn close(
    client: &Client,
    session: i64,
    figures: &Figures,
    cash: Option<Decimal>,
    differences: &[(i64, Decimal)],
    note: &str,
) -> Result<Result<(), Answer>, Outage> {
    let facts = client.facts().await.map_err(|error| outage(&error))?;
    if facts.closing == Closing::Statement {
        return drawer::close(client, session, figures, cash).await;
    }
    if figures.drawer.is_some() {
        let counted = number(cash.unwrap_or(figures.in_drawer));
        let args = json!({ "ids": [session], "counted_cash": counted });
        if let Err(answer) = ask(client, session, "post_closing_cash_details", args).await? {
            return Ok(Err(answer));
        }
    }
    if facts.close_announced {
        let args = json!({ "ids": [session], "notes": note });
        let answer: Result<Value, CallError> = client
            .call("pos.session", "update_closing_control_state_session", args)
            .await;
        // A refusal is one of the close too, which gives its reason.
        if let Err(Blame::Destination(outage)) = answer.map_err(|error| judge(&error)) {
            return Err(outage);
        }
    } else if !note.is_empty() {
        let vals = json!({ "closing_notes": note });
        sessions::write(client, session, vals).await?;
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
