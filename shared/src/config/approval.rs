//! `[[approval]]`: what a person must approve before it is delivered.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::place::Place;
use super::routes;
use crate::check::approval::{Checkpoint, Rule};
use crate::document::Kind;
use crate::scalar::Amount;

/// A rule by which documents are held until a person releases them with a reason.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What asks for approval.
    pub rule: ApprovalRule,
    /// Only above this amount of money, as in `"100.00"`; any amount when absent.
    #[serde(default)]
    pub above: Option<String>,
    /// After how many days a document is late; only for `late`.
    #[serde(default)]
    pub days: Option<u32>,
    /// Only these kinds of document; all that can meet it when absent.
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
}

/// What asks for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalRule {
    /// Money is paid back.
    Refund,
    /// Goods come back without their receipt.
    ReturnWithoutReceipt,
    /// A price was changed by hand.
    PriceOverride,
    /// Too much or too little at a day's close.
    CashDifference,
    /// A document comes days after it happened.
    Late,
}

impl Approval {
    /// What it means; `None` when a value means nothing, which [`super::read`] refuses.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let rule = match self.rule {
            ApprovalRule::Refund => Rule::Refund(self.amount()?),
            ApprovalRule::ReturnWithoutReceipt => Rule::ReturnWithoutReceipt,
            ApprovalRule::PriceOverride => Rule::PriceOverride(self.amount()?),
            ApprovalRule::CashDifference => Rule::CashDifference(self.amount()?),
            ApprovalRule::Late => Rule::Late(self.days?),
        };
        let kinds = self.kinds.as_ref();
        let known = |kinds: &Vec<String>| {
            kinds
                .iter()
                .filter_map(|word| Kind::from_word(word))
                .collect()
        };
        Some(Checkpoint {
            rule,
            kinds: kinds.map(known),
        })
    }

    /// Above which amount; `None` when it is none.
    fn amount(&self) -> Option<Decimal> {
        let Some(text) = &self.above else {
            return Some(Decimal::ZERO);
        };
        let amount = Amount::parse(text)?.0;
        (amount >= Decimal::ZERO).then_some(amount)
    }

    const fn has_amount(&self) -> bool {
        matches!(
            self.rule,
            ApprovalRule::Refund | ApprovalRule::PriceOverride | ApprovalRule::CashDifference
        )
    }
}

/// Checks the rules.
pub(super) fn approvals(checks: &mut Checks, approvals: &[Approval], place: Place<'_>) {
    for (index, approval) in approvals.iter().enumerate() {
        let place = place.item(index);
        if approval.above.is_some() {
            let at = place.key("above");
            if approval.has_amount() {
                let message = "`above` is no amount of money";
                let hint = "write it as text, as in above = \"100.00\"";
                checks.need(approval.amount().is_some(), at, message, hint);
            } else {
                checks.add(at, "this rule knows no amount", "leave `above` out");
            }
        }
        let late = approval.rule == ApprovalRule::Late;
        match approval.days {
            None if late => {
                let message = "the rule `late` needs `days`";
                checks.add(place, message, "as in days = 3");
            }
            Some(_) if !late => {
                let message = "only the rule `late` knows `days`";
                checks.add(place.key("days"), message, "leave it out");
            }
            None | Some(_) => {}
        }
        routes::kinds(checks, approval.kinds.as_deref(), place.key("kinds"));
    }
}
