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

use crate::activity::{Health, now};
use crate::intake::desk::Status as Ended;
use crate::intake::http::Api;
use crate::paths;
use crate::store::FILE_NAME;
use crate::store::figures::{Figures, Kept, Lane};

/// Labels of a metric.
type Labels = Vec<(&'static str, String)>;

/// How documents end that are handed in.
const ENDINGS: [(Ended, &str); 4] = [
    (Ended::Accepted, "accepted"),
    (Ended::Duplicate, "duplicate"),
    (Ended::Held, "held"),
    (Ended::Refused, "refused"),
];

/// The metrics; `money` says whether amounts may be among them, `kinds_today` is how many documents of each kind the
/// running trading day has.
///
/// # Errors
/// When the text cannot be written; it can.
pub fn text(
    api: &Api,
    figures: &Figures,
    kinds_today: &[(String, i64)],
    money: bool,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("tillpost");
    handed_in(&mut registry, api);
    outbox(&mut registry, figures, money);
    lanes(&mut registry, figures);
    kept_back(&mut registry, figures);
    kinds(&mut registry, kinds_today);
    days(&mut registry, api);
    answers(&mut registry, api);
    far_ends(&mut registry, api);
    loops(&mut registry, api);
    machine(&mut registry, api);
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
    let put_off = Family::<Labels, Counter>::default();
    for (till, count) in api.pace.put_off() {
        put_off.get_or_create(&vec![("till", till)]).inc_by(count);
    }
    let help = "Requests of tills that asked more often than they may";
    registry.register("requests_put_off", help, put_off);
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
    let kinds: [(&str, &str, Of); 4] = [
        ("lane_waiting", "Deliveries to be made", |lane| lane.waiting),
        (
            "lane_in_window",
            "Deliveries to be made that wait for nothing but their time of day",
            |lane| lane.in_window.map_or(0, |bulk| bulk.waiting),
        ),
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
    let troubles = Family::<Labels, Counter>::default();
    for ((name, code), count) in api.parts.board.troubles() {
        let labels = vec![("loop", name), ("code", code)];
        troubles.get_or_create(&labels).inc_by(count);
    }
    let help = "How often a loop, or a try to deliver, failed since the start, by code";
    registry.register("troubles", help, troubles);
}

/// Business exceptions: documents that are kept back, by what keeps them, where and why.
fn kept_back(registry: &mut Registry, figures: &Figures) {
    let family = Family::<Labels, Gauge>::default();
    for reason in &figures.reasons {
        let kept = match reason.kept {
            Kept::Parked => "parked",
            Kept::Held => "held",
            Kept::Postponed => "postponed",
        };
        let labels = vec![
            ("kept", kept.to_owned()),
            (
                "destination",
                reason.destination.clone().unwrap_or_default(),
            ),
            ("code", reason.answer.code.clone()),
        ];
        family.get_or_create(&labels).set(reason.count);
    }
    let help = "Documents that are kept back, by reason";
    registry.register("kept_back", help, family);
}

fn kinds(registry: &mut Registry, kinds_today: &[(String, i64)]) {
    let family = Family::<Labels, Gauge>::default();
    for (kind, count) in kinds_today {
        family
            .get_or_create(&vec![("kind", kind.clone())])
            .set(*count);
    }
    let help = "Documents of the running trading day, by kind";
    registry.register("documents_of_the_day", help, family);
}

/// What the proofs of the last days say.
fn days(registry: &mut Registry, api: &Api) {
    let today = api.parts.house.business_date(now());
    let days = api.days.look(&paths::data_dir(&api.parts.config), today);
    let unproven = i64::try_from(days.unproven.len()).unwrap_or(i64::MAX);
    for (name, help, value) in [
        (
            "missing_numbers",
            "Receipt numbers that are missing in the proofs of the last seven days",
            days.missing_numbers,
        ),
        (
            "days_not_proven",
            "Days of the last seven that should be complete at head office and are not",
            unproven,
        ),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
}

/// How long destinations took to answer.
fn answers(registry: &mut Registry, api: &Api) {
    let count = Family::<Labels, Counter>::default();
    let seconds = Family::<Labels, Counter<f64, AtomicU64>>::default();
    let slowest = Family::<Labels, Gauge<f64, AtomicU64>>::default();
    for (name, answers) in api.parts.board.answers() {
        let labels = vec![("destination", name)];
        count.get_or_create(&labels).inc_by(answers.all.count);
        seconds.get_or_create(&labels).inc_by(answers.all.seconds);
        slowest.get_or_create(&labels).set(answers.all.slowest);
    }
    registry.register("answers", "Answers of destinations, outages too", count);
    let help = "How long those answers took, together";
    registry.register_with_unit("answers_taken", help, Unit::Seconds, seconds);
    let help = "How long the slowest answer since the start took";
    registry.register_with_unit("slowest_answer", help, Unit::Seconds, slowest);
}

/// How long each call took, when keys end, and whether clocks agree. A key that does not end has no row.
fn far_ends(registry: &mut Registry, api: &Api) {
    let board = &api.parts.board;
    let help = "How long each call to a destination took, answered or not";
    registry.register_with_unit("call", help, Unit::Seconds, board.calls());
    let ends = Family::<Labels, Gauge>::default();
    let ahead = Family::<Labels, Gauge<f64, AtomicU64>>::default();
    for (name, terms) in board.terms() {
        let labels = vec![("destination", name)];
        if let Some(at) = terms.key_ends_at {
            ends.get_or_create(&labels).set(at.as_second());
        }
        if let Some(by) = terms.clock_ahead {
            ahead.get_or_create(&labels).set(by.as_secs_f64());
        }
    }
    let help = "When a destination's key ends, as far as it says";
    registry.register("key_ends_timestamp_seconds", help, ends);
    let help = "By how much a destination's clock is ahead of this PC's";
    registry.register_with_unit("clock_ahead", help, Unit::Seconds, ahead);
}

/// The disk and the memory. What the system does not tell is left out.
fn machine(registry: &mut Registry, api: &Api) {
    let dir = paths::data_dir(&api.parts.config);
    let length = |name: &str| {
        std::fs::metadata(dir.join(name))
            .ok()
            .map(|file| file.len())
    };
    let log = format!("{FILE_NAME}-wal");
    for (name, help, bytes) in [
        ("outbox", "The outbox's file", length(FILE_NAME)),
        ("outbox_log", "The log beside it", length(&log)),
        (
            "disk_free",
            "Room on the disk of the data folder",
            paths::free_bytes(&dir).ok(),
        ),
        ("resident_memory", "Memory in use", resident_bytes()),
    ] {
        if let Some(bytes) = bytes.and_then(|bytes| i64::try_from(bytes).ok()) {
            let gauge: Gauge = Gauge::default();
            gauge.set(bytes);
            registry.register_with_unit(name, help, Unit::Bytes, gauge);
        }
    }
    let streams: Gauge = Gauge::default();
    streams.set(i64::try_from(api.live.open()).unwrap_or(i64::MAX));
    registry.register(
        "open_pages",
        "Pages that are open and listen for changes",
        streams,
    );
}

/// Memory in use, where the system tells it as Linux does.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
