//! The close of a till's day: when Odoo's figures equal the till's, or nothing is left to wait for.
//!
//! A day that differs waits, until the till's next day begins or for twelve hours. Then it is closed with what is there
//! and with what the till counted; the reference says without what, or in what it differed. A close by the store's hours
//! goes the same way; it was counted by nobody, and says so.

use jiff::Timestamp;
use rust_decimal::Decimal;
use tillpost_shared::document::{DayClose, SERIES_BY_HOURS};

use super::desk::Desk;
use super::figures::{self, Figures};
use super::reference::PosConfig;
use super::sessions::{self, Session, SessionState};
use super::versions::Closing;
use super::{close, translate};
use crate::activity::now;
use crate::destination::Delivery;
use crate::outbox::patience::close_waited;
use crate::outbox::{Cause, Outage, Verdict};

/// What a session that hours closed says of itself, to people in Odoo.
const NOTE_BY_HOURS: &str = "Tillpost: closed by the store's hours, without a count";
/// The reference of a day on which nothing happened.
const NOTHING_TO_CLOSE: &str = "nothing to close";
/// How many missing receipts a reference names.
const NAMED_MAX: usize = 5;

impl Desk {
    /// Closes the day, when Odoo's figures equal the till's or nothing is left to wait for.
    pub async fn day_close(
        &mut self,
        delivery: &Delivery,
        close: &DayClose,
    ) -> Result<Verdict, Outage> {
        let verdict = self.till_close(delivery, close).await?;
        Ok(match by_hours(delivery) {
            true => uncounted(verdict),
            false => verdict,
        })
    }

    async fn till_close(
        &mut self,
        delivery: &Delivery,
        close: &DayClose,
    ) -> Result<Verdict, Outage> {
        let till = delivery.document.head.till();
        let day = delivery.business_date;
        let Some(config) = self.config(till).await? else {
            return Ok(self.till_missing(till));
        };
        // A day is judged by what is not there.
        self.client.settled()?;
        let resolve = self.resolver(&config, till);
        let waited = waited(delivery, now());
        let Some(session) = sessions::of_day(&self.client, config.id, day).await? else {
            let nothing = figures::differences(close, &Figures::default(), &resolve).is_empty();
            return Ok(match (nothing, waited) {
                (true, _) => Verdict::Accepted(NOTHING_TO_CLOSE.to_owned()),
                (false, false) => translate::later(translate::day_unknown(day), Cause::NotYet),
                (false, true) => translate::refused_here(translate::day_unknown(day)),
            });
        };
        if session.state == SessionState::Closed {
            // The till's next day closed it, with what was there then.
            let differed = delivery.last_code.as_deref() == Some(translate::DAY_DIFFERS);
            let closed = Verdict::Accepted(session.name);
            return Ok(without(closed, &delivery.missing, differed.then_some(&[])));
        }
        if session.state == SessionState::Opening {
            // Its opening was cut short.
            let _ = self.session(&config, day, None).await?;
        }
        let there = close::figures(&self.client, &session, Some(day)).await?;
        let differences = figures::differences(close, &there, &resolve);
        let (cash, others) = figures::counted(close, &there, &resolve);
        if session.days.last().is_some_and(|last| *last > day) {
            let answer = translate::session_shared(&session.name);
            return Ok(translate::later(answer, Cause::NotYet));
        }
        if differences.is_empty() || waited {
            if !differences.is_empty() {
                tracing::warn!(
                    session = session.name,
                    differences = differences.join("; "),
                    "a day is closed with what is there"
                );
            }
            let note = if by_hours(delivery) {
                NOTE_BY_HOURS
            } else {
                ""
            };
            let closed = self
                .close_now(&config, &session, &there, (cash, &others), note)
                .await?;
            let differed = (!differences.is_empty()).then_some(differences.as_slice());
            return Ok(without(closed, &delivery.missing, differed));
        }
        if let Some(cash) = cash {
            self.counted.insert((config.name.clone(), day), cash);
        }
        Ok(translate::later(
            translate::day_differs(&differences),
            Cause::NotYet,
        ))
    }

    async fn close_now(
        &mut self,
        config: &PosConfig,
        session: &Session,
        figures: &Figures,
        (cash, others): (Option<Decimal>, &[(i64, Decimal)]),
        note: &str,
    ) -> Result<Verdict, Outage> {
        let closed = close::close(&self.client, session.id, figures, cash, others, note).await?;
        if let Err(answer) = closed {
            let answer = self.with_reasons(config, session.id, answer).await?;
            return Ok(Verdict::Rejected { answer, sent: true });
        }
        let closed = sessions::by_id(&self.client, session.id).await?;
        if let (true, Some(entry)) = (config.rounds_cash, closed.and_then(|session| session.entry))
        {
            let all = close::rounded(&self.client, session.id).await?;
            if let Some(booked) = close::rounding_booked(&self.client, entry)
                .await?
                .filter(|booked| *booked != all)
            {
                return Ok(Verdict::Rejected {
                    answer: translate::rounding_differs(all, booked),
                    sent: true,
                });
            }
        }
        if let Some(rescue) = sessions::rescue(&self.client, config.id).await? {
            return Ok(Verdict::Rejected {
                answer: translate::rescue_session(&rescue.name),
                sent: true,
            });
        }
        let unbookable = self.facts.closing == Closing::Statement;
        let drawers = |id: &i64| {
            unbookable
                || config
                    .methods
                    .iter()
                    .any(|method| method.id == *id && method.cash)
        };
        let unbooked: Vec<String> = others
            .iter()
            .filter(|(id, _)| drawers(id))
            .map(|(_, amount)| amount.to_string())
            .collect();
        Ok(Verdict::Accepted(if unbooked.is_empty() {
            session.name.clone()
        } else {
            format!(
                "{}; difference in the second drawer, which Odoo does not book: {}",
                session.name,
                unbooked.join(", ")
            )
        }))
    }
}

