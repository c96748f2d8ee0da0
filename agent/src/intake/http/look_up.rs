//! What tills and people look up: prices, stored receipts, the day's proof.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use tillpost_shared::scalar::{Day, TEXT_MAX};

use crate::activity::now;
use crate::catalog;
use crate::catalog::active::NoCatalog;
use crate::catalog::file::SEARCH_LIMIT_MAX;
use crate::intake::http::access::{Reads, Scope};
use crate::intake::http::answer::{Refusal, json_answer};
use crate::intake::http::api::Api;
use crate::intake::http::documents::{is_code, is_day};
use crate::intake::http::query::{given, parameters};
use crate::store::{proof, read};

/// What `GET /v1/products` may be asked: one of the three.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductQuery {
    #[serde(default, deserialize_with = "given")]
    barcode: Option<String>,
    #[serde(default, deserialize_with = "given")]
    sku: Option<String>,
    #[serde(default, deserialize_with = "given")]
    q: Option<String>,
}

/// `GET /v1/products`.
pub async fn products(
    State(api): State<Arc<Api>>,
    Reads(_): Reads,
    query: Result<Query<ProductQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = match parameters(query)? {
        ProductQuery {
            barcode: Some(barcode),
            sku: None,
            q: None,
        } => catalog::Query::Barcode(barcode),
        ProductQuery {
            barcode: None,
            sku: Some(sku),
            q: None,
        } => catalog::Query::Sku(sku),
        ProductQuery {
            barcode: None,
            sku: None,
            q: Some(text),
        } => catalog::Query::Search {
            text,
            limit: SEARCH_LIMIT_MAX,
        },
        ProductQuery { .. } => return Err(Refusal::query("give one of barcode, sku and q")),
    };
    let answer = find_products(&api, asked).await?;
    Ok(json_answer(StatusCode::OK, &answer))
}

/// The products that a question finds, at the prices in force.
///
/// # Errors
/// 503 while there is no catalog.
pub(crate) async fn find_products(
    api: &Api,
    asked: catalog::Query,
) -> Result<catalog::Answer, Refusal> {
    let active = api.parts.catalog.clone().ok_or_else(no_catalog)?;
    api.count_look_up();
    let moment = now();
    // A code is found by an index in microseconds; words may take a while.
    let found = match asked {
        catalog::Query::Barcode(_) | catalog::Query::Sku(_) => active.lookup(&asked, moment),
        catalog::Query::Search { .. } => {
            let searching = tokio::task::spawn_blocking(move || active.lookup(&asked, moment));
            searching.await.map_err(|_| Refusal::stopping())?
        }
    };
    match found {
        Ok(answer) => Ok(answer),
        Err(NoCatalog::Absent) => Err(no_catalog()),
        Err(NoCatalog::Unreadable(error)) => {
            tracing::error!(error = %error, "the catalog cannot be read");
            Err(Refusal::fault())
        }
    }
}

fn no_catalog() -> Refusal {
    let message = "there is no catalog yet";
    let hint = "run: tillpost catalog refresh";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no_catalog", message, hint)
}

/// What narrows `GET /v1/receipts/{number}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    #[serde(default, deserialize_with = "given")]
    till: Option<String>,
    #[serde(default, deserialize_with = "given")]
    date: Option<String>,
}

/// `GET /v1/receipts/{number}`: of any till, because goods may come back at another.
pub async fn receipts(
    State(api): State<Arc<Api>>,
    Reads(_): Reads,
    Path(number): Path<String>,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let ReceiptQuery { till, date } = parameters(query)?;
    if till.as_deref().is_some_and(|till| !is_code(till)) {
        return Err(Refusal::query("till is no till's code"));
    }
    if date.as_deref().is_some_and(|date| !is_day(date)) {
        return Err(Refusal::query("date is a day such as 2026-11-20"));
    }
    if number.chars().count() > TEXT_MAX {
        return Err(Refusal::not_found("receipt"));
    }
    let found = find_receipts(&api, number, till, date).await?;
    Ok(json_answer(StatusCode::OK, &json!({ "receipts": found })))
}

/// The stored receipts of a number, of one till and day if given.
///
/// # Errors
/// When the outbox cannot be read.
pub(crate) async fn find_receipts(
    api: &Api,
    number: String,
    till: Option<String>,
    date: Option<String>,
) -> Result<Vec<read::Receipt>, Refusal> {
    api.count_look_up();
    api.ask(move |reader| read::receipts(reader, &number, till.as_deref(), date.as_deref()))
        .await
}

/// What `GET /v1/proof` may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofQuery {
    #[serde(default, deserialize_with = "given")]
    date: Option<String>,
}

/// `GET /v1/proof`: of the trading day that runs when none is named.
pub async fn proof(
    State(api): State<Arc<Api>>,
    Reads(scope): Reads,
    query: Result<Query<ProofQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let proof = proof_of(&api, parameters(query)?.date.as_deref(), scope).await?;
    Ok(json_answer(StatusCode::OK, &proof))
}

/// The proof of a day, read back from the destinations first; of the trading day that runs when none is named.
///
/// # Errors
/// 400 when the day is none.
pub(crate) async fn proof_of(
    api: &Api,
    date: Option<&str>,
    scope: Scope,
) -> Result<proof::Proof, Refusal> {
    let date = match date {
        None => api.parts.house.business_date(now()),
        Some(text) => {
            let day = Day::parse(text);
            day.ok_or_else(|| Refusal::query("date is a day such as 2026-11-20"))?
                .0
        }
    };
    let question = proof::Question {
        date,
        currency: api.parts.config.store.currency.clone(),
        tills: match scope {
            Scope::All => None,
            Scope::Of(token) => Some(token.tills),
        },
        numbering: api.parts.house.numbering.clone(),
        wrapping: api.parts.house.wrapping.clone(),
        now: now(),
    };
    api.parts.days.run(date).await;
    let read_back = api.parts.read_backs.of(date);
    api.ask(move |reader| proof::figures(reader, &question, &read_back))
        .await
}
