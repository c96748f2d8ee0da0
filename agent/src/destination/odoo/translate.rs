//! What happened, who can put it right and how, in words a shopkeeper understands.
//!
//! Every answer of this destination is made here, so that codes and wording stay consistent.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::answer::Refusal;
use super::refusals;
use crate::outbox::{Answer, Cause, Verdict};

/// How much of Odoo's own words is shown.
const WORDS_CHARS_MAX: usize = 240;

/// Refused by us before anything was sent.
pub fn refused_here(answer: Answer) -> Verdict {
    Verdict::Rejected {
        answer,
        sent: false,
    }
}

/// Refused by Odoo: parked, unless the table says that it goes again by itself.
pub fn refused_there(refusal: &Refusal) -> Verdict {
    let answer = refusal_answer(refusal);
    match refusals::find(refusal.kind, &refusal.words) {
        Some(row) if row.by_itself => later(answer, Cause::NotYet),
        Some(_) | None => Verdict::Rejected { answer, sent: true },
    }
}

/// To be tried again later.
pub fn later(answer: Answer, cause: Cause) -> Verdict {
    Verdict::Postponed { answer, cause }
}

/// Something may still be under way until then; what is there is looked at afterwards.
pub fn under_way(until: Timestamp) -> Verdict {
    let answer = Answer::new(
        "under_way",
        "Odoo may still be at work on what was sent before: its answer was lost.",
        "Nothing to do: in a few minutes it is looked at what Odoo holds, and sent again only if it is not there.",
    );
    later(answer, Cause::UnderWay(until))
}

/// Odoo's own words, as much of them as is shown.
pub fn shortened(words: &str) -> String {
    words.chars().take(WORDS_CHARS_MAX).collect()
}

/// Odoo's refusal, with its own words: see the table.
pub fn refusal_answer(refusal: &Refusal) -> Answer {
    refusals::answer(refusal)
}

/// The till has no point of sale in Odoo.
pub fn till_missing(name: &str) -> Answer {
    Answer::new(
        "till_not_in_odoo",
        format!("Odoo has no point of sale named \"{name}\"."),
        "Head office: run `tillpost odoo prepare`; the documents then go by themselves.",
    )
}

/// The method is not one of the till's in Odoo.
pub fn method_missing(method: &str, wanted: &str, till: &str) -> Answer {
    let named = if method == wanted {
        String::new()
    } else {
        format!(" (as \"{wanted}\")")
    };
    Answer::new(
        "method_not_in_odoo",
        format!("The payment method {method} is not set up in Odoo{named} for till {till}."),
        "Head office: add it to the till's point of sale in Odoo, or map it under `methods` in the configuration, then retry the document.",
    )
}

/// No tax fits.
pub fn tax_missing(code: &str, rate: Decimal) -> Answer {
    Answer::new(
        "tax_not_in_odoo",
        format!(
            "Odoo has no sales tax of {} % for the tax code {code}.",
            rate.normalize()
        ),
        "Head office: create it in Odoo, or map the code under `taxes` in the configuration, then retry the document.",
    )
}

/// A tax cannot be used.
pub fn tax_unfit(name: &str) -> Answer {
    Answer::new(
        "tax_not_usable",
        format!(
            "The tax {name} in Odoo is neither a percentage nor an amount for each piece, or is not posted as a whole."
        ),
        "Head office: map the till's tax code to such a tax under `taxes` in the configuration, then retry the document.",
    )
}

/// A tax that no session can be closed with.
pub fn tax_without_account(name: &str) -> Answer {
    Answer::new(
        "tax_without_account",
        format!("The tax {name} in Odoo has no account; Odoo could not close the day with it."),
        "Finance: set the tax's account in Odoo, for invoices and for refunds, then retry the document.",
    )
}

/// Taxes that cannot stand on one line.
pub fn taxes_mixed(on_top: &str, included: &str) -> Answer {
    Answer::new(
        "taxes_mixed",
        format!(
            "Odoo cannot compute {on_top}, which comes on top and is taxed itself, together with {included}, which is in the price. It could not close the day with them."
        ),
        "Head office: let prices include both or neither in Odoo, or map the till's tax codes to such taxes, then retry the document.",
    )
}

