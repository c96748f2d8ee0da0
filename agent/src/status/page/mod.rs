//! The pages, for people: written on the server in the visitor's language, readable from two metres and on a phone,
//! without anything from elsewhere. What they show and do is what the API shows and does; here it only gets a face.
//!
//! [`visit`] says who looks and what they may; [`overview`] is the first page.

mod acts;
#[cfg(test)]
mod attacks;
mod charts;
mod documents;
mod drawing;
mod entry;
#[cfg(test)]
mod golden;
mod live;
mod look_ups;
mod needs;
mod overview;
mod proof;
mod story;
#[cfg(test)]
mod tests;
mod visit;

use std::future::{Ready, ready};

use axum::http::StatusCode;
use axum::response::Response;

use crate::intake::http::Routes;
use crate::intake::http::answer::typed;

pub use visit::{Frame, Stop, Visit};

/// The pages' style.
const STYLE: &str = include_str!("../../../templates/status.css");
/// The pages' few lines of script.
const SCRIPT: &str = include_str!("../../../templates/status.js");
/// The sign in the browser's tab.
const ICON: &str = include_str!("../../../templates/icon.svg");

impl Routes {
    /// The pages, beside the routes of the API.
    #[must_use]
    pub(super) fn with_pages(self) -> Self {
        self.get("/", overview::show)
            .get("/documents", documents::show)
            .get("/documents/{id}", story::show)
            .get("/products", look_ups::products)
            .get("/receipts", look_ups::receipts)
            .get("/proof", proof::show)
            .get("/charts", charts::show)
            .post("/act", acts::act)
            .get("/sign-in", entry::show)
            .post("/sign-in", entry::enter)
            .post("/sign-out", entry::leave)
            .get("/language", entry::language)
            .get("/events", live::events)
            .get("/status.css", || asset("text/css; charset=utf-8", STYLE))
            .get("/status.js", || {
                asset("text/javascript; charset=utf-8", SCRIPT)
            })
            .get("/icon.svg", || asset("image/svg+xml", ICON))
    }
}

fn asset(media: &'static str, text: &'static str) -> Ready<Response> {
    ready(typed(StatusCode::OK, media, text))
}
