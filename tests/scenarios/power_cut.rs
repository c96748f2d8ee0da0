//! The power fails while tills ring up: whatever was answered with a yes is there afterwards, and arrives once.
//!
//! Goal: promises 1 and 2 under power cuts, in figures. Method: the data folder lies on an ext4 of its own; four tills
//! ring up over HTTP and a lane drains to a folder on another disk; at a random moment the agent is killed and the
//! kernel's file system stopped without flushing; the disk is mounted again and the agent started. Every yes ever given is
//! looked up in the outbox, which must be whole; at the end everything must lie at the receiver once.
//!
//! A negative control shows that the method can see a loss: the same cuts with an outbox that does not sync its commits
//! must lose, or the run is void. What it cannot show: torn sectors, disks that say synced and are not.

use std::fmt::Write as _;
use std::time::Duration;

use tillpost_tests::agent::Agent;
use tillpost_tests::disk::Disk;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, namespace, report, wait};

/// Cuts in one store; then another begins, so that young and grown outboxes are cut.
const CUTS_OF_STORE: usize = 20;
const TILLS: usize = 4;
const DISK_MEBIBYTES: u64 = 512;

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
    acknowledged: usize,
    lost: usize,
    cuts_with_loss: usize,
    arrived: usize,
    missing: usize,
    double: usize,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.cuts_with_loss += other.cuts_with_loss;
        self.arrived += other.arrived;
        self.missing += other.missing;
        self.double += other.double;
    }

    fn row(&self, what: &str) -> String {
        format!(
            "| {what} | {} | {} | {} | {} | {} | {} |",
            self.cuts, self.acknowledged, self.lost, self.cuts_with_loss, self.missing, self.double
        )
    }
}

/// A store that lives through `cuts` power cuts and then drains.
fn store(cuts: usize, sync: Sync, random: &mut Random) -> Figures {
    let mut home = Home::new(&Setup::folder());
    let disk = Disk::new(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    home.set_before(&["nice", "-n", "10"]);
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
        let moment = Duration::from_millis(random.between(100, 900));
        tills::all_ring_up(&mut tills, &agent.url, || {
            std::thread::sleep(moment);
            cutter.cut();
        });
        agent.kill();
        disk.unmount();
        disk.mount();
        let lost = lost_after(&home, &tills);
        figures.cuts += 1;
        figures.cuts_with_loss += usize::from(lost > lost_before);
        lost_before = lost;
    }
    figures.lost = lost_before;
    let agent = home.start();
    agent.wait_drained(wait::HANG);
    agent.stop();
    arrived(&home, &tills, &mut figures);
    disk.unmount();
    figures
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
    let (mut full, mut weak) = (Figures::default(), Figures::default());
    while full.cuts < count {
        let cuts = CUTS_OF_STORE.min(count - full.cuts);
        full.add(&store(cuts, Sync::Full, &mut random));
        eprintln!("{} cuts: {full:?}", full.cuts);
    }
    weak.add(&store(controls, Sync::Weak, &mut random));
    report::publish(&format!("{count} power cuts"), &table(&full, &weak));
    assert!(
        weak.lost > 0,
        "the run is void: the control, which does not sync, lost nothing: {weak:?}"
    );
    assert!(
        full.acknowledged > full.cuts,
        "hardly anything was rung up: {full:?}"
    );
    assert_eq!(
        (full.lost, full.missing, full.double),
        (0, 0, 0),
        "{full:?}"
    );
    assert_eq!(weak.double, 0, "{weak:?}");
}

fn table(full: &Figures, weak: &Figures) -> String {
    let mut text = String::from(
        "| outbox | power cuts | acknowledged | lost from the outbox | cuts with loss | missing at the receiver | double there |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let _ = writeln!(text, "{}", full.row("as it is: every commit synced"));
    let _ = writeln!(
        text,
        "{}",
        weak.row("control: commits not synced (must lose)")
    );
    text
}

#[test]
fn nothing_that_was_answered_is_lost_in_20_power_cuts() {
    namespace::inside(
        "power_cut::nothing_that_was_answered_is_lost_in_20_power_cuts",
        || cuts(20, 4, 20),
    );
}

#[test]
fn long_nothing_that_was_answered_is_lost_in_200_power_cuts() {
    namespace::inside(
        "power_cut::long_nothing_that_was_answered_is_lost_in_200_power_cuts",
        || cuts(200, 20, 200),
    );
}
