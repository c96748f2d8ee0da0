//! Which of Odoo's taxes a line carries.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tillpost_shared::document::sale::{Line, PriceMode};

use super::translate;
use super::versions::{Facts, TaxEngine};
use crate::outbox::Answer;

/// What a tax's figure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Per cent of a price.
    Percent,
    /// An amount for each piece.
    Fixed,
    /// Anything else; no receipt can carry it.
    Other,
}

/// A sales tax of Odoo's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// `account.tax`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Per cent, or an amount.
    pub rate: Decimal,
    /// Which of them.
    pub kind: Kind,
    /// Whether prices with it include it.
    pub included: bool,
    /// Whether it is taxed itself by those after it.
    pub raises: bool,
    /// Whether it taxes those before it.
    pub raised: bool,
    /// Its place among a line's taxes.
    pub sequence: i64,
    /// Whether it is for sales, rather than only a part of another one.
    pub sold: bool,
    /// What it is made of, when it is a group.
    pub children: Vec<i64>,
    /// Whether it has an account for every part of it.
    pub accounted: bool,
    /// Its company.
    pub company: i64,
}

/// A tax on a line, before its money is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub tax: Tax,
    /// The till's code, when it names one.
    pub code: Option<String>,
    /// The till's amount, when it gives one.
    pub amount: Option<Decimal>,
}

/// The taxes of a line in Odoo, in the order in which it computes them. `own` are the product's taxes, used when the
/// till does not say.
pub fn applied(
    line: &Line,
    mode: PriceMode,
    taxes: &[Tax],
    map: &BTreeMap<String, String>,
    own: &[i64],
    facts: Facts,
) -> Result<Vec<Applied>, Answer> {
    let mut found = Vec::new();
    match &line.taxes {
        None => {
            for tax in taxes.iter().filter(|tax| own.contains(&tax.id)) {
                put(&mut found, taxes, tax, None, None);
            }
            if let ([only], Some(amount)) = (found.as_mut_slice(), line.tax) {
                only.amount = Some(amount.0);
            }
        }
        Some(named) => {
            for tax in named {
                let (code, rate) = (tax.code.as_str(), tax.rate.0);
                let Some(there) = choose(taxes, map.get(code), rate, mode, own) else {
                    if map.contains_key(code) || !rate.is_zero() {
                        return Err(translate::tax_missing(code, rate));
                    }
                    continue;
                };
                let amount = tax.amount.map(|amount| amount.0);
                put(&mut found, taxes, there, Some(code), amount);
            }
        }
    }
    found.sort_by_key(|applied| (applied.tax.sequence, applied.tax.id));
    check(&found, facts)?;
    Ok(found)
}

/// Adds a tax, a group as what it is made of. Odoo has each tax once on a line, so a second time adds to the first.
fn put(
    found: &mut Vec<Applied>,
    taxes: &[Tax],
    tax: &Tax,
    code: Option<&str>,
    amount: Option<Decimal>,
) {
    if !tax.children.is_empty() {
        // The till's figure is that of all of them, and so no one's.
        for child in taxes
            .iter()
            .filter(|child| tax.children.contains(&child.id))
        {
            put(found, taxes, child, None, None);
        }
        return;
    }
    if let Some(known) = found.iter_mut().find(|known| known.tax.id == tax.id) {
        known.amount = known.amount.zip(amount).map(|(one, other)| one + other);
        known.code = None;
        return;
    }
    found.push(Applied {
        tax: tax.clone(),
        code: code.map(str::to_owned),
        amount,
    });
}

/// What Odoo would refuse, some of it only when the day is closed.
fn check(found: &[Applied], facts: Facts) -> Result<(), Answer> {
    let taxes = || found.iter().map(|applied| &applied.tax);
    if let Some(unfit) = taxes().find(|tax| tax.kind == Kind::Other) {
        return Err(translate::tax_unfit(&unfit.name));
    }
    if facts.tax_needs_account
        && let Some(tax) = taxes().find(|tax| !tax.accounted)
    {
        return Err(translate::tax_without_account(&tax.name));
    }
    let on_top = taxes().find(|tax| !tax.included && tax.raises);
    let included = taxes().find(|tax| tax.included);
    match (on_top, included) {
        (Some(one), Some(other)) if facts.taxes == TaxEngine::Totals => {
            Err(translate::taxes_mixed(&one.name, &other.name))
        }
        _ => Ok(()),
    }
}

