//! A till's day: opened, money moved, closed.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::{CashMovement, DayClose, DayOpen};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Search};
use super::close;
use super::desk::Desk;
use super::drawer;
use super::figures::{self, Figures};
use super::opening;
use super::orders;
use super::reference::{PosConfig, base_name};
use super::row::number;
use super::sessions::{self, Session, SessionState};
use super::translate;
use super::versions::{Closing, Facts};
use crate::activity::now;
use crate::destination::Delivery;
use crate::outbox::patience::close_waited;
use crate::outbox::{Cause, Outage, Verdict};

/// How many missing receipts a reference names.
const NAMED_MAX: usize = 5;

impl Desk {
    /// Opens the day's session with what lies in the drawer.
    pub async fn day_open(
        &mut self,
        delivery: &Delivery,
        open: &DayOpen,
    ) -> Result<Verdict, Outage> {
        let till = delivery.document.head.till();
        let Some(config) = self.config(till).await? else {
            return Ok(self.till_missing(till));
        };
        let drawer = config.cash().map(|method| method.id);
        let resolve = self.resolver(&config, till);
        let in_drawer = open
            .opening
            .iter()
            .filter(|opening| drawer.is_some() && resolve(opening.method.as_str()) == drawer);
        let amounts: Vec<Decimal> = in_drawer.map(|opening| opening.amount.0).collect();
        let opening = (!amounts.is_empty()).then(|| amounts.iter().sum());
        let day = delivery.business_date;
        if let Some(session) = sessions::of_day(&self.client, config.id, day).await? {
            let alone = session.state == SessionState::Opened && session.days == [day];
            if let (true, Some(cash)) = (alone && opening != Some(session.opening), opening) {
                opening::correct(&self.client, &session, cash).await?;
            }
            if session.state != SessionState::Opening {
                return Ok(Verdict::Accepted(session.name));
            }
        }
        Ok(match self.session(&config, day, opening).await? {
            Ok(session) => Verdict::Accepted(session.name),
            Err(answer) => translate::later(answer, Cause::NotYet),
        })
    }

