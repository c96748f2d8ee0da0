//! One session per till and business day; documents always go into the session that is open now.
//!
//! The business day stands in the session's opening notes, so that a restarted agent or a new PC knows which day a
//! session is for. Odoo has no way back from a closed day: a late sale goes into the session then open. If a day
//! cannot be closed, the next one uses the same session, and its notes name both.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Client, Search};
use super::close;
use super::opening;
use super::reference::PosConfig;
use super::row::Row;
use super::translate;
use super::versions::{DayNote, Facts, Protocol};
use crate::outbox::{Answer, Outage};

/// What our notes begin with.
const NOTES: &str = "Tillpost";

/// A session of a till.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// `pos.session`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: SessionState,
    /// The business days it is for; none if a person opened it.
    pub days: Vec<Date>,
    /// What lay in the drawer at its start.
    pub opening: Decimal,
    /// Its journal entry, once closed.
    pub entry: Option<i64>,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Made, its opening cash not said yet.
    Opening,
    /// Open.
    Opened,
    /// Somebody began to close it.
    Closing,
    /// Closed.
    Closed,
}

/// What to do before a document of a day can go up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Open one.
    Open,
    /// Say the opening cash of this one.
    FinishOpening,
    /// Nothing: use it.
    Use,
    /// Note the day on it, then use it: a person opened it.
    Adopt,
    /// Take back a close that somebody began.
    Reopen,
    /// Close the day before, then open one.
    CloseFirst,
}

/// The next step towards a session for `day`.
fn step(open: Option<&Session>, day: Date) -> Step {
    let Some(session) = open else {
        return Step::Open;
    };
    let earlier = session.days.last().is_some_and(|last| *last < day);
    match session.state {
        SessionState::Closed => Step::Open,
        SessionState::Opening => Step::FinishOpening,
        SessionState::Opened | SessionState::Closing if earlier => Step::CloseFirst,
        SessionState::Closing => Step::Reopen,
        SessionState::Opened if session.days.is_empty() => Step::Adopt,
        SessionState::Opened => Step::Use,
    }
}

/// The notes of a session for these days.
pub(super) fn notes(days: &[Date]) -> String {
    let days: Vec<String> = days.iter().map(Date::to_string).collect();
    format!("{NOTES} {}", days.join(" "))
}

/// The days that notes name, or the end of a session's name.
fn days(notes: &str) -> Vec<Date> {
    let ours = |(before, rest): (&str, &str)| {
        let begins = before.is_empty() || before.ends_with(' ');
        begins.then(|| rest.to_owned())
    };
    let Some(rest) = notes.trim().split_once(NOTES).and_then(ours) else {
        return Vec::new();
    };
    rest.split_whitespace()
        .filter_map(|day| day.parse().ok())
        .collect()
}

const FIELDS: [&str; 6] = [
    "name",
    "state",
    "opening_notes",
    "cash_register_balance_start",
    "move_id",
    "config_id",
];

fn session(row: &Row) -> Session {
    Session {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        state: match row.text("state") {
            Some("opening_control") => SessionState::Opening,
            Some("opened") => SessionState::Opened,
            Some("closing_control") => SessionState::Closing,
            _ => SessionState::Closed,
        },
        days: days(match row.0.contains_key("opening_notes") {
            true => row.text("opening_notes").unwrap_or_default(),
            false => row.text("name").unwrap_or_default(),
        }),
        opening: row.decimal("cash_register_balance_start"),
        entry: row.one("move_id"),
    }
}

async fn search(client: &Client, domain: Value) -> Result<Option<Session>, Outage> {
    let search = Search {
        domain,
        fields: &FIELDS,
        order: "id desc",
        limit: 1,
        ..Search::default()
    };
    let rows = client
        .search_read("pos.session", search)
        .await
        .map_err(|error| outage(&error))?;
    Ok(rows.first().map(session))
}

