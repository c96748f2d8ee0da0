//! The configuration's texts as what they mean: zone, time of day, address, duration.
//!
//! [`super::read`] has refused texts that mean nothing; for a `Config` built by hand the documented default holds, so
//! that no caller needs an error path for what cannot be.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Catalog, Config, Destination, Listen, Store, Till};
use crate::document::Kind;
use crate::scalar::Day;

/// How often the catalog is looked at when `refresh` cannot be read.
const REFRESH_DEFAULT: Duration = Duration::from_secs(300);

impl Store {
    /// The store's time zone; UTC when it is none.
    pub fn zone(&self) -> TimeZone {
        zone(&self.timezone).unwrap_or(TimeZone::UTC)
    }
    /// Until when a sale after midnight belongs to the day before; 04:00 when it cannot be read.
    pub fn cutoff(&self) -> Time {
        time_of_day(&self.day_cutoff).unwrap_or(Time::constant(4, 0, 0, 0))
    }
}

impl Listen {
    /// The address to listen on; the default one when it cannot be read.
    pub fn socket(&self) -> SocketAddr {
        self.address
            .parse()
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7470)))
    }
    /// Whether only programs on this machine can reach the agent.
    pub fn loopback(&self) -> bool {
        loopback(self.socket().ip())
    }
    /// Whether whoever comes from elsewhere must speak TLS.
    pub fn encrypted(&self) -> bool {
        self.tls.is_some() || !self.loopback() && !self.unencrypted
    }
}

impl Catalog {
    /// How often to look; five minutes when it cannot be read.
    pub fn refresh_every(&self) -> Duration {
        duration(&self.refresh).unwrap_or(REFRESH_DEFAULT)
    }
}

impl Till {
    /// From which business date `numbers` holds; from ever when absent.
    pub fn numbers_since(&self) -> Option<Date> {
        let text = self.numbers_from.as_deref()?;
        Day::parse(text).map(|day| day.0)
    }
}

impl Config {
    /// Whether documents of some kind go to no destination.
    pub fn some_kind_stays(&self) -> bool {
        let goes = |kind| self.destinations.iter().any(|there| there.takes(kind));
        !Kind::ALL.iter().copied().all(goes)
    }
}

impl Destination {
    /// Whether documents of this kind go there.
    pub fn takes(&self, kind: Kind) -> bool {
        let named = |kinds: &Vec<String>| kinds.iter().any(|word| word == kind.as_str());
        self.kinds.as_ref().is_none_or(named)
    }
}

/// An IANA time zone. From the data built into the program: the machine's own may be missing or years old.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// `HH:MM`.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two(hour) || !two(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// A whole number of seconds, minutes, hours or days: `90s`, `5m`, `1h`, `1d`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = plain.then(|| digits.parse().ok()).flatten()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// Whether the address stays on this machine.
pub(super) fn loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Some(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Some(Duration::from_secs(3_600)));
        for odd in ["", "5", "m", "5 m", "-5m", "5min", "1.5h", "5M"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_time_of_day_has_two_digits_each() {
        assert_eq!(time_of_day("04:30"), Time::new(4, 30, 0, 0).ok());
        for odd in ["4:30", "04:60", "24:00", "04:30:00", "noon"] {
            assert_eq!(time_of_day(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_address_mapped_into_ipv6_is_still_this_machine() {
        assert!(loopback("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!loopback("0.0.0.0".parse().unwrap()));
    }
}
