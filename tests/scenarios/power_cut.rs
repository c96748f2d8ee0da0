//! The power fails while tills ring up: whatever was answered with a yes is there afterwards, and arrives once.
//!
//! Goal: promises 1 and 2 under power cuts, in figures. Method: the data folder lies on an ext4 of its own; four tills
//! ring up over HTTP and a lane drains to a folder on another disk; at a random moment, counted in yeses so that a slow
//! machine is cut no earlier than a fast one, the agent is killed and the kernel's file system stopped without flushing;
//! the disk is mounted again and the agent started. Every yes ever given is looked up in the outbox, which must be whole;
//! at the end everything must lie at the receiver once.
//!
//! In half of the stores the log moves into the outbox every 50 pages, so that cuts fall around a checkpoint; how often it
//! did in the lives that were cut is read from the log's own header, and must not be never. No cut may leave a file that
//! needs a rescue: a rescue would hide that the file was damaged.
//!
//! Negative controls show that the method can see a loss: the same cuts with an outbox that does not sync its commits
//! must lose, or the run is void. Without checkpoints it loses everything; with them only what came after the last one:
//! that the harness sees little losses too. What it cannot show: torn sectors, disks that say synced and are not.

use std::fmt::Write as _;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tillpost_tests::agent::Agent;
use tillpost_tests::disk::Disk;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, namespace, process, report, wait};

use crate::restore;

/// Cuts in one store; then another begins, so that young and grown outboxes are cut.
const CUTS_OF_STORE: usize = 20;
const TILLS: usize = 4;
const DISK_MEBIBYTES: u64 = 512;

/// Pages in the log before they move, where cuts are to fall into that.
const CHECKPOINT_PAGES: &str = "50";

/// Yeses in a life before it is cut, at most: a second of a quiet machine.
const YESES_MAX: u64 = 200;
/// The same, after the log has moved: soon after that, in the next move, or in between.
const YESES_AFTER_MOVE_MAX: u64 = 30;
/// The last yes and the cut are up to so many milliseconds apart, so that it falls anywhere in a request.
const MOMENT_MAX_MS: u64 = 30;

/// How long a cut waits for the log to move, or for yeses.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the log moves into the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checkpoints {
    /// As always: hardly once in so short a life.
    Usual,
    /// Many times a second.
    Many,
}

/// Whether commits are synced, as always, or not, as the negative control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    Full,
    Weak,
}

/// What a number of cuts came to.
#[derive(Debug, Default)]
struct Figures {
    cuts: usize,
    /// Cuts of lives in which the log had moved into the outbox.
    cuts_with_checkpoints: usize,
    checkpoints: u64,
    acknowledged: usize,
    lost: usize,
    cuts_with_loss: usize,
    rescued: usize,
    log_bytes_max: u64,
    arrived: usize,
    missing: usize,
    double: usize,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.cuts_with_checkpoints += other.cuts_with_checkpoints;
        self.checkpoints += other.checkpoints;
        self.rescued += other.rescued;
        self.log_bytes_max = self.log_bytes_max.max(other.log_bytes_max);
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.cuts_with_loss += other.cuts_with_loss;
        self.arrived += other.arrived;
        self.missing += other.missing;
        self.double += other.double;
    }

    fn row(&self, what: &str) -> String {
        format!(
            "| {what} | {} | {} | {} | {} | {} | {} | {} |",
            self.cuts,
            self.cuts_with_checkpoints,
            self.acknowledged,
            self.lost,
            self.cuts_with_loss,
            self.missing,
            self.double
        )
    }
}

