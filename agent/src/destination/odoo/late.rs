//! Receipts that come after their day was closed in Odoo, where a store wants to decide about each itself.
//!
//! Odoo has no way back from a closed day: a late receipt can only go into the session that is open then, and its money
//! into another day's books. With `late_sales = "hold"` it is parked first; a person who retries it has decided.

use jiff::civil::Date;
use tillpost_shared::config::LateSales;

use super::desk::Desk;
use super::reference::PosConfig;
use super::sessions::{self, Session, SessionState};
use super::translate;
use crate::destination::Delivery;
use crate::outbox::{Answer, Outage, Verdict};

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
}
