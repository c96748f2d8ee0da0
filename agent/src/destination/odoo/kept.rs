//! What Odoo has taken of a batch before the line failed. Pure.
//!
//! A batch takes many calls, and on a bad line one of them fails in almost every batch. It goes again as a whole then;
//! were all of it asked about again, a line that fails one call in ten would hardly ever bring a batch to its end.

use std::collections::HashMap;

use super::send::Verdicts;
use crate::destination::Delivery;
use crate::outbox::Verdict;

/// How many documents are remembered at most: more than the largest batch.
const KEPT_MAX: usize = 1_000;

/// Documents that Odoo holds and of which the outbox has not heard, by their numbers.
#[derive(Debug, Default)]
pub struct Kept(HashMap<i64, Verdict>);

impl Kept {
    /// What is known of a batch before anything is asked.
    pub fn of(&self, batch: &[Delivery]) -> Verdicts {
        let known = |delivery: &Delivery| self.0.get(&delivery.seq).cloned();
        batch.iter().map(known).collect()
    }

    /// The line failed within the batch: what Odoo holds by then is remembered, and nothing else. Whatever it said
    /// no to is asked again.
    pub fn failed(&mut self, batch: &[Delivery], verdicts: &Verdicts) {
        if self.0.len() > KEPT_MAX {
            self.0.clear();
        }
        for (delivery, verdict) in batch.iter().zip(verdicts) {
            if let Some(Verdict::Accepted(_)) = verdict {
                let verdict = verdict.clone();
                self.0
                    .extend(verdict.map(|verdict| (delivery.seq, verdict)));
            }
        }
    }

    /// The outbox hears of all of the batch.
    pub fn told(&mut self, batch: &[Delivery]) {
        for delivery in batch {
            self.0.remove(&delivery.seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::destination::odoo::testing::delivery;
    use crate::destination::odoo::translate;

    #[test]
    fn what_was_taken_is_known_until_the_outbox_hears_of_it_and_what_was_refused_is_asked_again() {
        let movement = json!({ "type": "pay_in", "method": "CASH", "amount": "5.00" });
        let batch = [1, 2, 3].map(|number| delivery("cash_movement", number, movement.clone()));
        let taken = Some(Verdict::Accepted("77".to_owned()));
        let refused = Some(translate::conflict("its total is another"));
        let mut kept = Kept::default();
        assert_eq!(kept.of(&batch), [None, None, None]);
        kept.failed(&batch, &vec![taken.clone(), refused, None]);
        assert_eq!(kept.of(&batch), [taken.clone(), None, None]);
        // One by one it is the same.
        assert_eq!(kept.of(&batch[..1]), [taken]);
        kept.told(&batch);
        assert_eq!(kept.of(&batch), [None, None, None]);
    }
}
