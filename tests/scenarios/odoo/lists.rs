//! Every price of a price list, now and to come, against Odoo's own answer.
//!
//! Goal: a till sells at the price that Odoo itself would ask, at every instant. Method: rules of every kind, on several
//! things, for several times; the agent, with its own few rights, fetches them; what it keeps is read from its catalog
//! file and worked out here for every instant at which a price changes and the second before; Odoo is asked for each.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::odoo::Database;

use super::refreshed_by_command;

const LIST: &str = "Shop ZH01";

/// A product as the agent keeps it, and what it is in Odoo.
struct Kept {
    product: Value,
    variant: i64,
    /// The pack's unit.
    unit: Option<i64>,
}

#[test]
fn prices_of_a_list_are_odoos_own_at_every_instant() {
    let office = HeadOffice::new("lists", &["1".to_owned()]);
    let database = &office.database;
    let now = now();
    let (list, articles) = rules(database, now);
    let barcode = pack(database, &articles[3]);
    refreshed_by_command(&office, Some(LIST));
    let agent = office.start();
    office.home.run(&["catalog", "refresh"]).ended(0);

    let kept = kept(&office);
    let packs = kept.iter().filter(|kept| kept.unit.is_some()).count();
    assert_eq!(packs, 1, "the pack is a product of its own");
    let (mut compared, mut changing, mut wrong) = (0, 0, Vec::new());
    for kept in &kept {
        let mut seen = Vec::new();
        for at in instants(&kept.product, now) {
            let ours = amount_at(&kept.product, at);
            let theirs = price_there(database, list, kept, at, ours.scale());
            compared += 1;
            if theirs != ours {
                wrong.push(format!(
                    "{} at {at}: {ours}, there {theirs}",
                    kept.product["sku"]
                ));
            }
            seen.push(ours);
        }
        seen.dedup();
        changing += usize::from(seen.len() > 1);
    }
    println!(
        "{} products, {compared} prices compared, {changing} products change theirs",
        kept.len()
    );
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        compared > 2 * kept.len() && changing > 10,
        "{compared} prices, {changing} changes"
    );

    let look_up = |query: &str| {
        agent
            .get(office.token("1"), &format!("/v1/products?{query}"))
            .ok()
    };
    let fixed = look_up(&format!("sku={}", articles[0].sku));
    assert_eq!(fixed["products"][0]["price"]["amount"], "0.99", "{fixed}");
    let pack = look_up(&format!("barcode={barcode}"));
    assert_eq!(
        pack["products"][0]["price"]["amount"], "50.40",
        "twelve at 4.20: {pack}"
    );
    let problems = agent.status()["problems"].to_string();
    assert!(!problems.contains("price_differs"), "{problems}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "rules around this very moment are wanted"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// An article that rules are about.
struct Article {
    variant: i64,
    template: i64,
    sku: String,
}

/// A list that builds on another, with rules of every kind; its id and the articles they are about.
fn rules(database: &Database, now: Timestamp) -> (i64, Vec<Article>) {
    let day = |days: i64| odoo_time(now + SignedDuration::from_hours(24 * days));
    let list = |name: &str| {
        database.create(
            "product.pricelist",
            &json!({"name": name, "currency_id": 1}),
        )
    };
    let (below, list) = (list("Base of all"), list(LIST));
    let rows = database.rows(
        "SELECT p.id AS a, p.product_tmpl_id AS b, p.default_code AS c FROM product_product p WHERE p.default_code LIKE 'TP-00%' ORDER BY p.id",
    );
    let id = |text: &String| text.parse().unwrap();
    let articles: Vec<Article> = rows
        .iter()
        .map(|row| Article {
            variant: id(&row[0]),
            template: id(&row[1]),
            sku: row[2].clone(),
        })
        .collect();
    let category = database.create("product.category", &json!({"name": "Fruit"}));
    let templates: Vec<i64> = articles[4..]
        .iter()
        .map(|article| article.template)
        .collect();
    database.write(
        "product.template",
        &templates,
        &json!({"categ_id": category, "standard_price": 3.33}),
    );
    let (first, bulk, dozen, dated) = (&articles[0], &articles[1], &articles[3], &articles[2]);
    for rule in [
        json!({"pricelist_id": below, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 7.5}),
        json!({"pricelist_id": below, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 30, "date_start": day(3), "date_end": day(4)}),
        json!({"pricelist_id": list, "applied_on": "3_global", "compute_price": "formula", "base": "pricelist", "base_pricelist_id": below, "price_discount": 3.33, "price_round": 0.05, "price_surcharge": 0.01}),
        json!({"pricelist_id": list, "applied_on": "2_product_category", "categ_id": category, "compute_price": "formula", "base": "standard_price", "price_markup": 40, "price_min_margin": 2, "price_max_margin": 25}),
        json!({"pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": first.template, "compute_price": "fixed", "fixed_price": 0.99}),
        json!({"pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": bulk.template, "compute_price": "fixed", "fixed_price": 5, "min_quantity": 10}),
        json!({"pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": dozen.template, "compute_price": "fixed", "fixed_price": 4.2, "min_quantity": 6}),
        json!({"pricelist_id": list, "applied_on": "0_product_variant", "product_id": dated.variant, "compute_price": "fixed", "fixed_price": 7.77, "date_start": day(1), "date_end": day(2)}),
        json!({"pricelist_id": list, "applied_on": "0_product_variant", "product_id": dated.variant, "compute_price": "percentage", "percent_price": 12.5, "date_start": day(2)}),
        json!({"pricelist_id": list, "applied_on": "3_global", "compute_price": "fixed", "fixed_price": 1, "date_end": day(-2)}),
    ] {
        database.create("product.pricelist.item", &rule);
    }
    (list, articles)
}

/// A dozen of an article, with a barcode of its own.
fn pack(database: &Database, article: &Article) -> &'static str {
    const BARCODE: &str = "6130000000012";
    let dozen = database.number(
        "SELECT res_id AS a FROM ir_model_data WHERE module = 'uom' AND name = 'product_uom_dozen'",
    );
    database.create(
        "product.uom",
        &json!({"product_id": article.variant, "uom_id": dozen, "barcode": BARCODE}),
    );
    BARCODE
}