/// Whether the store's hours close the day in the till's place.
fn by_hours(delivery: &Delivery) -> bool {
    delivery.document.head.series() == SERIES_BY_HOURS
}

/// Says in the reference that nobody counted.
fn uncounted(verdict: Verdict) -> Verdict {
    let Verdict::Accepted(reference) = verdict else {
        return verdict;
    };
    Verdict::Accepted(match reference.as_str() {
        NOTHING_TO_CLOSE => reference,
        closed => format!("{closed}, by the store's hours, without a count"),
    })
}

/// Whether nothing is left to wait for: the lane sends the close without what is missing, or it is long ago.
fn waited(delivery: &Delivery, now: Timestamp) -> bool {
    !delivery.missing.is_empty() || close_waited(delivery.since, now)
}

/// Names in the reference what a day was closed without; or, with nothing missing, that its figures differed, and in what
/// as far as that is known.
fn without(verdict: Verdict, missing: &[String], differed: Option<&[String]>) -> Verdict {
    let Verdict::Accepted(reference) = verdict else {
        return verdict;
    };
    Verdict::Accepted(match (missing, differed) {
        ([], None) => reference,
        ([], Some([])) => format!("{reference}, closed though its figures differed"),
        ([], Some(differences)) => {
            let differences = differences.join("; ");
            format!("{reference}, closed though its figures differed: {differences}")
        }
        (missing, _) => {
            let named: Vec<&str> = missing.iter().map(String::as_str).take(NAMED_MAX).collect();
            let more = if missing.len() > NAMED_MAX {
                " and more"
            } else {
                ""
            };
            format!("{reference}, closed without {}{more}", named.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::destination::odoo::testing::delivery;

    #[rstest]
    #[case::as_the_till_says(&[], None, "POS/7")]
    #[case::a_sale_is_parked(&["ZH01/1/0/4"], Some(&["Cash: 2 at the till, 1 in Odoo"][..]), "POS/7, closed without ZH01/1/0/4")]
    #[case::more_than_are_named(&["a", "b", "c", "d", "e", "f"], None, "POS/7, closed without a, b, c, d, e and more")]
    #[case::it_differs(&[], Some(&["A: 2 at the till, 1 in Odoo"][..]), "POS/7, closed though its figures differed: A: 2 at the till, 1 in Odoo")]
    #[case::the_next_day_closed_it(&[], Some(&[][..]), "POS/7, closed though its figures differed")]
    fn the_reference_names_what_a_day_was_closed_without(
        #[case] missing: &[&str],
        #[case] differed: Option<&[&str]>,
        #[case] expected: &str,
    ) {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let differed = differed.map(texts);
        let closed = Verdict::Accepted("POS/7".to_owned());
        let closed = without(closed, &texts(missing), differed.as_deref());
        assert_eq!(closed, Verdict::Accepted(expected.to_owned()));
    }

    #[rstest]
    #[case("POS/7", "POS/7, by the store's hours, without a count")]
    #[case("nothing to close", "nothing to close")]
    fn a_close_by_hours_says_that_nobody_counted(#[case] reference: &str, #[case] expected: &str) {
        let said = uncounted(Verdict::Accepted(reference.to_owned()));
        assert_eq!(said, Verdict::Accepted(expected.to_owned()));
        let till = delivery("day_close", 9, json!({ "tenders": [] }));
        assert!(!by_hours(&till), "a till's own");
    }

    #[test]
    fn a_refused_close_stays_refused() {
        let refused = translate::refused_here(translate::close_refused("no"));
        let missing = ["ZH01/1/0/4".to_owned()];
        assert_eq!(without(refused.clone(), &missing, None), refused);
    }

    #[rstest]
    #[case::just_now("2026-11-20T18:00:00Z", false, false)]
    #[case::nearly_twelve_hours("2026-11-21T05:59:59Z", false, false)]
    #[case::twelve_hours("2026-11-21T06:00:00Z", false, true)]
    #[case::the_lane_has_given_up("2026-11-20T18:00:00Z", true, true)]
    fn a_day_that_differs_waits_twelve_hours_or_until_the_lane_gives_up(
        #[case] now: &str,
        #[case] missing: bool,
        #[case] expected: bool,
    ) {
        let mut close = delivery("day_close", 9, json!({ "tenders": [] }));
        close.since = "2026-11-20T18:00:00Z".parse().expect("a time");
        close.missing = missing
            .then(|| "ZH01/1/0/4".to_owned())
            .into_iter()
            .collect();
        let now = now.parse().expect("a time");
        assert_eq!(waited(&close, now), expected);
    }
}
