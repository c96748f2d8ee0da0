//! Who bought, and what is done for them once their receipt is in Odoo: the invoice they asked for, their points and gift
//! cards.
//!
//! A customer is found by the receipt's reference (`ref` of a contact), else by the loyalty card: a contact's barcode (from
//! 18 on), or the contact of a card of Odoo's own programmes (19). Never by a name.
//!
//! First the order is there, once and safe; then it is looked at, and whatever is still missing is asked for. A document
//! counts as taken only after both, so that one whose second step was cut short comes again and finds its order.

use std::collections::HashMap;

use serde_json::json;
use uuid::Uuid;

use super::answer::{Blame, judge, outage};
use super::cards::Change;
use super::check_back::Stored;
use super::client::{CallError, Search};
use super::desk::Desk;
use super::originals::Original;
use super::row::Row;
use super::send::Verdicts;
use super::wishes::{Wishes, loyalty_card};
use super::{lookup, parts, voids};
use crate::destination::Delivery;
use crate::outbox::{Outage, Verdict};

/// Customers found so far.
#[derive(Debug, Default)]
pub struct Customers {
    by_reference: HashMap<String, i64>,
    by_card: HashMap<String, i64>,
}

impl Customers {
    /// What was found is looked for again.
    pub fn clear(&mut self) {
        self.by_reference.clear();
        self.by_card.clear();
    }

    /// A receipt's customer in Odoo, `res.partner`.
    pub fn of(&self, delivery: &Delivery) -> Option<i64> {
        let by_reference = reference(delivery).and_then(|named| self.by_reference.get(named));
        let by_card = || card(delivery).and_then(|number| self.by_card.get(number));
        by_reference.or_else(by_card).copied()
    }
}

fn reference(delivery: &Delivery) -> Option<&str> {
    let sale = delivery.document.body.as_sale()?;
    let reference = sale.customer.as_ref()?.reference.as_ref()?;
    Some(reference.as_str())
}

fn card(delivery: &Delivery) -> Option<&str> {
    loyalty_card(delivery.document.body.as_sale()?)
}

/// What a search for cards found: nothing where Odoo does not let the agent's user search. A customer stands in no sale's way.
fn allowed(found: Result<Vec<(String, i64)>, CallError>) -> Result<Vec<(String, i64)>, CallError> {
    match found {
        Err(error) if matches!(judge(&error), Blame::Document(_)) => Ok(Vec::new()),
        found => found,
    }
}

impl Desk {
    /// The customers of these receipts, as far as Odoo knows them.
    pub async fn load_customers(&mut self, deliveries: &[&Delivery]) -> Result<(), Outage> {
        let found = self.find_customers(deliveries).await;
        found.map_err(|error| outage(&error))
    }

    async fn find_customers(&mut self, deliveries: &[&Delivery]) -> Result<(), CallError> {
        let unknown = |customers: &Customers, told: fn(&Delivery) -> Option<&str>| -> Vec<String> {
            let open = deliveries.iter().filter(|one| customers.of(one).is_none());
            open.filter_map(|one| told(one).map(str::to_owned))
                .collect()
        };
        let wanted = unknown(&self.customers, reference);
        if !wanted.is_empty() {
            let found = self.contacts("ref", &["ref"], wanted).await?;
            self.customers.by_reference.extend(found);
        }
        let wanted = unknown(&self.customers, card);
        if !wanted.is_empty() && self.facts.barcodes_searched {
            let found = allowed(self.contacts("barcode", &["barcode"], wanted).await)?;
            self.customers.by_card.extend(found);
        }
        let wanted = unknown(&self.customers, card);
        if !wanted.is_empty() && self.keeps_cards().await? {
            let found = allowed(self.owners(wanted).await)?;
            self.customers.by_card.extend(found);
        }
        Ok(())
    }