/// What the agent keeps: the lines of its catalog file.
fn kept(office: &HeadOffice) -> Vec<Kept> {
    let folder = std::fs::read_dir(office.home.data().join("catalog")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let file = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .collect::<Vec<_>>();
    assert_eq!(file.len(), 1, "one catalog was fetched: {file:?}");
    let catalog = rusqlite::Connection::open(&file[0]).unwrap();
    let mut rows = catalog.prepare("SELECT body FROM product").unwrap();
    let bodies = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let ids = |select: &str| office.database.rows(select).into_iter();
    let by_sku: BTreeMap<String, i64> = ids(
        "SELECT coalesce(default_code, barcode) AS a, id AS b FROM product_product WHERE active \
         AND coalesce(default_code, barcode) IS NOT NULL",
    )
    .map(|row| (row[0].clone(), row[1].parse().unwrap()))
    .collect();
    let packs: BTreeMap<String, i64> = ids("SELECT barcode AS a, uom_id AS b FROM product_uom")
        .map(|row| (row[0].clone(), row[1].parse().unwrap()))
        .collect();
    let kept = bodies.map(|body| {
        let product: Value = serde_json::from_str(&body.unwrap()).unwrap();
        let codes = product["barcodes"].as_array().into_iter().flatten();
        Kept {
            variant: by_sku[product["sku"].as_str().unwrap()],
            unit: codes
                .filter_map(|code| packs.get(code.as_str()?))
                .next()
                .copied(),
            product,
        }
    });
    kept.collect()
}

/// Now, and every instant at which the price may change, with the second before it.
fn instants(product: &Value, now: Timestamp) -> Vec<Timestamp> {
    let mut instants: Vec<Timestamp> = coming(product)
        .flat_map(|price| [time(&price["from_at"]), time(&price["until_at"])])
        .flatten()
        .filter(|at| *at > now)
        .flat_map(|at| [at - SignedDuration::from_secs(1), at])
        .chain([now])
        .collect();
    instants.sort();
    instants.dedup();
    instants
}

/// The contract's rule, worked out here: of the coming prices that hold, the one that began last; else the base.
fn amount_at(product: &Value, at: Timestamp) -> Decimal {
    let holds = |price: &&Value| {
        time(&price["from_at"]).is_none_or(|from| from <= at)
            && time(&price["until_at"]).is_none_or(|until| at < until)
    };
    let held = coming(product)
        .filter(holds)
        .max_by_key(|price| time(&price["from_at"]));
    let amount = held.map_or(&product["price"]["amount"], |price| &price["amount"]);
    amount.as_str().unwrap().parse().unwrap()
}

fn coming(product: &Value) -> impl Iterator<Item = &Value> {
    product["prices"].as_array().into_iter().flatten()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

/// What Odoo asks for one at an instant, rounded to as many digits as ours.
fn price_there(database: &Database, list: i64, kept: &Kept, at: Timestamp, digits: u32) -> Decimal {
    let mut context = json!({"quantity": 1, "date": odoo_time(at), "pricelist": list});
    if let Some(unit) = kept.unit {
        context["uom"] = unit.into();
    }
    let question = json!({"ids": [kept.variant], "context": context});
    let price = database.call("product.product", "get_contextual_price", &question);
    let price: Decimal = price.to_string().parse().unwrap();
    let mut price = price.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    price.rescale(digits);
    price
}

fn odoo_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
