//! How many random days of the state machine are lived through: some with every change, hundreds in the long run.

use proptest::prelude::*;

use super::machine::World;
use super::moods::*;

/// Random days a run, and a long one; `PROPTEST_CASES` has another number.
const DAYS: u32 = 48;
const DAYS_LONG: u32 = 480;

fn days(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES");
    let asked = asked.ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(usual),
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}

fn live(all: Vec<Step>) {
    let mut world = World::new();
    for step in all {
        world.step(step);
    }
    world.heal();
}

proptest! {
    #![proptest_config(days(DAYS))]

    #[test]
    fn nothing_is_lost_and_nothing_is_there_twice(all in steps()) {
        live(all);
    }
}

proptest! {
    #![proptest_config(days(DAYS_LONG))]

    #[test]
    fn long_nothing_is_lost_and_nothing_is_there_twice(all in steps()) {
        live(all);
    }
}
