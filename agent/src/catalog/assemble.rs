//! From Odoo's rows to the products a till sees. Pure: the same rows give the same products, whatever the clock says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use tillpost_shared::catalog::{ComingPrice, Price, Product, Tax};

use super::prices::{Article, Book, Step, rounded};
use super::pull::Shelf;
use super::reading::{above, book, by_id, currency_of, list_of, taxes};
use crate::destination::odoo::products::is_storable;
use crate::destination::odoo::row::Row;
use crate::outbox::Answer as Note;

/// Article numbers that a note names at most.
const NAMED_MAX: usize = 5;
/// What Odoo calls the unit of single pieces.
const PIECE_NAMES: &[&str] = &["Units", "Unit", "Unit(s)"];

/// What the store's configuration says about the catalog.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// ISO 4217 code of the store's currency.
    pub currency: String,
    /// The name of the store's price list.
    pub price_list: Option<String>,
    /// The till's tax codes by the names of taxes in Odoo.
    pub tax_codes: BTreeMap<String, String>,
}

/// Products, and which variant each of them is over there.
#[derive(Debug, Default)]
pub struct Assembled {
    /// In the order of article numbers.
    pub products: Vec<Product>,
    /// The variant and, for a pack, its unit; in the order of the products.
    pub origins: Vec<Origin>,
    /// The price list, by its id.
    pub list: Option<i64>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// What a product is over there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The variant's id.
    pub variant: i64,
    /// The unit's id, for a pack.
    pub unit: Option<i64>,
    /// Whether it is counted on shelves.
    pub storable: bool,
}

/// What is said about products as a group, so that a thousand of them are one note.
#[derive(Default)]
struct Findings {
    nameless: BTreeSet<String>,
    unpriced: BTreeSet<String>,
    taxes_odd: BTreeSet<String>,
    shared: BTreeSet<String>,
}

/// Makes the products. Price changes before `floor` are history and left out. An error is about the whole catalog.
pub fn assemble(shelf: &Shelf, settings: &Settings, floor: Timestamp) -> Result<Assembled, String> {
    let list = list_of(shelf, settings)?;
    let maker = Maker {
        settings,
        list,
        floor,
        digits: shelf.price_digits,
        currency: currency_of(shelf, settings, list)?,
        book: book(shelf),
        categories: above(&shelf.categories),
        units: by_id(&shelf.units),
        taxes: taxes(shelf),
    };
    let mut findings = Findings::default();
    let mut made: Vec<(Product, Origin)> = Vec::new();
    let mut packs: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
    for pack in &shelf.packs {
        let product = pack.one("product_id").unwrap_or(0);
        packs.entry(product).or_default().push(pack);
    }
    for row in &shelf.products {
        // A combo is a menu to choose from; it has no price of its own.
        if row.text("type") != Some("combo") {
            let packs = packs.remove(&row.id()).unwrap_or_default();
            maker.product(row, &packs, &mut made, &mut findings);
        }
    }
    made.sort_by(|(one, at), (other, there)| {
        let key = |product: &Product, at: &Origin| (product.sku.clone(), at.unit, at.variant);
        key(one, at).cmp(&key(other, there))
    });
    for pair in made.windows(2) {
        if pair[0].0.sku == pair[1].0.sku && pair[0].1.variant != pair[1].1.variant {
            findings.shared.insert(pair[0].0.sku.clone());
        }
    }
    let (products, origins) = made.into_iter().unzip();
    Ok(Assembled {
        products,
        origins,
        list,
        notes: findings.notes(),
    })
}

struct Maker<'a> {
    settings: &'a Settings,
    list: Option<i64>,
    floor: Timestamp,
    digits: u32,
    currency: i64,
    book: Book,
    categories: BTreeMap<i64, Vec<i64>>,
    units: BTreeMap<i64, &'a Row>,
    taxes: BTreeMap<i64, Vec<&'a Row>>,
}

