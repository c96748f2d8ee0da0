//! What the agent said yes to against what took effect at the far end: the comparison behind "nothing lost, nothing
//! doubled". Both sides are counted apart and meet only here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How the two sides differ, by uid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    pub acknowledged: usize,
    /// Acknowledged and not there.
    pub lost: Vec<String>,
    /// There more than once.
    pub doubled: Vec<String>,
    /// There, and never acknowledged.
    pub strange: Vec<String>,
}

/// Compares the uids that were acknowledged with how often each took effect.
pub fn compare(acknowledged: &BTreeSet<String>, effects: &BTreeMap<String, usize>) -> Comparison {
    let times = |uid: &String| effects.get(uid).copied().unwrap_or_default();
    let of = |wanted: &dyn Fn(&String) -> bool| {
        let all: BTreeSet<&String> = acknowledged.iter().chain(effects.keys()).collect();
        all.into_iter().filter(|uid| wanted(uid)).cloned().collect()
    };
    Comparison {
        acknowledged: acknowledged.len(),
        lost: of(&|uid| times(uid) == 0),
        doubled: of(&|uid| times(uid) > 1),
        strange: of(&|uid| !acknowledged.contains(uid)),
    }
}

impl Comparison {
    /// Prints the counts, and panics unless every one is there once.
    #[track_caller]
    pub fn assert_once(&self) {
        println!("{self}");
        let wrong = [&self.lost, &self.doubled, &self.strange];
        assert!(
            wrong.iter().all(|list| list.is_empty()),
            "{self}: {wrong:?}"
        );
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [&self.lost, &self.doubled, &self.strange].map(Vec::len);
        let [lost, doubled, strange] = counts;
        write!(
            f,
            "acknowledged {}, lost {lost}, doubled {doubled}, never acknowledged {strange}",
            self.acknowledged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_a_double_and_a_stranger_are_each_named() {
        let uids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let effects = [("b", 1), ("c", 2), ("d", 1), ("e", 0)];
        let effects = effects.map(|(uid, times)| (uid.to_owned(), times)).into();
        let found = compare(&uids(&["a", "b", "c", "e"]), &effects);
        let expected = Comparison {
            acknowledged: 4,
            lost: vec!["a".into(), "e".into()],
            doubled: vec!["c".into()],
            strange: vec!["d".into()],
        };
        assert_eq!(found, expected);
    }
}