/// The till's session that is not closed.
pub async fn open(client: &Client, config: i64) -> Result<Option<Session>, Outage> {
    let mut domain = vec![
        json!(["config_id", "=", config]),
        json!(["state", "!=", "closed"]),
    ];
    if facts(client).await?.rescues {
        // One that Odoo made by itself is nobody's day.
        domain.push(json!(["rescue", "=", false]));
    }
    search(client, domain.into()).await
}

/// A session that Odoo made by itself for an order that came to a closed one, and that nobody has closed; where it does so.
pub async fn rescue(client: &Client, config: i64) -> Result<Option<Session>, Outage> {
    if !facts(client).await?.rescues {
        return Ok(None);
    }
    let own = json!([
        ["config_id", "=", config],
        ["state", "!=", "closed"],
        ["rescue", "=", true]
    ]);
    search(client, own).await
}

pub(super) async fn facts(client: &Client) -> Result<Facts, Outage> {
    client.facts().await.map_err(|error| outage(&error))
}

/// The field in which the days of a session stand.
fn noted_in(facts: Facts) -> &'static str {
    match facts.day_note {
        DayNote::OpeningNotes => "opening_notes",
        DayNote::Name => "name",
    }
}

/// The till's session for a day, closed or not.
pub async fn of_day(client: &Client, config: i64, day: Date) -> Result<Option<Session>, Outage> {
    let field = noted_in(facts(client).await?);
    let noted = match field {
        "name" => format!("%{NOTES} %{day}%"),
        _ => format!("{NOTES} %{day}%"),
    };
    let of_day = json!([["config_id", "=", config], [field, "=like", noted]]);
    search(client, of_day).await
}

/// A session by its id.
pub async fn by_id(client: &Client, id: i64) -> Result<Option<Session>, Outage> {
    search(client, json!([["id", "=", id]])).await
}

/// The session into which documents of `day` go now. `opening`: what lay in the drawer, when the till said so; else
/// what Odoo carries over from the last close. `counted`: cash that the till counted for the day before, if it did.
pub async fn for_day(
    client: &Client,
    config: &PosConfig,
    day: Date,
    opening: Option<Decimal>,
    counted: Option<Decimal>,
) -> Result<Result<Session, Answer>, Outage> {
    // Each step brings the session nearer; a colleague at work in Odoo may undo one.
    for _ in 0..STEPS_MAX {
        let session = open(client, config.id).await?;
        match (step(session.as_ref(), day), session) {
            (Step::Use, Some(session)) => return Ok(Ok(session)),
            (Step::Adopt, Some(session)) => note(client, &session, day).await?,
            (Step::Reopen, Some(session)) => {
                tracing::warn!(
                    session = session.name,
                    "somebody began to close a day in Odoo that is not over; it is taken back"
                );
                reopen(client, session.id).await?;
            }
            (Step::FinishOpening, Some(session)) => {
                opening::say(client, &session, day, opening).await?
            }
            (Step::CloseFirst, Some(session)) => {
                if let Err(answer) = close::with_what_is_there(client, &session, counted).await? {
                    tracing::warn!(
                        session = session.name,
                        reason = answer.message,
                        "a day could not be closed; the next one uses its session"
                    );
                    note(client, &session, day).await?;
                }
            }
            (Step::Open, _) => {
                if let Err(answer) = create(client, config, day).await? {
                    return Ok(Err(answer));
                }
            }
            (
                Step::Use | Step::Adopt | Step::Reopen | Step::FinishOpening | Step::CloseFirst,
                None,
            ) => {}
        }
    }
    Err(Outage::Incomprehensible(format!(
        "no session of {} stays open",
        config.name
    )))
}

/// How often a session is looked at on the way to an open one.
const STEPS_MAX: usize = 6;

