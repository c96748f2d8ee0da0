//! What troubles a document or the agent, by the codes of checks, destinations and loops, in so few kinds that each can
//! be explained to a shopkeeper. The words themselves are in the languages' files.

/// How many causes there are.
pub const CAUSES: usize = 19;

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
    /// Something else.
    Other,
}

impl Cause {
    /// The cause behind a code. Codes that nobody thought of are `Refused` for a document, else `Other`.
    pub fn of(code: &str, document: bool) -> Self {
        match code {
            "total_mismatch" | "tax_mismatch" | "rounding_mismatch" | "tender_mismatch"
            | "sign_mismatch" | "amount_scale" => Self::Sums,
            "key_conflict" | "key_mismatch" | "already_reversed" => Self::Conflict,
            "unknown_till" => Self::UnknownTill,
            "unknown_store" => Self::UnknownStore,
            "schema_newer" => Self::SchemaNewer,
            "unknown_product" => Self::UnknownProduct,
            "unknown_original" | "unknown_original_line" => Self::UnknownOriginal,
            "not_supported_yet" => Self::NotSupported,
            "waits_for_part" | "waits_for_parts" | "not_yet" => Self::Waits,
            "odoo_right_missing" | "odoo_row_missing" | "no_session" | "not_the_drawer"
            | "customer_missing" | "quantity_digits" | "tip_product_id" | "unknown_location"
            | "session_shared" => Self::SetUp,
            "unauthorized" => Self::Key,
            "wrong_environment" => Self::Environment,
            "unreachable" | "throttled" | "incomprehensible" => Self::Line,
            "article_numbers_shared" | "products_without_code" | "products_without_price" => {
                Self::Prices
            }
            "outbox_failed" | "queue_damaged" => Self::Disk,
            _ => Self::by_shape(code, document),
        }
    }

    fn by_shape(code: &str, document: bool) -> Self {
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
        } else if document {
            Self::Refused
        } else {
            Self::Other
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
            | Self::Key
            | Self::Environment
            | Self::Disk
            | Self::Prices
            | Self::Files
            | Self::Other => true,
            Self::Sums
            | Self::Conflict
            | Self::UnknownProduct
            | Self::UnknownOriginal
            | Self::Waits
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
    #[case("tender_mismatch", true, Cause::Sums)]
    #[case("method_not_in_odoo", true, Cause::SetUp)]
    #[case("totals_differ", true, Cause::Differs)]
    #[case("odoo_refused", true, Cause::Refused)]
    #[case("disk_low", false, Cause::Disk)]
    #[case("never heard of", true, Cause::Refused)]
    #[case("never heard of", false, Cause::Other)]
    fn codes_have_causes(#[case] code: &str, #[case] document: bool, #[case] cause: Cause) {
        assert_eq!(Cause::of(code, document), cause);
    }
}
