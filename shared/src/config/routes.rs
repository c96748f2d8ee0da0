//! Checks of where documents go and where prices come from: destinations, catalog, drop folders.

use std::collections::BTreeSet;

use super::bulk;
use super::check::Checks;
use super::hours;
use super::parsed::{duration, loopback};
use super::place::Place;
use super::structure::{listed, meant};
use super::{
    Catalog, CatalogSourceType, Config, Destination, DestinationType, Environment, Inbox,
    OdooProtocol, SecretSource,
};
use crate::document::Kind;

/// The types of destination that this version can deliver to; `nats` is reserved.
const DESTINATIONS_BUILT: &[DestinationType] = &[
    DestinationType::Odoo,
    DestinationType::Folder,
    DestinationType::Http,
];
/// A file need not stand still for longer than this, in seconds.
const SETTLE_SECONDS_MAX: u64 = 3_600;
/// Odoo ends a request after this many seconds at most.
const REQUEST_SECONDS_MAX: u64 = 3_600;
/// The catalog may be looked at this often at most, in seconds.
const REFRESH_SECONDS_MIN: u64 = 1;
/// It must be looked at once a day at least.
const REFRESH_SECONDS_MAX: u64 = 86_400;

pub(super) fn destinations(checks: &mut Checks, config: &Config, place: Place<'_>) {
    let mut seen = BTreeSet::new();
    for (index, destination) in config.destinations.iter().enumerate() {
        let place = place.item(index);
        let name = &destination.name;
        checks.code(name, place.key("name"), "a destination's `name`");
        checks.need(
            seen.insert(name),
            place.key("name"),
            &format!("two destinations are called `{name}`"),
            "give every destination a name of its own",
        );
        if DESTINATIONS_BUILT.contains(&destination.kind) {
            fields(checks, destination, place);
        } else {
            let message = "destinations of type nats are reserved and not built yet";
            checks.add(place.key("type"), message, "use odoo, http or folder");
        }
        if let Some(url) = &destination.url {
            let open = in_the_open(destination.kind, config.store.environment);
            address(checks, url, open, place.key("url"));
        }
        if let Some(secret) = &destination.secret {
            secret_source(
                checks,
                secret,
                config.store.environment,
                place.key("secret"),
            );
        }
        odoo_only(checks, destination, place);
        hours::sessions(checks, config, destination, place);
        bulk::bulk(checks, destination, place);
        kinds(checks, destination.kinds.as_deref(), place.key("kinds"));
        for (map, word) in [
            (&destination.methods, "methods"),
            (&destination.taxes, "taxes"),
        ] {
            for (key, value) in map {
                let filled = !key.trim().is_empty() && !value.trim().is_empty();
                let at = place.key(word).key(key);
                checks.need(filled, at, &format!("an entry of `{word}` is empty"), "");
            }
        }
    }
}

/// Which fields a destination needs, and which would be read by nobody.
fn fields(checks: &mut Checks, destination: &Destination, place: Place<'_>) {
    let odoo = destination.kind == DestinationType::Odoo;
    type Fields = &'static [&'static str];
    let (word, needed, more): (_, Fields, Fields) = match destination.kind {
        DestinationType::Odoo => ("odoo", &["url", "database", "secret"], &["login"]),
        // A receiver in one's own network may ask for none.
        DestinationType::Http => ("http", &["url"], &["secret"]),
        DestinationType::Folder | DestinationType::Nats => ("folder", &["path"], &[]),
    };
    let filled = |text: &Option<String>| text.as_ref().map(|text| !text.trim().is_empty());
    let given = [
        ("url", filled(&destination.url)),
        ("path", filled(&destination.path)),
        ("database", filled(&destination.database)),
        ("login", filled(&destination.login)),
        ("secret", destination.secret.as_ref().map(|_| true)),
    ];
    for (field, state) in given {
        let allowed = needed.contains(&field) || more.contains(&field);
        match state {
            None if needed.contains(&field) => {
                let message = format!("a destination of type {word} needs `{field}`");
                checks.add(place, message, example(field, odoo));
            }
            Some(false) => checks.add(place.key(field), format!("`{field}` is empty"), ""),
            Some(true) if !allowed => {
                let message = format!("a destination of type {word} has no `{field}`");
                checks.add(place.key(field), message, "leave it out");
            }
            None | Some(true) => {}
        }
    }
}

