//! Everything that a PC and its disks can do while documents go to a folder: nothing lost, nothing doubled.
//!
//! Goal: what the bad line shows for destinations at the far end (`line_faults`), for the one on a disk. Method: the outbox
//! and the folder lie on a disk each; four tills hand in by batches and send again what got no answer, while lives of the
//! agent end at named points, at random moments, by a power cut of both disks, by a disk that turns read-only; and either
//! disk fills up and is emptied again under the running agent. Faults are dealt in turn until so many documents have
//! their yes and every fault has happened; then all is drained and compared.

use std::collections::BTreeMap;
use std::time::Duration;

use tillpost_tests::agent::{Agent, signal};
use tillpost_tests::disk::{Cutter, Disk};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, namespace, report, wait};

use crate::kills::{PASSES_MAX, POINTS, hit};

const TILLS: usize = 4;
const OUTBOX_MEBIBYTES: u64 = 1_536;
const FOLDER_MEBIBYTES: u64 = 512;
/// Left free of the outbox's disk when it fills up: less than the reserve, so that the agent says no.
const LEFT_MEBIBYTES: u64 = 40;
/// Requests of each till before and after a disk is full.
const REQUESTS: usize = 3;
/// Lives of the agent until the documents must have their yes.
const LIVES_MAX: usize = 1_200;
/// How long the end may take to drain.
const DRAIN: Duration = Duration::from_secs(600);

/// How a life of the agent ends, or what happens in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    KilledAt(&'static str),
    Killed,
    PowerCut,
    FolderReadOnly,
    FolderFull,
    OutboxReadOnly,
    OutboxFull,
}

/// Every fault in the order in which they are dealt: after each at a named point one of the others.
fn deck() -> Vec<Fault> {
    use Fault::{
        FolderFull, FolderReadOnly, Killed, KilledAt, OutboxFull, OutboxReadOnly, PowerCut,
    };
    let others = [
        Killed,
        PowerCut,
        FolderReadOnly,
        FolderFull,
        OutboxReadOnly,
        OutboxFull,
    ];
    let pairs = POINTS.iter().zip(others.iter().cycle());
    pairs
        .flat_map(|(point, other)| [KilledAt(point), *other])
        .collect()
}

struct Shop {
    home: Home,
    outbox: Disk,
    folder: Disk,
    tills: Vec<Till>,
    random: Random,
}

impl Shop {
    fn new(seed: u64, batch_max: u64) -> Self {
        let mut home = Home::new(&Setup::folder());
        home.set_env("TILLPOST_HURRY", "50");
        let image = |name: &str| home.path().join(name);
        let outbox =
            Disk::read_only_on_errors(&image("outbox.img"), &home.data(), OUTBOX_MEBIBYTES);
        let folder = Disk::read_only_on_errors(&image("folder.img"), &home.out(), FOLDER_MEBIBYTES);
        let tills = Till::add_with_batches(&home, TILLS, batch_max);
        let random = Random::new(seed);
        Self {
            home,
            outbox,
            folder,
            tills,
            random,
        }
    }

    /// A life of the agent with this fault in it.
    fn live(&mut self, fault: Fault) {
        match fault {
            Fault::KilledAt(point) => self.killed_at(point),
            Fault::Killed => self.killed(),
            Fault::PowerCut => self.power_cut(),
            Fault::FolderReadOnly => self.folder_read_only(),
            Fault::FolderFull => self.folder_full(),
            Fault::OutboxReadOnly => self.outbox_read_only(),
            Fault::OutboxFull => self.outbox_full(),
        }
    }

    fn killed_at(&mut self, point: &'static str) {
        let failpoint = format!("{point}:{}", self.random.between(1, PASSES_MAX));
        let said = match Agent::try_start(&self.home, &[("TILLPOST_FAILPOINT", &failpoint)]) {
            Ok(mut agent) => {
                tills::all_ring_up(&mut self.tills, &agent.url, || ());
                agent.wait_ended(wait::HANG)
            }
            // A lane that finds work at once may come to the point before the door is open.
            Err(said) => said,
        };
        assert!(hit(&said.stderr, point), "{point}: {said:?}");
    }

    fn killed(&mut self) {
        let agent = self.home.start();
        let moment = self.moment();
        tills::all_ring_up(&mut self.tills, &agent.url, || {
            std::thread::sleep(moment);
            signal(agent.process(), "KILL");
        });
        agent.kill();
    }

    fn power_cut(&mut self) {
        let agent = self.home.start();
        let cutters = [&self.outbox, &self.folder].map(|disk| disk.cutter(agent.process()));
        let moment = self.moment();
        tills::all_ring_up(&mut self.tills, &agent.url, || {
            std::thread::sleep(moment);
            cutters.into_iter().for_each(Cutter::cut);
        });
        agent.kill();
        self.put_in_again();
    }

    /// The folder's disk fails under the running agent, which takes everything nevertheless.
    fn folder_read_only(&mut self) {
        let agent = self.home.start();
        self.ring_up(&agent);
        self.folder.fail();
        self.ring_up(&agent);
        wait::until("the lane to see that the folder's disk has failed", || {
            (agent.status()["destinations"][0]["state"] != "ok").then_some(())
        });
        agent.kill();
        self.put_in_again();
    }

