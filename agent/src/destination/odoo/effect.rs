//! What a call does when it is made twice, and whether an answer says that a request is over. Pure.
//!
//! Both are asked for every call, see [`super::quiet`]. A call that nobody thought of counts as one that takes effect
//! each time, and an answer that nobody thought of as none.

use super::client::CallError;
use super::versions::Facts;

/// What a call does when it is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only reads, or tidies up what nobody can tell apart.
    Nothing,
    /// It takes effect once: Odoo itself knows what was sent by a key of its own.
    Once,
    /// It takes effect each time it is made, or undoes what happened in between.
    EachTime,
}

impl Effect {
    /// The effect of a call, named as 19 names it.
    pub fn of(facts: Facts, model: &str, method: &str) -> Self {
        match (model, method) {
            (_, "search_read" | "fields_get")
            | ("pos.session", "get_closing_control_data")
            | ("stock.quant", "action_view_inventory") => Self::Nothing,
            ("pos.order", "sync_from_ui") if facts.unique_key => Self::Once,
            // Odoo looks at the order's invoice, or at the order's rows in the history of points, in the transaction that
            // writes them; of two at a time the second comes too late, and looks again.
            ("pos.order", "action_pos_order_invoice" | "confirm_coupon_programs") => Self::Once,
            _ => Self::EachTime,
        }
    }
}

/// Whether a request has surely come to its end, by what came of it: Odoo itself answered, or somebody before Odoo
/// turned it away. A proxy that lost patience leaves it running behind its back.
pub fn is_over<T>(answer: &Result<T, CallError>) -> bool {
    match answer {
        Ok(_)
        | Err(CallError::Odoo { .. } | CallError::Unreachable(_) | CallError::UnderWay(_)) => true,
        Err(CallError::Status { status, .. }) => {
            matches!(status, 401 | 403 | 404 | 413 | 429 | 503)
        }
        Err(CallError::Cut(_) | CallError::Unreadable(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sales_of_19(19, "pos.order", "sync_from_ui", Effect::Once)]
    #[case::sales_of_18(18, "pos.order", "sync_from_ui", Effect::EachTime)]
    #[case::sales_of_14(14, "pos.order", "create_from_ui", Effect::EachTime)]
    #[case::an_invoice(19, "pos.order", "action_pos_order_invoice", Effect::Once)]
    #[case::an_invoice_of_14(14, "pos.order", "action_pos_order_invoice", Effect::Once)]
    #[case::points(19, "pos.order", "confirm_coupon_programs", Effect::Once)]
    #[case::cash(19, "pos.session", "try_cash_in_out", Effect::EachTime)]
    #[case::cash_of_14(14, "cash.box.out", "run", Effect::EachTime)]
    #[case::a_session(19, "pos.session", "create", Effect::EachTime)]
    #[case::its_opening(19, "pos.session", "set_opening_control", Effect::EachTime)]
    #[case::its_close(19, "pos.session", "close_session_from_ui", Effect::EachTime)]
    #[case::its_figures(19, "pos.session", "get_closing_control_data", Effect::Nothing)]
    #[case::goods(19, "stock.picking", "create", Effect::EachTime)]
    #[case::goods_done(19, "stock.picking", "button_validate", Effect::EachTime)]
    #[case::waste(19, "stock.scrap", "do_scrap", Effect::EachTime)]
    #[case::a_count(19, "stock.quant", "create", Effect::EachTime)]
    #[case::a_count_of_14(14, "stock.inventory", "action_validate", Effect::EachTime)]
    #[case::a_note(19, "sale.order", "message_post", Effect::EachTime)]
    #[case::a_look(14, "sale.order", "search_read", Effect::Nothing)]
    #[case::never_heard_of(19, "pos.order", "something_new", Effect::EachTime)]
    fn only_what_odoo_knows_by_a_key_takes_effect_once(
        #[case] version: u32,
        #[case] model: &str,
        #[case] method: &str,
        #[case] expected: Effect,
    ) {
        assert_eq!(Effect::of(Facts::of(version), model, method), expected);
    }

    fn status(status: u16) -> CallError {
        CallError::Status {
            status,
            retry_after: None,
        }
    }

    #[rstest]
    #[case::cut(CallError::Cut("reset".into()), false)]
    #[case::of_a_portal(CallError::Unreadable("<html>".into()), false)]
    #[case::gateway(status(504), false)]
    #[case::gateway_of_a_provider(status(524), false)]
    #[case::page_of_an_error(status(500), false)]
    #[case::turned_away(status(503), true)]
    #[case::too_much(status(413), true)]
    #[case::never_left(CallError::Unreachable("refused".into()), true)]
    #[case::odoo_says_no(
        CallError::Odoo { status: 500, name: "psycopg2.errors.LockNotAvailable".into(), message: String::new() },
        true
    )]
    fn only_an_answer_of_who_did_it_ends_a_request(#[case] error: CallError, #[case] over: bool) {
        assert_eq!(is_over::<()>(&Err(error)), over);
        assert!(is_over(&Ok(())));
    }
}