/// How an Odoo is spoken with, and how long it may take.
fn odoo_only(checks: &mut Checks, destination: &Destination, place: Place<'_>) {
    let odoo = destination.kind == DestinationType::Odoo;
    for (field, given) in [
        ("protocol", destination.protocol.is_some()),
        ("request_limit", destination.request_limit.is_some()),
        ("sessions", destination.sessions.is_some()),
    ] {
        let message = format!("only a destination of type odoo has `{field}`");
        checks.need(odoo || !given, place.key(field), &message, "leave it out");
    }
    let message = "JSON-RPC, and every Odoo below 19, needs `login`";
    let hint = "name the agent's user in Odoo, as in login = \"tillpost-STORE1\"";
    let enough = destination.protocol != Some(OdooProtocol::JsonRpc) || destination.login.is_some();
    checks.need(enough, place.key("protocol"), message, hint);
    if let Some(text) = &destination.request_limit {
        let seconds = duration(text).map(|limit| limit.as_secs());
        let sound = seconds.is_some_and(|limit| (1..=REQUEST_SECONDS_MAX).contains(&limit));
        let message = format!("`{text}` is no time after which Odoo ends a request");
        let hint = "write Odoo's limit_time_real, as in 120s; at most 1h";
        checks.need(sound, place.key("request_limit"), &message, hint);
    }
}

fn example(field: &str, odoo: bool) -> &'static str {
    match field {
        "url" if !odoo => "as in url = \"https://receiver.example.com/documents\"",
        "url" => "as in url = \"https://erp.example.com\"",
        "path" => "as in path = \"/srv/hand-over\"",
        "database" => "as in database = \"prod\"",
        _ => "as in secret = { env = \"TILLPOST_ODOO_KEY\" }",
    }
}

/// Whether key and documents may travel unencrypted. An Odoo of a rehearsal may stand in the store's own network; a
/// receiver by HTTP never does, so only developers' and tests' may.
fn in_the_open(kind: DestinationType, environment: Environment) -> bool {
    match environment {
        Environment::Development | Environment::Test => true,
        Environment::Staging => kind != DestinationType::Http,
        Environment::Production => false,
    }
}

/// `http(s)://host[:port][/path]`; unless `open`, the key and the sales travel encrypted or not at all.
pub(super) fn address(checks: &mut Checks, url: &str, open: bool, place: Place<'_>) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let sound = matches!(scheme, "http" | "https")
        && !host.is_empty()
        && !host.contains('@')
        && !url.contains(char::is_whitespace);
    if !sound {
        let message = "`url` is no address of a web server";
        checks.add(place, message, "write it as in https://erp.example.com");
        return;
    }
    let name = host
        .strip_prefix('[')
        .and_then(|host| host.split(']').next())
        .unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    let here = name == "localhost" || name.parse().is_ok_and(loopback);
    checks.need(
        scheme == "https" || here || open,
        place,
        "`url` is not encrypted: the key would travel in the open",
        "use https://",
    );
}

pub(super) fn secret_source(
    checks: &mut Checks,
    secret: &SecretSource,
    environment: Environment,
    place: Place<'_>,
) {
    checks.need(
        !secret.text().trim().is_empty(),
        place,
        "`secret` is empty",
        "",
    );
    let literal = matches!(secret, SecretSource::Literal(_));
    checks.need(
        !literal || environment.allows_literal_secrets(),
        place,
        &format!(
            "a secret may not stand in the file in {}",
            environment.as_str()
        ),
        "use { env = \"NAME\" }, { file = \"PATH\" } or { credential = \"NAME\" }",
    );
}