    /// Books money put into or taken out of the drawer, once: Odoo would book it again whenever it is told.
    pub async fn cash_movement(
        &mut self,
        delivery: &Delivery,
        movement: &CashMovement,
    ) -> Result<Verdict, Outage> {
        let till = delivery.document.head.till();
        let Some(config) = self.config(till).await? else {
            return Ok(self.till_missing(till));
        };
        if let Some(verdict) = self.moved(delivery, movement).await? {
            return Ok(verdict);
        }
        let base = base_name(&self.store, till);
        match orders::method(movement.method.as_str(), self.till(&config, till, &base)) {
            Ok(method) if Some(method.id) == config.cash().map(|cash| cash.id) => {}
            Ok(method) => {
                return Ok(translate::refused_here(translate::not_the_drawer(
                    &method.name,
                )));
            }
            Err(answer) => {
                self.look_again().await?;
                return Ok(translate::refused_here(answer));
            }
        }
        let session = match self.session(&config, delivery.business_date, None).await? {
            Ok(session) => session,
            Err(answer) => return Ok(translate::later(answer, Cause::NotYet)),
        };
        let amount = movement.amount.0;
        let direction = if amount < Decimal::ZERO { "out" } else { "in" };
        let why = movement.reason.as_ref().map(|reason| reason.as_str());
        let what: Vec<&str> = std::iter::once(movement.r#type.as_str())
            .chain(why)
            .collect();
        let reason = format!("{} {}", what.join(" "), delivery.uid);
        let answer = match self.facts.closing {
            Closing::Statement => {
                drawer::move_cash(&self.client, session.id, amount, &reason).await
            }
            Closing::FromUi => {
                let args = cash_in_out(self.facts, session.id, direction, amount, &reason);
                let answer: Result<Value, CallError> = self
                    .client
                    .call_at(
                        "odoo.cash_move_sent",
                        "pos.session",
                        "try_cash_in_out",
                        args,
                    )
                    .await;
                answer.map(|_| ())
            }
        };
        if let Err(error) = answer {
            return match judge(&error) {
                Blame::Destination(outage) => Err(outage),
                Blame::Document(refusal) => Ok(translate::refused_there(&refusal)),
            };
        }
        let moved = self.moved(delivery, movement).await?;
        moved.ok_or_else(|| {
            Outage::Incomprehensible("it took a cash movement and does not hold it".to_owned())
        })
    }

    /// Whether the movement is booked, in whichever session.
    async fn moved(
        &self,
        delivery: &Delivery,
        movement: &CashMovement,
    ) -> Result<Option<Verdict>, Outage> {
        let search = Search {
            domain: json!([["payment_ref", "like", delivery.uid.to_string()]]),
            fields: &["amount", "pos_session_id"],
            ..Search::default()
        };
        let moves = self
            .client
            .search_read("account.bank.statement.line", search)
            .await
            .map_err(|error| outage(&error))?;
        let sum: Decimal = moves.iter().map(|row| row.decimal("amount")).sum();
        Ok(match moves.as_slice() {
            [] => None,
            [only] if sum == movement.amount.0 => {
                let session = only.pair_name("pos_session_id").unwrap_or_default();
                Some(Verdict::Accepted(format!("{session} ({})", only.id())))
            }
            several => Some(translate::movement_differs(several.len(), sum)),
        })
    }

    /// Closes the day, when Odoo's figures equal the till's or nothing is left to wait for.
    pub async fn day_close(
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
        let waited = self.waited_enough(delivery);
        let Some(session) = sessions::of_day(&self.client, config.id, day).await? else {
            let nothing = figures::differences(close, &Figures::default(), &resolve).is_empty();
            return Ok(match (nothing, waited) {
                (true, _) => Verdict::Accepted("nothing to close".to_owned()),
                (false, false) => translate::later(translate::day_unknown(day), Cause::NotYet),
                (false, true) => translate::refused_here(translate::day_unknown(day)),
            });
        };
        if session.state == SessionState::Closed {
            return Ok(Verdict::Accepted(session.name));
        }
        if session.state == SessionState::Opening {
            // Its opening was cut short.
            let _ = self.session(&config, day, None).await?;
        }
        let there = close::figures(&self.client, session.id, Some(day)).await?;
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
            let closed = self
                .close_now(&config, &session, &there, cash, &others)
                .await?;
            return Ok(without(closed, &delivery.missing));
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
        cash: Option<Decimal>,
        others: &[(i64, Decimal)],
    ) -> Result<Verdict, Outage> {
        if let Err(answer) = close::close(&self.client, session.id, figures, cash, others).await? {
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

    /// Whether nothing is left to wait for: the caller closes the day without what is missing, or it is long ago.
    fn waited_enough(&self, delivery: &Delivery) -> bool {
        !delivery.missing.is_empty() || close_waited(delivery.since, now())
    }

    /// What the till's methods are in Odoo.
    fn resolver(&self, config: &PosConfig, till: &str) -> impl Fn(&str) -> Option<i64> + use<> {
        let (config, methods) = (config.clone(), self.methods.clone());
        let base = base_name(&self.store, till);
        move |method: &str| {
            config
                .method(method, &methods, &base)
                .map(|method| method.id)
        }
    }
}

/// The arguments of `try_cash_in_out`.
fn cash_in_out(
    facts: Facts,
    session: i64,
    direction: &str,
    amount: Decimal,
    reason: &str,
) -> Value {
    let amount = amount.abs();
    let mut args = json!({
        "ids": [session],
        "_type": direction,
        "amount": number(amount),
        "reason": reason,
        "extras": { "translatedType": direction, "formattedAmount": amount.to_string() },
    });
    if facts.unique_key {
        args["partner_id"] = false.into();
    }
    args
}

/// Names in the reference what a day was closed without.
fn without(verdict: Verdict, missing: &[String]) -> Verdict {
    match verdict {
        Verdict::Accepted(reference) if !missing.is_empty() => {
            let named: Vec<&str> = missing.iter().map(String::as_str).take(NAMED_MAX).collect();
            let more = if missing.len() > NAMED_MAX {
                " and more"
            } else {
                ""
            };
            Verdict::Accepted(format!(
                "{reference}, closed without {}{more}",
                named.join(", ")
            ))
        }
        Verdict::Accepted(_) | Verdict::Rejected { .. } | Verdict::Postponed { .. } => verdict,
    }
}
