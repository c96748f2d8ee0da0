//! What comes off a receipt as a whole: rewards, and discounts that the lines have not had taken off.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Rewards;
use super::money::{amount, near};
use super::tree::Node;

/// Rewards that come off the receipt as a whole: their promotion, and how much.
pub fn rewards(retail: &Node, rewards: Rewards) -> Vec<(String, Decimal)> {
    if rewards == Rewards::None {
        return Vec::new();
    }
    let rewards = retail
        .all("LineItem")
        .filter_map(|item| item.child("LoyaltyReward"));
    let summed = rewards.filter(|reward| {
        reward.flag("summarizedActivity") && reward.text_at(&["RewardCategory"]) == Some("Monetary")
    });
    let amounts = summed.filter_map(|reward| {
        let off = reward.number_at(&["ExtendedRewardAmount"])?;
        Some((
            reward
                .text_at(&["PromotionID"])
                .unwrap_or_default()
                .to_owned(),
            -off,
        ))
    });
    amounts.filter(|(_, off)| !off.is_zero()).collect()
}

/// Discounts on the whole receipt, where the lines have not had them taken off already.
pub fn discounts(
    retail: &Node,
    unit: Decimal,
    sum: Decimal,
    tax: Option<Decimal>,
    stated: Option<Decimal>,
) -> Vec<(String, Decimal)> {
    let lines = retail.all("LineItem").filter(|item| !item.flag("VoidFlag"));
    let discounts = lines.filter_map(|item| item.child("Discount"));
    let found: Vec<(String, Decimal)> = discounts
        .filter_map(|discount| {
            let off = discount.number_at(&["Amount"])?.abs();
            Some((
                discount
                    .text_at(&["PromotionID"])
                    .unwrap_or_default()
                    .to_owned(),
                off,
            ))
        })
        .collect();
    let off: Decimal = found.iter().map(|(_, off)| *off).sum();
    let Some(total) = stated else {
        return Vec::new();
    };
    let tax = tax.unwrap_or_default();
    let fits = |sum: Decimal| near(sum, total, unit) || near(sum + tax, total, unit);
    if !fits(sum) && fits(sum - off) {
        found
    } else {
        Vec::new()
    }
}

/// What comes off as a line; what is put on is a fee.
pub fn line(number: i64, promotion: &str, off: Decimal, unit: Decimal) -> Value {
    let sign = if off.is_sign_negative() {
        Decimal::ONE
    } else {
        Decimal::NEGATIVE_ONE
    };
    let kind = if off.is_sign_negative() {
        "fee"
    } else {
        "discount"
    };
    let name = if promotion.is_empty() {
        kind
    } else {
        promotion
    };
    json!({
        "line": number, "type": kind, "product": {"sku": name}, "quantity": sign.to_string(),
        "unit_price": amount(off.abs(), unit), "total": amount(-off, unit),
    })
}
