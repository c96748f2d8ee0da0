//! Which of Odoo's taxes a line carries.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tillpost_shared::document::sale::{Line, PriceMode};

use super::translate;
use crate::outbox::Answer;

/// A sales tax of Odoo's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// `account.tax`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Per cent.
    pub rate: Decimal,
    /// Whether it is a plain, positive percentage.
    pub percent: bool,
    /// Whether prices with it include it.
    pub included: bool,
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

/// The taxes of a line in Odoo. `own` are the product's taxes, used when the till does not say.
pub fn applied(
    line: &Line,
    mode: PriceMode,
    taxes: &[Tax],
    map: &BTreeMap<String, String>,
    own: &[i64],
) -> Result<Vec<Applied>, Answer> {
    let mut found = Vec::new();
    match &line.taxes {
        None => {
            let own = taxes.iter().filter(|tax| own.contains(&tax.id));
            found.extend(own.map(|tax| Applied {
                tax: tax.clone(),
                code: None,
                amount: None,
            }));
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
                found.push(Applied {
                    tax: there.clone(),
                    code: Some(code.to_owned()),
                    amount,
                });
            }
        }
    }
    let mixed = |applied: &Applied| applied.tax.included != found[0].tax.included;
    match found
        .iter()
        .find(|applied| !applied.tax.percent || mixed(applied))
    {
        Some(unfit) => Err(translate::tax_unfit(&unfit.tax.name)),
        None => Ok(found),
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
            .find(|tax| tax.name.eq_ignore_ascii_case(name.trim()));
    }
    let included = mode == PriceMode::TaxIncluded;
    taxes
        .iter()
        .filter(|tax| tax.percent && tax.rate == rate)
        .min_by_key(|tax| (tax.included != included, !own.contains(&tax.id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::{dec, tax};

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
}
