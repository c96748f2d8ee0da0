//! From rows to products, case by case.

use serde_json::{Value, json};

use super::*;

fn rows(rows: Value) -> Vec<Row> {
    serde_json::from_value(rows).unwrap()
}
/// A shelf with one pen at 1.20, without a price list.
fn shelf() -> Shelf {
    Shelf {
        company: crate::catalog::pull::Company {
            id: 1,
            parents: vec![1],
            currency: 7,
        },
        products: rows(json!([{
            "id": 5, "product_tmpl_id": [50, "Pen"], "display_name": "Pen (blue)", "default_code": "PEN", "barcode": "0123",
            "lst_price": 1.2, "standard_price": 0.5, "uom_id": [1, "Units"], "categ_id": [9, "Office"], "taxes_id": [3, 4],
            "type": "consu", "currency_id": [7, "CHF"], "cost_currency_id": [7, "CHF"],
        }])),
        categories: rows(
            json!([{ "id": 8, "parent_id": false }, { "id": 9, "parent_id": [8, "All"] }]),
        ),
        units: rows(
            json!([{ "id": 1, "name": "Units", "factor": 1.0 }, { "id": 2, "name": "Pack of 6", "factor": 6.0 }]),
        ),
        taxes: rows(json!([
            { "id": 3, "name": "8.1% incl.", "amount": 8.1, "amount_type": "percent", "price_include": true, "company_id": [1, "A"] },
            { "id": 4, "name": "15%", "amount": 15.0, "amount_type": "percent", "price_include": false, "company_id": [2, "B"] },
        ])),
        currencies: rows(json!([{ "id": 7, "name": "CHF", "rate": 1.0 }])),
        price_digits: 2,
        ..Shelf::default()
    }
}
fn settings() -> Settings {
    Settings {
        currency: "CHF".into(),
        price_list: None,
        tax_codes: [("8.1% incl.".to_owned(), "V81".to_owned())].into(),
    }
}
fn made(shelf: &Shelf, settings: &Settings) -> Assembled {
    assemble(shelf, settings, Timestamp::UNIX_EPOCH).unwrap()
}
fn note_codes(made: &Assembled) -> Vec<&str> {
    made.notes.iter().map(|note| note.code.as_str()).collect()
}
/// The shelf with a price list called Shop and one rule.
fn with_rule(rule: Value) -> (Shelf, Settings) {
    let mut shelf = shelf();
    shelf.lists = rows(json!([{ "id": 20, "name": "Shop", "currency_id": [7, "CHF"] }]));
    let mut full = json!({ "id": 1, "pricelist_id": [20, "Shop"], "applied_on": "3_global", "min_quantity": 0.0,
        "date_start": false, "date_end": false, "compute_price": "fixed", "fixed_price": 1.0, "base": "list_price" });
    for (key, value) in rule.as_object().unwrap() {
        full[key] = value.clone();
    }
    shelf.rules = rows(json!([full]));
    let settings = Settings {
        price_list: Some("Shop".into()),
        ..settings()
    };
    (shelf, settings)
}

