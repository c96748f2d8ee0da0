//! What Odoo's known refusals mean for people: one table, a row each. What happened, who can put it right, what to do,
//! and whether it is tried again by itself.
//!
//! Which kind of refusal it is follows from the exception's name alone ([`super::answer`]); its words, which are English
//! because the agent's user is, only choose a better advice here. Without a row the kind's own row counts. The page, the
//! command line and the API show the same answer; Odoo's traceback is in none of them.

use super::answer::{Refusal, RefusalKind};
use super::translate::shortened;
use crate::outbox::Answer;

/// Who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Head office, in Odoo.
    HeadOffice,
    /// Finance at head office.
    Finance,
    /// The supplier of this program.
    Supplier,
    /// Nobody needs to do anything.
    Nobody,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The kind of refusal.
    pub kind: RefusalKind,
    /// Words of Odoo's that tell it, in lower case; empty: any of its kind.
    pub words: &'static str,
    /// The answer's code.
    pub code: &'static str,
    /// What happened; Odoo's own words follow.
    pub happened: &'static str,
    /// Who can put it right.
    pub who: Who,
    /// What to do.
    pub to_do: &'static str,
    /// Whether it goes by itself once that is done; if not, it is parked and a person retries it.
    pub by_itself: bool,
}

use RefusalKind::{Business, Missing, Payload, Right};
use Who::{Finance, HeadOffice, Nobody, Supplier};

