//! Reads from Odoo what the catalog is made of, in pages, and can tell cheaply whether anything of it changed.
//!
//! Why a change cannot be missed. Odoo stamps a row with the time its transaction *began*, shows whole seconds, and
//! reads `>` as the next whole second; so "everything written after the last one seen" loses rows that were committed
//! late. The [`Probe`] asks another question: per model, how many rows are there, and which were written since an
//! anchor that lies [`OVERLAP`] before the last pull? A row committed late was begun after the anchor and turns up
//! among them; a deleted one is missing from the count; a new one is both. The anchor stays where it is until the next
//! pull, so nothing drops out of the answer by itself. The probe is asked before a pull and again after it: pages are
//! transactions of their own, and what changed between two of them is pulled again. What was written within the last
//! seconds is pulled once more at the next refresh, because a second change in the same second looks the same; and
//! everything is pulled every [`PULL_AFTER`] at the latest, for what a module writes past the ORM.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde_json::{Value, json};

use crate::activity;
use crate::destination::odoo::client::{CallError, Client, Search};
use crate::destination::odoo::parts::odoo_time;
use crate::destination::odoo::row::Row;

/// Longer than any transaction in Odoo: workers are killed after minutes, scheduled jobs after 15.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(30);
/// After so long everything is pulled again, whatever the probe says.
pub const PULL_AFTER: Duration = Duration::from_secs(6 * 3_600);
/// What was written so shortly before a pull may have been written again in the same second.
const SAME_SECOND: SignedDuration = SignedDuration::from_secs(5);
/// Rows a page; measured the best on 10,000 products (1,063 a second).
const PAGE: usize = 1_000;
/// Pages a model at most: five million rows.
const PAGES_MAX: usize = 5_000;
/// More rows than this since the anchor are a change in any case; the list would cost more than the pull.
const RECENT_MAX: usize = 5_000;

/// Packs with their barcodes, where they name a unit.
const PACKS: &str = "product.uom";
/// The models a price depends on. A price list item, a tax, a cost or a packaging moves none of the products.
const WATCHED: &[&str] = &[
    "product.product",
    "product.template",
    "product.template.attribute.value",
    PACKS,
    "product.category",
    "uom.uom",
    "product.pricelist",
    "product.pricelist.item",
    "account.tax",
];

/// What the catalog is made of, as Odoo writes it.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The company whose prices and taxes count.
    pub company: Company,
    /// Variants that a till may sell.
    pub products: Vec<Row>,
    /// Barcodes of packs.
    pub packs: Vec<Row>,
    /// Categories, for rules about one.
    pub categories: Vec<Row>,
    /// Units of measure.
    pub units: Vec<Row>,
    /// Sales taxes.
    pub taxes: Vec<Row>,
    /// Currencies with their rates.
    pub currencies: Vec<Row>,
    /// Price lists.
    pub lists: Vec<Row>,
    /// Their rules, in Odoo's order.
    pub rules: Vec<Row>,
    /// Digits of a price after the point.
    pub price_digits: u32,
}

/// A company in Odoo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: i64,
    /// Those above it, whose taxes hold for it too.
    pub parents: Vec<i64>,
    /// Its currency.
    pub currency: i64,
}

/// What the probe saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Stands for the state of all watched models; equal when nothing changed.
    pub state: String,
    /// Whether something was written so lately that it must be looked at again.
    pub fresh: bool,
}

/// An instant as Odoo writes it, without a zone and in UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    let time: civil::DateTime = text.parse().ok()?;
    time.to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// The company of the key's user, and the server's time.
