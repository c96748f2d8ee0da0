//! Under which names the API may be called. A web page that somebody opens on the store's PC must not be able to
//! speak to the agent behind their back: not by a name of its own that resolves to this machine, not by a form.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use tillpost_shared::config::Listen;

use crate::intake::http::answer::Refusal;

/// The names beside loopback's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// The configured names, and the address that is listened on.
    pub fn of(listen: &Listen) -> Self {
        let mut names: BTreeSet<String> = listen
            .hosts
            .iter()
            .map(|host| match address_of(host) {
                Some(address) => address.to_string(),
                None => name_of(host).to_ascii_lowercase(),
            })
            .collect();
        let address = listen.socket().ip();
        if !address.is_unspecified() {
            names.insert(address.to_string());
        }
        Self(names)
    }

    /// Whether the request may go on.
    ///
    /// # Errors
    /// 403 for a foreign `Host`, or a foreign `Origin` of a request that changes something.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut named = headers.get_all(HOST).iter();
        let header = named.next().and_then(|host| host.to_str().ok());
        let host = header.or_else(|| uri.authority().map(|authority| authority.as_str()));
        let known = host.is_some_and(|host| self.knows(name_of(host)));
        // A request that names its host twice must mean us both times: proxies go by the one, we by the other.
        let named_too = uri.authority().map(|authority| name_of(authority.as_str()));
        let known = known && named_too.is_none_or(|name| self.knows(name));
        if !known || named.next().is_some() {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "foreign_host",
                "the agent is not called by this name",
                "use localhost, or add the name to [listen] hosts",
            ));
        }
        let reading = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let own = |origin: &str| {
            let place = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            place.is_some_and(|place| host.is_some_and(|host| same_place(place, host)))
        };
        let foreign = headers
            .get_all(ORIGIN)
            .iter()
            .any(|origin| !origin.to_str().is_ok_and(own));
        // Browsers that say it themselves: even another port of this PC is another site's page here.
        let fetched = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        let foreign =
            foreign || fetched.is_some_and(|site| site != b"same-origin" && site != b"none");
        if foreign && !reading {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                "another site's page may not change anything here",
                "open the agent's own page",
            ));
        }
        Ok(())
    }

    fn knows(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let address = address_of(&name).map(|address| address.to_string());
        is_loopback(&name) || self.0.contains(&address.unwrap_or(name))
    }
}

/// Whether a page and the name by which it calls are the same port of the same machine. A page that was opened as
/// localhost may call 127.0.0.1.
fn same_place(origin: &str, host: &str) -> bool {
    let port = |place: &str| place[name_of(place).len()..].to_owned();
    let here = is_loopback(name_of(origin)) && is_loopback(name_of(host));
    origin.eq_ignore_ascii_case(host) || here && port(origin) == port(host)
}

fn is_loopback(name: &str) -> bool {
    let loopback = |address: IpAddr| address.to_canonical().is_loopback();
    name.eq_ignore_ascii_case("localhost") || address_of(name).is_some_and(loopback)
}

/// An address, an IPv6 one with or without brackets.
fn address_of(name: &str) -> Option<IpAddr> {
    let plain = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    plain.unwrap_or(name).parse().ok()
}

/// The name without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((name, port)) if !port.ends_with(']') && !name.is_empty() => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn check(method: Method, host: Option<&str>, origin: Option<&str>) -> Result<(), &'static str> {
        let listen = Listen {
            address: "192.168.1.10:7470".to_owned(),
            hosts: vec!["till-pc.local".to_owned(), "[fd00::17]".to_owned()],
            ..Listen::default()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let checked = Hosts::of(&listen).check(&method, &Uri::from_static("/"), &headers);
        checked.map_err(|refusal| refusal.code)
    }

    #[rstest]
    #[case("localhost:7470", true)]
    #[case("LOCALHOST", true)]
    #[case("127.0.0.1:7470", true)]
    #[case("127.3.2.1", true)]
    #[case("[::1]:7470", true)]
    #[case("[::1]", true)]
    #[case("192.168.1.10:7470", true)]
    #[case("Till-PC.local:80", true)]
    #[case("[fd00::17]:7470", true)]
    #[case("[FD00::17]", true)]
    #[case("[fd00::18]:7470", false)]
    #[case("192.168.1.11", false)]
    #[case("evil.example", false)]
    #[case("localhost.evil.example:7470", false)]
    #[case("127.0.0.1.evil.example", false)]
    #[case("", false)]
    fn only_known_names_are_answered(#[case] host: &str, #[case] known: bool) {
        assert_eq!(check(Method::GET, Some(host), None).is_ok(), known);
    }

    #[rstest]
    #[case("same-origin", true)]
    #[case("none", true)]
    #[case("same-site", false)]
    #[case("cross-site", false)]
    #[case("", false)]
    fn a_browser_that_says_where_a_request_comes_from_is_believed(
        #[case] site: &str,
        #[case] may: bool,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().unwrap());
        headers.insert("sec-fetch-site", site.parse().unwrap());
        let checked = |method| {
            let hosts = Hosts::of(&Listen::default());
            hosts
                .check(&method, &Uri::from_static("/act"), &headers)
                .is_ok()
        };
        assert_eq!((checked(Method::POST), checked(Method::GET)), (may, true));
    }

    #[rstest]
    #[case(None, true)]
    #[case(Some("http://localhost:7470"), true)]
    #[case(Some("http://127.0.0.1:7470"), true)]
    #[case(Some("http://[::1]:7470"), true)]
    #[case(Some("http://127.0.0.1"), false)]
    #[case(Some("http://192.168.1.10:7470"), false)]
    #[case(Some("http://localhost:3000"), false)]
    #[case(Some("https://evil.example"), false)]
    #[case(Some("null"), false)]
    fn another_sites_page_changes_nothing(#[case] origin: Option<&str>, #[case] may: bool) {
        let host = Some("localhost:7470");
        assert_eq!(check(Method::POST, host, origin).is_ok(), may);
        assert_eq!(check(Method::GET, host, origin), Ok(()));
    }

    #[test]
    fn the_address_of_a_request_names_no_other_host() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().unwrap());
        let asked = |uri: &'static str| {
            let hosts = Hosts::of(&Listen::default());
            hosts
                .check(&Method::GET, &Uri::from_static(uri), &headers)
                .is_ok()
        };
        assert!(asked("http://127.0.0.1:7470/") && !asked("http://evil.example/"));
    }

    #[test]
    fn a_request_without_a_host_is_turned_away() {
        assert_eq!(check(Method::GET, None, None), Err("foreign_host"));
    }
}
