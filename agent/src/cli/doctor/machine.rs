//! What can be checked on this machine alone: disk, outbox, clock, tills, backlog.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::Finding;
use crate::cli::context::Loaded;
use crate::cli::output::grouped;
use crate::paths;
use crate::store::survey::{Survey, survey};
use crate::store::windows::windows_of;
use crate::store::{backup, connection};

/// Below this little room the service soon refuses documents.
const ROOM_MIN: u64 = 100 << 20;
/// Below this much room somebody should look.
const ROOM_LOW: u64 = 1 << 30;
/// Longer than this nothing waits where the line is up.
const WAITING_MAX: SignedDuration = SignedDuration::from_hours(4);
/// Before this no clock of a store can stand: the program was not written yet.
const EARLIEST: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// A clock may be set back by this much and nobody wonders.
const BACK_MAX: SignedDuration = SignedDuration::from_mins(5);

/// All of them.
pub fn findings(loaded: &Loaded, now: Timestamp) -> Vec<Finding> {
    let mut findings = data_folder(&loaded.data_dir);
    findings.push(time_zone(loaded, now));
    let survey = outbox(loaded, now, &mut findings);
    findings.push(clock(survey.as_ref(), now));
    if let Some(survey) = &survey {
        findings.push(tills(survey, loaded.config.listen.require_token));
        findings.push(backlog(survey, now));
    }
    findings
}

fn data_folder(dir: &Path) -> Vec<Finding> {
    let name = "data folder";
    if !dir.exists() {
        let sentence = format!("{} is not there", dir.display());
        return vec![Finding::fail(
            name,
            sentence,
            "start the service once, or check `dir` under [data]",
        )];
    }
    let probe = dir.join(".doctor");
    let written = std::fs::write(&probe, b"ok").and_then(|()| std::fs::remove_file(&probe));
    let folder = match written {
        Ok(()) => Finding::ok(name, format!("{} can be written", dir.display())),
        Err(error) => Finding::fail(
            name,
            format!("cannot write to {}: {error}", dir.display()),
            "run doctor as administrator, and check the folder's rights",
        ),
    };
    vec![folder, room(paths::free_bytes(dir))]
}

fn room(free: std::io::Result<u64>) -> Finding {
    let name = "free room";
    let free = match free {
        Ok(free) => free,
        Err(error) => {
            return Finding::warn(
                name,
                format!("cannot be measured: {error}"),
                "look at the disk by hand",
            );
        }
    };
    let sentence = format!("{} MiB", grouped(free >> 20));
    match free {
        ..ROOM_MIN => Finding::fail(
            name,
            sentence,
            "make room: documents are refused when the disk is full",
        ),
        ROOM_MIN..ROOM_LOW => Finding::warn(name, sentence, "make room before the disk is full"),
        ROOM_LOW.. => Finding::ok(name, sentence),
    }
}

fn time_zone(loaded: &Loaded, now: Timestamp) -> Finding {
    let zone = &loaded.config.store.timezone;
    let local = now
        .to_zoned(loaded.config.store.zone())
        .strftime("%Y-%m-%d %H:%M");
    Finding::ok("time zone", format!("{zone}, where it is {local}"))
}

/// Opens and checks the outbox; answers its figures when they could be had.
fn outbox(loaded: &Loaded, now: Timestamp, findings: &mut Vec<Finding>) -> Option<Survey> {
    let name = "outbox";
    let opened = loaded
        .outbox()
        .and_then(|file| Ok(connection::open_reader(&file)?));
    let looked = opened.and_then(|connection| {
        let survey = survey(&connection, &windows_of(&loaded.config), now)?;
        backup::quick_check(&connection)?;
        Ok((durable(&connection, &survey), survey))
    });
    match looked {
        Ok((finding, survey)) => {
            findings.push(finding);
            Some(survey)
        }
        Err(failure) => {
            findings.push(Finding::of(name, &failure));
            None
        }
    }
}

fn durable(connection: &Connection, survey: &Survey) -> Finding {
    let name = "outbox";
    let synchronous = connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0));
    if survey.journal_mode != "wal" || !matches!(synchronous, Ok(2)) {
        let sentence = format!(
            "its log is kept in mode {}, not in wal with full syncs",
            survey.journal_mode
        );
        return Finding::fail(
            name,
            sentence,
            "restart the service, and let nothing else write to the file",
        );
    }
    let documents: i64 = survey
        .documents
        .values()
        .flat_map(|states| states.values())
        .sum();
    let sentence = format!(
        "whole, {} documents in {} MiB, wal with full syncs",
        grouped(documents),
        grouped(survey.bytes >> 20)
    );
    Finding::ok(name, sentence)
}

fn clock(survey: Option<&Survey>, now: Timestamp) -> Finding {
    let name = "clock";
    let hint = "set the machine's clock, and let it follow a time server";
    if now < EARLIEST {
        return Finding::fail(name, format!("it says {now:.0}, which is past"), hint);
    }
    match survey.and_then(|survey| survey.newest_at) {
        Some(newest) if now.duration_until(newest) > BACK_MAX => {
            let sentence =
                format!("it says {now:.0}, before the newest document, which came at {newest:.0}");
            Finding::fail(name, sentence, hint)
        }
        Some(_) | None => Finding::ok(name, format!("it says {now:.0}, after all that is stored")),
    }
}

fn tills(survey: &Survey, require_token: bool) -> Finding {
    let name = "tills";
    match (survey.tills, require_token) {
        (0, true) => Finding::warn(
            name,
            "none was added, so none can hand over documents",
            "add them with: tillpost till add CODE",
        ),
        (_, false) => Finding::warn(
            name,
            "no token is required: anybody on this machine may hand over documents",
            "for development and tests only",
        ),
        (count, true) => Finding::ok(name, format!("{count} added")),
    }
}

fn backlog(survey: &Survey, now: Timestamp) -> Finding {
    let name = "backlog";
    let [waiting, parked, held] = ["waiting", "parked", "held"].map(|state| survey.in_state(state));
    let counts = format!("{waiting} waiting, {parked} parked, {held} held");
    let old = survey
        .oldest_waiting_at
        .filter(|at| at.duration_until(now) > WAITING_MAX);
    match old {
        _ if parked + held > 0 => Finding::warn(
            name,
            counts,
            "look at them with: tillpost documents list --state parked (or held)",
        ),
        Some(since) => {
            let sentence = format!("{counts}; the oldest since {since:.0}");
            Finding::warn(name, sentence, "see the destination below; nothing is lost")
        }
        None => Finding::ok(name, counts),
    }
}
