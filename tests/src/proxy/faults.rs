//! What a line does to a request, and the schedule by which it does it.

use std::collections::{BTreeMap, VecDeque};

use crate::random::Random;

/// What happens to one request on its way, or to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Cut before anything reaches the far end.
    CutBefore,
    /// Cut in the middle of the request.
    CutDuring,
    /// Cut as soon as the request is through; the far end goes on.
    CutAfter,
    /// The request goes through and takes effect, and its answer is swallowed.
    AnswerSwallowed,
    /// As before, and the connection stays open and silent.
    Silence,
    /// Cut; the request reaches the far end only later, when another may have been there already.
    LateRequest,
    /// The answer comes late, but it comes.
    Delay,
    /// Half of the answer comes.
    Truncated,
    /// The answer comes a byte at a time.
    Drip,
    /// The request goes through, and the connection is reset.
    Reset,
    /// The request goes through, and what comes back is not HTTP.
    WrongBytes,
    /// The request goes through, and a good status comes back with rubbish under it.
    WrongBody,
    /// A captive portal: its page, with status 200.
    Portal,
    /// A captive portal: a redirect to its page.
    Redirect,
    /// 429 with Retry-After.
    TooMany,
    /// 503 with Retry-After.
    Unavailable,
    /// 413. Only when a test plans it: one document alone would be parked for it.
    TooLarge,
    /// TLS with a certificate of somebody else. Only where the proxy speaks TLS.
    WrongCertificate,
}

impl Fault {
    /// What is dealt at random to requests.
    pub const OF_REQUESTS: [Self; 16] = [
        Self::CutBefore,
        Self::CutDuring,
        Self::CutAfter,
        Self::AnswerSwallowed,
        Self::Silence,
        Self::LateRequest,
        Self::Delay,
        Self::Truncated,
        Self::Drip,
        Self::Reset,
        Self::WrongBytes,
        Self::WrongBody,
        Self::Portal,
        Self::Redirect,
        Self::TooMany,
        Self::Unavailable,
    ];
}

/// So many times rarer than other faults is a wrong certificate: where a far end closes after each answer, every request
/// comes with a new connection.
const CERTIFICATES_RARER: u64 = 4;

/// When which fault happens: first what a test has planned, then at random, from a seed.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    always: Option<Fault>,
    planned: VecDeque<(String, Fault)>,
    random: Option<AtRandom>,
}

/// Faults like cards from a deck that holds each kind once and is shuffled anew when it is used up: as random as the
/// seed, and none is left out.
#[derive(Debug, Clone)]
struct AtRandom {
    random: Random,
    one_in: u64,
    deck: Vec<Fault>,
}

impl Schedule {
    /// Plans a fault for the next request whose path holds this text; after those that are planned already.
    pub fn plan(&mut self, path: &str, fault: Fault) {
        self.planned.push_back((path.to_owned(), fault));
    }

    /// From now on every request meets this fault, or every connection; or none does any more for that.
    pub fn always(&mut self, fault: Option<Fault>) {
        self.always = fault;
    }

    /// From now on one request in so many meets a fault.
    pub fn at_random(&mut self, seed: u64, one_in: u64) {
        self.random = Some(AtRandom {
            random: Random::new(seed),
            one_in,
            deck: Vec::new(),
        });
    }

    /// From now on nothing happens any more.
    pub fn calm(&mut self) {
        *self = Self::default();
    }

    /// What happens to a request.
    pub fn request(&mut self, path: &str) -> Option<Fault> {
        if self.always.is_some() {
            return self.always;
        }
        if let Some((wanted, fault)) = self.planned.front()
            && path.contains(wanted.as_str())
        {
            let fault = *fault;
            self.planned.pop_front();
            return Some(fault);
        }
        self.random.as_mut().and_then(AtRandom::request)
    }

    /// Whether a new connection is shown a wrong certificate.
    pub fn wrong_certificate(&mut self) -> bool {
        if self.always == Some(Fault::WrongCertificate) {
            return true;
        }
        if matches!(self.planned.front(), Some((_, Fault::WrongCertificate))) {
            self.planned.pop_front();
            return true;
        }
        let random = self.random.as_mut();
        random.is_some_and(|at| at.random.chance(1, at.one_in * CERTIFICATES_RARER))
    }
}

impl AtRandom {
    fn request(&mut self) -> Option<Fault> {
        if !self.random.chance(1, self.one_in) {
            return None;
        }
        if self.deck.is_empty() {
            self.deck = Fault::OF_REQUESTS.to_vec();
            self.random.shuffle(&mut self.deck);
        }
        self.deck.pop()
    }
}

/// How often each fault has really happened.
pub type Counts = BTreeMap<Fault, usize>;

/// Panics unless each of these happened, and prints how often.
#[track_caller]
pub fn assert_hit(counts: &Counts, faults: &[Fault]) {
    for (fault, times) in counts {
        println!("{times:>6} times {fault:?}");
    }
    let never: Vec<&Fault> = faults
        .iter()
        .filter(|fault| !counts.contains_key(fault))
        .collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_leaves_no_fault_out_and_a_seed_repeats_itself() {
        let mut schedule = Schedule::default();
        schedule.at_random(7, 3);
        let mut again = schedule.clone();
        let mut counts = Counts::new();
        for _ in 0..200 {
            let fault = schedule.request("/");
            assert_eq!(fault, again.request("/"));
            if let Some(fault) = fault {
                *counts.entry(fault).or_default() += 1;
            }
        }
        assert_hit(&counts, &Fault::OF_REQUESTS);
    }

    #[test]
    #[should_panic(expected = "never happened: [Drip]")]
    fn a_fault_that_never_happened_is_told() {
        assert_hit(
            &Counts::from([(Fault::Reset, 1)]),
            &[Fault::Reset, Fault::Drip],
        );
    }

    #[test]
    fn what_is_planned_waits_for_its_path() {
        let mut schedule = Schedule::default();
        schedule.plan("sync", Fault::Reset);
        assert_eq!(schedule.request("/search"), None);
        assert_eq!(schedule.request("/sync"), Some(Fault::Reset));
        assert_eq!(schedule.request("/sync"), None);
    }
}