    /// Contacts by what a field of theirs says; of several the oldest.
    async fn contacts(
        &self,
        field: &str,
        fields: &'static [&'static str],
        wanted: Vec<String>,
    ) -> Result<Vec<(String, i64)>, CallError> {
        let search = Search {
            domain: json!([[field, "in", wanted]]),
            fields,
            order: "id desc",
            ..Search::default()
        };
        let rows = self.client.search_read("res.partner", search).await?;
        let pair = |row: &Row| Some((row.text(field)?.to_owned(), row.id()));
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// What accepted documents of a batch ask for beyond their orders. One of which that is not certain yet has no
    /// verdict when this fails.
    pub async fn grant(
        &self,
        batch: &[Delivery],
        places: &[usize],
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        let mut open: Vec<(usize, Wishes, String)> = Vec::new();
        for place in places {
            let wishes = Wishes::of(&batch[*place]);
            let taken = matches!(verdicts[*place], Some(Verdict::Accepted(_)));
            if let (false, true) = (wishes.is_nothing(), taken)
                && let Some(Verdict::Accepted(reference)) = verdicts[*place].take()
            {
                open.push((*place, wishes, reference));
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let uids: Vec<Uuid> = open
            .iter()
            .flat_map(|(place, ..)| self.order_uids(&batch[*place]))
            .collect();
        let stored = lookup::by_uids(&self.client, &uids).await;
        let stored = stored.map_err(|error| outage(&error))?;
        for (place, wishes, reference) in open {
            let own = self.order_uids(&batch[place]);
            let orders: Vec<&Stored> = stored
                .iter()
                .filter(|order| own.contains(&order.uuid))
                .collect();
            verdicts[place] = Some(self.granted(&wishes, &orders, reference).await?);
        }
        Ok(())
    }

    async fn granted(
        &self,
        wishes: &Wishes,
        orders: &[&Stored],
        mut reference: String,
    ) -> Result<Verdict, Outage> {
        if wishes.invoice {
            match self.invoiced(orders).await? {
                Ok(noted) => reference += &noted,
                Err(later) => return Ok(later),
            }
        }
        if let Some(order) = orders.first() {
            reference += &self.cards_changed(wishes, order.id).await?;
        }
        Ok(Verdict::Accepted(reference))
    }

    /// The uuids of the orders that a sale or return became.
    fn order_uids(&self, delivery: &Delivery) -> Vec<Uuid> {
        match delivery.document.body.as_sale() {
            Some(sale) if self.facts.one_original => {
                let parts = parts::parts(delivery, sale, &self.numbering);
                parts.into_iter().map(|part| part.uuid).collect()
            }
            _ => vec![delivery.uid],
        }
    }

    /// What a void takes back beyond the orders of its original: an invoice by a credit note, what it changed on cards.
    pub async fn undone(
        &self,
        delivery: &Delivery,
        original: &Original,
        verdict: Verdict,
    ) -> Result<Verdict, Outage> {
        let Verdict::Accepted(mut reference) = verdict else {
            return Ok(verdict);
        };
        let uuids = voids::uuids(delivery, original);
        let pairs = original.orders.iter().zip(&uuids);
        let invoiced: Vec<Uuid> = pairs
            .filter(|(order, _)| order.invoice.is_some())
            .map(|(_, uuid)| *uuid)
            .collect();
        let ids: Vec<i64> = original.orders.iter().map(|order| order.id).collect();
        let changes = self.changed_by(&ids).await?;
        if invoiced.is_empty() && changes.is_empty() {
            return Ok(Verdict::Accepted(reference));
        }
        let stored = lookup::by_uids(&self.client, &uuids).await;
        let stored = stored.map_err(|error| outage(&error))?;
        if !invoiced.is_empty() {
            let orders: Vec<&Stored> = stored
                .iter()
                .filter(|order| invoiced.contains(&order.uuid))
                .collect();
            match self.invoiced(&orders).await? {
                Ok(noted) => reference += &noted,
                Err(later) => return Ok(later),
            }
        }
        if let (false, Some(order)) = (changes.is_empty(), stored.first()) {
            let back: Vec<Change> = changes
                .into_iter()
                .map(|Change { card, by }| Change { card, by: -by })
                .collect();
            reference += &self.changes_confirmed(&back, order.id).await?;
        }
        Ok(Verdict::Accepted(reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::delivery;

    #[test]
    fn a_reference_comes_before_a_card_and_a_name_finds_nobody() {
        let customers = Customers {
            by_reference: HashMap::from([("C1".to_owned(), 1)]),
            by_card: HashMap::from([("77".to_owned(), 2), ("Muster".to_owned(), 3)]),
        };
        let of = |customer| {
            let body = json!({ "prices": "tax_included", "total": "0", "customer": customer });
            customers.of(&delivery("sale", 1, body))
        };
        assert_eq!(
            of(json!({ "reference": "C1", "loyalty_card": "77" })),
            Some(1)
        );
        assert_eq!(
            of(json!({ "reference": "C2", "loyalty_card": "77" })),
            Some(2)
        );
        assert_eq!(of(json!({ "reference": "Muster" })), None);
        assert_eq!(of(json!({ "invoice": { "name": "Muster" } })), None);
    }

    #[test]
    fn where_cards_may_not_be_searched_there_is_nobody_and_an_outage_stays_one() {
        let refused = CallError::Odoo {
            status: 403,
            name: "odoo.exceptions.AccessError".to_owned(),
            message: "You are not allowed".to_owned(),
        };
        assert_eq!(allowed(Err(refused)), Ok(Vec::new()));
        let cut = CallError::Cut("reset".to_owned());
        assert_eq!(allowed(Err(cut.clone())), Err(cut));
    }
}
