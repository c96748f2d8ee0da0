//! Against a real Odoo 19: with `TILLPOST_TEST_ODOO_URL`, `…_ADMIN_KEY` and `TILLPOST_TEST_CATALOG_DB` (a copy of the
//! template that may be written to) in the environment; `cargo test -- --ignored odoo_catalog --nocapture`. With
//! `TILLPOST_TEST_CATALOG_KEY` the catalog is read with that key, as the agent does, and only written as administrator.

use super::*;

fn settings(price_list: Option<&str>) -> Settings {
    Settings {
        currency: "USD".into(),
        price_list: price_list.map(str::to_owned),
        ..Settings::default()
    }
}
fn client() -> Client {
    let admin = std::env::var("TILLPOST_TEST_ODOO_ADMIN_KEY");
    with_key(admin.expect("TILLPOST_TEST_ODOO_ADMIN_KEY"))
}
fn reader() -> Client {
    std::env::var("TILLPOST_TEST_CATALOG_KEY").map_or_else(|_| client(), with_key)
}
fn with_key(key: String) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let database = given("TILLPOST_TEST_CATALOG_DB");
    Client::new(
        crate::destination::line::client().unwrap(),
        &given("TILLPOST_TEST_ODOO_URL"),
        &database,
        key,
    )
}
async fn create(client: &Client, model: &str, values: Value) -> i64 {
    let ids: Vec<i64> = client
        .call(model, "create", json!({ "vals_list": [values] }))
        .await
        .unwrap();
    ids[0]
}
async fn snapshot(catalog: &OdooCatalog, since: Option<&Revision>) -> Snapshot {
    match catalog.fetch(since).await.unwrap() {
        Fetched::Snapshot(snapshot) => snapshot,
        Fetched::Unchanged => panic!("unchanged"),
    }
}

