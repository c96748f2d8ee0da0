//! kill -9 while tills ring up and a lane drains: at every named point and at random moments, again and again.
//!
//! Goal: promises 1 and 2 in figures, wherever the process ends. Method: four tills ring up without a pause and send again
//! what got no answer; the agent is started, told to die at a named point when it is passed for the n-th time, or killed
//! at a random moment; then the next one is started on what was left. At the end every yes is looked up in the
//! outbox, and everything must lie in the receiver's folder once. No point may go without a hit.

use std::collections::BTreeMap;
use std::time::Duration;

use tillpost_tests::agent::{Agent, signal};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, report, wait};

/// The named points on a document's way from the till to the folder.
pub const POINTS: [&str; 8] = [
    "desk.stored",
    "desk.committed",
    "lane.claimed",
    "folder.written",
    "folder.renamed",
    "folder.synced",
    "lane.answered",
    "lane.noted",
];
const RANDOM_MOMENT: &str = "random moment";
/// A point is waited for until it has been passed so often.
pub const PASSES_MAX: u64 = 4;
/// Kills in one store; then another begins. The receiver's folder is read at every start, so they get slower.
const KILLS_OF_STORE: usize = 50;
/// How long a store may take to drain at the end.
const DRAIN: Duration = Duration::from_secs(600);
const TILLS: usize = 4;

/// One life of the agent, from its start to its end at `point`.
fn life(home: &Home, tills: &mut [Till], point: &str, random: &mut Random) {
    if point == RANDOM_MOMENT {
        let agent = home.start();
        let moment = Duration::from_millis(random.between(5, 300));
        tills::all_ring_up(tills, &agent.url, || {
            std::thread::sleep(moment);
            signal(agent.process(), "KILL");
        });
        return agent.kill();
    }
    let failpoint = format!("{point}:{}", random.between(1, PASSES_MAX));
    let mut agent = match Agent::try_start(home, &[("TILLPOST_FAILPOINT", &failpoint)]) {
        Ok(agent) => agent,
        // A lane that finds work at once may come to the point before the door is open.
        Err(said) => {
            assert!(hit(&said.stderr, point), "{point}: {said:?}");
            return;
        }
    };
    tills::all_ring_up(tills, &agent.url, || ());
    let said = agent.wait_ended(wait::HANG);
    assert!(hit(&said.stderr, point), "{point}: {said:?}");
}

/// Whether the agent said that it ended at this point.
pub fn hit(said: &str, point: &str) -> bool {
    said.contains(&format!("failpoint {point} hit"))
}

/// What a number of kills came to.
#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    acknowledged: usize,
    lost: usize,
    missing: usize,
    double: usize,
}

/// A store that lives through kills from the `first` on, and then drains.
fn store(
    first: usize,
    count: usize,
    random: &mut Random,
    hits: &mut BTreeMap<&str, usize>,
    figures: &mut Figures,
) {
    let home = Home::new(&Setup::folder());
    let mut tills = Till::add(&home, TILLS);
    for n in first..first + count {
        // Every other kill comes at a random moment.
        let point = match n % 2 {
            0 => POINTS[n / 2 % POINTS.len()],
            _ => RANDOM_MOMENT,
        };
        life(&home, &mut tills, point, random);
        *hits.entry(point).or_default() += 1;
    }
    let agent = home.start();
    agent.wait_drained(DRAIN);
    let (promised, there) = (tills::promised(&tills), folder::keys(&home.out()));
    figures.kills += count;
    figures.acknowledged += promised.len();
    figures.lost += tills::lost(&tills, &home.data().join("outbox.db")).len();
    let missing = |key: &&&String| !there.contains_key(**key);
    figures.missing += promised.keys().filter(missing).count();
    figures.double += there.values().filter(|times| **times > 1).count();
    agent.stop();
}

fn kills(count: usize, seed: u64) {
    let mut random = Random::new(seed);
    let (mut hits, mut figures) = (BTreeMap::new(), Figures::default());
    for first in (0..count).step_by(KILLS_OF_STORE) {
        let kills = KILLS_OF_STORE.min(count - first);
        store(first, kills, &mut random, &mut hits, &mut figures);
        eprintln!("{figures:?}");
    }
    report::publish(&format!("{count} kills"), &table(&figures, &hits));
    let Figures {
        acknowledged,
        lost,
        missing,
        double,
        ..
    } = figures;
    assert!(acknowledged >= count, "hardly anything was rung up");
    assert_eq!((lost, missing, double), (0, 0, 0));
    for point in POINTS {
        assert!(hits.contains_key(point), "{point} was never hit");
    }
}

fn table(figures: &Figures, hits: &BTreeMap<&str, usize>) -> String {
    for (point, times) in hits {
        println!("{times:>6} times {point}");
    }
    let random = hits.get(RANDOM_MOMENT).copied().unwrap_or_default();
    let named: BTreeMap<_, _> = hits
        .iter()
        .filter(|(at, _)| **at != RANDOM_MOMENT)
        .map(|(at, n)| (at, *n))
        .collect();
    let Figures {
        kills,
        acknowledged,
        lost,
        missing,
        double,
    } = figures;
    format!(
        "| kills | at random moments | at named points | acknowledged | lost from the outbox | missing at the receiver | double there |\n\
         |---|---|---|---|---|---|---|\n\
         | {kills} | {random} | {} | {acknowledged} | {lost} | {missing} | {double} |\n",
        report::times(&named)
    )
}

#[test]
fn nothing_is_lost_or_double_in_40_kills() {
    kills(40, 40);
}

#[test]
fn long_nothing_is_lost_or_double_in_1000_kills() {
    kills(1_000, 1_000);
}
