//! Odoo below 19 lets the same order in twice. So after an answer that was lost nothing is sent again before the request
//! can no longer take effect: Odoo ends it itself after a time. Then what stands there is looked at, and decides.

use std::time::Instant;

use super::answer::{Blame, judge};
use super::client::CallError;
use super::desk::Desk;
use crate::destination::Delivery;
use crate::outbox::Outage;

impl Desk {
    /// A request is about to leave that takes effect each time it is made, where Odoo lets that happen.
    pub fn under_way(&mut self) {
        if !self.facts.unique_key {
            self.quiet_at = Some(Instant::now() + self.request_limit);
        }
    }

    /// It was answered, in whatever way.
    pub fn answered<T>(&mut self, answer: &Result<T, CallError>) {
        let may_still_run = |outage| matches!(outage, Blame::Destination(Outage::Ambiguous(_)));
        if !answer
            .as_ref()
            .is_err_and(|error| may_still_run(judge(error)))
        {
            self.quiet_at = None;
        }
    }

    /// Whether documents that Odoo does not hold may be sent now. Where it lets one in twice, what may still be under
    /// way must have come to its end first: else it would arrive after we looked.
    pub fn may_send<'d>(
        &self,
        deliveries: impl IntoIterator<Item = &'d Delivery>,
    ) -> Result<(), Outage> {
        let left = self
            .quiet_at
            .and_then(|at| at.checked_duration_since(Instant::now()));
        let again = |delivery: &Delivery| delivery.sent_before;
        match left {
            Some(left) if !self.facts.unique_key && deliveries.into_iter().any(again) => {
                Err(Outage::Throttled {
                    retry_after: Some(left),
                })
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tillpost_shared::key::Numbering;

    use super::*;
    use crate::destination::odoo::client::Client;
    use crate::destination::odoo::testing::delivery;
    use crate::destination::odoo::versions::Facts;

    /// Whether a document may be sent to a server of this version, half a minute after an agent was ended.
    fn may_send(version: u32, sent_before: bool, change: fn(&mut Desk)) -> bool {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let text = "[store]\ncode=\"ZH01\"\ntimezone=\"Europe/Zurich\"\ncurrency=\"CHF\"\n[[destination]]\nname=\"o\"\n\
            type=\"odoo\"\nurl=\"https://x\"\ndatabase=\"d\"\nsecret={env=\"K\"}\n";
        let config = tillpost_shared::config::read(text).expect("a configuration");
        let client = Client::new(reqwest::Client::default(), "http://x", "d", String::new());
        let numbering = Numbering::default();
        let mut desk = Desk::new(client, &config.destinations[0], &config.store, numbering);
        desk.facts = Facts::of(version);
        change(&mut desk);
        let body = json!({ "prices": "tax_included", "total": "0" });
        let mut delivery = delivery("sale", 1, body);
        delivery.sent_before = sent_before;
        desk.may_send([&delivery]).is_ok()
    }

    #[test]
    fn what_may_be_under_way_is_waited_out_where_odoo_would_take_it_twice() {
        assert!(!may_send(14, true, |_| {}));
        assert!(!may_send(18, true, |_| {}));
        assert!(may_send(19, true, |_| {}));
        assert!(may_send(14, false, |_| {}));
        let over = |desk: &mut Desk| desk.quiet_at = Some(Instant::now());
        assert!(may_send(14, true, over));
        let answered = |desk: &mut Desk| {
            desk.under_way();
            desk.answered(&Ok(()));
        };
        assert!(may_send(14, true, answered));
        let cut = |desk: &mut Desk| {
            desk.under_way();
            desk.answered::<()>(&Err(CallError::Cut("reset".to_owned())));
        };
        assert!(!may_send(14, true, cut));
    }
}