#[test]
fn samples_are_spread_and_repeatable() {
    let seed = Revision("abc".into());
    let taken: Vec<usize> = (0..5).map(|turn| sample(&seed, turn, 1_000)).collect();
    let again: Vec<usize> = (0..5).map(|turn| sample(&seed, turn, 1_000)).collect();
    assert_eq!(taken, again);
    assert!(taken.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(sample(&seed, 0, 1), 0);
}

#[test]
fn an_answer_that_was_lost_while_reading_is_only_a_line_that_was_down() {
    let cut = outage(CallError::Cut("reset".into()));
    assert_eq!(cut, Outage::Unreachable("reset".into()));
    let slow = CallError::Status {
        status: 503,
        retry_after: None,
    };
    assert_eq!(outage(slow), Outage::Throttled { retry_after: None });
}

/// Rules of every kind, on several things, now and later; every price of ours against Odoo's own, at several instants.
#[tokio::test]
#[ignore = "needs a real Odoo 19"]
async fn odoo_catalog_prices_are_odoos_own() {
    let client = client();
    let name = format!("Test {}", activity::now().as_second());
    let below = create(
        &client,
        "product.pricelist",
        json!({ "name": format!("{name} base"), "currency_id": 1 }),
    )
    .await;
    let list = create(
        &client,
        "product.pricelist",
        json!({ "name": name, "currency_id": 1 }),
    )
    .await;
    let search = Search {
        domain: json!([["available_in_pos", "=", true], ["sale_ok", "=", true]]),
        fields: &["product_tmpl_id", "categ_id", "default_code"],
        order: "id",
        ..Search::default()
    };
    let products = client.search_read("product.product", search).await.unwrap();
    let (variant, template) = (
        |n: usize| products[n].id(),
        |n: usize| products[n].one("product_tmpl_id").unwrap(),
    );
    let category = products[20].one("categ_id").unwrap();
    let now = activity::now();
    let day = |days: i64| odoo_time(now + jiff::SignedDuration::from_hours(24 * days));
    let rules = [
        json!({ "pricelist_id": below, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 7.5 }),
        json!({ "pricelist_id": below, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 30, "date_start": day(3), "date_end": day(4) }),
        json!({ "pricelist_id": list, "applied_on": "3_global", "compute_price": "formula", "base": "pricelist", "base_pricelist_id": below, "price_discount": 3.33, "price_round": 0.05, "price_surcharge": 0.01 }),
        json!({ "pricelist_id": list, "applied_on": "2_product_category", "categ_id": category, "compute_price": "formula", "base": "standard_price", "price_markup": 40, "price_min_margin": 2, "price_max_margin": 25 }),
        json!({ "pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": template(0), "compute_price": "fixed", "fixed_price": 0.99 }),
        json!({ "pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": template(1), "compute_price": "fixed", "fixed_price": 5, "min_quantity": 10 }),
        json!({ "pricelist_id": list, "applied_on": "1_product", "product_tmpl_id": template(3), "compute_price": "fixed", "fixed_price": 4.2, "min_quantity": 6 }),
        json!({ "pricelist_id": list, "applied_on": "0_product_variant", "product_id": variant(2), "compute_price": "fixed", "fixed_price": 7.77, "date_start": day(1), "date_end": day(2) }),
        json!({ "pricelist_id": list, "applied_on": "0_product_variant", "product_id": variant(2), "compute_price": "percentage", "percent_price": 12.5, "date_start": day(2) }),
        json!({ "pricelist_id": list, "applied_on": "3_global", "compute_price": "fixed", "fixed_price": 1, "date_end": day(-2) }),
    ];
    for rule in rules {
        create(&client, "product.pricelist.item", rule).await;
    }
    let nameless = products
        .iter()
        .filter(|row| row.text("default_code").is_none());
    for row in nameless {
        let code =
            json!({ "ids": [row.id()], "vals": { "default_code": format!("T-{}", row.id()) } });
        client
            .call::<Value>("product.product", "write", code)
            .await
            .unwrap();
    }
    let barcode = format!("6{}", now.as_second());
    create(
        &client,
        "product.uom",
        json!({ "product_id": variant(3), "uom_id": 2, "barcode": barcode }),
    )
    .await;

    let catalog = OdooCatalog::new(reader(), settings(Some(&name)));
    let (company, _) = company(&catalog.client).await.unwrap();
    let shelf = pull(&catalog.client, &company, Some(&name)).await.unwrap();
    let made = assemble(&shelf, &catalog.settings, now - PAST_KEPT).unwrap();
    let (mut compared, mut different) = (0, 0);
    for (product, origin) in made.products.iter().zip(&made.origins) {
        let mut instants: Vec<Timestamp> = product.changes().filter(|at| *at > now).collect();
        instants.sort();
        instants.dedup();
        let before = instants
            .iter()
            .map(|at| *at - jiff::SignedDuration::from_secs(1));
        let instants: Vec<Timestamp> = before
            .chain(instants.iter().copied())
            .chain([now])
            .collect();
        for at in instants {
            let ours = product.clone().at(at).price.amount;
            let theirs = catalog.price_there(made.list, *origin, at).await.unwrap();
            compared += 1;
            if rounded(theirs, ours.scale()) != ours {
                different += 1;
                println!("{}", differs(product, ours, theirs, at).message);
            }
        }
    }
    let packs = made
        .origins
        .iter()
        .filter(|origin| origin.unit.is_some())
        .count();
    println!(
        "{} products ({packs} packs), {compared} prices compared, {different} differ",
        made.products.len()
    );
    for note in &made.notes {
        println!("{}: {}", note.code, note.message);
    }
    assert_eq!(different, 0);
    let taken = snapshot(&catalog, None).await;
    assert!(taken.notes.iter().all(|note| note.code != "price_differs"));
}

/// Everything that changes a price is seen by the next refresh, and nothing is pulled when nothing changed.
#[tokio::test]
#[ignore = "needs a real Odoo 19"]
async fn odoo_catalog_sees_every_change() {
    let client = client();
    let name = format!("Watched {}", activity::now().as_second());
    let list = create(
        &client,
        "product.pricelist",
        json!({ "name": name, "currency_id": 1 }),
    )
    .await;
    let rule = create(&client, "product.pricelist.item", json!({ "pricelist_id": list, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 5 })).await;
    let values = json!({ "name": "Watched", "default_code": name, "list_price": 10, "available_in_pos": true, "taxes_id": [[6, 0, [1]]] });
    let product = create(&client, "product.product", values).await;
    let template = json!({ "ids": [product], "fields": ["product_tmpl_id"] });
    let template: Vec<Row> = client
        .call("product.product", "read", template)
        .await
        .unwrap();
    let template = template[0].one("product_tmpl_id").unwrap();
    let catalog = OdooCatalog::new(reader(), settings(Some(&name)));
    let dir = tempfile::tempdir().unwrap();
    let active = crate::catalog::Active::open(dir.path());
    let began = Instant::now();
    let mut last = snapshot(&catalog, None).await;
    println!(
        "first pull: {:?}, {} products",
        began.elapsed(),
        last.products.len()
    );
    let doubled = json!({ "list_price": 20 });
    let changes: Vec<(&str, &str, i64, Value)> = vec![
        ("list price", "product.template", template, doubled),
        (
            "rule",
            "product.pricelist.item",
            rule,
            json!({ "percent_price": 6 }),
        ),
        (
            "barcode",
            "product.product",
            product,
            json!({ "barcode": format!("{}", activity::now().as_millisecond()) }),
        ),
        (
            "name",
            "product.template",
            template,
            json!({ "name": "Renamed" }),
        ),
        (
            "taxes",
            "product.template",
            template,
            json!({ "taxes_id": [[6, 0, [3]]] }),
        ),
        (
            "rule's date",
            "product.pricelist.item",
            rule,
            json!({ "date_start": "2027-01-01 00:00:00" }),
        ),
        (
            "archived",
            "product.product",
            product,
            json!({ "active": false }),
        ),
        (
            "unarchived",
            "product.product",
            product,
            json!({ "active": true }),
        ),
        (
            "not for tills",
            "product.template",
            template,
            json!({ "available_in_pos": false }),
        ),
    ];
    for (what, model, id, values) in changes {
        let written: Value = client
            .call(model, "write", json!({ "ids": [id], "vals": values }))
            .await
            .unwrap();
        assert_eq!(written, json!(true));
        let began = Instant::now();
        let new = snapshot(&catalog, Some(&last.revision)).await;
        println!("{what}: seen in {:?}", began.elapsed());
        last = new;
        active
            .install(&last, crate::catalog::Shrinking::Refused)
            .unwrap();
    }
    let gone: Value = client
        .call("product.pricelist.item", "unlink", json!({ "ids": [rule] }))
        .await
        .unwrap();
    assert_eq!(gone, json!(true));
    let new = snapshot(&catalog, Some(&last.revision)).await;
    println!("a rule deleted: seen, {} products", new.products.len());
    // Until the last write is some seconds old a refresh pulls; then it only asks.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(
        catalog.fetch(Some(&new.revision)).await,
        Ok(Fetched::Unchanged)
    );
    let began = Instant::now();
    assert_eq!(
        catalog.fetch(Some(&new.revision)).await,
        Ok(Fetched::Unchanged)
    );
    println!("nothing changed: asked in {:?}", began.elapsed());
    active
        .install(&new, crate::catalog::Shrinking::Refused)
        .unwrap();
    let found = active
        .lookup(
            &crate::catalog::Query::Sku("CONS_0001".into()),
            activity::now(),
        )
        .unwrap();
    println!("{}", serde_json::to_string(&found).unwrap());
    println!(
        "stock: {:?}",
        catalog
            .stock(&std::env::var("TILLPOST_TEST_CATALOG_STORE").unwrap_or_default())
            .await
            .map(|stock| stock.map(|s| s.on_hand.len()))
    );
}