pub(super) fn kinds(checks: &mut Checks, kinds: Option<&[String]>, place: Place<'_>) {
    let Some(kinds) = kinds else { return };
    checks.need(
        !kinds.is_empty(),
        place,
        "`kinds` is empty: it would hold for nothing",
        "leave it out for all kinds",
    );
    known_kinds(checks, kinds, place);
}

/// Words that are no kinds of document, or stand there twice.
pub(super) fn known_kinds(checks: &mut Checks, kinds: &[String], place: Place<'_>) {
    let known = || Kind::ALL.iter().map(|kind| kind.as_str());
    let mut seen = BTreeSet::new();
    for (index, word) in kinds.iter().enumerate() {
        let place = place.item(index);
        if Kind::from_word(word).is_none() {
            let hint =
                meant(word, known()).unwrap_or_else(|| format!("it may be {}", listed(known())));
            checks.add(place, format!("`{word}` is no kind of document"), &hint);
        }
        let message = format!("the kind `{word}` stands here twice");
        checks.need(seen.insert(word), place, &message, "");
    }
}

pub(super) fn catalog(checks: &mut Checks, catalog: &Catalog, config: &Config, place: Place<'_>) {
    let odoo = catalog.source == CatalogSourceType::Odoo;
    if odoo {
        connection(checks, catalog, config, place);
    } else {
        let message = "`price_list` is for the source odoo; a snapshot carries its prices";
        let at = place.key("price_list");
        checks.need(catalog.price_list.is_none(), at, message, "leave it out");
    }
    if catalog.source == CatalogSourceType::Folder {
        let path = catalog.path.as_deref().unwrap_or_default();
        let message = "a catalog of source folder needs `path`";
        let hint = "name the folder with the snapshots";
        checks.need(!path.trim().is_empty(), place, message, hint);
    }
    web_catalog(checks, catalog, config.store.environment, place);
    let refresh = duration(&catalog.refresh).map(|every| every.as_secs());
    checks.need(
        refresh.is_some_and(|every| (REFRESH_SECONDS_MIN..=REFRESH_SECONDS_MAX).contains(&every)),
        place.key("refresh"),
        &format!("`{}` is no time between two looks", catalog.refresh),
        "write a number and s, m or h, as in 5m; at most 24h",
    );
}

/// Address and key of a catalog behind a web address: trusted as a receiver by HTTP is.
fn web_catalog(checks: &mut Checks, catalog: &Catalog, environment: Environment, place: Place<'_>) {
    let web = catalog.source == CatalogSourceType::Http;
    let message = "a catalog of source http needs `url`";
    let hint = "as in url = \"https://head.example.com/prices.ndjson\"";
    checks.need(!web || catalog.url.is_some(), place, message, hint);
    for (field, given) in [
        ("url", catalog.url.is_some()),
        ("secret", catalog.secret.is_some()),
    ] {
        let message = format!("only a catalog of source http has `{field}`");
        checks.need(web || !given, place.key(field), &message, "leave it out");
    }
    if let (true, Some(url)) = (web, &catalog.url) {
        let open = in_the_open(DestinationType::Http, environment);
        address(checks, url, open, place.key("url"));
    }
    if let Some(secret) = &catalog.secret {
        secret_source(checks, secret, environment, place.key("secret"));
    }
}

/// The destination whose connection an Odoo catalog uses.
fn connection(checks: &mut Checks, catalog: &Catalog, config: &Config, place: Place<'_>) {
    let odoos: Vec<&str> = config
        .destinations
        .iter()
        .filter(|destination| destination.kind == DestinationType::Odoo)
        .map(|destination| destination.name.as_str())
        .collect();
    let hint = if odoos.is_empty() {
        "add a [[destination]] of type odoo".to_owned()
    } else {
        format!("it may be {}", listed(&odoos))
    };
    let at = place.key("destination");
    match catalog.destination.as_deref() {
        None => checks.add(at, "a catalog of source odoo needs `destination`", &hint),
        Some(name) if !odoos.contains(&name) => {
            let message = format!("no destination of type odoo is called `{name}`");
            let hint = meant(name, odoos.iter().copied()).unwrap_or(hint);
            checks.add(at, message, &hint);
        }
        Some(_) => {}
    }
}

