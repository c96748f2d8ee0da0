//! What can be wrong with a document, in words a person can act on. Every code is listed here and nowhere else.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Stored and delivered; somebody may want to know.
    Flag,
    /// Stored, not delivered until a person releases it.
    Held,
    /// Cannot be read as a document; nothing is stored.
    Refused,
}

/// One thing that is wrong with a document. Never quotes a value of the document: it could be a card number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable word for programs.
    pub code: Code,
    /// How much it matters.
    pub level: Level,
    /// Where, as in `body.lines[0].quantity`; empty for the document as a whole.
    pub path: String,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it, for a person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem for which the document is refused.
    pub fn refused(code: Code, path: &str, message: impl Display) -> Self {
        Self::new(Level::Refused, code, path, message)
    }
    /// A problem for which the document is held.
    pub fn held(code: Code, path: &str, message: impl Display) -> Self {
        Self::new(Level::Held, code, path, message)
    }
    /// A problem that is only shown.
    pub fn flag(code: Code, path: &str, message: impl Display) -> Self {
        Self::new(Level::Flag, code, path, message)
    }
    fn new(level: Level, code: Code, path: &str, message: impl Display) -> Self {
        Self {
            code,
            level,
            path: path.to_owned(),
            message: message.to_string(),
            hint: code.hint().map(str::to_owned),
        }
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $word:literal, $hint:expr;)*) => {
        /// The stable word of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code { $($(#[$meta])* #[serde(rename = $word)] $variant,)* }
        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word as it stands in answers.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word,)* } }
            /// What to do about it, where the same advice always fits.
            pub const fn hint(self) -> Option<&'static str> { match self { $(Self::$variant => $hint,)* } }
        }
    };
}

codes! {
    /// Not a JSON object.
    NotJson = "not_json", Some("send one JSON object per document, UTF-8");
    /// An object names the same key twice.
    RepeatedKey = "repeated_key", Some("give every key once");
    /// Over a limit of size, lines or depth.
    TooLarge = "too_large", Some("split the document, or leave out what is not needed");
    /// A required field is missing or null.
    MissingField = "missing_field", None;
    /// A field that the contract does not know.
    UnknownField = "unknown_field", Some("own fields belong under ext");
    /// A value of another JSON type than expected.
    WrongType = "wrong_type", None;
    /// A word that is not in the list.
    UnknownValue = "unknown_value", None;
    /// A text, number, code, time or date that cannot be read as one.
    BadValue = "bad_value", None;
    /// Nothing from which the document's key could be made.
    MissingKey = "missing_key", Some("give sequence, receipt_number or source.reference");
    /// The document names another till than the token's.
    ForeignTill = "foreign_till", Some("use the token that was made for this till, or correct the field till");
    /// Same key as a stored document, other content.
    KeyConflict = "key_conflict", Some("compare both; withdraw the wrong one, or release this one to send it as a document of its own");
    /// The `key` or `uid` that came with it is not the one that follows from its content.
    KeyMismatch = "key_mismatch", Some("leave key and uid out, or correct the fields from which they are made");
    /// Written for a later version of the schema.
    SchemaNewer = "schema_newer", Some("update Tillpost; the document is looked at again by itself");
    /// A document of another store.
    UnknownStore = "unknown_store", Some("check the store's code in the till and in tillpost.toml");
    /// A document of a till that was not added.
    UnknownTill = "unknown_till", Some("add the till with: tillpost till add CODE; then release the document");
    /// One of the store's own rules wants a person's approval.
    ApprovalNeeded = "approval_needed", Some("look at it, then release it with a reason, or withdraw it");
    /// Line totals do not add up to the document's total.
    TotalMismatch = "total_mismatch", Some("correct it at the till, or release it as it is");
    /// Its file says that money was paid back, but not for what.
    RefundUnclear = "refund_unclear", Some("hand the return in as a document of its own, then release this one");
    /// Half of a receipt that comes in two files; the other half did not come in time.
    HalfMissing = "half_missing", Some("drop both files in together again after withdrawing this one; or release it as it is");
    /// Tax sums do not add up.
    TaxMismatch = "tax_mismatch", Some("check the tax rates and tax_total");
    /// Cash rounding without cash, or more than half a step.
    RoundingMismatch = "rounding_mismatch", Some("check cash_rounding and the tenders");
    /// What was paid is not what was owed.
    TenderMismatch = "tender_mismatch", Some("check tenders, change and tips at the till, or release it as it is");
    /// A sign that does not fit the kind.
    SignMismatch = "sign_mismatch", Some("goods that come back have negative quantities and totals");
    /// An amount finer than the currency's smallest unit.
    AmountScale = "amount_scale", Some("round the amount to the currency's smallest unit");
    /// Two lines of a document have the same number.
    RepeatedLine = "repeated_line", Some("number the lines of a document so that each number stands once");
    /// A line's total is not quantity x unit price less discounts.
    LineMismatch = "line_mismatch", None;
    /// A method's difference at the day's close is not what was counted less what was expected.
    DifferenceMismatch = "difference_mismatch", None;
    /// A tip stands on a tender and as a line.
    TipTwice = "tip_twice", Some("give a tip either on the tender or as a line");
    /// A foreign amount times its rate is not the amount.
    RateMismatch = "rate_mismatch", None;
    /// The till's clock runs ahead of the agent's.
    ClockAhead = "clock_ahead", Some("check the till's clock");
    /// The document is very old.
    VeryLate = "very_late", None;
    /// The business date does not fit the time of the document.
    BusinessDateOdd = "business_date_odd", Some("check the till's date and the store's day cut-off");
    /// The till's local time stands twice, or not at all, on that day's clock.
    TimeOdd = "time_odd", Some("let the till write its times with their offset");
    /// The quantities of lots do not add up to the line's.
    LotsMismatch = "lots_mismatch", None;
    /// What is not counted is said to be none, though not everything was counted.
    CountScope = "count_scope", Some("missing_means zero fits a full count");
    /// A barcode that a spreadsheet turned into scientific notation.
    BarcodeDamaged = "barcode_damaged", Some("format the barcode column as text before saving");
    /// A return without the original receipt.
    BlindReturn = "blind_return", None;
    /// Card data was taken out before storing.
    CardDataRemoved = "card_data_removed", Some("stop the till from sending card numbers");
    /// Personal data was taken out before storing.
    PersonalDataRemoved = "personal_data_removed", Some("send names and addresses only with an invoice");
    /// `ext` was larger than allowed and dropped.
    ExtDropped = "ext_dropped", Some("keep ext below 8 KiB");
    /// A void of a document that is void already, or of a sale with returns.
    AlreadyReversed = "already_reversed", Some("check the receipt: it was voided or returned before");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_word_in_json_and_in_code() {
        for code in Code::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }
}
