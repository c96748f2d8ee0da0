//! Undoes a sale or return, after it and once.

use tillpost_shared::document::sale::Void;
use tillpost_shared::key;
use tillpost_shared::scalar::Day;

use super::answer::outage;
use super::desk::Desk;
use super::lookup;
use super::originals;
use super::parts;
use super::products;
use super::reference::base_name;
use super::send::Unit;
use super::upload::rounding_code;
use super::{translate, voids};
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

impl Desk {
    /// Undoes a sale or return.
    pub async fn void(&mut self, delivery: &Delivery, void: &Void) -> Result<Verdict, Outage> {
        let head = &delivery.document.head;
        let till = head.till().to_owned();
        let Some(config) = self.config(&till).await? else {
            return Ok(self.till_missing(&till));
        };
        let day = Day(delivery.business_date);
        let unknown = |named: &str| {
            translate::later(translate::original_unknown(named), Cause::UnknownOriginal)
        };
        let Some(target) = key::origin_key(&void.of, head, day, &self.numbering) else {
            return Ok(unknown("without a number"));
        };
        let named = parts::named(&target);
        let Some(original) = originals::find(&self.client, target.uid(), &[]).await? else {
            return Ok(unknown(&named));
        };
        let expected = voids::expected(delivery, void, &original);
        let stored = lookup::standing(&self.client, &[&expected]).await;
        let stored = stored.map_err(|error| outage(&error))?;
        let there = self
            .verdict_of(&expected, &stored, delivery.business_date, &mut Vec::new())
            .await?;
        if let Some(verdict) = there {
            return self.undone(delivery, &original, verdict).await;
        }
        if original.touched() {
            return Ok(translate::refused_here(translate::already_reversed(&named)));
        }
        let ids: Vec<i64> = original.orders.iter().map(|order| order.id).collect();
        let paid = originals::payments(&self.client, &ids).await?;
        let base = base_name(&self.store, &till);
        if self.facts.coins_for_all {
            let wanted = [rounding_code()].into();
            products::load(&self.client, &mut self.shelf, wanted).await?;
        }
        let rounding_product = self.shelf.get(&rounding_code()).map(|article| article.id);
        let built = voids::orders(
            delivery,
            void,
            &original,
            &paid,
            rounding_product,
            self.till(&config, &till, &base),
        );
        let orders = match built {
            Ok(orders) => orders,
            Err(answer) => {
                // What is missing may have been set up since: a retry finds the store read again.
                self.look_again().await?;
                return Ok(translate::refused_here(answer));
            }
        };
        let unit = Unit {
            place: 0,
            orders,
            expected,
        };
        let mut verdicts = vec![None];
        self.send(&config, delivery.business_date, vec![unit], &mut verdicts)
            .await?;
        let verdict = verdicts.pop().flatten();
        let nothing = || Outage::Incomprehensible("nothing came of a void".to_owned());
        let verdict = verdict.ok_or_else(nothing)?;
        self.undone(delivery, &original, verdict).await
    }
}
