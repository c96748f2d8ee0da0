//! Who goes first where a destination takes little at a time. Pure.
//!
//! Only which documents get into the next batch is decided here. Order stays the queue's own: within a batch, and of each
//! till from batch to batch, so that nothing overtakes what it depends on.

use std::collections::HashMap;

use tillpost_shared::document::Kind;

/// How urgent a kind of document is at head office, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// Money and goods that nobody else knows of.
    Sale,
    /// Its original has to be looked up first.
    TakesBack,
    /// It corrects what is there.
    Count,
    /// It can wait.
    Rest,
}

/// A document that could go now.
#[derive(Debug, Clone, Copy)]
pub struct Ready<'a> {
    /// Its till; empty where it has none, and then it is in nobody's order.
    pub till: &'a str,
    /// What it is.
    pub kind: Kind,
}

const fn urgency(kind: Kind) -> Urgency {
    match kind {
        Kind::Sale => Urgency::Sale,
        Kind::Return | Kind::Void => Urgency::TakesBack,
        Kind::StockCount => Urgency::Count,
        Kind::DayOpen
        | Kind::DayClose
        | Kind::CashMovement
        | Kind::TillActivity
        | Kind::Settlement
        | Kind::StockMove
        | Kind::Pickup => Urgency::Rest,
    }
}

/// The places of those that go next, at most `max`, in the order of the queue. `ready`: oldest first. What stands before
/// something urgent of its till is as urgent: it has to go first.
pub fn first(ready: &[Ready<'_>], max: usize) -> Vec<usize> {
    let mut of_till: HashMap<&str, Urgency> = HashMap::new();
    let mut urgencies: Vec<Urgency> = ready.iter().map(|one| urgency(one.kind)).collect();
    for (own, one) in urgencies.iter_mut().zip(ready).rev() {
        if !one.till.is_empty() {
            let behind = of_till.entry(one.till).or_insert(*own);
            *own = (*own).min(*behind);
            *behind = *own;
        }
    }
    let mut places: Vec<usize> = (0..ready.len()).collect();
    // Of two that are as urgent, the older one.
    places.sort_by_key(|place| urgencies[*place]);
    places.truncate(max);
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn ready<'a>(queue: &[(&'a str, Kind)]) -> Vec<Ready<'a>> {
        let one = |(till, kind): &(&'a str, Kind)| Ready { till, kind: *kind };
        queue.iter().map(one).collect()
    }

    #[rstest]
    #[case::sales_before_returns_of_other_tills(&[("1", Kind::Return), ("2", Kind::Sale)], &[1])]
    #[case::returns_before_counts(&[("", Kind::StockCount), ("2", Kind::Void)], &[1])]
    #[case::counts_before_the_rest(&[("", Kind::StockMove), ("", Kind::StockCount)], &[1])]
    #[case::the_older_of_two(&[("1", Kind::Sale), ("2", Kind::Sale)], &[0])]
    #[case::a_till_keeps_its_order(&[("1", Kind::DayOpen), ("1", Kind::Sale), ("2", Kind::Return)], &[0])]
    #[case::what_has_no_till_is_in_nobodys_order(&[("", Kind::Settlement), ("", Kind::StockCount), ("", Kind::StockMove)], &[1])]
    fn the_most_urgent_goes_first(#[case] queue: &[(&str, Kind)], #[case] expected: &[usize]) {
        assert_eq!(first(&ready(queue), 1), expected);
    }

    #[test]
    fn a_batch_stays_in_the_order_of_the_queue() {
        let queue = [
            ("", Kind::StockMove),
            ("1", Kind::Return),
            ("2", Kind::Sale),
            ("", Kind::StockCount),
            ("1", Kind::DayClose),
        ];
        assert_eq!(first(&ready(&queue), 2), [1, 2]);
        assert_eq!(first(&ready(&queue), 9), [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn nothing_of_a_till_passes_what_is_before_it(
            queue in prop::collection::vec((0..4_usize, 0..Kind::ALL.len()), 0..30),
            max in 0..30_usize,
        ) {
            let tills = ["", "1", "2", "3"];
            let queue: Vec<_> = queue.iter().map(|(till, kind)| (tills[*till], Kind::ALL[*kind])).collect();
            let gone = first(&ready(&queue), max);
            prop_assert_eq!(gone.len(), max.min(queue.len()));
            for place in &gone {
                let before = (0..*place).filter(|other| !queue[*place].0.is_empty() && queue[*other].0 == queue[*place].0);
                for other in before {
                    prop_assert!(gone.contains(&other));
                }
            }
        }
    }
}
