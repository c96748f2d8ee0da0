//! Look-ups for people: what an article costs, and what became of a receipt.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use tillpost_shared::catalog::Product;
use tillpost_shared::scalar::TEXT_MAX;

use super::visit::{Frame, Stop, Visit};
use crate::catalog;
use crate::catalog::file::SEARCH_LIMIT_MAX;
use crate::intake::http::answer::Refusal;
use crate::intake::http::documents::{is_code, is_day};
use crate::intake::http::look_up::{find_products, find_receipts};
use crate::intake::http::query::parameters;
use crate::status::text::fill_written;
use crate::store::read::Receipt;

/// Characters of a search; no article is called longer.
const SEARCH_CHARS_MAX: usize = 100;

/// The page of products.
#[derive(Template)]
#[template(path = "products.html")]
struct ProductPage<'a> {
    frame: Frame<'a>,
    asked: &'a str,
    no_catalog: bool,
    rows: Option<Vec<ProductRow>>,
}

/// A product that was found.
struct ProductRow {
    name: String,
    sku: String,
    barcodes: String,
    price: String,
    list: Option<String>,
    until: Option<String>,
    unit: String,
    taxes: String,
    on_hand: String,
    available: String,
    active: bool,
}

/// What `GET /products` may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductQuery {
    #[serde(default)]
    q: String,
}

/// `GET /products`.
pub async fn products(
    visit: Visit,
    query: Result<Query<ProductQuery>, QueryRejection>,
) -> Response {
    let shown = shown_products(&visit, query).await;
    visit.answer(shown)
}

async fn shown_products(
    visit: &Visit,
    query: Result<Query<ProductQuery>, QueryRejection>,
) -> Result<Response, Stop> {
    visit.reads()?;
    let asked = parameters(query)?.q;
    let asked: String = asked.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let (mut rows, mut no_catalog) = (None, false);
    if !asked.is_empty() {
        let search = catalog::Query::Search {
            text: asked.clone(),
            limit: SEARCH_LIMIT_MAX,
        };
        match find_products(&visit.api, search).await {
            Ok(answer) => {
                let products = answer.products.into_iter();
                rows = Some(
                    products
                        .map(|product| product_row(product, visit))
                        .collect(),
                );
            }
            Err(refusal) if refusal.code == "no_catalog" => no_catalog = true,
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let frame = visit.frame(visit.texts.products, "products");
    let page = ProductPage {
        frame,
        asked: &asked,
        no_catalog,
        rows,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn product_row(product: Product, visit: &Visit) -> ProductRow {
    let hand = &visit.hand;
    let money = |amount: String| hand.money(&amount, &product.price.currency);
    let tax =
        |tax: &tillpost_shared::catalog::Tax| format!("{} %", hand.decimal(&tax.rate.to_string()));
    let taxes: Vec<String> = product.taxes.iter().map(tax).collect();
    let pieces = |count: Option<rust_decimal::Decimal>| {
        count
            .map(|count| hand.decimal(&count.normalize().to_string()))
            .unwrap_or_default()
    };
    ProductRow {
        price: money(product.price.amount.to_string()),
        list: product.price.list.map(|list| money(list.to_string())),
        until: product
            .price
            .until
            .map(|at| fill_written(visit.texts.until, "", &hand.moment(at), "")),
        barcodes: product.barcodes.join(", "),
        taxes: taxes.join(", "),
        on_hand: pieces(product.on_hand),
        available: pieces(product.available),
        name: product.name,
        sku: product.sku,
        unit: product.unit,
        active: product.active,
    }
}

/// The page of receipts.
#[derive(Template)]
#[template(path = "receipts.html")]
struct ReceiptPage<'a> {
    frame: Frame<'a>,
    number: &'a str,
    till: &'a str,
    date: &'a str,
    rows: Option<Vec<ReceiptRow>>,
}

/// A receipt that was found.
struct ReceiptRow {
    id: String,
    key: String,
    till: String,
    day: String,
    total: String,
    returned: Vec<String>,
}

/// What `GET /receipts` may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    #[serde(default)]
    number: String,
    #[serde(default)]
    till: String,
    #[serde(default)]
    date: String,
}

/// `GET /receipts`.
pub async fn receipts(
    visit: Visit,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Response {
    let shown = shown_receipts(&visit, query).await;
    visit.answer(shown)
}

async fn shown_receipts(
    visit: &Visit,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response, Stop> {
    visit.reads()?;
    let ReceiptQuery { number, till, date } = parameters(query)?;
    let [number, till, date] = [&number, &till, &date].map(|text| text.trim());
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let sound = (till.is_empty() || is_code(till)) && (date.is_empty() || is_day(date));
    if !sound || number.chars().count() > TEXT_MAX {
        return Err(Refusal::query("number, till or date cannot be read").into());
    }
    let mut rows = None;
    if let Some(wanted) = given(number) {
        let found = find_receipts(&visit.api, wanted, given(till), given(date)).await?;
        rows = Some(
            found
                .iter()
                .map(|receipt| receipt_row(receipt, visit))
                .collect(),
        );
    }
    let frame = visit.frame(visit.texts.receipts, "receipts");
    let page = ReceiptPage {
        frame,
        number,
        till,
        date,
        rows,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn receipt_row(receipt: &Receipt, visit: &Visit) -> ReceiptRow {
    let hand = &visit.hand;
    let stored = &receipt.document;
    let currency = stored["currency"].as_str().unwrap_or_default();
    let total = stored["body"]["total"].as_str();
    let returned = receipt.returned.iter().map(|back| {
        let name = back.line.and_then(|line| line_name(stored, line));
        let name = name.unwrap_or_else(|| back.by.join(", "));
        fill_written(
            visit.texts.came_back,
            &hand.decimal(&back.quantity),
            &name,
            "",
        )
    });
    ReceiptRow {
        id: receipt.id.clone(),
        key: receipt.key.clone(),
        till: receipt.till.clone(),
        day: hand.day_text(&receipt.business_date),
        total: total
            .map(|total| hand.money(total, currency))
            .unwrap_or_default(),
        returned: returned.collect(),
    }
}

/// What a line of a stored receipt is called.
fn line_name(stored: &Value, number: i64) -> Option<String> {
    let lines = stored["body"]["lines"].as_array()?;
    let line = lines
        .iter()
        .find(|line| line["line"].as_i64() == Some(number))?;
    let product = &line["product"];
    let name = product["name"].as_str().or_else(|| product["sku"].as_str());
    name.map(str::to_owned)
}