/// A row whose transaction began before another one's and was committed after a pull that saw the other: a cursor of
/// "written after the last one seen" would lose it for ever. Needs `TILLPOST_TEST_PG` too.
#[tokio::test]
#[ignore = "needs a real Odoo 19 and its PostgreSQL"]
async fn odoo_catalog_sees_what_was_committed_late() {
    let client = client();
    let search = Search {
        domain: json!([
            ["available_in_pos", "=", true],
            ["default_code", "!=", false]
        ]),
        fields: &["product_tmpl_id", "default_code"],
        order: "id",
        limit: 2,
        ..Search::default()
    };
    let products = client.search_read("product.product", search).await.unwrap();
    let (late, other) = (&products[0], &products[1]);
    let amount = activity::now().as_second() % 1_000 + 1;
    let template = late.one("product_tmpl_id").unwrap();
    let sql = format!(
        "BEGIN; UPDATE product_template SET list_price = {amount}, write_date = now() AT TIME ZONE 'UTC' WHERE id = {template}; SELECT pg_sleep(20); COMMIT"
    );
    let address = format!(
        "{}/{}",
        std::env::var("TILLPOST_TEST_PG").unwrap(),
        std::env::var("TILLPOST_TEST_CATALOG_DB").unwrap()
    );
    let mut transaction = std::process::Command::new("psql")
        .args([&address, "-qAt", "-c", &sql])
        .spawn()
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let newer = json!({ "ids": [other.one("product_tmpl_id")], "vals": { "list_price": amount } });
    client
        .call::<Value>("product.template", "write", newer)
        .await
        .unwrap();
    // Long enough that nothing counts as just written.
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    let catalog = OdooCatalog::new(reader(), settings(None));
    let before = snapshot(&catalog, None).await;
    assert!(!catalog.remembered().unwrap().probe.fresh);
    assert_eq!(
        catalog.fetch(Some(&before.revision)).await,
        Ok(Fetched::Unchanged)
    );
    assert!(transaction.wait().unwrap().success());
    let after = snapshot(&catalog, Some(&before.revision)).await;
    let price = |snapshot: &Snapshot| {
        let sku = late.text("default_code").unwrap();
        snapshot
            .products
            .iter()
            .find(|product| product.sku == sku)
            .map(|product| product.price.amount)
    };
    println!(
        "{:?} before, {:?} after a late commit",
        price(&before),
        price(&after)
    );
    assert_eq!(price(&after), Some(rounded(amount.into(), 2)));
    assert_ne!(price(&before), price(&after));
}
