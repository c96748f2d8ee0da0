//! What cash is rounded to coins by, where Odoo's own cash rounding is of no use: there (up to 14) a till that rounds wants
//! every payment rounded, cards too, and keeps the others as drafts.
//!
//! So the till does not round in Odoo, and the cents stand on a line of a product of their own, without tax. For Odoo they
//! belong to the order's total; for us they do not, so they are taken off again wherever an order is read.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::lines::{self, Frame, Priced};
use super::orders::Till;
use super::parts;
use super::shares::Share;
use crate::outbox::Answer;

/// The internal reference of the product that stands for what was rounded.
pub const ROUNDING_PRODUCT: &str = "TILLPOST-ROUNDING";

/// Whether a till's cash rounding goes up as a line.
pub fn on_a_line(till: Till<'_>) -> bool {
    till.facts.coins_for_all && !till.config.rounds_cash
}

/// The line of a document's order: of one piece, taken off where it was rounded down.
pub fn line(
    document: Uuid,
    reference: &str,
    product: i64,
    rounded: Decimal,
    currency: i64,
) -> Map<String, Value> {
    let frame = Frame {
        uuid: parts::rounding_uuid(document),
        product,
        taxes: &[],
        share: &Share {
            base: rounded,
            taxes: Vec::new(),
            price: rounded,
        },
        currency,
        reversed: false,
        refunds: None,
        name: format!("{reference}-rounding"),
    };
    let priced = Priced {
        unit: rounded.abs(),
        discount: Decimal::ZERO,
    };
    let piece = match rounded.is_sign_negative() {
        true => Decimal::NEGATIVE_ONE,
        false => Decimal::ONE,
    };
    lines::values(&frame, piece, &priced, None)
}

/// Rounded to coins, and Odoo's till does not round.
pub fn rounding_missing(till: &str) -> Answer {
    Answer::new(
        "rounding_not_in_odoo",
        format!(
            "Till {till} rounded to coins, but cash rounding is not switched on for it in Odoo."
        ),
        "Head office: switch on cash rounding for the till's point of sale in Odoo, then retry the document.",
    )
}

/// This version of Odoo rounds to coins whatever it is paid with.
pub fn coins_for_all(till: &str, paid: Decimal, wanted: Decimal) -> Answer {
    Answer::new(
        "coins_for_all",
        format!(
            "{paid} was paid, and this version of Odoo wants {wanted}: where a till rounds to coins, it rounds cards too. It could not close the day with it."
        ),
        format!(
            "Head office: close the day of till {till} in Odoo, switch off its cash rounding there (or run `tillpost odoo prepare`), then retry the document: what cash is rounded by then stands on a line of its own."
        ),
    )
}
