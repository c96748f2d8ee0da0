//! The figures for machines: OpenMetrics text. Built anew for each scrape from what is known anyway; nothing is
//! counted twice.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use rust_decimal::prelude::ToPrimitive;

use crate::activity::Health;
use crate::intake::desk::Status as Ended;
use crate::intake::http::Api;
use crate::store::figures::{Figures, Lane};

/// Labels of a metric.
type Labels = Vec<(&'static str, String)>;

/// How documents end that are handed in.
const ENDINGS: [(Ended, &str); 4] = [
    (Ended::Accepted, "accepted"),
    (Ended::Duplicate, "duplicate"),
    (Ended::Held, "held"),
    (Ended::Refused, "refused"),
];

/// The metrics; `money` says whether amounts may be among them.
///
/// # Errors
/// When the text cannot be written; it can.
pub fn text(api: &Api, figures: &Figures, money: bool) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("tillpost");
    handed_in(&mut registry, api);
    outbox(&mut registry, figures, money);
    lanes(&mut registry, figures);
    loops(&mut registry, api);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn handed_in(registry: &mut Registry, api: &Api) {
    let tally = api.parts.desk.tally();
    let documents = Family::<Labels, Counter>::default();
    for (ended, word) in ENDINGS {
        let counter = documents.get_or_create(&vec![("status", word.to_owned())]);
        counter.inc_by(tally.of(ended));
    }
    registry.register(
        "documents",
        "Documents handed in since the start, by what became of them",
        documents,
    );
    registry.register_with_unit(
        "commit",
        "From handing a request to the writer to its commit",
        Unit::Seconds,
        tally.commit_seconds.clone(),
    );
    let look_ups: Counter = Counter::default();
    look_ups.inc_by(api.look_ups());
    let help = "Look-ups of prices and receipts since the start";
    registry.register("look_ups", help, look_ups);
    let uptime = Gauge::<f64, AtomicU64>::default();
    uptime.set(api.started.elapsed().as_secs_f64());
    registry.register_with_unit("uptime", "Since the start", Unit::Seconds, uptime);
}

fn outbox(registry: &mut Registry, figures: &Figures, money: bool) {
    let gauges = [
        ("waiting", "Documents on their way", figures.waiting),
        ("parked", "Documents a destination refused", figures.parked),
        ("held", "Documents a person must release", figures.held),
        (
            "accepted_today",
            "Documents stored in this trading day",
            figures.accepted_today,
        ),
        (
            "delivered_today",
            "Documents that arrived everywhere in this trading day",
            figures.delivered_today,
        ),
        (
            "oldest_waiting_timestamp_seconds",
            "When the oldest document on its way was stored; 0 when none is",
            figures.oldest_waiting_at.map_or(0, |at| at.as_second()),
        ),
    ];
    for (name, help, value) in gauges {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    if money {
        let value = Gauge::<f64, AtomicU64>::default();
        value.set(figures.waiting_value.to_f64().unwrap_or(f64::NAN));
        let help = "What the sales and returns on their way come to, in the store's currency";
        registry.register("waiting_value", help, value);
    }
}

fn lanes(registry: &mut Registry, figures: &Figures) {
    type Of = fn(&Lane) -> i64;
    let kinds: [(&str, &str, Of); 3] = [
        ("lane_waiting", "Deliveries to be made", |lane| lane.waiting),
        ("lane_parked", "Deliveries refused", |lane| lane.parked),
        (
            "lane_delivered_today",
            "Deliveries made in this trading day",
            |lane| lane.delivered_today,
        ),
    ];
    for (name, help, of) in kinds {
        let family = Family::<Labels, Gauge>::default();
        for (destination, lane) in &figures.destinations {
            let labels = vec![("destination", destination.clone())];
            family.get_or_create(&labels).set(of(lane));
        }
        registry.register(name, help, family);
    }
}

fn loops(registry: &mut Registry, api: &Api) {
    let healthy = Family::<Labels, Gauge>::default();
    let last = Family::<Labels, Gauge>::default();
    for (name, report) in api.parts.board.read() {
        let labels = vec![("loop", name)];
        let well = i64::from(report.health <= Health::Noted);
        healthy.get_or_create(&labels).set(well);
        if let Some(at) = report.last_success_at {
            last.get_or_create(&labels).set(at.as_second());
        }
    }
    registry.register("loop_ok", "1 while a loop does as it should", healthy);
    registry.register(
        "loop_last_success_timestamp_seconds",
        "When a loop last did what it is for",
        last,
    );
}