pub async fn company(client: &Client) -> Result<(Company, Timestamp), CallError> {
    let context = client
        .call_dated::<Value>("res.users", "context_get", json!({}))
        .await?;
    // Only a proxy that takes the date away makes us use our own clock.
    let at = context.at.unwrap_or_else(activity::now);
    let user = match context.value["uid"].as_i64() {
        Some(uid) => uid,
        // Older versions do not tell it there; whoever asks them knows it.
        None => client.uid().await?,
    };
    let fields: &[&str] = &["company_id"];
    let user = json!({ "ids": [user], "fields": fields });
    let users: Vec<Row> = client.call("res.users", "read", user).await?;
    let company = users.first().and_then(|user| user.one("company_id"));
    let search = Search {
        domain: json!([["id", "=", company]]),
        fields: &["currency_id", "parent_ids"],
        ..Search::default()
    };
    let companies = client.search_read("res.company", search).await?;
    let company = companies.first().map(|row| Company {
        id: row.id(),
        parents: row.many("parent_ids"),
        currency: row.one("currency_id").unwrap_or(0),
    });
    let company = company.ok_or_else(|| CallError::Unreadable("no company".to_owned()))?;
    Ok((company, at))
}

/// The state of everything the catalog depends on, cheaply.
pub async fn probe(client: &Client, anchor: Timestamp, now: Timestamp) -> Result<Probe, CallError> {
    let mut state = String::new();
    let mut fresh = false;
    let since = odoo_time(anchor);
    let fresh_from = odoo_time(now.checked_sub(SAME_SECOND).unwrap_or(now));
    let pack_units = client.facts().await?.pack_units;
    for model in WATCHED {
        if *model == PACKS && !pack_units {
            continue;
        }
        let everything = json!({ "active_test": false });
        let args = json!({ "domain": [], "context": everything });
        let count: u64 = client.call(model, "search_count", args).await?;
        let search = Search {
            domain: json!([["write_date", ">=", since]]),
            fields: &["write_date"],
            order: "id",
            limit: RECENT_MAX,
            context: everything,
        };
        let recent = client.search_read(model, search).await?;
        if recent.len() == RECENT_MAX {
            // Never equal to anything: it is pulled until it is quiet.
            let _ = write!(state, "{model} busy since {now} ");
        }
        let _ = write!(state, "{model} {count}:");
        for row in &recent {
            let written = row.text("write_date").unwrap_or_default();
            fresh |= written >= fresh_from.as_str();
            let _ = write!(state, "{}@{written},", row.id());
        }
    }
    for row in currencies(client).await? {
        let _ = write!(state, "{}={},", row.id(), row.decimal("rate"));
    }
    let _ = write!(state, "digits {}", price_digits(client).await?);
    Ok(Probe { state, fresh })
}

/// Everything the catalog is made of. `price_list` is the name of the store's list.
pub async fn pull(
    client: &Client,
    company: &Company,
    price_list: Option<&str>,
) -> Result<Shelf, CallError> {
    let ours = json!([false, company.id]);
    let mut shelf = Shelf {
        company: company.clone(),
        currencies: currencies(client).await?,
        price_digits: price_digits(client).await?,
        ..Shelf::default()
    };
    let domain = json!([
        ["available_in_pos", "=", true],
        ["sale_ok", "=", true],
        ["company_id", "in", ours]
    ]);
    let fields = &[
        "product_tmpl_id",
        "display_name",
        "default_code",
        "barcode",
        "lst_price",
        "standard_price",
        "uom_id",
        "categ_id",
        "taxes_id",
        "type",
        "is_storable",
        "currency_id",
        "cost_currency_id",
    ];
    let names = json!({ "display_default_code": false });
    shelf.products = pages(client, "product.product", domain, fields, names).await?;
    let all = || json!([]);
    let none = || Value::Null;
    if client.facts().await?.pack_units {
        let fields = &["product_id", "uom_id", "barcode"];
        shelf.packs = pages(client, "product.uom", all(), fields, none()).await?;
    }
    let fields = &["parent_id"];
    shelf.categories = pages(client, "product.category", all(), fields, none()).await?;
    let fields = &["name", "factor"];
    let archived = json!({ "active_test": false });
    shelf.units = pages(client, "uom.uom", all(), fields, archived).await?;
    let fields = &[
        "name",
        "amount",
        "amount_type",
        "price_include",
        "company_id",
        "children_tax_ids",
    ];
    let sales = json!([["type_tax_use", "in", ["sale", "none"]]]);
    shelf.taxes = pages(client, "account.tax", sales, fields, none()).await?;
    if let Some(name) = price_list {
        price_lists(client, &mut shelf, name, &ours).await?;
    }
    Ok(shelf)
}

