//! A till's day: opened, and money moved. Its close: `closing`.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::{CashMovement, DayOpen};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Search};
use super::desk::Desk;
use super::orders;
use super::reference::{PosConfig, base_name};
use super::row::number;
use super::sessions::{self, SessionState};
use super::translate;
use super::versions::{Closing, Facts};
use super::{drawer, late, opening};
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

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
        let late = late::mark(&session, delivery.business_date);
        let reason = format!("{} {}{late}", what.join(" "), delivery.uid);
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
                let name = only.pair_name("pos_session_id").unwrap_or_default();
                let session = only.one("pos_session_id");
                let reference = format!("{name} ({})", only.id());
                let marked = self
                    .marked(reference, session, delivery.business_date, &mut Vec::new())
                    .await?;
                Some(Verdict::Accepted(marked))
            }
            several => Some(translate::movement_differs(several.len(), sum)),
        })
    }

    /// What the till's methods are in Odoo.
    pub(super) fn resolver(
        &self,
        config: &PosConfig,
        till: &str,
    ) -> impl Fn(&str) -> Option<i64> + use<> {
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destination::odoo::testing::dec;

    #[rstest]
    #[case::into_the_drawer("50.00", "in", "50")]
    #[case::out_of_it("-12.30", "out", "12.3")]
    fn money_is_moved_by_its_amount_and_direction(
        #[case] amount: &str,
        #[case] direction: &str,
        #[case] expected: &str,
    ) {
        let args = cash_in_out(Facts::of(19), 7, direction, dec(amount), "why");
        assert_eq!(args["amount"].to_string(), expected);
        assert_eq!(args["extras"]["translatedType"], direction);
    }
}