/// An amount that Odoo's currency cannot hold.
pub fn amount_digits(amount: Decimal, currency: &str, digits: u32) -> Answer {
    Answer::new(
        "amount_digits",
        format!(
            "{amount} has more digits after the point than Odoo keeps for {currency} ({digits}). It could not close the day with it."
        ),
        "Finance: set the currency's rounding factor in Odoo to what the tills work with, then retry the document.",
    )
}

/// Products that Odoo does not know.
pub fn products_unknown(names: &[String]) -> Answer {
    Answer::new(
        "unknown_product",
        format!("Odoo does not know {}.", names.join(", ")),
        "Head office: create the product in Odoo with this barcode or internal reference; the document then goes by itself.",
    )
}

/// A product for lines of a kind is missing.
pub fn kind_product_missing(code: &str) -> Answer {
    Answer::new(
        "unknown_product",
        format!("Odoo has no product with the internal reference {code}."),
        "Head office: run `tillpost odoo prepare`; the document then goes by itself.",
    )
}

/// Odoo would cut the quantity.
pub fn quantity_digits(line: i64, digits: u32) -> Answer {
    Answer::new(
        "quantity_digits",
        format!(
            "Line {line} has more digits after the point than Odoo keeps for quantities ({digits})."
        ),
        "Head office: set the decimal accuracy \"Product Unit\" to 3 or more in Odoo, then retry the document.",
    )
}

/// A line that cannot be said in Odoo.
pub fn line_unfit(line: i64) -> Answer {
    Answer::new(
        "line_not_payable",
        format!(
            "Line {line} has an amount that its quantity and price cannot come to; Odoo cannot hold that."
        ),
        "Correct the receipt in the till and hand it over again.",
    )
}

/// The figures do not fit together, which Odoo would only notice at the close.
pub fn totals_differ(what: &str, one: Decimal, other: Decimal) -> Answer {
    Answer::new(
        "totals_differ",
        format!("{what}: {one} against {other}. Odoo could not close the day with it."),
        "Correct the receipt in the till and hand it over again; until then it stays here.",
    )
}

/// Another currency than the till's in Odoo.
pub fn currency_differs(ours: &str, theirs: &str) -> Answer {
    Answer::new(
        "currency_differs",
        format!("The receipt is in {ours}, the till's point of sale in Odoo is in {theirs}."),
        "Head office: give the till a sales journal in the receipt's currency, then retry the document.",
    )
}

/// On account, and nobody to bill.
pub fn customer_missing(method: &str) -> Answer {
    Answer::new(
        "customer_missing",
        format!("{method} needs a customer, and Odoo does not know this one."),
        "Head office: create the customer in Odoo with the receipt's customer reference, then retry the document.",
    )
}

/// The sale that is returned or undone is not in Odoo.
pub fn original_unknown(key: &str) -> Answer {
    Answer::new(
        "unknown_original",
        format!("The receipt {key} that this one refers to is not in Odoo yet."),
        "Nothing to do when it was sold here: it goes by itself once that receipt is there. Else release it without the receipt.",
    )
}

/// The line that comes back is not on the original.
pub fn original_line_unknown(line: i64, key: &str) -> Answer {
    Answer::new(
        "unknown_original_line",
        format!("Line {line} takes back something that is not on the receipt {key}."),
        "Check the receipt number; then withdraw the return and hand it over again, without the receipt if need be.",
    )
}

/// A reversal that was made before.
pub fn already_reversed(key: &str) -> Answer {
    Answer::new(
        "already_reversed",
        format!("The receipt {key} was already undone, or some of it was taken back."),
        "Check the till: a receipt can be undone once. Withdraw this void, or take back the rest by a return.",
    )
}

/// Under this uuid Odoo holds something else.
pub fn conflict(difference: &str) -> Verdict {
    Verdict::Rejected {
        answer: Answer::new(
            "key_conflict",
            format!("Odoo holds another receipt under this number: {difference}."),
            "Did the till start at 1 again? Give it a new series and hand the day over again; do not retry this document.",
        ),
        sent: true,
    }
}

/// Something that this release does not bring to Odoo.
pub fn not_supported(what: &str) -> Answer {
    Answer::new(
        "not_supported_yet",
        format!("This version cannot bring {what} to Odoo."),
        "Route the kind elsewhere with `kinds` in the configuration, or wait for the version that can, then retry.",
    )
}

