//! A snapshot as text, one product a line, wherever it lies: in a folder or behind a web address.
//!
//! All or nothing: a line that cannot be read refuses the whole text, with its number, and the catalog in use stays. A key
//! that this version does not know refuses nothing: head office may be newer than the store.

use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::{Product, Revision, hex};
use tillpost_shared::currency;

use super::Snapshot;
use crate::activity;
use crate::outbox::Answer as Note;

/// Characters of a stranger's key that are shown.
const KEY_CHARS_MAX: usize = 40;
/// What a product, its price, a price to come and a tax may say.
const PRODUCT: [&str; 10] = [
    "sku",
    "name",
    "barcodes",
    "unit",
    "price",
    "prices",
    "taxes",
    "active",
    "on_hand",
    "available",
];
const PRICE: [&str; 5] = ["amount", "currency", "tax_included", "list", "until"];
const COMING: [&str; 3] = ["amount", "from_at", "until_at"];
const TAX: [&str; 2] = ["code", "rate"];

/// What a text of these bytes is called.
pub fn revision(text: &[u8]) -> Revision {
    Revision(hex(&Sha256::digest(text)))
}

/// The snapshot that a text is, or the first line that is no product.
pub fn snapshot(text: &[u8], revision: Revision) -> Result<Snapshot, String> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line}: not UTF-8")
    })?;
    let (mut products, mut strange) = (Vec::new(), None);
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let product = serde_json::from_str(line).map_err(|error| said(&error));
        let product = product.and_then(sound);
        products.push(product.map_err(|reason| format!("line {number}: {reason}"))?);
        if strange.is_none() {
            strange = strange_key(line).map(|key| (number, key));
        }
    }
    let notes = strange.map(|(line, key)| strange_note(line, &key));
    Ok(Snapshot {
        revision,
        taken_at: activity::now(),
        products,
        notes: notes.into_iter().collect(),
    })
}

fn strange_note(line: usize, key: &str) -> Note {
    Note::new(
        "catalog_unknown_key",
        format!(
            "The price file says more than this version reads, first `{key}` in line {line}. It is used without it."
        ),
        "Nothing to do if head office is newer than this store; else have central IT look at the spelling.",
    )
}

/// The first key that nobody reads.
fn strange_key(line: &str) -> Option<String> {
    let product: Value = serde_json::from_str(line).ok()?;
    let one = |value: &Value, known: &[&str]| {
        let keys = value
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys());
        let mut strange = keys.filter(|key| !known.contains(&key.as_str()));
        strange.next().cloned()
    };
    let each = |name: &str, known: &[&str]| {
        let entries = product[name].as_array().into_iter().flatten();
        entries.filter_map(|entry| one(entry, known)).next()
    };
    let found = one(&product, &PRODUCT)
        .or_else(|| one(&product["price"], &PRICE))
        .or_else(|| each("prices", &COMING))
        .or_else(|| each("taxes", &TAX))?;
    Some(
        found
            .chars()
            .filter(|c| !c.is_control())
            .take(KEY_CHARS_MAX)
            .collect(),
    )
}

fn said(error: &serde_json::Error) -> String {
    // serde counts lines of its own; here there is always one.
    let text = error.to_string();
    match text.split_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// What the types cannot say.
fn sound(product: Product) -> Result<Product, String> {
    if product.sku.trim().is_empty() {
        return Err("`sku` is empty".to_owned());
    }
    if !currency::known(&product.price.currency) {
        return Err(format!("`{}` is no currency", product.price.currency));
    }
    let coming = product.prices.iter().map(|price| price.amount);
    if coming
        .chain([product.price.amount])
        .any(|amount| amount < Decimal::ZERO)
    {
        return Err("a price is negative".to_owned());
    }
    let backwards = product.prices.iter().any(|price| {
        matches!((price.from_at, price.until_at), (Some(from), Some(until)) if from >= until)
    });
    if backwards {
        return Err("a price ends before it begins".to_owned());
    }
    Ok(product)
}

#[cfg(test)]
mod tests {
    use tillpost_shared::catalog::{ComingPrice, Price, Tax};

    use super::*;

    const LINE: &str = r#"{"sku":"A","name":"Apple","price":{"amount":"1.50","currency":"CHF","tax_included":true},"taxes":[{"code":"V","rate":"2.6"}]}"#;

    fn read(text: &str) -> Result<Snapshot, String> {
        snapshot(text.as_bytes(), revision(text.as_bytes()))
    }

    #[test]
    fn an_unknown_key_is_noted_once_and_refuses_nothing() {
        let strange = LINE.replace("\"name\"", "\"colour\":\"red\",\"name\"");
        let deep = LINE.replace("\"rate\"", "\"kind\":1,\"rate\"");
        let read = read(&format!("{LINE}\n{strange}\n{deep}\n")).unwrap();
        assert_eq!(read.products.len(), 3);
        let [note] = read.notes.as_slice() else {
            panic!("{:?}", read.notes);
        };
        assert!(
            note.message.contains("`colour` in line 2"),
            "{}",
            note.message
        );
        for (line, key) in [
            (&deep, "`kind`"),
            (&LINE.replace("\"amount\"", "\"was\":1,\"amount\""), "`was`"),
        ] {
            assert!(
                self::read(line).unwrap().notes[0].message.contains(key),
                "{line}"
            );
        }
        assert_eq!(self::read(LINE).unwrap().notes, []);
    }

    #[test]
    fn the_keys_that_are_read_are_known() {
        let (one, now) = (Decimal::ONE, activity::now());
        let product = Product {
            sku: "A".to_owned(),
            name: "A".to_owned(),
            barcodes: vec!["1".to_owned()],
            unit: "EA".to_owned(),
            price: Price {
                amount: one,
                currency: "CHF".to_owned(),
                tax_included: true,
                list: Some(one),
                until: Some(now),
            },
            prices: vec![ComingPrice {
                amount: one,
                from_at: Some(now),
                until_at: Some(now),
            }],
            taxes: vec![Tax {
                code: "V".to_owned(),
                rate: one,
            }],
            active: true,
            on_hand: Some(one),
            available: Some(one),
        };
        let line = serde_json::to_value(&product).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().len();
        assert_eq!(keys(&line), PRODUCT.len());
        assert_eq!(keys(&line["price"]), PRICE.len());
        assert_eq!(keys(&line["prices"][0]), COMING.len());
        assert_eq!(keys(&line["taxes"][0]), TAX.len());
        assert_eq!(strange_key(&line.to_string()), None);
    }
}