/// The tax of that name, else one of that rate: of the receipt's price mode first, then one of the product's own.
fn choose<'a>(
    taxes: &'a [Tax],
    name: Option<&String>,
    rate: Decimal,
    mode: PriceMode,
    own: &[i64],
) -> Option<&'a Tax> {
    if let Some(name) = name {
        return taxes
            .iter()
            .find(|tax| tax.sold && tax.name.eq_ignore_ascii_case(name.trim()));
    }
    let included = mode == PriceMode::TaxIncluded;
    taxes
        .iter()
        .filter(|tax| tax.sold && tax.kind == Kind::Percent && tax.rate == rate)
        .min_by_key(|tax| (tax.included != included, !own.contains(&tax.id)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::destination::odoo::testing::{dec, sale, tax};

    #[test]
    fn a_tax_is_found_by_the_map_else_by_rate_and_price_mode() {
        let taxes = [
            tax(1, "8.1", false),
            tax(2, "8.1", true),
            tax(3, "2.6", true),
        ];
        let map = BTreeMap::from([("X".to_owned(), "2.6% true".to_owned())]);
        let pick = |code: &str, mode| {
            choose(&taxes, map.get(code), dec("8.1"), mode, &[]).map(|tax| tax.id)
        };
        assert_eq!(pick("V", PriceMode::TaxIncluded), Some(2));
        assert_eq!(pick("V", PriceMode::TaxExcluded), Some(1));
        assert_eq!(pick("X", PriceMode::TaxIncluded), Some(3));
    }

    fn on(codes: serde_json::Value, taxes: &[Tax], version: u32) -> Result<Vec<i64>, String> {
        let line = json!({ "line": 1, "type": "item", "product": { "sku": "A" }, "quantity": "1", "unit_price": "1",
            "total": "1", "taxes": codes });
        let sale = sale(json!({ "prices": "tax_included", "total": "1", "lines": [line] }));
        let map = BTreeMap::from([("G".to_owned(), "group".to_owned())]);
        let own = [1];
        let found = applied(
            &sale.lines[0],
            sale.prices,
            taxes,
            &map,
            &own,
            Facts::of(version),
        );
        found
            .map(|found| found.iter().map(|applied| applied.tax.id).collect())
            .map_err(|answer| answer.code)
    }

    #[test]
    fn a_group_is_what_it_is_made_of_and_each_tax_stands_once_in_odoos_order() {
        let part = |id, rate, sequence| Tax {
            sold: false,
            sequence,
            ..tax(id, rate, false)
        };
        let group = Tax {
            name: "group".to_owned(),
            kind: Kind::Other,
            children: vec![3, 2],
            ..tax(1, "0", false)
        };
        let taxes = [group, part(2, "5", 9), part(3, "7", 8), tax(4, "5", false)];
        let named = |code: &str, rate: &str| json!({ "code": code, "rate": rate });
        assert_eq!(on(json!([named("G", "12")]), &taxes, 19), Ok(vec![3, 2]));
        assert_eq!(on(json!(null), &taxes, 19), Ok(vec![3, 2]));
        assert_eq!(
            on(json!([named("A", "5"), named("B", "5")]), &taxes, 19),
            Ok(vec![4])
        );
    }

    #[rstest]
    #[case::no_kind_of_ours(Tax { kind: Kind::Other, ..tax(1, "5", false) }, 19, "tax_not_usable")]
    #[case::no_account(Tax { accounted: false, ..tax(1, "5", false) }, 14, "tax_without_account")]
    #[case::no_account_where_none_is_needed(Tax { accounted: false, ..tax(1, "5", false) }, 19, "")]
    #[case::mixed(Tax { raises: true, ..tax(1, "5", false) }, 14, "taxes_mixed")]
    #[case::mixed_where_it_works(Tax { raises: true, ..tax(1, "5", false) }, 19, "")]
    fn what_odoo_would_refuse_at_the_close_is_refused_before(
        #[case] odd: Tax,
        #[case] version: u32,
        #[case] code: &str,
    ) {
        let taxes = [odd, tax(2, "8.1", true)];
        // By the product, where no figure of the till's chooses.
        let map = BTreeMap::new();
        let sale = sale(
            json!({ "prices": "tax_included", "total": "1", "lines": [{ "line": 1, "type": "item",
            "product": { "sku": "A" }, "quantity": "1", "unit_price": "1", "total": "1" }] }),
        );
        let found = applied(
            &sale.lines[0],
            sale.prices,
            &taxes,
            &map,
            &[1, 2],
            Facts::of(version),
        );
        assert_eq!(
            found.err().map_or(String::new(), |answer| answer.code),
            code
        );
    }
}