/// The code of the answer to a day close whose figures differ.
pub const DAY_DIFFERS: &str = "day_differs";

/// The day's figures differ.
pub fn day_differs(differences: &[String]) -> Answer {
    Answer::new(
        DAY_DIFFERS,
        format!(
            "Odoo's figures differ from the till's: {}.",
            differences.join("; ")
        ),
        "Look for receipts of this day that are waiting or parked. When the till begins its next day, or after 12 hours, the day is closed with what is there.",
    )
}

/// The day could not be closed in time.
pub fn session_shared(session: &str) -> Answer {
    Answer::new(
        "session_shared",
        format!(
            "The day could not be closed in time; the next day already uses its session {session}."
        ),
        "Nothing to do: it is closed together with the next day.",
    )
}

/// Nothing of the day is in Odoo.
pub fn day_unknown(day: Date) -> Answer {
    Answer::new(
        "no_session",
        format!("Odoo has no session of this till for {day}."),
        "The receipts of this day went into another day's session, or are still waiting.",
    )
}

/// Odoo did not close.
pub fn close_refused(words: &str) -> Answer {
    let words = shortened(words);
    Answer::new(
        "close_refused",
        format!("Odoo did not close the day: {words}"),
        "Head office: open the session in Odoo and put right what it names, then retry. The next day goes into the same session until then.",
    )
}

/// Odoo keeps orders of this till in a session that it made by itself.
pub fn rescue_session(session: &str) -> Answer {
    Answer::new(
        "rescue_session",
        format!(
            "The day is closed, but Odoo made the rescue session {session} for orders of this till that came when theirs was closed."
        ),
        "Head office: look at its orders in Odoo and close it like any session, with its cash counted. Retrying confirms that it was looked at.",
    )
}

/// The rounding line holds something that nobody rounded.
pub fn rounding_differs(ours: Decimal, theirs: Decimal) -> Answer {
    Answer::new(
        "rounding_differs",
        format!(
            "The day is closed, but Odoo booked {theirs} as rounding where the receipts rounded {ours}."
        ),
        "Head office: look at the session's rounding line. Retrying confirms that it was looked at.",
    )
}

/// Money of a method that Odoo keeps no drawer for.
pub fn not_the_drawer(method: &str) -> Answer {
    Answer::new(
        "not_the_drawer",
        format!(
            "Odoo books money put in or taken out for the till's first cash method only, not for {method}."
        ),
        "Head office: book it in Odoo by hand, then withdraw the document with that reason.",
    )
}

/// Money moved more than once, or otherwise.
pub fn movement_differs(times: usize, amount: Decimal) -> Verdict {
    Verdict::Rejected {
        answer: Answer::new(
            "key_conflict",
            format!("Odoo holds this movement {times} times, in all {amount}."),
            "Head office: look at the session's cash moves in Odoo and put them right by hand; do not retry this document.",
        ),
        sent: true,
    }
}

/// A part of a count waits for the others.
pub fn parts_awaited(count: &str) -> Answer {
    Answer::new(
        "waits_for_parts",
        format!("The count {count} is applied when its last part is here."),
        "Nothing to do while counting goes on; else hand over the missing part.",
    )
}

/// Another part of the count is held or parked.
pub fn part_held(count: &str) -> Answer {
    Answer::new(
        "waits_for_part",
        format!(
            "Another part of the count {count} waits for a person; without it goods would be counted away."
        ),
        "Release, retry or withdraw the other part; the count then goes on by itself.",
    )
}

/// The place of a count is not in Odoo.
pub fn location_unknown(name: &str) -> Answer {
    Answer::new(
        "unknown_location",
        format!("Odoo has no stock location \"{name}\" in this store."),
        "Head office: create it in Odoo below the store's stock with that name or barcode, then retry the document.",
    )
}

/// The stock is not what was counted.
pub fn stock_differs(products: usize) -> Answer {
    Answer::new(
        "stock_differs",
        format!(
            "After the count Odoo's stock of {products} products is not what it should be: goods moved meanwhile."
        ),
        "Nothing to do: it is tried again. If it stays, look at these products' stock in Odoo.",
    )
}