impl Maker<'_> {
    /// A product, and one more for every pack with a barcode of its own: another price under the same number.
    fn product(
        &self,
        row: &Row,
        packs: &[&Row],
        made: &mut Vec<(Product, Origin)>,
        findings: &mut Findings,
    ) {
        let name = row.text("display_name").unwrap_or_default().to_owned();
        let barcode = row.text("barcode").map(str::to_owned);
        let code = row.text("default_code").map(str::to_owned);
        let Some(sku) = code.or_else(|| barcode.clone()) else {
            findings.nameless.insert(name);
            return;
        };
        let own = row.one("uom_id").unwrap_or(0);
        let mut barcodes: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        barcodes.entry(own).or_default().extend(barcode);
        for pack in packs {
            let codes = barcodes
                .entry(pack.one("uom_id").unwrap_or(own))
                .or_default();
            codes.extend(pack.text("barcode").map(str::to_owned));
        }
        for (unit, mut codes) in barcodes {
            codes.sort();
            codes.dedup();
            let Some(price) = self.price(row, own, unit) else {
                findings.unpriced.insert(sku.clone());
                continue;
            };
            let (taxes, included, plain) = self.taxes_of(row);
            if !plain {
                findings.taxes_odd.insert(sku.clone());
            }
            let name = if unit == own {
                name.clone()
            } else {
                format!("{name} ({})", self.unit(unit))
            };
            let product = Product {
                sku: sku.clone(),
                name,
                barcodes: codes,
                unit: self.unit(unit),
                price: Price {
                    tax_included: included,
                    ..price.0
                },
                prices: price.1,
                taxes,
                active: true,
                on_hand: None,
                available: None,
            };
            let origin = Origin {
                variant: row.id(),
                unit: (unit != own).then_some(unit),
                storable: is_storable(row),
            };
            made.push((product, origin));
        }
    }

    fn price(&self, row: &Row, own: i64, unit: i64) -> Option<(Price, Vec<ComingPrice>)> {
        let factor = |id| self.units.get(&id).map(|unit| unit.decimal("factor"));
        let pieces = if unit == own {
            Decimal::ONE
        } else {
            factor(unit)?.checked_div(factor(own)?)?
        };
        let category = row.one("categ_id").unwrap_or(0);
        let article = Article {
            variant: row.id(),
            template: row.one("product_tmpl_id")?,
            categories: self.categories.get(&category).cloned().unwrap_or_default(),
            list_price: row.decimal("lst_price"),
            currency: row.one("currency_id")?,
            cost: row.decimal("standard_price"),
            cost_currency: row.one("cost_currency_id")?,
            pieces,
        };
        let steps = self
            .book
            .steps(self.list, &article, self.floor, self.digits)
            .ok()?;
        let first = steps.first()?.amount;
        if steps.iter().any(|step| step.amount < Decimal::ZERO) {
            return None;
        }
        let own_price = article.list_price.checked_mul(pieces)?;
        let normal = self
            .book
            .convert(own_price, article.currency, self.currency)
            .ok()
            .map(|normal| rounded(normal, self.digits));
        let reduced = |normal: &Decimal| steps.iter().any(|step| step.amount < *normal);
        let price = Price {
            amount: first,
            currency: self.settings.currency.clone(),
            tax_included: true,
            list: normal.filter(reduced),
            until: None,
        };
        Some((price, coming(&steps)))
    }

    fn unit(&self, id: i64) -> String {
        let name = self.units.get(&id).and_then(|unit| unit.text("name"));
        match name.unwrap_or_default() {
            piece if PIECE_NAMES.contains(&piece) => "EA".to_owned(),
            other => other.to_owned(),
        }
    }

    /// Its taxes, whether they are in the price, and whether a till can compute them.
    fn taxes_of(&self, row: &Row) -> (Vec<Tax>, bool, bool) {
        let ids = row.many("taxes_id");
        let rows: Vec<&Row> = ids
            .iter()
            .filter_map(|id| self.taxes.get(id))
            .flatten()
            .copied()
            .collect();
        let percent = |tax: &&&Row| tax.text("amount_type") == Some("percent");
        let included = rows.iter().filter(|tax| tax.flag("price_include")).count();
        let plain = rows.iter().filter(percent).count() == rows.len()
            && (included == 0 || included == rows.len());
        let taxes = rows.iter().filter(percent).map(|tax| {
            let name = tax.text("name").unwrap_or_default();
            let code = self
                .settings
                .tax_codes
                .get(name)
                .map_or(name, String::as_str);
            Tax {
                code: code.to_owned(),
                rate: tax.decimal("amount").normalize(),
            }
        });
        (taxes.collect(), included == rows.len(), plain)
    }
}

/// The steps as prices to come; a price that never changes has none.
fn coming(steps: &[Step]) -> Vec<ComingPrice> {
    if steps.len() < 2 {
        return Vec::new();
    }
    let ends = steps.iter().skip(1).map(|step| step.from_at).chain([None]);
    let pairs = steps.iter().zip(ends);
    pairs
        .map(|(step, until_at)| ComingPrice {
            amount: step.amount,
            from_at: step.from_at,
            until_at,
        })
        .collect()
}

impl Findings {
    fn notes(self) -> Vec<Note> {
        let groups = [
            (
                self.nameless,
                "products_without_code",
                "have neither an article number nor a barcode, so that no till can sell them",
                "Give them an internal reference or a barcode in Odoo.",
            ),
            (
                self.unpriced,
                "products_without_price",
                "have a price that cannot be worked out or is negative; they are left out",
                "Look at their price list rules in Odoo.",
            ),
            (
                self.taxes_odd,
                "taxes_not_percent",
                "have taxes that are no plain percentage, or both in and on top of the price",
                "Check the taxes of these products in Odoo.",
            ),
            (
                self.shared,
                "article_numbers_shared",
                "are article numbers of more than one product",
                "Give every product an internal reference of its own in Odoo.",
            ),
        ];
        let found = groups.into_iter().filter(|(names, ..)| !names.is_empty());
        let note = |(names, code, what, hint): (BTreeSet<String>, _, _, &str)| {
            let first: Vec<&str> = names.iter().take(NAMED_MAX).map(String::as_str).collect();
            let more = if names.len() > NAMED_MAX { ", …" } else { "" };
            let message = format!("{} {what}: {}{more}.", names.len(), first.join(", "));
            Note::new(code, message, hint)
        };
        found.map(note).collect()
    }
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
