//! Price files as tills read them: columns, numbers, times, widths, and what does not fit.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::line::{self, Change};
use super::rows::{of_product, of_tax, of_tender};
use super::*;
use crate::catalog::{Product, Tax};
use crate::profile::Profile;

fn product() -> Product {
    serde_json::from_value(json!({
        "sku": "S-1", "name": "Tee; \"grün\"\n500 g", "barcodes": ["7610000000017", "42"], "unit": "EA",
        "price": {"amount": "4.9", "currency": "CHF", "tax_included": true, "list": "6.00"},
        "prices": [
            {"amount": "4.50", "from_at": "2026-11-27T23:00:00Z", "until_at": "2026-11-28T23:00:00Z"},
            {"amount": "5.20", "from_at": "2026-12-31T23:00:00Z"},
        ],
        "taxes": [{"code": "V81", "rate": "8.10"}],
    }))
    .unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn lines(outward: &Outward, product: &Product, now: Timestamp) -> Vec<String> {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    of_product(outward.record, product, now)
        .iter()
        .map(|row| {
            let cells = line::cells(outward, row, &zone).unwrap();
            line::text(outward, &cells, Change::Changed)
        })
        .collect()
}

fn shipped(name: &str) -> Outward {
    Outward::read(shipped::text(name).unwrap()).unwrap()
}

#[test]
fn every_shipped_one_can_be_read_and_tells_changes() {
    for name in shipped::names() {
        assert!(shipped(name).tells_changes(), "{name}");
        let other = Profile::read(shipped::text(name).unwrap()).unwrap_err();
        assert!(other.to_string().contains("[[price_file]]"), "{other}");
    }
}

#[test]
fn a_product_is_a_row_with_its_next_price() {
    let found = lines(&shipped("products_eu"), &product(), now());
    assert_eq!(
        found,
        ["S-1;7610000000017;\"Tee; \"\"grün\"\" 500 g\";4,90;8,1;4,50;28.11.2026 00:00;A\r\n"]
    );
    let found = lines(&shipped("products_csv"), &product(), now());
    assert_eq!(
        found,
        [
            "S-1,7610000000017,\"Tee; \"\"grün\"\" 500 g\",EA,4.90,6.00,CHF,V81,8.1,\
          2026-11-28T00:00:00+01:00,4.50,2026-11-28T00:00:00+01:00,changed\n"
        ]
    );
}

#[test]
fn coming_prices_are_rows_without_gap_or_overlap() {
    let outward = shipped("prices_eu");
    assert_eq!(
        lines(&outward, &product(), now()),
        [
            "S-1;4,90;CHF;;28.11.2026 00:00;A\r\n",
            "S-1;4,50;CHF;28.11.2026 00:00;29.11.2026 00:00;A\r\n",
            "S-1;4,90;CHF;29.11.2026 00:00;01.01.2027 00:00;A\r\n",
            "S-1;5,20;CHF;01.01.2027 00:00;;A\r\n",
        ]
    );
    let later = "2027-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(lines(&outward, &product(), later), ["S-1;5,20;CHF;;;A\r\n"]);
}

#[test]
fn a_fixed_width_is_kept_to_the_character() {
    let found = lines(&shipped("products_fixed"), &product(), now());
    assert_eq!(
        found,
        [
            "07610000000017Tee; \"grün\" 500 g             000004900810ST A\r\n",
            "00000000000042Tee; \"grün\" 500 g             000004900810ST A\r\n"
        ]
    );
    assert!(found.iter().all(|line| line.chars().count() == 62));
}

#[test]
fn what_would_be_another_price_or_code_is_left_out() {
    let zone = TimeZone::UTC;
    let left = |change: fn(&mut Product)| {
        let (mut product, outward) = (product(), shipped("products_fixed"));
        change(&mut product);
        let rows = of_product(outward.record, &product, now());
        let left = line::cells(&outward, &rows[0], &zone).unwrap_err();
        format!("{}: {}", left.column, left.why)
    };
    assert_eq!(
        left(|product| product.barcodes[0] = "0123456789012345".to_owned()),
        "barcode: it is longer than the column"
    );
    assert_eq!(
        left(|product| product.price.amount = "1000000.00".parse().unwrap()),
        "price: it is longer than the column"
    );
    assert_eq!(
        left(|product| product.price.amount = "1.005".parse().unwrap()),
        "price: it has more decimals than the column"
    );
}

#[test]
fn taxes_and_tenders_are_rows_too() {
    let zone = TimeZone::UTC;
    let tax: Tax = serde_json::from_value(json!({"code": "V26", "rate": "2.6"})).unwrap();
    let outward = shipped("taxes_eu");
    let cells = line::cells(&outward, &of_tax(&tax), &zone).unwrap();
    assert_eq!(line::text(&outward, &cells, Change::New), "V26;2,6;N\r\n");
    let outward = shipped("tenders_eu");
    let cells = line::cells(&outward, &of_tender("CARD", "Card terminal"), &zone).unwrap();
    assert_eq!(
        line::text(&outward, &cells, Change::Gone),
        "CARD;Card terminal;L\r\n"
    );
    assert_eq!(line::header(&outward), "Zahlart;Bezeichnung;Kz\r\n");
}

#[test]
fn without_a_sign_for_quotes_nothing_is_torn_apart() {
    let mut outward = shipped("barcodes_eu");
    outward.quote = String::new();
    let mut product = product();
    product.sku = "A;B".to_owned();
    assert_eq!(
        lines(&outward, &product, now())[0],
        "7610000000017;A B;A\r\n"
    );
}

#[test]
fn a_profile_that_cannot_be_written_is_refused() {
    let good = shipped::text("taxes_eu").unwrap();
    for (from, to, why) in [
        ("windows-1252", "klingon", "`klingon` is no encoding"),
        ("taxes", "products", ""),
        (
            "\"tax_rate\"",
            "\"tender\"",
            "this field is none of these rows",
        ),
        ("decimal = \",\"", "decimal = \"auto\"", "`decimal` is"),
        ("delimited", "fixed", "a fixed width has no header"),
        ("field = \"tax_code\"", "decimals = 2", "give it a `field`"),
        ("header = true", "heather = true", "heather"),
        (
            "record =",
            "time = \"%Q%!\"\nrecord =",
            "no way to write a time",
        ),
    ] {
        let read = Outward::read(&good.replace(from, to));
        match read {
            Ok(_) => assert!(why.is_empty(), "{to} was taken"),
            Err(error) => assert!(
                !why.is_empty() && error.to_string().contains(why),
                "{to}: {error}"
            ),
        }
    }
}
