//! What Odoo's rows say: which price list and currency count, which taxes, categories and rules there are.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::assemble::Settings;
use super::prices::{AppliesTo, Base, Book, Compute, PriceList, Rule};
use super::pull::{Shelf, instant};
use crate::destination::odoo::row::Row;

/// Categories above a category at most; a longer chain is a circle.
const CATEGORY_DEPTH_MAX: usize = 50;

pub(super) fn list_of(shelf: &Shelf, settings: &Settings) -> Result<Option<i64>, String> {
    let Some(name) = &settings.price_list else {
        return Ok(None);
    };
    let named = |list: &&Row| list.text("name") == Some(name.as_str());
    let found: Vec<i64> = shelf.lists.iter().filter(named).map(Row::id).collect();
    match found[..] {
        [one] => Ok(Some(one)),
        [] => Err(format!("there is no price list called `{name}` in Odoo")),
        _ => Err(format!(
            "there are {} price lists called `{name}` in Odoo; give the store's one a name of its own",
            found.len()
        )),
    }
}

/// The currency of the prices, which must be the store's.
pub(super) fn currency_of(
    shelf: &Shelf,
    settings: &Settings,
    list: Option<i64>,
) -> Result<i64, String> {
    let (id, whose) = match list {
        Some(list) => {
            let row = shelf.lists.iter().find(|row| row.id() == list);
            let id = row.and_then(|row| row.one("currency_id"));
            (id.unwrap_or(0), "the price list")
        }
        None => (shelf.company.currency, "the company in Odoo"),
    };
    let currency = shelf.currencies.iter().find(|row| row.id() == id);
    let code = currency.and_then(|row| row.text("name")).unwrap_or("?");
    if code == settings.currency {
        return Ok(id);
    }
    Err(format!(
        "{whose} is in {code}, the store's currency is {}",
        settings.currency
    ))
}

pub(super) fn by_id(rows: &[Row]) -> BTreeMap<i64, &Row> {
    rows.iter().map(|row| (row.id(), row)).collect()
}

/// Every category with itself and those above it.
pub(super) fn above(rows: &[Row]) -> BTreeMap<i64, Vec<i64>> {
    let parents: BTreeMap<i64, Option<i64>> = rows
        .iter()
        .map(|row| (row.id(), row.one("parent_id")))
        .collect();
    let chain = |id: i64| {
        let next = |id: &i64| parents.get(id).copied().flatten();
        std::iter::successors(Some(id), next).take(CATEGORY_DEPTH_MAX)
    };
    parents
        .keys()
        .map(|id| (*id, chain(*id).collect()))
        .collect()
}

/// The company's sales taxes; a group stands for its members.
pub(super) fn taxes(shelf: &Shelf) -> BTreeMap<i64, Vec<&Row>> {
    let company = &shelf.company;
    let ours = |tax: &&Row| {
        tax.one("company_id")
            .is_none_or(|id| id == company.id || company.parents.contains(&id))
    };
    let rows: BTreeMap<i64, &Row> = shelf
        .taxes
        .iter()
        .filter(ours)
        .map(|tax| (tax.id(), tax))
        .collect();
    let members = |tax: &Row| -> Vec<&Row> {
        let ids = tax.many("children_tax_ids");
        ids.iter().filter_map(|id| rows.get(id).copied()).collect()
    };
    let each = rows.iter().map(|(id, tax)| match tax.text("amount_type") {
        Some("group") => (*id, members(tax)),
        Some(_) | None => (*id, vec![*tax]),
    });
    each.collect()
}

pub(super) fn book(shelf: &Shelf) -> Book {
    let mut rules: BTreeMap<i64, Vec<Rule>> = BTreeMap::new();
    for row in &shelf.rules {
        let list = row.one("pricelist_id").unwrap_or(0);
        rules.entry(list).or_default().extend(rule(row));
    }
    let lists = shelf.lists.iter().map(|row| {
        let rules = rules.remove(&row.id()).unwrap_or_default();
        let currency = row.one("currency_id").unwrap_or(0);
        (row.id(), PriceList::new(currency, rules))
    });
    let rates = shelf
        .currencies
        .iter()
        .map(|row| (row.id(), row.decimal("rate")));
    Book {
        lists: lists.collect(),
        rates: rates.collect(),
    }
}

/// A rule; none when it is about something that is not there any more.
fn rule(row: &Row) -> Option<Rule> {
    let applies_to = match row.text("applied_on")? {
        "0_product_variant" => AppliesTo::Variant(row.one("product_id")?),
        "1_product" => AppliesTo::Template(row.one("product_tmpl_id")?),
        "2_product_category" => AppliesTo::Category(row.one("categ_id")?),
        _ => AppliesTo::All,
    };
    let base = match (row.text("base"), row.one("base_pricelist_id")) {
        (Some("pricelist"), Some(list)) => Base::PriceList(list),
        (Some("standard_price"), _) => Base::Cost,
        _ => Base::ListPrice,
    };
    let compute = match row.text("compute_price")? {
        "fixed" => Compute::Fixed(row.decimal("fixed_price")),
        "percentage" => Compute::Percentage {
            base,
            percent: row.decimal("percent_price"),
        },
        _ => Compute::Formula {
            base,
            percent: match base {
                Base::Cost => -row.decimal("price_markup"),
                Base::ListPrice | Base::PriceList(_) => row.decimal("price_discount"),
            },
            round: row.decimal("price_round"),
            surcharge: row.decimal("price_surcharge"),
            margin_min: row.decimal("price_min_margin"),
            margin_max: row.decimal("price_max_margin"),
        },
    };
    // Odoo's end is the last second in which the rule holds.
    let until_at = row.text("date_end").and_then(instant);
    Some(Rule {
        applies_to,
        quantity_min: row.decimal("min_quantity"),
        from_at: row.text("date_start").and_then(instant),
        // What holds until the end of the calendar holds for ever.
        until_at: until_at.and_then(|last| last.checked_add(SignedDuration::from_secs(1)).ok()),
        compute,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_that_ends_with_the_calendar_never_ends() {
        // What Odoo holds when somebody two hours east of Greenwich enters 31.12.9999 00:00.
        let end = |date_end: &str| {
            let row = json!({ "id": 1, "applied_on": "3_global", "compute_price": "fixed", "fixed_price": 1.0,
                "date_end": date_end });
            let row: Row = serde_json::from_value(row).expect("a row");
            rule(&row).expect("a rule").until_at
        };
        assert_eq!(end("9999-12-30 22:00:00"), None);
        assert_eq!(
            end("2026-12-30 22:59:59"),
            Some("2026-12-30T23:00:00Z".parse().expect("a time"))
        );
    }
}
