//! What an outage is called on the board: for the page, for `doctor` and for alerts.

use crate::activity::Health;
use crate::outbox::Outage;

/// An outage in words: stable word, what is the matter, what to do.
pub(super) fn words(outage: &Outage) -> (Health, [&'static str; 3]) {
    match outage {
        Outage::Unreachable(_) | Outage::Ambiguous(_) => (
            Health::Offline,
            [
                "unreachable",
                "Head office cannot be reached.",
                "Nothing to do: everything is kept and sent when the line is back.",
            ],
        ),
        Outage::UnderWay { .. } => (
            Health::Ok,
            [
                "under_way",
                "Head office may still be at work on what was sent before.",
                "Nothing to do: it is looked at again in a few minutes.",
            ],
        ),
        Outage::Throttled { .. } | Outage::BatchTooLarge => (
            Health::Ok,
            [
                "throttled",
                "Head office asks to send more slowly.",
                "Nothing to do.",
            ],
        ),
        Outage::Unauthorized(_) => (
            Health::Attention,
            [
                "unauthorized",
                "Head office does not accept this store's key.",
                "Ask central IT for a new key and put it where tillpost.toml says; one in a file is taken without a restart.",
            ],
        ),
        Outage::Incomprehensible(_) => (
            Health::Attention,
            [
                "incomprehensible",
                "Head office answers something that makes no sense.",
                "Run tillpost doctor and show its answer to central IT.",
            ],
        ),
        Outage::WrongEnvironment(_) => (
            Health::Attention,
            [
                "wrong_environment",
                "Head office's system belongs to another environment than this store.",
                "Check environment, url and database in tillpost.toml.",
            ],
        ),
    }
}