#[test]
fn a_product_is_what_a_till_expects() {
    let made = made(&shelf(), &settings());
    let json = serde_json::to_string(&made.products).unwrap();
    insta::assert_snapshot!(json, @r#"[{"sku":"PEN","name":"Pen (blue)","barcodes":["0123"],"unit":"EA","price":{"amount":"1.20","currency":"CHF","tax_included":true},"taxes":[{"code":"V81","rate":"8.1"}],"active":true}]"#);
    assert_eq!(note_codes(&made), [""; 0]);
    assert_eq!(
        made.origins,
        [Origin {
            variant: 5,
            unit: None,
            storable: false,
        }]
    );
}

#[test]
fn a_pack_with_its_own_barcode_has_its_own_price() {
    let (mut shelf, settings) = with_rule(json!({ "min_quantity": 6.0, "fixed_price": 1.1 }));
    shelf.packs = rows(json!([
        { "id": 1, "product_id": [5, "Pen"], "uom_id": [2, "Pack of 6"], "barcode": "666" },
        { "id": 2, "product_id": [5, "Pen"], "uom_id": [1, "Units"], "barcode": "124" },
    ]));
    let made = made(&shelf, &settings);
    let seen: Vec<_> = made
        .products
        .iter()
        .map(|p| {
            (
                p.unit.as_str(),
                p.barcodes.join("+"),
                p.price.amount.to_string(),
            )
        })
        .collect();
    assert_eq!(seen[0], ("EA", "0123+124".into(), "1.20".into()));
    assert_eq!(seen[1], ("Pack of 6", "666".into(), "6.60".into()));
    assert_eq!(note_codes(&made), [""; 0]);
}

#[test]
fn a_dated_rule_ends_after_odoos_last_second() {
    let (shelf, settings) = with_rule(
        json!({ "date_start": "2026-11-27 00:00:00", "date_end": "2026-11-27 22:59:59" }),
    );
    let product = made(&shelf, &settings).products.remove(0);
    let at = |text: &str| {
        product
            .clone()
            .at(text.parse().unwrap())
            .price
            .amount
            .to_string()
    };
    assert_eq!(at("2026-11-26T23:59:59Z"), "1.20");
    assert_eq!(at("2026-11-27T00:00:00Z"), "1.00");
    assert_eq!(at("2026-11-27T22:59:59Z"), "1.00");
    assert_eq!(at("2026-11-27T23:00:00Z"), "1.20");
    assert_eq!(product.price.list, Some("1.20".parse().unwrap()));
}

#[test]
fn a_rule_about_a_category_reaches_those_below_it() {
    let (shelf, settings) =
        with_rule(json!({ "applied_on": "2_product_category", "categ_id": [8, "All"] }));
    assert_eq!(
        made(&shelf, &settings).products[0].price.amount,
        "1.00".parse().unwrap()
    );
}

#[test]
fn a_wrong_list_or_currency_is_told_for_the_whole_catalog() {
    let (shelf, mut settings) = with_rule(json!({}));
    let said = |shelf: &Shelf, settings: &Settings| {
        assemble(shelf, settings, Timestamp::UNIX_EPOCH).unwrap_err()
    };
    settings.currency = "EUR".into();
    assert_eq!(
        said(&shelf, &settings),
        "the price list is in CHF, the store's currency is EUR"
    );
    settings.price_list = Some("Shopp".into());
    assert_eq!(
        said(&shelf, &settings),
        "there is no price list called `Shopp` in Odoo"
    );
    settings.price_list = None;
    assert!(said(&shelf, &settings).starts_with("the company in Odoo is in CHF"));
}

#[test]
fn what_a_till_cannot_use_is_noted_in_groups() {
    let mut shelf = shelf();
    let mut product = |id: i64, change: Value| {
        let mut row = shelf.products[0].clone();
        row.0.insert("id".into(), id.into());
        for (key, value) in change.as_object().unwrap() {
            row.0.insert(key.clone(), value.clone());
        }
        shelf.products.push(row);
    };
    product(6, json!({ "default_code": false, "barcode": false }));
    product(7, json!({ "default_code": "NEG", "lst_price": -1.0 }));
    product(8, json!({ "default_code": "MENU", "type": "combo" }));
    product(9, json!({ "barcode": "9" }));
    let made = made(&shelf, &settings());
    let skus: Vec<&str> = made.products.iter().map(|p| p.sku.as_str()).collect();
    assert_eq!(skus, ["PEN", "PEN"]);
    let expected = [
        "products_without_code",
        "products_without_price",
        "article_numbers_shared",
    ];
    assert_eq!(note_codes(&made), expected);
}

#[test]
fn taxes_in_a_group_count_and_others_than_percentages_are_noted() {
    let mut shelf = shelf();
    shelf.products[0].0.insert("taxes_id".into(), json!([30]));
    shelf.taxes.extend(rows(json!([
        { "id": 30, "name": "Group", "amount": 0.0, "amount_type": "group", "company_id": [1, "A"], "children_tax_ids": [3, 31] },
        { "id": 31, "name": "Deposit", "amount": 0.3, "amount_type": "fixed", "price_include": true, "company_id": [1, "A"] },
    ])));
    let made = made(&shelf, &settings());
    assert_eq!(made.products[0].taxes.len(), 1);
    assert_eq!(note_codes(&made), ["taxes_not_percent"]);
}
