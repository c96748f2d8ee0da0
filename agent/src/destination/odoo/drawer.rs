//! Sessions of Odoo 14: the drawer is a bank statement, and a close is three calls on it.
//!
//! There are no notes on a session, so its business days stand behind its name. What a later version tells by
//! `get_closing_control_data` is added up here from the payments.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Client, Search};
use super::figures::Figures;
use super::row::{Row, number};
use super::sessions::{self, SessionState};
use super::translate;
use crate::failpoint;
use crate::outbox::{Answer, Outage};

/// What the methods of a session hold, the drawer with its opening and movements.
pub async fn figures(client: &Client, session: i64) -> Result<Figures, Outage> {
    held(client, session).await.map_err(|error| outage(&error))
}

async fn held(client: &Client, session: i64) -> Result<Figures, CallError> {
    let search = Search {
        domain: json!([["id", "=", session]]),
        fields: &["payment_method_ids", "cash_register_balance_end"],
        ..Search::default()
    };
    let sessions = client.search_read("pos.session", search).await?;
    let Some(row) = sessions.first() else {
        return Ok(Figures::default());
    };
    let search = Search {
        domain: json!([["id", "in", row.many("payment_method_ids")]]),
        fields: &["name", "is_cash_count"],
        order: "id",
        ..Search::default()
    };
    let methods = client.search_read("pos.payment.method", search).await?;
    let search = Search {
        domain: json!([["session_id", "=", session]]),
        fields: &["payment_method_id", "amount"],
        ..Search::default()
    };
    let mut paid: BTreeMap<i64, Decimal> = BTreeMap::new();
    for payment in client.search_read("pos.payment", search).await? {
        let method = payment.one("payment_method_id").unwrap_or(0);
        *paid.entry(method).or_default() += payment.decimal("amount");
    }
    let in_drawer = row.decimal("cash_register_balance_end");
    let drawer = methods.iter().find(|method| method.flag("is_cash_count"));
    let drawer = drawer.map(Row::id);
    let mut figures = Figures {
        drawer,
        in_drawer,
        ..Figures::default()
    };
    for method in &methods {
        let sum = match drawer == Some(method.id()) {
            true => in_drawer,
            false => paid.get(&method.id()).copied().unwrap_or_default(),
        };
        let name = method.text("name").unwrap_or_default().to_owned();
        figures.methods.insert(method.id(), (name, sum));
    }
    Ok(figures)
}

/// Closes a session with what was counted in its drawer; closing it twice is closing it once.
pub async fn close(
    client: &Client,
    session: i64,
    figures: &Figures,
    cash: Option<Decimal>,
) -> Result<Result<(), Answer>, Outage> {
    let mut words = None;
    for step in [Step::Begin, Step::Count, Step::Validate] {
        match state(client, session).await? {
            None | Some(SessionState::Closed) => return Ok(Ok(())),
            Some(SessionState::Closing) if step == Step::Begin => continue,
            Some(_) => {}
        }
        let done = do_step(client, session, step, cash.unwrap_or(figures.in_drawer)).await;
        if let Err(error) = done {
            match judge(&error) {
                Blame::Destination(outage) => return Err(outage),
                Blame::Document(refusal) => words = Some(refusal.words),
            }
            break;
        }
    }
    failpoint::hit("odoo.close_called");
    let said = || translate::close_refused(words.as_deref().unwrap_or("it gave no reason"));
    match state(client, session).await? {
        None | Some(SessionState::Closed) => Ok(Ok(())),
        Some(SessionState::Closing) => {
            sessions::reopen(client, session).await?;
            Ok(Err(said()))
        }
        Some(SessionState::Opening | SessionState::Opened) => Ok(Err(said())),
    }
}

/// A step of a close.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// No more orders.
    Begin,
    /// What was counted.
    Count,
    /// Book it.
    Validate,
}

async fn do_step(
    client: &Client,
    session: i64,
    step: Step,
    counted: Decimal,
) -> Result<(), CallError> {
    let of_session = json!({ "ids": [session] });
    let begin = "action_pos_session_closing_control";
    let validate = "action_pos_session_validate";
    match step {
        Step::Begin => {
            client
                .call::<Value>("pos.session", begin, of_session)
                .await?
        }
        Step::Validate => {
            client
                .call::<Value>("pos.session", validate, of_session)
                .await?
        }
        Step::Count => {
            let search = Search {
                domain: json!([["id", "=", session]]),
                fields: &["cash_register_id"],
                ..Search::default()
            };
            let rows = client.search_read("pos.session", search).await?;
            let Some(drawer) = rows.first().and_then(|row| row.one("cash_register_id")) else {
                return Ok(());
            };
            let vals = json!({ "balance_end_real": number(counted) });
            let args = json!({ "ids": [drawer], "vals": vals });
            client
                .call::<Value>("account.bank.statement", "write", args)
                .await?
        }
    };
    Ok(())
}

async fn state(client: &Client, session: i64) -> Result<Option<SessionState>, Outage> {
    let found = sessions::by_id(client, session).await?;
    Ok(found.map(|session| session.state))
}

/// Books money put into or taken out of a session's drawer. Booked again whenever it is told.
pub async fn move_cash(
    client: &Client,
    session: i64,
    amount: Decimal,
    reason: &str,
) -> Result<(), CallError> {
    let vals = json!([{ "name": reason, "amount": number(amount) }]);
    let boxes: Vec<i64> = client
        .call("cash.box.out", "create", json!({ "vals_list": vals }))
        .await?;
    let args = json!({
        "ids": boxes,
        "context": { "active_model": "pos.session", "active_ids": [session] },
    });
    let _: Value = client
        .call_at("odoo.cash_move_sent", "cash.box.out", "run", args)
        .await?;
    Ok(())
}