    /// The folder's disk has no byte left, and then has: the lane goes on by itself.
    fn folder_full(&mut self) {
        let agent = self.home.start();
        self.ring_up(&agent);
        self.folder.fill(0);
        self.ring_up(&agent);
        wait::until("the lane to see that the folder's disk is full", || {
            (agent.status()["destinations"][0]["state"] != "ok").then_some(())
        });
        self.folder.make_room();
        wait::until("the lane to go on", || {
            (agent.status()["destinations"][0]["state"] == "ok").then_some(())
        });
        agent.kill();
    }

    /// The outbox's disk fails while nobody rings up: in the very moment the kernel itself may say that what it did not
    /// write is synced.
    fn outbox_read_only(&mut self) {
        let agent = self.home.start();
        self.ring_up(&agent);
        self.outbox.fail();
        tills::all_ring_up(&mut self.tills, &agent.url, || ());
        agent.kill();
        self.put_in_again();
    }

    /// The outbox's disk fills up, the tills hear a no, and it is emptied: the agent goes on by itself.
    fn outbox_full(&mut self) {
        let agent = self.home.start();
        self.ring_up(&agent);
        self.outbox.fill(LEFT_MEBIBYTES);
        tills::all_ring_up(&mut self.tills, &agent.url, || ());
        self.outbox.make_room();
        self.ring_up(&agent);
        agent.kill();
    }

    /// Every till hands in some, and each gets its yes.
    fn ring_up(&mut self, agent: &Agent) {
        for till in &mut self.tills {
            assert!(
                (0..REQUESTS).all(|_| till.ring_up(&agent.url)),
                "{}",
                agent.said()
            );
        }
    }

    fn moment(&mut self) -> Duration {
        Duration::from_millis(self.random.between(50, 1_500))
    }

    fn put_in_again(&self) {
        for disk in [&self.outbox, &self.folder] {
            disk.unmount();
            disk.mount();
        }
    }

    /// Drains what is left and compares.
    fn end(self, documents: usize, hits: &BTreeMap<Fault, usize>) {
        let agent = self.home.start();
        agent.wait_drained(DRAIN);
        let promised = tills::promised(&self.tills);
        let lost = tills::lost(&self.tills, &self.home.data().join("outbox.db")).len();
        agent.stop();
        let (missing, double) = compare(&promised, &self.home);
        let name = format!("{documents} documents to a folder");
        report::publish(&name, &table(promised.len(), [lost, missing, double], hits));
        assert_eq!((lost, missing, double), (0, 0, 0));
        // The comparison itself: one file away is a loss, one file twice a double.
        let files = folder::files(&self.home.out());
        std::fs::copy(&files[0], files[0].with_file_name("ZH01-0-again.ndjson")).unwrap();
        std::fs::remove_file(&files[1]).unwrap();
        let (missing, double) = compare(&promised, &self.home);
        assert!(missing > 0 && double > 0, "the comparison sees nothing");
        self.outbox.unmount();
        self.folder.unmount();
    }
}

/// How many keys that were promised are not in the folder, and how many lie there more than once.
fn compare(promised: &BTreeMap<&String, &String>, home: &Home) -> (usize, usize) {
    let there = folder::keys(&home.out());
    let missing = promised
        .keys()
        .filter(|key| !there.contains_key(**key))
        .count();
    let double = there.values().filter(|times| **times > 1).count();
    (missing, double)
}

fn table(acknowledged: usize, counts: [usize; 3], hits: &BTreeMap<Fault, usize>) -> String {
    for (fault, times) in hits {
        println!("{times:>6} times {fault:?}");
    }
    let [lost, missing, double] = counts;
    format!(
        "| to | documents | faults that happened | lost from the outbox | missing there | double there |\n\
         |---|---|---|---|---|---|\n\
         | a folder, both disks failing | {acknowledged} | {} | {lost} | {missing} | {double} |\n",
        report::times(hits)
    )
}

fn faults(documents: usize, batch_max: u64, seed: u64) {
    let mut shop = Shop::new(seed, batch_max);
    let mut hits = BTreeMap::new();
    let deck = deck();
    for n in 0..LIVES_MAX {
        let done = tills::promised(&shop.tills).len() >= documents;
        if done && deck.iter().all(|fault| hits.contains_key(fault)) {
            return shop.end(documents, &hits);
        }
        let fault = deck[n % deck.len()];
        shop.live(fault);
        *hits.entry(fault).or_default() += 1;
    }
    panic!(
        "after {LIVES_MAX} lives: {} of {documents}",
        tills::promised(&shop.tills).len()
    );
}

#[test]
fn two_thousand_documents_to_a_folder_through_crashes_and_disk_faults() {
    namespace::inside(
        "folder_faults::two_thousand_documents_to_a_folder_through_crashes_and_disk_faults",
        || faults(2_000, 20, 2_000),
    );
}

#[test]
fn longest_100_000_documents_to_a_folder_through_crashes_and_disk_faults() {
    namespace::inside(
        "folder_faults::longest_100_000_documents_to_a_folder_through_crashes_and_disk_faults",
        // Small batches, so that the same documents take four times the lives.
        || faults(100_000, 100, 100_000),
    );
}
