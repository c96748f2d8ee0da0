//! Receipts that come after their day was closed in Odoo, where a store wants to decide about each itself.
//!
//! Odoo has no way back from a closed day: a late receipt can only go into the session that is open then, and its money
//! into another day's books; its reference here says which. With `late_sales = "hold"` it is parked first; a person who
//! retries it has decided.

use jiff::civil::Date;
use tillpost_shared::config::LateSales;

use super::check_back::{self, Holding, Stored};
use super::desk::Desk;
use super::parts::Expected;
use super::reference::PosConfig;
use super::sessions::{self, Session, SessionState};
use super::translate;
use crate::destination::Delivery;
use crate::outbox::{Answer, Outage, Verdict};

/// Before the day of a late cash movement.
pub const MARK: &str = " late ";

/// The code of a late receipt's answer.
const CODE: &str = "late_sale";

impl Desk {
    /// Whether receipts of a day have to be asked about: it is over in Odoo, and the store wants to be asked.
    pub async fn asks_about(&self, config: &PosConfig, day: Date) -> Result<bool, Outage> {
        if self.late_sales == LateSales::CurrentSession {
            return Ok(false);
        }
        let own = sessions::of_day(&self.client, config.id, day).await?;
        let open = match own {
            Some(_) => None,
            None => sessions::open(&self.client, config.id).await?,
        };
        Ok(over(own.as_ref(), open.as_ref(), day))
    }

    /// The verdict on a late document that is neither a sale nor a return, when it has to be asked about.
    pub async fn late(&mut self, delivery: &Delivery) -> Result<Option<Verdict>, Outage> {
        if self.late_sales == LateSales::CurrentSession || decided(delivery) {
            return Ok(None);
        }
        let Some(config) = self.config(delivery.document.head.till()).await? else {
            return Ok(None);
        };
        let day = delivery.business_date;
        let asks = self.asks_about(&config, day).await?;
        Ok(asks.then(|| held(day)))
    }
}

impl Desk {
    /// The verdict on a document of which Odoo holds something; marked when it stands in another day's session.
    /// `sessions`: those that were read already.
    pub async fn verdict_of(
        &self,
        expected: &Expected,
        stored: &[Stored],
        day: Date,
        sessions: &mut Vec<Session>,
    ) -> Result<Option<Verdict>, Outage> {
        let name = match check_back::compare(expected, stored) {
            Holding::Nothing => return Ok(None),
            Holding::Other(difference) => return Ok(Some(translate::conflict(&difference))),
            Holding::Same(name) => name,
        };
        let session = check_back::ours(expected, stored).find_map(|order| order.session);
        let marked = self.marked(name, session, day, sessions).await?;
        Ok(Some(Verdict::Accepted(marked)))
    }

    /// A reference, marked as late when the session is another day's.
    pub async fn marked(
        &self,
        reference: String,
        session: Option<i64>,
        day: Date,
        sessions: &mut Vec<Session>,
    ) -> Result<String, Outage> {
        let Some(id) = session else {
            return Ok(reference);
        };
        if sessions.iter().all(|known| known.id != id) {
            sessions.extend(sessions::by_id(&self.client, id).await?);
        }
        let session = sessions.iter().find(|session| session.id == id);
        Ok(
            match session.and_then(|session| booked_with(session, day)) {
                Some(other) => format!("{reference}, late: booked with {other}"),
                None => reference,
            },
        )
    }
}

/// The day in whose books a session's documents of `day` stand, when that is another one.
fn booked_with(session: &Session, day: Date) -> Option<Date> {
    let own = session.days.contains(&day);
    session.days.last().filter(|_| !own).copied()
}

/// What stands behind the reason of a cash movement that is booked with another day: that day's own count does not know it.
pub fn mark(session: &Session, day: Date) -> String {
    match booked_with(session, day) {
        Some(_) => format!("{MARK}{day}"),
        None => String::new(),
    }
}

/// Whether a day is over: its session is closed, or it never had one and a later day's is open.
fn over(own: Option<&Session>, open: Option<&Session>, day: Date) -> bool {
    match own {
        Some(session) => session.state == SessionState::Closed,
        None => open.is_some_and(|session| session.days.first().is_some_and(|first| *first > day)),
    }
}

/// Whether a person has let it go: it was parked as late, and is here again.
pub fn decided(delivery: &Delivery) -> bool {
    delivery.last_code.as_deref() == Some(CODE)
}

/// Parked until a person decides.
pub fn held(day: Date) -> Verdict {
    translate::refused_here(Answer::new(
        CODE,
        format!("The day {day} is already closed in Odoo; this came later."),
        "Retry it to book it into the session that is open now, with its own day in its reference; or withdraw it with a reason.",
    ))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rust_decimal::Decimal;

    use super::*;

    fn session(state: SessionState, day: &str) -> Session {
        Session {
            id: 1,
            name: "POS/1".into(),
            state,
            days: vec![day.parse().expect("a date")],
            opening: Decimal::ZERO,
            entry: None,
        }
    }

    #[rstest]
    #[case::its_day_is_open(Some(SessionState::Opened), None, false)]
    #[case::its_day_is_closed(Some(SessionState::Closed), None, true)]
    #[case::nothing_yet(None, None, false)]
    #[case::the_day_before_is_open(None, Some("2026-11-19"), false)]
    #[case::a_later_day_is_open(None, Some("2026-11-21"), true)]
    fn a_day_is_over_when_its_session_is_closed_or_a_later_one_is_open(
        #[case] own: Option<SessionState>,
        #[case] open: Option<&str>,
        #[case] expected: bool,
    ) {
        let own = own.map(|state| session(state, "2026-11-20"));
        let open = open.map(|day| session(SessionState::Opened, day));
        let day = "2026-11-20".parse().expect("a date");
        assert_eq!(over(own.as_ref(), open.as_ref(), day), expected);
    }

    #[rstest]
    #[case::its_own("2026-11-20", None)]
    #[case::two_days_share_it("2026-11-19 2026-11-20", None)]
    #[case::the_next_ones("2026-11-21", Some("2026-11-21"))]
    #[case::a_person_opened_it("", None)]
    fn what_stands_with_another_day_is_late(#[case] days: &str, #[case] expected: Option<&str>) {
        let mut session = session(SessionState::Opened, "2026-11-20");
        let date = |day: &str| day.parse::<Date>().expect("a date");
        session.days = days.split_whitespace().map(date).collect();
        assert_eq!(
            booked_with(&session, date("2026-11-20")),
            expected.map(date)
        );
    }
}
