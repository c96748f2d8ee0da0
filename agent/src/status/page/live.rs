//! Pages that keep themselves up to date: `GET /events` tells an open page that something changed. Who looks for
//! changes is one task for all pages, and only while a page is open.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;

use crate::intake::http::access::Looks;
use crate::intake::http::answer::Refusal;
use crate::intake::http::{Api, live};
use crate::status::http::figures_of;

/// How often changes are looked for, and how old the figures of a page may be that was told of one.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// `GET /events`.
pub async fn events(State(api): State<Arc<Api>>, _: Looks) -> Result<Response, Refusal> {
    let response = live::stream(&api)?;
    tokio::spawn(async move {
        // Whoever opens a page while the last watch ends would else wait for nobody.
        while api.live.open() > 0
            && !api.stopping()
            && let Some(_turn) = api.live.watch()
        {
            watch(&api).await;
        }
    });
    Ok(response)
}

/// Looks for changes until no page is open any more.
async fn watch(api: &Api) {
    let mut last = None;
    while api.live.open() > 0 && !api.stopping() {
        // A store that cannot be read is told of by the page itself, when it asks.
        let seen = fingerprint(api).await.ok();
        if last.is_some() && seen != last {
            api.live.changed();
        }
        last = seen;
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = api.parts.stop.cancelled() => {}
        }
    }
}

/// Stands for everything that pages show of what changes by itself.
async fn fingerprint(api: &Api) -> Result<u64, Refusal> {
    let figures = figures_of(api, LOOK_EVERY / 2).await?;
    let mut hash = DefaultHasher::new();
    format!("{figures:?}").hash(&mut hash);
    for (name, report) in api.parts.board.read() {
        (name, report.code, report.sentence, report.since).hash(&mut hash);
    }
    let catalog = api.parts.catalog.as_ref();
    catalog
        .map(|active| active.revision().map(|revision| revision.0))
        .hash(&mut hash);
    Ok(hash.finish())
}
