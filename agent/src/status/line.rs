//! Whose fault it looks like when head office is not reached: this PC's cable, the store's network, the provider,
//! something in between, head office itself, or the key. From what the outage said and whether a cable is in; nobody
//! else is asked, least of all a stranger's server.

use std::path::Path;

use crate::status::text::Texts;

/// Whose fault it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No network is connected to this PC.
    Cable,
    /// There is a network, and no way out of it.
    Network,
    /// There is a way out, and head office is not at its end.
    Provider,
    /// Something else answers than head office.
    Portal,
    /// Head office turns the store away.
    HeadOffice,
    /// The key is not accepted.
    Key,
    /// It cannot be told.
    Unknown,
}

/// What is known of a line that is down.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The code on the board.
    pub code: &'a str,
    /// The innermost cause, in the machine's words.
    pub cause: &'a str,
    /// Whether a network is connected; `None` where the system does not say.
    pub cable: Option<bool>,
    /// Whether another destination is reached.
    pub others_reached: bool,
}

/// What the causes of the system and of TLS are known by.
const TURNED_AWAY: [&str; 3] = ["refused", "reset", "os error 111"];
const NO_WAY_OUT: [&str; 4] = ["unreachable", "no route", "os error 101", "os error 113"];
const NO_NAME: [&str; 3] = ["lookup address", "name or service", "name resolution"];
const TOO_LATE: [&str; 3] = ["timed out", "timeout", "too long"];
const SOMEBODY_ELSE: [&str; 6] = [
    "certificate",
    "unknownissuer",
    "html",
    "redirect",
    "not json",
    "moved",
];

/// Whose fault it looks like. Pure.
pub fn fault(evidence: Evidence<'_>) -> Fault {
    let cause = evidence.cause.to_lowercase();
    // What the destination says of itself in front of the cause is no evidence.
    let cause = cause
        .split_once(": ")
        .map_or(cause.as_str(), |(_, cause)| cause);
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    match evidence.code {
        "unauthorized" => Fault::Key,
        "incomprehensible" if says(&SOMEBODY_ELSE) => Fault::Portal,
        "incomprehensible" | "wrong_environment" => Fault::HeadOffice,
        _ if says(&SOMEBODY_ELSE) => Fault::Portal,
        _ if says(&TURNED_AWAY) => Fault::HeadOffice,
        _ if evidence.cable == Some(false) => Fault::Cable,
        _ if evidence.others_reached => Fault::HeadOffice,
        _ if says(&NO_WAY_OUT) => Fault::Network,
        _ if says(&NO_NAME) || says(&TOO_LATE) => Fault::Provider,
        _ => Fault::Unknown,
    }
}

impl Fault {
    /// What it looks like, and what to do.
    pub const fn words(self, texts: &Texts) -> [&'static str; 2] {
        match self {
            Self::Cable => [texts.fault_cable, texts.step_cable],
            Self::Network => [texts.fault_network, texts.step_network],
            Self::Provider => [texts.fault_provider, texts.step_provider],
            Self::Portal => [texts.fault_portal, texts.step_portal],
            Self::HeadOffice => [texts.fault_head_office, texts.step_head_office],
            Self::Key => [texts.fault_key, texts.step_key],
            Self::Unknown => [texts.fault_unknown, texts.step_unknown],
        }
    }
}

/// Whether a network is connected to this PC: a carrier on any interface but the PC's own. `None` where the system
/// does not say.
pub fn cable() -> Option<bool> {
    carriers(Path::new("/sys/class/net"))
}

fn carriers(folder: &Path) -> Option<bool> {
    let mut known = None;
    for interface in std::fs::read_dir(folder).ok()?.flatten() {
        if interface.file_name() == "lo" {
            continue;
        }
        // An interface that is switched off has no carrier that could be read.
        let carrier = std::fs::read_to_string(interface.path().join("carrier"));
        let connected = carrier.is_ok_and(|text| text.trim() == "1");
        known = Some(known.unwrap_or(false) || connected);
    }
    known
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DOWN: &str = "unreachable";

    #[rstest]
    #[case::refused(
        DOWN,
        "cannot be reached: Connection refused (os error 111)",
        Some(true),
        false,
        Fault::HeadOffice
    )]
    #[case::refused_here(
        DOWN,
        "cannot be reached: Connection refused (os error 111)",
        Some(false),
        false,
        Fault::HeadOffice
    )]
    #[case::unplugged(
        DOWN,
        "cannot be reached: failed to lookup address information",
        Some(false),
        false,
        Fault::Cable
    )]
    #[case::no_route(
        DOWN,
        "cannot be reached: No route to host (os error 113)",
        Some(true),
        false,
        Fault::Network
    )]
    #[case::no_name(
        DOWN,
        "cannot be reached: failed to lookup address information: Temporary failure in name resolution",
        Some(true),
        false,
        Fault::Provider
    )]
    #[case::silence(
        DOWN,
        "gave no answer; it may have happened: operation timed out",
        None,
        false,
        Fault::Provider
    )]
    #[case::silence_of_one(
        DOWN,
        "cannot be reached: operation timed out",
        Some(true),
        true,
        Fault::HeadOffice
    )]
    #[case::foreign_certificate(
        DOWN,
        "cannot be reached: invalid peer certificate: UnknownIssuer",
        Some(true),
        false,
        Fault::Portal
    )]
    #[case::a_page(
        "incomprehensible",
        "answered something that makes no sense: not JSON",
        Some(true),
        false,
        Fault::Portal
    )]
    #[case::nonsense(
        "incomprehensible",
        "answered something that makes no sense: three results for two",
        Some(true),
        false,
        Fault::HeadOffice
    )]
    #[case::key(
        "unauthorized",
        "does not accept the key: 401",
        Some(true),
        false,
        Fault::Key
    )]
    #[case::nothing_known(DOWN, "", None, false, Fault::Unknown)]
    fn whose_fault_it_looks_like(
        #[case] code: &str,
        #[case] cause: &str,
        #[case] cable: Option<bool>,
        #[case] others_reached: bool,
        #[case] expected: Fault,
    ) {
        let evidence = Evidence {
            code,
            cause,
            cable,
            others_reached,
        };
        assert_eq!(fault(evidence), expected);
    }

    #[test]
    fn a_cable_is_in_when_one_interface_but_the_pcs_own_has_a_carrier() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("carrier"), text).unwrap();
        };
        put("lo", "1\n");
        assert_eq!(carriers(folder.path()), None);
        put("eth0", "0\n");
        assert_eq!(carriers(folder.path()), Some(false));
        put("wlan0", "1\n");
        assert_eq!(carriers(folder.path()), Some(true));
        assert_eq!(carriers(&folder.path().join("nowhere")), None);
    }
}