async fn create(
    client: &Client,
    config: &PosConfig,
    day: Date,
) -> Result<Result<(), Answer>, Outage> {
    let facts = facts(client).await?;
    let mut vals = json!({ "config_id": config.id, noted_in(facts): notes(&[day]) });
    let vals = match facts.protocol {
        // As Odoo's own till asked for one, with the user.
        Protocol::JsonRpc => {
            vals["user_id"] = client.uid().await.map_err(|error| outage(&error))?.into();
            vals
        }
        Protocol::Json2 => json!([vals]),
    };
    let created: Result<Value, CallError> = client
        .call_at(
            "odoo.session_created",
            "pos.session",
            "create",
            json!({ "vals_list": vals }),
        )
        .await;
    let Err(error) = created else {
        return Ok(Ok(()));
    };
    match judge(&error) {
        Blame::Destination(outage) => Err(outage),
        // Somebody else opened one at the same moment.
        Blame::Document(_) if open(client, config.id).await?.is_some() => Ok(Ok(())),
        Blame::Document(refusal) => Ok(Err(translate::refusal_answer(&refusal))),
    }
}

async fn note(client: &Client, session: &Session, day: Date) -> Result<(), Outage> {
    let mut days = session.days.clone();
    days.push(day);
    let notes = notes(&days);
    let vals = match facts(client).await?.day_note {
        DayNote::OpeningNotes => json!({ "opening_notes": notes }),
        DayNote::Name => {
            let own = session.name.split(NOTES).next().unwrap_or_default();
            json!({ "name": format!("{} {notes}", own.trim_end()) })
        }
    };
    write(client, session.id, vals).await
}

/// Makes a session whose close was begun take documents again.
pub async fn reopen(client: &Client, id: i64) -> Result<(), Outage> {
    write(client, id, json!({ "state": "opened" })).await
}

pub(super) async fn write(client: &Client, id: i64, vals: Value) -> Result<(), Outage> {
    let args = json!({ "ids": [id], "vals": vals });
    let _: Value = client
        .call("pos.session", "write", args)
        .await
        .map_err(|error| outage(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(state: SessionState, days: &[&str]) -> Session {
        let days = days
            .iter()
            .map(|day| day.parse().expect("a date"))
            .collect();
        Session {
            id: 1,
            name: "POS/1".into(),
            state,
            days,
            opening: Decimal::ZERO,
            entry: None,
        }
    }

    #[rstest]
    #[case::none(None, Step::Open)]
    #[case::fresh(Some(at(SessionState::Opening, &["2026-11-20"])), Step::FinishOpening)]
    #[case::ours(Some(at(SessionState::Opened, &["2026-11-20"])), Step::Use)]
    #[case::a_late_sale_goes_into_the_open_one(Some(at(SessionState::Opened, &["2026-11-21"])), Step::Use)]
    #[case::a_new_day_closes_the_old(Some(at(SessionState::Opened, &["2026-11-19"])), Step::CloseFirst)]
    #[case::a_close_that_was_cut_short(Some(at(SessionState::Closing, &["2026-11-19"])), Step::CloseFirst)]
    #[case::two_days_in_one(Some(at(SessionState::Opened, &["2026-11-19", "2026-11-20"])), Step::Use)]
    #[case::somebody_began_to_close(Some(at(SessionState::Closing, &["2026-11-20"])), Step::Reopen)]
    #[case::a_person_opened_it(Some(at(SessionState::Opened, &[])), Step::Adopt)]
    fn the_next_step_towards_a_session(#[case] open: Option<Session>, #[case] expected: Step) {
        assert_eq!(
            step(open.as_ref(), "2026-11-20".parse().expect("a date")),
            expected
        );
    }

    #[test]
    fn the_notes_tell_the_days() {
        let two = ["2026-11-19", "2026-11-20"].map(|day| day.parse().expect("a date"));
        assert_eq!(notes(&two), "Tillpost 2026-11-19 2026-11-20");
        assert_eq!(days(&notes(&two)), two);
        assert_eq!(days("opened by hand on 2026-11-19"), []);
        // Where a session has no notes they stand behind its name.
        assert_eq!(days(&format!("POS/00012 {}", notes(&two))), two);
        assert_eq!(days("POS/00012"), []);
    }
}
