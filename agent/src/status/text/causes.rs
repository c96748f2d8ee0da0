//! What troubles a document or the agent, by the codes of checks, destinations and loops, in so few kinds that each can
//! be explained to a shopkeeper. The words themselves are in the languages' files.

/// How many causes there are.
pub const CAUSES: usize = 28;

/// What is the matter, in kinds that a person tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its own amounts do not add up.
    Sums,
    /// Its number was used for something else.
    Conflict,
    /// A till that was not added.
    UnknownTill,
    /// It is of another store.
    UnknownStore,
    /// The till writes a later version than is understood.
    SchemaNewer,
    /// Head office does not know an article.
    UnknownProduct,
    /// What it takes back is not at head office.
    UnknownOriginal,
    /// Something is not set up at head office.
    SetUp,
    /// Head office came to other figures.
    Differs,
    /// Head office does not take this kind yet.
    NotSupported,
    /// It waits for another document.
    Waits,
    /// Head office refused it.
    Refused,
    /// A rule of the store's own wants a person's yes.
    Approval,
    /// Our own checks find it odd.
    Odd,
    /// It came after its day was closed, and the store wants to be asked.
    Late,
    /// Head office's bookkeeping is in the way.
    Books,
    /// Head office is not ready for it, and it goes by itself.
    NotReady,
    /// What it tells of was settled in another way at head office.
    Overtaken,
    /// Something answers that is not head office.
    SomebodyElse,
    /// The key is not accepted.
    Key,
    /// Store and head office belong to different worlds.
    Environment,
    /// The disk is full, failing or was damaged.
    Disk,
    /// New prices could not be taken.
    Prices,
    /// A till's file could not be read.
    Files,
    /// Head office cannot be reached.
    Line,
    /// The key ends soon.
    KeyEnds,
    /// The clocks of this PC and of head office do not agree.
    Clock,
    /// Something else.
    Other,
}

/// What a code troubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Troubled {
    /// A document that our own checks hold.
    Held,
    /// A document that a destination was asked about.
    Sent,
    /// The agent itself.
    Agent,
}

impl Cause {
    /// The cause behind a code. Of a code that nobody thought of, what it troubles decides.
    pub fn of(code: &str, troubled: Troubled) -> Self {
        match code {
            "total_mismatch" | "tax_mismatch" | "rounding_mismatch" | "tender_mismatch"
            | "sign_mismatch" | "amount_scale" => Self::Sums,
            "key_conflict" | "key_mismatch" | "already_reversed" | "uuid_taken" => Self::Conflict,
            "unknown_till" => Self::UnknownTill,
            "unknown_store" => Self::UnknownStore,
            "schema_newer" => Self::SchemaNewer,
            "unknown_product" => Self::UnknownProduct,
            "unknown_original" | "unknown_original_line" => Self::UnknownOriginal,
            "not_supported_yet" | "no_orders_in_odoo" => Self::NotSupported,
            "waits_for_part" | "waits_for_parts" | "not_yet" => Self::Waits,
            "approval_needed" => Self::Approval,
            "repeated_line" | "unreadable" | "damaged" => Self::Odd,
            "late_sale" => Self::Late,
            "no_open_session" | "session_taken" | "session_closed" | "delivery_waits"
            | "unknown_order" | "order_unconfirmed" | "being_invoiced" => Self::NotReady,
            "order_cancelled" | "order_delivered" | "order_elsewhere" | "not_of_the_order"
            | "transfer_cancelled" => Self::Overtaken,
            "unauthorized" => Self::Key,
            // Words of our own: a receiver's answer may hold any.
            "key_ends" if troubled == Troubled::Agent => Self::KeyEnds,
            "clock_differs" if troubled == Troubled::Agent => Self::Clock,
            "wrong_environment" => Self::Environment,
            "incomprehensible" => Self::SomebodyElse,
            "unreachable" | "throttled" | "under_way" => Self::Line,
            "outbox_failed" | "queue_damaged" => Self::Disk,
            _ => Self::at_head_office(code).unwrap_or_else(|| Self::by_shape(code, troubled)),
        }
    }

