//! What lies in a session's drawer at its start: said when it is opened, or corrected afterwards.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::outage;
use super::client::Client;
use super::row::number;
use super::sessions::{self, Session, facts, notes};
use super::versions::{DayNote, Facts, Opening};
use crate::outbox::Outage;

/// Says the opening cash of a session that was made, and with it opens it.
pub async fn say(
    client: &Client,
    session: &Session,
    day: Date,
    opening: Option<Decimal>,
) -> Result<(), Outage> {
    let days = if session.days.is_empty() {
        vec![day]
    } else {
        session.days.clone()
    };
    let facts = facts(client).await?;
    let said = args(
        facts,
        session.id,
        opening.unwrap_or(session.opening),
        &notes(&days),
    );
    let _: Value = client
        .call_at("odoo.session_opened", "pos.session", call(facts), said)
        .await
        .map_err(|error| outage(&error))?;
    Ok(())
}

/// Says afterwards what lay in the drawer: the till's first sale was quicker than its `day_open`.
pub async fn correct(client: &Client, session: &Session, opening: Decimal) -> Result<(), Outage> {
    let facts = facts(client).await?;
    if facts.opening == Opening::Control {
        // Said once more it would name the session anew (18), or do nothing (19).
        let vals = json!({ "cash_register_balance_start": number(opening) });
        return sessions::write(client, session.id, vals).await;
    }
    // It books the difference to what was said before, which Odoo reckons the drawer with at the close.
    let said = args(facts, session.id, opening, &notes(&session.days));
    let _: Value = client
        .call("pos.session", call(facts), said)
        .await
        .map_err(|error| outage(&error))?;
    Ok(())
}

fn call(facts: Facts) -> &'static str {
    match facts.opening {
        Opening::Control => "set_opening_control",
        Opening::Cashbox => "set_cashbox_pos",
    }
}

fn args(facts: Facts, session: i64, cash: Decimal, notes: &str) -> Value {
    // Where the days stand in the name, notes would be a note to nobody.
    let notes = match facts.day_note {
        DayNote::OpeningNotes => notes,
        DayNote::Name => "",
    };
    json!({ "ids": [session], "cashbox_value": number(cash), "notes": notes })
}