pub(super) fn inboxes(checks: &mut Checks, inboxes: &[Inbox], place: Place<'_>) {
    let mut seen = BTreeSet::new();
    for (index, inbox) in inboxes.iter().enumerate() {
        let place = place.item(index);
        put_away(checks, inbox, inboxes, place);
        let path = place.key("path");
        checks.need(!inbox.path.trim().is_empty(), path, "`path` is empty", "");
        let message = "two inboxes have the same `path`";
        checks.need(
            seen.insert(&inbox.path),
            path,
            message,
            "give each its folder",
        );
        let name = &inbox.profile;
        checks.code(name, place.key("profile"), "a profile's name");
        for (key, text, max) in [
            ("settle", &inbox.settle, SETTLE_SECONDS_MAX),
            ("every", &inbox.every, REFRESH_SECONDS_MAX),
        ] {
            let seconds = duration(text).map(|time| time.as_secs());
            let message = format!("`{text}` is no time");
            let hint = "write a number and s, m or h, as in 2s";
            let sound =
                seconds.is_some_and(|seconds| seconds <= max && (key == "settle" || seconds > 0));
            checks.need(sound, place.key(key), &message, hint);
        }
        if let Some(marker) = &inbox.marker {
            let sound = marker.len() > 1 && !marker.contains(['/', '\\']);
            let message = "`marker` is no ending of a file's name";
            checks.need(sound, place.key("marker"), message, "write it as in .ok");
        }
    }
}

/// What was taken must not lie where it would be taken again, and what was refused not among what was taken.
fn put_away(checks: &mut Checks, inbox: &Inbox, inboxes: &[Inbox], place: Place<'_>) {
    let plain = |path: &str| path.trim_end_matches(['/', '\\']).to_owned();
    let taken_from = |path: &String| {
        inboxes
            .iter()
            .any(|other| plain(&other.path) == plain(path))
    };
    for (key, folder) in [("done", &inbox.done), ("refused", &inbox.refused)] {
        let free = !folder.as_ref().is_some_and(taken_from);
        let message = format!("`{key}` is a folder that files are taken from");
        checks.need(
            free,
            place.key(key),
            &message,
            "give it a folder of its own",
        );
    }
    let same = inbox.done.as_deref().map(plain) == inbox.refused.as_deref().map(plain);
    let message = "`done` and `refused` are the same folder";
    let apart = inbox.done.is_none() || !same;
    checks.need(apart, place.key("refused"), message, "give each its folder");
}

/// Files with prices: each a path of its own, and a catalog that fills them.
pub(super) fn price_files(checks: &mut Checks, config: &Config, place: Place<'_>) {
    let mut seen = BTreeSet::new();
    for (index, file) in config.price_files.iter().enumerate() {
        let place = place.item(index);
        let at = place.key("path");
        let named = std::path::Path::new(&file.path).file_name().is_some();
        let hint = "name the file, as in path = \"/srv/tills/prices.csv\"";
        checks.need(named, at, "`path` names no file", hint);
        let message = "two price files have the same `path`";
        checks.need(seen.insert(&file.path), at, message, "give each its own");
        checks.code(&file.profile, place.key("profile"), "a profile's name");
        if let Some(trigger) = &file.trigger {
            let sound = trigger.len() > 1 && !trigger.contains(['/', '\\']);
            let message = "`trigger` is no name of a file, and no ending";
            let hint = "write it as in .ok or prices.go";
            checks.need(sound, place.key("trigger"), message, hint);
        }
    }
    let message = "a price file needs a [catalog] that fills it";
    let filled = config.price_files.is_empty() || config.catalog.is_some();
    checks.need(filled, place.item(0), message, "add [catalog]");
}