    /// What somebody at head office has to put right.
    fn at_head_office(code: &str) -> Option<Self> {
        Some(match code {
            "odoo_right_missing"
            | "odoo_row_missing"
            | "no_session"
            | "not_the_drawer"
            | "customer_missing"
            | "quantity_digits"
            | "tip_product_id"
            | "unknown_location"
            | "session_shared"
            | "method_not_allowed"
            | "line_not_payable"
            | "pdf_tool_missing"
            | "lots_missing"
            | "transfer_unfinished"
            | "order_ambiguous"
            | "too_large"
            | "email_missing"
            | "drawer_missing"
            | "price_list_missing"
            | "count_right_missing"
            | "not_storable"
            | "count_open"
            | "quantity_rounding"
            | "nothing_to_move" => Self::SetUp,
            "books_locked"
            | "rescue_session"
            | "draft_orders"
            | "loss_account_missing"
            | "profit_account_missing"
            | "session_unbalanced"
            | "invoice_journal_missing"
            | "cash_difference_too_large"
            | "receivable_account_missing"
            | "income_account_missing"
            | "invoices_not_posted"
            | "close_refused" => Self::Books,
            "not_fully_paid" | "serial_twice" | "serial_number_taken" => Self::Differs,
            "article_numbers_shared" | "products_without_code" | "products_without_price" => {
                Self::Prices
            }
            _ => return None,
        })
    }

    fn by_shape(code: &str, troubled: Troubled) -> Self {
        let begins = |word: &str| code.starts_with(word);
        if code.contains("_not_in_odoo") || begins("tax") || begins("rounding_not") {
            Self::SetUp
        } else if code.ends_with("_differs") || code.ends_with("_differ") || code == "unbalanced" {
            Self::Differs
        } else if begins("disk") || begins("backup") {
            Self::Disk
        } else if begins("catalog") {
            Self::Prices
        } else if begins("inbox") || begins("file") {
            Self::Files
        } else {
            match troubled {
                Troubled::Held => Self::Odd,
                Troubled::Sent => Self::Refused,
                Troubled::Agent => Self::Other,
            }
        }
    }

    /// Whether the store can do nothing about it but call its IT.
    pub const fn needs_it(self) -> bool {
        match self {
            Self::UnknownTill
            | Self::UnknownStore
            | Self::SchemaNewer
            | Self::SetUp
            | Self::Differs
            | Self::NotSupported
            | Self::Refused
            | Self::Books
            | Self::SomebodyElse
            | Self::Key
            | Self::Environment
            | Self::Disk
            | Self::Prices
            | Self::Files
            | Self::KeyEnds
            | Self::Clock
            | Self::Other => true,
            Self::Sums
            | Self::Conflict
            | Self::UnknownProduct
            | Self::UnknownOriginal
            | Self::Waits
            | Self::Approval
            | Self::Odd
            | Self::Late
            | Self::NotReady
            | Self::Overtaken
            | Self::Line => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_cause_has_its_place_in_the_table() {
        assert_eq!(Cause::Other as usize + 1, CAUSES);
    }

    #[rstest]
    #[case("tender_mismatch", Troubled::Held, Cause::Sums)]
    #[case("approval_needed", Troubled::Held, Cause::Approval)]
    #[case("method_not_in_odoo", Troubled::Sent, Cause::SetUp)]
    #[case("totals_differ", Troubled::Sent, Cause::Differs)]
    #[case("odoo_refused", Troubled::Sent, Cause::Refused)]
    #[case("disk_low", Troubled::Agent, Cause::Disk)]
    #[case("key_ends", Troubled::Agent, Cause::KeyEnds)]
    #[case("key_ends", Troubled::Sent, Cause::Refused)]
    #[case("clock_differs", Troubled::Agent, Cause::Clock)]
    #[case("never heard of", Troubled::Held, Cause::Odd)]
    #[case("never heard of", Troubled::Sent, Cause::Refused)]
    #[case("never heard of", Troubled::Agent, Cause::Other)]
    fn codes_have_causes(#[case] code: &str, #[case] troubled: Troubled, #[case] cause: Cause) {
        assert_eq!(Cause::of(code, troubled), cause);
    }

    /// "Head office refused it, try again" is the advice for what Odoo says in words of its own, and for nothing that
    /// we know better.
    #[test]
    fn every_known_refusal_of_odoo_has_an_advice_of_its_own() {
        const IN_ODOO_S_OWN_WORDS: [&str; 3] = ["odoo_refused", "odoo_error", "several_originals"];
        for row in &crate::destination::odoo::refusals::TABLE {
            let cause = Cause::of(row.code, Troubled::Sent);
            let own_words = IN_ODOO_S_OWN_WORDS.contains(&row.code);
            assert_eq!(cause == Cause::Refused, own_words, "{}", row.code);
            assert_eq!(cause == Cause::NotReady, row.by_itself, "{}", row.code);
        }
    }
}