/// A store that lives through `cuts` power cuts and then drains.
fn store(cuts: usize, sync: Sync, checkpoints: Checkpoints, random: &mut Random) -> Figures {
    let mut home = Home::new(&Setup::folder());
    let disk = Disk::new(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    home.set_before(&["nice", "-n", "10"]);
    if checkpoints == Checkpoints::Many {
        home.set_env("TILLPOST_CHECKPOINT_PAGES", CHECKPOINT_PAGES);
    }
    let log = home.data().join("outbox.db-wal");
    let mut tills = Till::add(&home, TILLS);
    let env: &[(&str, &str)] = match sync {
        Sync::Full => &[],
        Sync::Weak => &[("TILLPOST_WEAK_SYNC", "1")],
    };
    let mut figures = Figures::default();
    let mut lost_before = 0;
    for _ in 0..cuts {
        let agent = Agent::start(&home, env);
        let cutter = disk.cutter(agent.process());
        let yeses_max = match checkpoints {
            Checkpoints::Usual => YESES_MAX,
            Checkpoints::Many => YESES_AFTER_MOVE_MAX,
        };
        let yeses = usize::try_from(random.between(0, yeses_max)).unwrap();
        let moment = Duration::from_millis(random.between(0, MOMENT_MAX_MS));
        let before = log_round(&log);
        let mut moved = 0;
        tills::all_ring_up_counted(&mut tills, &agent.url, |answered| {
            if checkpoints == Checkpoints::Many {
                patiently(|| log_round(&log) != before);
            }
            let enough = answered.load(Ordering::Relaxed) + yeses;
            patiently(|| answered.load(Ordering::Relaxed) >= enough);
            std::thread::sleep(moment);
            moved = log_round(&log).saturating_sub(before);
            cutter.cut();
        });
        agent.kill();
        figures.checkpoints += moved;
        figures.cuts_with_checkpoints += usize::from(moved > 0);
        figures.log_bytes_max = figures.log_bytes_max.max(process::size(&log));
        disk.unmount();
        disk.mount();
        let lost = lost_after(&home, &tills);
        figures.cuts += 1;
        figures.cuts_with_loss += usize::from(lost > lost_before);
        lost_before = lost;
    }
    figures.rescued = restore::set_aside(&home.data()).len();
    figures.lost = lost_before;
    let agent = home.start();
    agent.wait_drained(wait::HANG);
    agent.stop();
    arrived(&home, &tills, &mut figures);
    disk.unmount();
    figures
}

/// How often the log was begun anew, which it is once all of it has moved into the outbox: its header counts (SQLite's
/// file format, section 4.1).
fn log_round(log: &Path) -> u64 {
    let mut header = [0; 16];
    let read = std::fs::File::open(log).and_then(|log| log.read_exact_at(&mut header, 0));
    let count = <[u8; 4]>::try_from(&header[12..]).unwrap();
    read.map_or(0, |()| u32::from_be_bytes(count).into())
}

/// Waits for something that on a slow machine may take a while, and may not come.
fn patiently(come: impl Fn() -> bool) {
    let begin = Instant::now();
    while !come() && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts the agent, which must come up by itself, and counts what is missing of all that was promised.
fn lost_after(home: &Home, tills: &[Till]) -> usize {
    let agent = home.start();
    let lost = tills::lost(tills, &home.data().join("outbox.db"));
    agent.kill();
    lost.len()
}

fn arrived(home: &Home, tills: &[Till], figures: &mut Figures) {
    let promised = tills::promised(tills);
    let there = folder::keys(&home.out());
    figures.acknowledged = promised.len();
    figures.arrived = there.len();
    figures.missing = promised
        .keys()
        .filter(|key| !there.contains_key(**key))
        .count();
    figures.double = there.values().filter(|times| **times > 1).count();
}

fn cuts(count: usize, controls: usize, seed: u64) {
    let mut random = Random::new(seed);
    let mut full = Figures::default();
    let of_store = CUTS_OF_STORE.min(count / 2);
    while full.cuts < count {
        for checkpoints in [Checkpoints::Many, Checkpoints::Usual] {
            full.add(&store(of_store, Sync::Full, checkpoints, &mut random));
        }
        eprintln!("{} cuts: {full:?}", full.cuts);
    }
    let weak = store(controls, Sync::Weak, Checkpoints::Usual, &mut random);
    // A third of these cuts come when nothing was answered since the last move: so many that all of them do not.
    let subtle = store(2 * controls, Sync::Weak, Checkpoints::Many, &mut random);
    let text = table(&full, &weak, &subtle);
    report::publish(&format!("{count} power cuts"), &text);
    println!(
        "{} checkpoints in {} of {} lives that were cut; log up to {} kB; controls {weak:?}, {subtle:?}",
        full.checkpoints,
        full.cuts_with_checkpoints,
        full.cuts,
        full.log_bytes_max >> 10
    );
    assert!(
        weak.lost > 0 && subtle.lost > 0,
        "the run is void: a control, which does not sync, lost nothing: {weak:?} {subtle:?}"
    );
    assert!(
        subtle.lost < subtle.acknowledged,
        "the run is void: with checkpoints something must be left: {subtle:?}"
    );
    assert!(
        full.cuts_with_checkpoints * 4 >= full.cuts && subtle.cuts_with_checkpoints > 0,
        "hardly a cut with a checkpoint before it: {full:?} {subtle:?}"
    );
    assert_eq!(full.rescued, 0, "an outbox was damaged by a cut: {full:?}");
    assert!(
        full.acknowledged > full.cuts,
        "hardly anything was rung up: {full:?}"
    );
    assert_eq!(
        (full.lost, full.missing, full.double),
        (0, 0, 0),
        "{full:?}"
    );
    assert_eq!((weak.double, subtle.double), (0, 0), "{weak:?} {subtle:?}");
}

fn table(full: &Figures, weak: &Figures, subtle: &Figures) -> String {
    let mut text = String::from(
        "| outbox | power cuts | of them after checkpoints | acknowledged | lost from the outbox | cuts with loss | missing at the receiver | double there |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let _ = writeln!(text, "{}", full.row("as it is: every commit synced"));
    let _ = writeln!(
        text,
        "{}",
        weak.row("control: commits not synced (must lose)")
    );
    let _ = writeln!(
        text,
        "{}",
        subtle.row("control: synced at checkpoints only (must lose some)")
    );
    text
}

#[test]
fn nothing_that_was_answered_is_lost_in_20_power_cuts() {
    namespace::inside(
        "power_cut::nothing_that_was_answered_is_lost_in_20_power_cuts",
        || cuts(20, 5, 20),
    );
}

#[test]
fn long_nothing_that_was_answered_is_lost_in_200_power_cuts() {
    namespace::inside(
        "power_cut::long_nothing_that_was_answered_is_lost_in_200_power_cuts",
        || cuts(200, 20, 200),
    );
}
