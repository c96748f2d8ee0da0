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
pub const TABLE: [Row; 20] = [
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
    row((Business, "wkhtmltopdf"), "pdf_tool_missing", "Odoo cannot print the invoice, because its server lacks the tool for it",
        (HeadOffice, "have wkhtmltopdf installed on Odoo's server"), false),
    row((Business, "serial number has already been assigned"), "serial_number_taken", "The serial number is in stock already",
        (HeadOffice, "look in Odoo where the serial number is and correct the wrong one of the two"), false),
    row((Business, "supply a lot/serial number"), "lots_missing", "Odoo keeps these goods by lot or serial number",
        (HeadOffice, "enter the lots in the transfer in Odoo"), false),
    row((Business, ""), "odoo_refused", "Odoo refused it",
        (HeadOffice, "put right in Odoo what it names"), false),
    row((Right, ""), "odoo_right_missing", "The agent's user may not do this in Odoo",
        (HeadOffice, "run `tillpost odoo prepare` or give the user the missing right"), false),
    row((Missing, ""), "odoo_row_missing", "Something this document needs was deleted in Odoo",
        (HeadOffice, "bring it back or replace it"), false),
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
mod tests {
    use rstest::rstest;

    use super::*;

    fn told(kind: RefusalKind, words: &str) -> Answer {
        answer(&Refusal {
            kind,
            words: words.to_owned(),
        })
    }

    // The words are Odoo 19's own.
    #[rstest]
    #[case(
        Business,
        "Order Shop/0001 is not fully paid.",
        "not_fully_paid",
        "Head office: "
    )]
    #[case(
        Business,
        "The payment method selected is not allowed in the config of the POS session.",
        "method_not_allowed",
        "Head office: "
    )]
    #[case(
        Business,
        "You can only refund products from the same order.",
        "several_originals",
        "Your supplier: "
    )]
    #[case(
        Business,
        "An order line with this uuid already exists",
        "uuid_taken",
        "Head office: "
    )]
    #[case(
        Business,
        "No open session available. Please open a new session to capture the order.",
        "no_open_session",
        "Nobody: "
    )]
    #[case(
        Business,
        "Another session is already opened for this point of sale.",
        "session_taken",
        "Nobody: "
    )]
    #[case(
        Business,
        "You cannot create a session starting before: 2026-01-31",
        "books_locked",
        "Finance: "
    )]
    #[case(
        Business,
        "The Hard Lock Date cannot be removed.",
        "books_locked",
        "Finance: "
    )]
    #[case(
        Business,
        "You cannot close the POS while there are still draft orders for the day.",
        "draft_orders",
        "Head office: "
    )]
    #[case(
        Business,
        "Please go on the Cash journal and define a Loss Account. This account will be used",
        "loss_account_missing",
        "Finance: "
    )]
    #[case(
        Business,
        "Please go on the Cash journal and define a Profit Account. This account will be used",
        "profit_account_missing",
        "Finance: "
    )]
    #[case(
        Business,
        "There is a difference between the amounts to post and the amounts of the orders",
        "session_unbalanced",
        "Finance: "
    )]
    #[case(
        Business,
        "No invoice journal configured for this POS session.",
        "invoice_journal_missing",
        "Finance: "
    )]
    #[case(
        Business,
        "Unable to find Wkhtmltopdf on this system.",
        "pdf_tool_missing",
        "Head office: "
    )]
    #[case(
        Business,
        "The serial number has already been assigned: \n Product: P",
        "serial_number_taken",
        "Head office: "
    )]
    #[case(
        Business,
        "You need to supply a Lot/Serial number for products P.",
        "lots_missing",
        "Head office: "
    )]
    #[case(Business, "Something new", "odoo_refused", "Head office: ")]
    #[case(
        Right,
        "You are not allowed to access this",
        "odoo_right_missing",
        "Head office: "
    )]
    #[case(
        Missing,
        "Record does not exist or has been deleted.",
        "odoo_row_missing",
        "Head office: "
    )]
    #[case(Payload, "builtins.KeyError: 'x'", "odoo_error", "Your supplier: ")]
    fn every_row_is_told(
        #[case] kind: RefusalKind,
        #[case] words: &str,
        #[case] code: &str,
        #[case] who: &str,
    ) {
        let answer = told(kind, words);
        assert_eq!(answer.code, code);
        assert!(answer.hint.starts_with(who), "{}", answer.hint);
        assert!(answer.message.ends_with(words), "{}", answer.message);
        let by_itself = find(kind, words).is_some_and(|row| row.by_itself);
        assert_eq!(answer.hint.contains("by itself"), by_itself);
    }

    #[test]
    fn every_kind_has_a_row_and_no_row_is_hidden_by_an_earlier_one() {
        for kind in [Business, Right, Missing, Payload] {
            assert!(find(kind, "").is_some(), "{kind:?}");
        }
        for (n, row) in TABLE.iter().enumerate() {
            let hidden = TABLE[..n]
                .iter()
                .any(|before| before.kind == row.kind && row.words.contains(before.words));
            assert!(!hidden, "{} ({}) is never reached", row.code, row.words);
        }
    }
}
