//! Every known refusal is told in plain words, and no row of the table hides another.

use rstest::rstest;

use super::*;

fn told(kind: RefusalKind, words: &str) -> Answer {
    answer(&Refusal {
        kind,
        words: words.to_owned(),
    })
}

// The words are Odoo's own, first those of 19.
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
// Those of 14, of 17 and 18, by their source and the field guides.
#[case(
    Business,
    "The paid amount is different from the total amount of the order.",
    "not_fully_paid",
    "Head office: "
)]
#[case(
    Business,
    "This session is already closed.",
    "session_closed",
    "Nobody: "
)]
#[case(
    Business,
    "You cannot close the POS when orders are still in draft",
    "draft_orders",
    "Head office: "
)]
#[case(
    Business,
    "There are still orders in draft state in the session. Pay or cancel",
    "draft_orders",
    "Head office: "
)]
#[case(
    Business,
    "Your ending balance is too different from the theoretical cash closing (1.00)",
    "cash_difference_too_large",
    "Finance: "
)]
#[case(Business, "Force Close Session", "session_unbalanced", "Finance: ")]
#[case(
    Business,
    "Unable to log message, please configure the sender's email address.",
    "email_missing",
    "Head office: "
)]
#[case(
    Business,
    "There is no cash payment method for this PoS Session",
    "drawer_missing",
    "Head office: "
)]
#[case(
    Business,
    "There is no cash register for this PoS Session",
    "drawer_missing",
    "Head office: "
)]
#[case(
    Business,
    "You must configure an intermediary account for the payment methods: Card",
    "receivable_account_missing",
    "Finance: "
)]
#[case(
    Business,
    "Please define income account for this product: \"P\" (id:7).",
    "income_account_missing",
    "Finance: "
)]
#[case(
    Business,
    "Please set corresponding tax account in each repartition line of the following taxes",
    "tax_account_missing",
    "Finance: "
)]
#[case(
    Business,
    "You cannot close the POS when invoices are not posted.",
    "invoices_not_posted",
    "Finance: "
)]
#[case(
    Business,
    "Some orders are already being invoiced. Please try again later.",
    "being_invoiced",
    "Nobody: "
)]
#[case(
    Business,
    "Please provide a partner for the sale.",
    "customer_missing",
    "Head office: "
)]
#[case(
    Business,
    "but the order R does not contain a customer.",
    "customer_missing",
    "Head office: "
)]
#[case(
    Business,
    "You have to select a pricelist in the sale form.",
    "price_list_missing",
    "Head office: "
)]
#[case(
    Business,
    "Only a stock manager can validate an inventory adjustment.",
    "count_right_missing",
    "Head office: "
)]
#[case(
    Business,
    "Quant's creation is restricted, you can't do this operation.",
    "count_right_missing",
    "Head office: "
)]
#[case(
    Business,
    "You can only adjust storable products.",
    "not_storable",
    "Head office: "
)]
#[case(
    Business,
    "Quants cannot be created for consumables or services.",
    "not_storable",
    "Head office: "
)]
#[case(
    Business,
    "There is already one inventory adjustment line for this product, you should",
    "count_open",
    "Head office: "
)]
#[case(
    Business,
    "The quantity done for the product \"P\" doesn't respect the rounding precision",
    "quantity_rounding",
    "Head office: "
)]
#[case(
    Business,
    "The combination of serial number and product must be unique across a company.",
    "serial_number_taken",
    "Head office: "
)]
#[case(
    Business,
    "You cannot validate a transfer if no quantities are reserved nor done.",
    "nothing_to_move",
    "Head office: "
)]
#[case(
    Business,
    "Please add some items to move.",
    "nothing_to_move",
    "Head office: "
)]
#[case(
    Business,
    "- Delete: another model requires the record being deleted.",
    "odoo_row_missing",
    "Head office: "
)]
#[case(
    Business,
    "insert or update on table violates foreign key constraint",
    "odoo_row_missing",
    "Head office: "
)]
#[case(
    Business,
    "- Create/update: a mandatory field is not set.",
    "odoo_error",
    "Your supplier: "
)]
#[case(
    Business,
    "You cannot create a session before the accounting lock date.",
    "books_locked",
    "Finance: "
)]
#[case(
    Payload,
    "psycopg2.errors.ForeignKeyViolation: insert or update on table",
    "odoo_row_missing",
    "Head office: "
)]
#[case(
    Payload,
    "builtins.ValueError: Invalid field 'x' on model 'pos.order'",
    "odoo_error",
    "Your supplier: "
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