/// The named list and those it builds on, with their rules.
async fn price_lists(
    client: &Client,
    shelf: &mut Shelf,
    name: &str,
    ours: &Value,
) -> Result<(), CallError> {
    let fields = &["name", "currency_id"];
    let domain = json!([["company_id", "in", ours]]);
    shelf.lists = pages(client, "product.pricelist", domain, fields, Value::Null).await?;
    let named = shelf
        .lists
        .iter()
        .filter(|list| list.text("name") == Some(name));
    let mut wanted: BTreeSet<i64> = named.map(Row::id).collect();
    let mut read: BTreeSet<i64> = BTreeSet::new();
    while let Some(list) = wanted.pop_first() {
        if !read.insert(list) {
            continue;
        }
        let rules = rules_of(client, list).await?;
        wanted.extend(
            rules
                .iter()
                .filter_map(|rule| rule.one("base_pricelist_id")),
        );
        shelf.rules.extend(rules);
    }
    Ok(())
}

/// The rules of one list, in the order in which Odoo tries them. That order is its own (by the *names* of categories
/// among other things), so it is asked for and not imitated; it cannot be paged by, so the rows come by id.
async fn rules_of(client: &Client, list: i64) -> Result<Vec<Row>, CallError> {
    let domain = json!([["pricelist_id", "=", list]]);
    let args = json!({ "domain": domain });
    let order: Vec<i64> = client
        .call("product.pricelist.item", "search", args)
        .await?;
    let fields = &[
        "pricelist_id",
        "applied_on",
        "product_id",
        "product_tmpl_id",
        "categ_id",
        "min_quantity",
        "date_start",
        "date_end",
        "compute_price",
        "fixed_price",
        "percent_price",
        "base",
        "base_pricelist_id",
        "price_discount",
        "price_markup",
        "price_surcharge",
        "price_round",
        "price_min_margin",
        "price_max_margin",
    ];
    let rows = pages(
        client,
        "product.pricelist.item",
        domain,
        fields,
        Value::Null,
    )
    .await?;
    let mut by_id: std::collections::BTreeMap<i64, Row> =
        rows.into_iter().map(|row| (row.id(), row)).collect();
    Ok(order.iter().filter_map(|id| by_id.remove(id)).collect())
}

async fn currencies(client: &Client) -> Result<Vec<Row>, CallError> {
    let search = Search {
        fields: &["name", "rate"],
        order: "id",
        ..Search::default()
    };
    client.search_read("res.currency", search).await
}

async fn price_digits(client: &Client) -> Result<u32, CallError> {
    let search = Search {
        domain: json!([["name", "=", "Product Price"]]),
        fields: &["digits"],
        limit: 1,
        ..Search::default()
    };
    let rows = client.search_read("decimal.precision", search).await?;
    let digits = rows.first().map_or(2, |row| row.integer("digits"));
    // A till's unit price has eight digits at most.
    Ok(u32::try_from(digits.clamp(0, 8)).unwrap_or(2))
}

/// All rows of a search by keyset: an offset would skip rows when others are deleted meanwhile.
async fn pages(
    client: &Client,
    model: &str,
    domain: Value,
    fields: &'static [&'static str],
    context: Value,
) -> Result<Vec<Row>, CallError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut last = 0;
    for _ in 0..PAGES_MAX {
        let mut terms = domain.as_array().cloned().unwrap_or_default();
        terms.push(json!(["id", ">", last]));
        let search = Search {
            domain: Value::Array(terms),
            fields,
            order: "id",
            limit: PAGE,
            context: context.clone(),
        };
        let page = client.search_read(model, search).await?;
        let full = page.len() == PAGE;
        last = page.last().map_or(last, Row::id);
        rows.extend(page);
        if !full {
            return Ok(rows);
        }
    }
    Err(CallError::Unreadable(format!("{model} has no end")))
}