const fn row(
    (kind, words): (RefusalKind, &'static str),
    code: &'static str,
    happened: &'static str,
    (who, to_do): (Who, &'static str),
    by_itself: bool,
) -> Row {
    Row {
        kind,
        words,
        code,
        happened,
        who,
        to_do,
        by_itself,
    }
}

/// Every refusal that is known; the first row that fits counts.
#[rustfmt::skip]
pub const TABLE: [Row; 51] = [
    row((Business, "is not fully paid"), "not_fully_paid", "Odoo finds the receipt not fully paid",
        (HeadOffice, "compare the receipt's payments with its total, and the till's cash rounding with the point of sale's in Odoo"), false),
    row((Business, "payment method selected is not allowed"), "method_not_allowed", "The payment method is not one of the till's point of sale",
        (HeadOffice, "add it to the till's point of sale in Odoo, or map it under `methods` in the configuration"), false),
    row((Business, "only refund products from the same order"), "several_originals", "Odoo takes back goods of one receipt at a time",
        (Supplier, "send a support bundle; the return should have been divided"), false),
    row((Business, "with this uuid already exists"), "uuid_taken", "A line or payment of this number stands in Odoo under another receipt",
        (HeadOffice, "look the number up in Odoo; did the till start again at 1? Then give it a new series"), false),
    row((Business, "no open session available"), "no_open_session", "The till has no open session in Odoo",
        (Nobody, "nothing; a session is opened and it goes again"), true),
    row((Business, "another session is already opened"), "session_taken", "Somebody else opened a session of this till",
        (Nobody, "nothing; the open session is used"), true),
    row((Business, "cannot create a session starting before"), "books_locked", "The books are locked for this date",
        (Finance, "move the lock date in Odoo's accounting, or decide that it is booked later"), false),
    row((Business, "lock date"), "books_locked", "The books are locked for this date",
        (Finance, "move the lock date in Odoo's accounting, or decide that it is booked later"), false),
    row((Business, "draft orders"), "draft_orders", "Orders of the session are still drafts",
        (HeadOffice, "pay or delete the drafts in the session in Odoo"), false),
    row((Business, "define a loss account"), "loss_account_missing", "The till's cash journal has no loss account for a cash difference",
        (Finance, "set the journal's loss account in Odoo"), false),
    row((Business, "define a profit account"), "profit_account_missing", "The till's cash journal has no profit account for a cash difference",
        (Finance, "set the journal's profit account in Odoo"), false),
    row((Business, "difference between the amounts to post"), "session_unbalanced", "The session's orders and its entry do not balance",
        (Finance, "look for a tax or account that was changed while the session was open; only then close it by force in Odoo"), false),
    row((Business, "no invoice journal configured"), "invoice_journal_missing", "The point of sale has no journal for invoices",
        (Finance, "set the invoice journal of the till's point of sale in Odoo"), false),
    row((Business, "already being invoiced"), "being_invoiced", "Odoo is at work on the receipt's invoice",
        (Nobody, "nothing; it is looked at again"), true),
    row((Business, "wkhtmltopdf"), "pdf_tool_missing", "Odoo cannot print the invoice, because its server lacks the tool for it",
        (HeadOffice, "have wkhtmltopdf installed on Odoo's server"), false),
    row((Business, "serial number has already been assigned"), "serial_number_taken", "The serial number is in stock already",
        (HeadOffice, "look in Odoo where the serial number is and correct the wrong one of the two"), false),
    row((Business, "supply a lot/serial number"), "lots_missing", "Odoo keeps these goods by lot or serial number",
        (HeadOffice, "enter the lots in the transfer in Odoo"), false),
    row((Business, "paid amount is "), "not_fully_paid", "Odoo finds that the payments are not the receipt's total",
        (HeadOffice, "compare the receipt's payments with its total, and the till's cash rounding with the point of sale's in Odoo"), false),
    row((Business, "session is already closed"), "session_closed", "Somebody closed the till's session in Odoo meanwhile",
        (Nobody, "nothing; it goes again into the session that is open then"), true),
    row((Business, "orders are still in draft"), "draft_orders", "Orders of the session are still drafts",
        (HeadOffice, "pay or delete the drafts in the session in Odoo"), false),
    row((Business, "still orders in draft state"), "draft_orders", "Orders of the session are still drafts",
        (HeadOffice, "pay or delete the drafts in the session in Odoo"), false),
    row((Business, "ending balance is too different"), "cash_difference_too_large", "The counted cash differs by more than the point of sale allows",
        (Finance, "raise the authorized difference of the till's point of sale in Odoo, or have a manager close the session there"), false),
    row((Business, "force close session"), "session_unbalanced", "The session's orders and its entry do not balance",
        (Finance, "look for a tax or account that was changed while the session was open; only then close it by force in Odoo"), false),
    row((Business, "sender's email address"), "email_missing", "The agent's user has no e-mail address in Odoo",
        (HeadOffice, "run `tillpost odoo prepare`, or give the user an e-mail address"), false),
    row((Business, "no cash payment method for this pos session"), "drawer_missing", "The till's point of sale has no cash method",
        (HeadOffice, "run `tillpost odoo prepare`, or add a cash method to the till's point of sale in Odoo"), false),
    row((Business, "no cash register"), "drawer_missing", "The till's point of sale has no cash method",
        (HeadOffice, "run `tillpost odoo prepare`, or add a cash method to the till's point of sale in Odoo"), false),
    row((Business, "intermediary account"), "receivable_account_missing", "A payment method has no receivable account",
        (Finance, "set the intermediary account of the till's payment methods in Odoo"), false),
    row((Business, "define income account"), "income_account_missing", "A product has no income account",
        (Finance, "set the income account of the product or of its category in Odoo"), false),
    row((Business, "tax account in each repartition line"), "tax_account_missing", "A tax has no account",
        (Finance, "set the accounts of the taxes that are named in Odoo"), false),
    row((Business, "invoices are not posted"), "invoices_not_posted", "Invoices of the session are still drafts",
        (Finance, "post the invoices that are named in Odoo"), false),
    row((Business, "provide a partner"), "customer_missing", "Odoo wants a customer for it",
        (HeadOffice, "create the customer in Odoo with the receipt's customer reference"), false),
    row((Business, "does not contain a customer"), "customer_missing", "Odoo wants a customer for it",
        (HeadOffice, "create the customer in Odoo with the receipt's customer reference"), false),
    row((Business, "select a pricelist"), "price_list_missing", "The till's point of sale has no price list",
        (HeadOffice, "set the price list of the till's point of sale in Odoo"), false),
    row((Business, "only a stock manager can validate"), "count_right_missing", "The agent's user may not validate counts",
        (HeadOffice, "run `tillpost odoo prepare`, or make the user an administrator of Inventory"), false),
    row((Business, "quant's creation is restricted"), "count_right_missing", "The agent's user may not enter counts",
        (HeadOffice, "run `tillpost odoo prepare`, or give the user the right to Inventory"), false),
    row((Business, "only adjust storable products"), "not_storable", "Odoo keeps no stock of a product that was counted",
        (HeadOffice, "make the product storable in Odoo, or leave it out of the count"), false),
    row((Business, "cannot be created for consumables"), "not_storable", "Odoo keeps no stock of a product that was counted",
        (HeadOffice, "make the product storable in Odoo, or leave it out of the count"), false),
    row((Business, "one inventory adjustment line for this product"), "count_open", "Another count of the product is open in Odoo",
        (HeadOffice, "validate or cancel the other inventory adjustment in Odoo"), false),
    row((Business, "rounding precision"), "quantity_rounding", "Odoo's unit of the product is rounded more coarsely than the quantity",
        (HeadOffice, "run `tillpost odoo prepare`, or make the rounding of the unit of measure finer in Odoo"), false),
    row((Business, "combination of serial number and product"), "serial_number_taken", "The serial number is in stock already",
        (HeadOffice, "look in Odoo where the serial number is and correct the wrong one of the two"), false),
    row((Business, "no quantities are reserved"), "nothing_to_move", "The transfer in Odoo holds no goods that could be moved",
        (HeadOffice, "open the transfer in Odoo and enter what was moved"), false),
    row((Business, "add some items to move"), "nothing_to_move", "The transfer in Odoo holds no goods that could be moved",
        (HeadOffice, "open the transfer in Odoo and enter what was moved"), false),
    row((Business, "another model requires the record"), "odoo_row_missing", "Something this document needs is not in Odoo any more",
        (HeadOffice, "bring it back or replace it"), false),
    row((Business, "violates foreign key"), "odoo_row_missing", "Something this document needs is not in Odoo any more",
        (HeadOffice, "bring it back or replace it"), false),
    row((Business, "mandatory field is not set"), "odoo_error", "Odoo wants a field that was not sent",
        (Supplier, "send a support bundle; nothing is lost, the document stays here"), false),
    row((Business, ""), "odoo_refused", "Odoo refused it",
        (HeadOffice, "put right in Odoo what it names"), false),
    row((Right, ""), "odoo_right_missing", "The agent's user may not do this in Odoo",
        (HeadOffice, "run `tillpost odoo prepare` or give the user the missing right"), false),
    row((Missing, ""), "odoo_row_missing", "Something this document needs was deleted in Odoo",
        (HeadOffice, "bring it back or replace it"), false),
    row((Payload, "foreignkeyviolation"), "odoo_row_missing", "Something this document needs is not in Odoo any more",
        (HeadOffice, "bring it back or replace it"), false),
    row((Payload, "invalid field"), "odoo_error", "This Odoo does not have a field that was sent",
        (Supplier, "send a support bundle, and say which version of Odoo it is; nothing is lost"), false),
    row((Payload, ""), "odoo_error", "Odoo could not process it",
        (Supplier, "send a support bundle; nothing is lost, the document stays here"), false),
];

/// The row of a refusal.
pub fn find(kind: RefusalKind, words: &str) -> Option<&'static Row> {
    let words = words.to_lowercase();
    let fits = |row: &&Row| row.kind == kind && words.contains(row.words);
    TABLE.iter().find(fits)
}

/// What a person is told of a refusal.
pub fn answer(refusal: &Refusal) -> Answer {
    let words = shortened(&refusal.words);
    match find(refusal.kind, &refusal.words) {
        Some(row) => Answer::new(row.code, format!("{}: {words}", row.happened), hint(row)),
        // Every kind has a row of its own; a test says so.
        None => Answer::new("odoo_refused", format!("Odoo refused it: {words}"), ""),
    }
}

/// Who is to do what, and what happens then.
pub fn hint(row: &Row) -> String {
    let who = match row.who {
        HeadOffice => "Head office: ",
        Finance => "Finance: ",
        Supplier => "Your supplier: ",
        Nobody => "Nobody: ",
    };
    let then = match row.by_itself {
        true => "It is tried again by itself.",
        false => "Then retry the document.",
    };
    format!("{who}{}. {then}", row.to_do)
}

#[cfg(test)]
mod tests;
