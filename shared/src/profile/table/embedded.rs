//! Weights and prices that stand in a barcode of the store's own. Which prefix means what is the store's choice.

use rust_decimal::Decimal;

use super::Embedded;

/// Digits of such a barcode.
const DIGITS: usize = 13;

/// What a barcode holds beside the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// How much of it.
    Weight(Decimal),
    /// What it costs.
    Price(Decimal),
}

/// The article, and what else the barcode holds.
pub fn embedded(barcode: &str, rules: &[Embedded]) -> Option<(String, Held)> {
    let rule = rules
        .iter()
        .find(|rule| barcode.len() == DIGITS && barcode.starts_with(&rule.prefix))?;
    let digits = |range: &str| -> Option<&str> {
        let (first, last) = range.split_once("..")?;
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        barcode.get(first.checked_sub(1)?..last)
    };
    let value = |said: &str| -> Option<Decimal> {
        let (range, divisor) = said.split_once('/').unwrap_or((said, "1"));
        let value: Decimal = digits(range)?.parse().ok()?;
        let divided = value.checked_div(divisor.parse().ok()?)?;
        Some(divided.normalize())
    };
    let item = digits(&rule.item)?.to_owned();
    let weight = rule.weight.as_deref().and_then(value).map(Held::Weight);
    let price = || rule.price.as_deref().and_then(value).map(Held::Price);
    Some((item, weight.or_else(price)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_or_a_price_is_read_where_the_stores_rule_says() {
        let rules: Vec<Embedded> = [
            ("21", Some("8..12/1000"), None),
            ("23", None, Some("8..12/100")),
        ]
        .map(|(prefix, weight, price)| Embedded {
            prefix: prefix.to_owned(),
            item: "3..7".to_owned(),
            weight: weight.map(str::to_owned),
            price: price.map(str::to_owned),
        })
        .to_vec();
        let item = "12345".to_owned();
        assert_eq!(
            embedded("2112345013455", &rules),
            Some((item.clone(), Held::Weight("1.345".parse().unwrap())))
        );
        assert_eq!(
            embedded("2312345012509", &rules),
            Some((item, Held::Price("12.5".parse().unwrap())))
        );
        assert_eq!(embedded("7612345012509", &rules), None);
        assert_eq!(embedded("211234501345", &rules), None);
    }
}
