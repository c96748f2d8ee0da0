//! What a person is told about goods that moved and orders that were handed over.

use super::answer::Refusal;
use super::translate;
use crate::outbox::{Answer, Verdict};

/// The store has no warehouse, or Odoo lacks one of the places that goods come from or go to.
pub fn place_missing(what: &str) -> Answer {
    Answer::new(
        "place_not_in_odoo",
        format!("Odoo has no {what} for this store."),
        "Head office: run `tillpost odoo prepare`, or set it up under Inventory in Odoo; then retry the document.",
    )
}

/// Goods that are kept by lot came without one, or the lots do not add up.
pub fn lots_missing(line: i64, product: &str) -> Answer {
    Answer::new(
        "lots_missing",
        format!(
            "Line {line}: Odoo keeps {product} by lot or serial number, and the lots given do not add up to the quantity."
        ),
        "Hand the document over again with the lot or serial numbers; then withdraw this one.",
    )
}

/// More than one thing under one serial number.
pub fn serial_twice(line: i64, serial: &str) -> Answer {
    Answer::new(
        "serial_twice",
        format!("Line {line}: the serial number {serial} stands for more than one piece."),
        "Correct the serial numbers and hand the document over again; then withdraw this one.",
    )
}

/// A quantity with the wrong sign.
pub fn quantity_sign(line: i64) -> Answer {
    Answer::new(
        "quantity_sign",
        format!("Line {line} has a negative quantity, which only an adjustment may have."),
        "Correct the document and hand it over again; then withdraw this one.",
    )
}

/// Under this reference Odoo holds other goods.
pub fn transfer_differs(name: &str) -> Verdict {
    Verdict::Rejected {
        answer: Answer::new(
            "key_conflict",
            format!("Odoo holds other goods under this reference: the transfer {name}."),
            "Head office: compare the transfer in Odoo with the document and put the stock right by hand; do not retry this document.",
        ),
        sent: true,
    }
}

/// A person cancelled it over there.
pub fn transfer_cancelled(name: &str) -> Verdict {
    Verdict::Rejected {
        answer: Answer::new(
            "transfer_cancelled",
            format!("The transfer {name} of this document was cancelled in Odoo."),
            "Head office: if the goods did move, enter it by hand in Odoo; then withdraw the document with that reason.",
        ),
        sent: true,
    }
}

/// It was made and does not become done.
pub fn transfer_unfinished(name: &str, state: &str, refusal: Option<&Refusal>) -> Verdict {
    let words = refusal.map_or_else(String::new, |refusal| {
        format!(": {}", translate::shortened(&refusal.words))
    });
    Verdict::Rejected {
        answer: Answer::new(
            "transfer_unfinished",
            format!("The transfer {name} is in Odoo but not done (it is {state}){words}."),
            "Head office: open the transfer in Odoo and put right what keeps it, then retry the document; it validates the same transfer.",
        ),
        sent: true,
    }
}

/// Nothing in Odoo is called so.
pub fn order_unknown(order: &str) -> Answer {
    Answer::new(
        "unknown_order",
        format!("Odoo has no sales order named {order}, nor one with that customer reference."),
        "Nothing to do when head office is about to enter it: it goes by itself. Else check the order's number, withdraw this and hand it over again.",
    )
}

/// Several orders have that customer reference.
pub fn order_ambiguous(order: &str, names: &[String]) -> Answer {
    Answer::new(
        "order_ambiguous",
        format!(
            "Several orders in Odoo have the customer reference {order}: {}.",
            names.join(", ")
        ),
        "Hand it over again with the order's own number; then withdraw this one.",
    )
}

/// Nobody confirmed the quotation.
pub fn order_unconfirmed(order: &str) -> Answer {
    Answer::new(
        "order_unconfirmed",
        format!("The order {order} is still a quotation in Odoo."),
        "Head office: confirm it in Odoo; the document then goes by itself.",
    )
}

/// The order was cancelled, and its goods were handed over.
pub fn order_cancelled(order: &str) -> Answer {
    Answer::new(
        "order_cancelled",
        format!("The order {order} is cancelled in Odoo."),
        "Head office: if the customer has the goods, enter a new order for them in Odoo and deliver it there; then withdraw this document with that reason.",
    )
}

/// Its delivery leaves elsewhere.
pub fn order_elsewhere(order: &str) -> Answer {
    Answer::new(
        "order_elsewhere",
        format!("The order {order} has no open delivery that leaves from this store's stock."),
        "Head office: give its delivery this store's warehouse in Odoo, then retry; or withdraw the document.",
    )
}

/// Everything of it is delivered, and not by us.
pub fn order_delivered(order: &str, names: &[String]) -> Answer {
    Answer::new(
        "order_delivered",
        format!(
            "Odoo has nothing of the order {order} left to hand over; delivered by {}.",
            names.join(", ")
        ),
        "If that was this very hand-over, entered by hand in Odoo, withdraw the document with that reason; else look for what was delivered too much.",
    )
}

/// The delivery waits for another transfer.
pub fn delivery_waits(name: &str) -> Answer {
    Answer::new(
        "delivery_waits",
        format!("The delivery {name} waits for another transfer in Odoo, such as its picking."),
        "Head office: validate that transfer in Odoo; the document then goes by itself.",
    )
}

/// More, or something else, than is left of the order.
pub fn not_of_the_order(line: i64, product: &str, delivery: &str) -> Answer {
    Answer::new(
        "not_of_the_order",
        format!("Line {line}: {product} is more than the delivery {delivery} still holds of it."),
        "Check the order in Odoo. What was handed over beyond it needs an order of its own; then hand over again what fits and withdraw this one.",
    )
}

/// Without the Sales app there are no orders.
pub fn no_orders() -> Answer {
    Answer::new(
        "no_orders_in_odoo",
        "This Odoo has no sales orders: the Sales app is not installed.".to_owned(),
        "Head office: install Sales in Odoo and retry; or route pickups elsewhere with `kinds` in the configuration.",
    )
}
