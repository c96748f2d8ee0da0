//! Products in Odoo, found by barcode, then by SKU (the internal reference), then by PLU as if it were one.
//!
//! Barcodes match with leading zeros ignored: tills, scanners and catalogs disagree about them. Odoo is asked for the
//! lengths that exist, because it can only look for exact texts. Archived products count: the sale has happened.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;
use tillpost_shared::catalog::comparable_barcode;
use tillpost_shared::document::sale::{Line, LineType, Product};

use super::answer::outage;
use super::client::{Client, Search};
use super::row::Row;
use crate::outbox::Outage;

/// Lengths of barcodes that are in use.
const BARCODE_LENGTHS: [usize; 4] = [8, 12, 13, 14];
/// How many codes are asked for in one call.
const CODES_MAX: usize = 500;

/// A name that a product goes by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Without its leading zeros.
    Barcode(String),
    /// The internal reference.
    Sku(String),
}

/// A product in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// `product.product`.
    pub id: i64,
    /// Its taxes, those of other companies too.
    pub taxes: Vec<i64>,
    /// Whether its stock is kept by lot or serial number.
    pub tracked: bool,
    /// Whether it keeps stock at all.
    pub storable: bool,
}

/// Products known by their codes.
pub type Shelf = HashMap<Code, Article>;

/// The codes of a product, in the order in which they are tried.
pub fn codes(product: &Product) -> Vec<Code> {
    let barcode = product
        .barcode
        .as_ref()
        .map(|code| Code::Barcode(comparable_barcode(code.as_str()).to_owned()));
    let sku = product
        .sku
        .as_ref()
        .map(|code| Code::Sku(code.as_str().to_owned()));
    let mut codes: Vec<Code> = barcode.into_iter().chain(sku).collect();
    if codes.is_empty() {
        codes.extend(
            product
                .plu
                .as_ref()
                .map(|code| Code::Sku(code.as_str().to_owned())),
        );
    }
    codes
}

/// The codes of a line: its product's, else the one that stands for lines of its type.
pub fn line_codes(line: &Line) -> Vec<Code> {
    let codes = codes(&line.product);
    match type_code(line.r#type) {
        Some(code) if codes.is_empty() => vec![Code::Sku(code)],
        _ => codes,
    }
}

/// The internal reference of the product that stands for lines of a type without a product of their own.
pub fn type_code(r#type: LineType) -> Option<String> {
    match r#type {
        LineType::Item | LineType::Service => None,
        LineType::Deposit
        | LineType::Fee
        | LineType::Voucher
        | LineType::Prepayment
        | LineType::AccountPayment
        | LineType::Discount
        | LineType::Tip => Some(format!("TILLPOST-{}", r#type.as_str().to_uppercase())),
    }
}

/// The product that one of the codes names.
pub fn find<'a>(shelf: &'a Shelf, codes: &[Code]) -> Option<&'a Article> {
    codes.iter().find_map(|code| shelf.get(code))
}

/// How a product is called in an answer.
pub fn named(product: &Product) -> String {
    let code = product
        .barcode
        .as_ref()
        .or(product.sku.as_ref())
        .or(product.plu.as_ref());
    let name = product
        .name
        .as_ref()
        .map(AsRef::as_ref)
        .filter(|name: &&str| !name.is_empty());
    match (name, code) {
        (Some(name), Some(code)) => format!("\"{name}\" ({code})"),
        (Some(name), None) => {
            format!("\"{name}\", which has neither a barcode nor an article number")
        }
        (None, Some(code)) => format!("the product {code}"),
        (None, None) => "a product without any name".to_owned(),
    }
}

/// Looks for products and puts what it finds on the shelf.
pub async fn load(
    client: &Client,
    shelf: &mut Shelf,
    wanted: BTreeSet<Code>,
) -> Result<(), Outage> {
    let wanted: Vec<Code> = wanted
        .into_iter()
        .filter(|code| !shelf.contains_key(code))
        .collect();
    for codes in wanted.chunks(CODES_MAX) {
        let (mut barcodes, mut skus) = (Vec::new(), Vec::new());
        for code in codes {
            match code {
                Code::Barcode(code) => barcodes.extend(padded(code)),
                Code::Sku(code) => skus.push(code.clone()),
            }
        }
        let search = Search {
            domain: json!([
                "|",
                ["barcode", "in", barcodes],
                ["default_code", "in", skus]
            ]),
            fields: &[
                "barcode",
                "default_code",
                "taxes_id",
                "tracking",
                "is_storable",
                "type",
                "active",
            ],
            // Of several with one code the active one counts, then the oldest: they are put down last to first.
            order: "active, id desc",
            context: json!({ "active_test": false }),
            ..Search::default()
        };
        let rows = client
            .search_read("product.product", search)
            .await
            .map_err(|error| outage(&error))?;
        for row in rows {
            if let Some(barcode) = row.text("barcode") {
                shelf.insert(
                    Code::Barcode(comparable_barcode(barcode).to_owned()),
                    article(&row),
                );
            }
            if let Some(sku) = row.text("default_code") {
                shelf.insert(Code::Sku(sku.to_owned()), article(&row));
            }
        }
    }
    Ok(())
}

/// Whether a product keeps stock: a flag of its own, or up to 17 its type.
pub fn is_storable(row: &Row) -> bool {
    row.flag("is_storable") || row.text("type") == Some("product")
}

fn article(row: &Row) -> Article {
    Article {
        id: row.id(),
        taxes: row.many("taxes_id"),
        tracked: !matches!(row.text("tracking"), None | Some("none")),
        storable: is_storable(row),
    }
}

/// A barcode in every length in which Odoo may hold it.
fn padded(trimmed: &str) -> Vec<String> {
    let longer = BARCODE_LENGTHS
        .iter()
        .filter(|length| **length > trimmed.len());
    let padded = longer.map(|length| format!("{trimmed:0>length$}"));
    std::iter::once(trimmed.to_owned()).chain(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::sale;

    #[test]
    fn a_barcode_is_looked_for_in_every_length() {
        assert_eq!(comparable_barcode("0076123400012"), "76123400012");
        assert_eq!(
            padded("76123400012"),
            [
                "76123400012",
                "076123400012",
                "0076123400012",
                "00076123400012"
            ]
        );
    }

    #[test]
    fn a_line_without_a_product_is_the_product_of_its_type() {
        let line = |r#type: &str, product: serde_json::Value| {
            let sale = sale(json!({ "prices": "tax_included", "total": "0", "lines": [
                { "line": 1, "type": r#type, "product": product, "quantity": "1", "unit_price": "0", "total": "0" }]}));
            line_codes(&sale.lines[0])
        };
        assert_eq!(
            line("discount", json!({ "name": "Loyal" })),
            [Code::Sku("TILLPOST-DISCOUNT".into())]
        );
        assert_eq!(
            line("voucher", json!({ "sku": "GIFT20" })),
            [Code::Sku("GIFT20".into())]
        );
        assert_eq!(
            line("item", json!({ "barcode": "007", "sku": "A" })),
            [Code::Barcode("7".into()), Code::Sku("A".into())]
        );
        assert_eq!(line("item", json!({ "name": "?" })), []);
    }
}
