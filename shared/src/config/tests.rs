//! What `tillpost config check` says about good and bad files.

use super::*;

const MINIMAL: &str =
    "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n";
const CONTRACT: &str = r#"
[store]
code = "ZH01"
timezone = "Europe/Zurich"
currency = "CHF"
environment = "production"
day_cutoff = "04:00"
language = "de"

[listen]
address = "127.0.0.1:7470"
require_token = true
hosts = []

[data]
dir = "/var/lib/tillpost"
keep_days = 90

[[till]]
code = "3"
numbers = "never"

[[destination]]
name = "odoo"
type = "odoo"
url = "https://erp.example.com"
database = "prod"
login = "agent-zh01"
secret = { env = "TILLPOST_ODOO_KEY" }
kinds = ["sale", "return"]
methods = { CASH = "Cash", CARD = "Card terminal" }
taxes = { V81 = "8.1% incl." }

[catalog]
source = "odoo"
destination = "odoo"
refresh = "5m"
price_list = "Shop"
"#;

/// Everything that is said about a text, one problem a line.
fn said(text: &str) -> Vec<String> {
    let problems = read(text).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}
/// What is said about the contract's example with one piece exchanged.
fn changed(from: &str, to: &str) -> String {
    let text = CONTRACT.replace(from, to);
    assert_ne!(text, CONTRACT, "`{from}` does not stand in the example");
    said(&text).join("\n")
}

#[test]
fn the_contracts_example_the_template_and_a_minimal_file_are_good() {
    assert_eq!(said(CONTRACT), [""; 0]);
    assert_eq!(said(TEMPLATE), [""; 0]);
    let minimal = read(MINIMAL).unwrap();
    assert_eq!(minimal.store.environment, Environment::Production);
    assert_eq!(minimal.listen, Listen::default());
    assert!(minimal.catalog.is_none());
}

#[test]
fn every_commented_line_of_the_template_is_good_too() {
    let key = |line: &str| line.starts_with('[') || line.contains(" = ");
    let lines = TEMPLATE.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if key(rest) => rest,
        Some(_) | None => line,
    });
    assert_eq!(said(&lines.collect::<Vec<_>>().join("\n")), [""; 0]);
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_what_was_meant() {
    let text = format!("{MINIMAL}[listen]\n\nadress = \"127.0.0.1:1\"\n");
    let expected = "line 7: unknown key `adress`; did you mean `address`?";
    assert_eq!(said(&text), [expected]);
}

#[test]
fn several_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = "[store]\ncode = \"Z H\"\ntimezone = \"Europe/Zurych\"\ncurrency = \"CFH\"\n\
        colour = 1\nday_cutoff = \"4\"\n[data]\nkeep_days = 0\n";
    let lines: Vec<usize> = read(text).unwrap_err().iter().map(|e| e.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 8]);
}

#[test]
fn a_missing_table_and_a_missing_key_are_named() {
    assert_eq!(said(""), ["the file has no `store`"]);
    let text = "[store]\ncode = \"A\"\ncurrency = \"CHF\"\n";
    assert_eq!(said(text), ["line 1: `store` has no `timezone`"]);
}

#[test]
fn a_wrong_type_says_what_to_write() {
    let expected = "line 23: `destination` must be a list, found a table; write [[destination]] with two brackets";
    assert_eq!(changed("[[destination]]", "[destination]"), expected);
    let numeric = changed("code = \"3\"", "code = 3");
    assert!(numeric.ends_with("must be a text, found a whole number; put it into quotes"));
    let negative = changed("keep_days = 90", "keep_days = -1");
    assert!(negative.starts_with("line 17: "), "{negative}");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let said = said("[store]\ncode = \"ZH01\ntimezone = 1\n");
    assert!(said[0].starts_with("line 2: "), "{said:?}");
}

#[test]
fn open_doors_are_refused_in_production_and_off_this_machine() {
    let open = changed("require_token = true", "require_token = false");
    assert!(open.contains("line 12: ") && open.contains("refused in production"));
    let test = CONTRACT.replace("\"production\"", "\"test\"");
    let open = test.replace("require_token = true", "require_token = false");
    assert_eq!(said(&open), [""; 0]);
    let far = open.replace("127.0.0.1:7470", "0.0.0.0:7470");
    assert!(said(&far)[0].contains("others than this machine"));
}

#[test]
fn a_secret_may_stand_in_the_file_only_in_development_and_test() {
    for secret in ["\"abc\"", "{ literal = \"abc\" }"] {
        let text = CONTRACT.replace("{ env = \"TILLPOST_ODOO_KEY\" }", secret);
        assert!(said(&text)[0].contains("may not stand in the file in production"));
        assert!(!said(&text)[0].contains("abc"));
        let staging = text.replace("\"production\"", "\"staging\"");
        assert_eq!(said(&staging).len(), 1);
        let test = text.replace("\"production\"", "\"test\"");
        assert_eq!(said(&test), [""; 0]);
    }
}

#[rstest::rstest]
#[case("type = \"odoo\"", "type = \"nats\"", "reserved and not built yet")]
#[case("type = \"odoo\"", "type = \"http\"", "has no `database`")]
#[case("type = \"odoo\"", "type = \"odo\"", "did you mean `odoo`?")]
#[case("database = \"prod\"\n", "", "needs `database`")]
#[case("url = \"https", "path = \"x\"\nurl = \"https", "has no `path`")]
#[case("https://", "http://", "is not encrypted")]
#[case("https://erp", "erp", "no address of a web server")]
#[case("\"return\"", "\"retrun\"", "did you mean `return`?")]
#[case("\"return\"", "\"sale\"", "stands here twice")]
#[case(
    "destination = \"odoo\"",
    "destination = \"oddo\"",
    "did you mean `odoo`?"
)]
#[case("login = \"agent-zh01\"", "protocol = \"json_rpc\"", "needs `login`")]
#[case(
    "login = \"agent-zh01\"",
    "request_limit = \"soon\"",
    "is no time after which Odoo ends"
)]
#[case("login = \"agent-zh01\"", "protocol = \"xml_rpc\"", "`json_rpc`")]
#[case("source = \"odoo\"", "source = \"http\"", "needs `url`")]
#[case(
    "source = \"odoo\"",
    "source = \"http\"\nurl = \"http://prices.example.com/a.ndjson\"",
    "is not encrypted"
)]
#[case(
    "source = \"odoo\"",
    "source = \"http\"\nurl = \"https://prices.example.com/a\"\nsecret = \"abc\"",
    "may not stand in the file in production"
)]
#[case(
    "source = \"odoo\"",
    "source = \"odoo\"\nurl = \"https://prices.example.com/a\"",
    "only a catalog of source http has `url`"
)]
#[case("source = \"odoo\"", "source = \"folder\"", "needs `path`")]
#[case("\"5m\"", "\"5 minutes\"", "is no time between two looks")]
#[case("\"5m\"", "\"2d\"", "at most 24h")]
#[case("code = \"3\"", "code = \"pickup\"", "may not be called `pickup`")]
#[case("[[till]]", "[[till]]\ncode = \"3\"\n[[till]]", "stands here twice")]
#[case("\"never\"", "\"weekly\"", "it may be `never`, `daily`, `wrapping`")]
#[case("\"never\"", "\"daily\"\nnumbers_from = \"1.11.2026\"", "is no date")]
#[case("hosts = []", "hosts = [\"http://kasse\"]", "is no host name")]
#[case("\"de\"", "\"german\"", "is no language")]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"../x\"\n[catalog]",
    "a profile's name must be 1 to 32"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\nsettle = \"soon\"\n[catalog]",
    "is no time"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\n[[inbox]]\npath = \"a\"\nprofile = \"json\"\n[catalog]",
    "two inboxes have the same `path`"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\ndone = \"b/\"\n[[inbox]]\npath = \"b\"\nprofile = \"json\"\n[catalog]",
    "`done` is a folder that files are taken from"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\nrefused = \"a\"\n[catalog]",
    "`refused` is a folder that files are taken from"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\ndone = \"b\"\nrefused = \"b\"\n[catalog]",
    "`done` and `refused` are the same folder"
)]
#[case(
    "[catalog]",
    "[[inbox]]\npath = \"a\"\nprofile = \"ndjson\"\nmarker = \"x/y\"\n[catalog]",
    "is no ending"
)]
fn one_slip_is_one_problem(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let said = changed(from, to);
    assert!(said.contains(expected), "{said}");
    assert!(said.starts_with("line "), "{said}");
}

/// What is said of a destination of type `http` with these lines, in an environment.
fn of_http(environment: &str, lines: &str) -> Vec<String> {
    let text = CONTRACT.replace("\"production\"", &format!("{environment:?}"));
    said(&format!(
        "{text}[[destination]]\nname = \"cloud\"\ntype = \"http\"\n{lines}\n"
    ))
}

#[test]
fn a_destination_of_type_http_needs_an_address_and_may_have_a_key() {
    let good = "url = \"https://receiver.example.com/documents\"\nsecret = { env = \"K\" }\nkinds = [\"sale\"]";
    assert_eq!(of_http("production", good), [""; 0]);
    let bare = of_http("production", "");
    assert_eq!(bare.len(), 1, "{bare:?}");
    assert!(bare[0].contains("needs `url`; as in url = \"https://receiver"));
    let keyless = of_http(
        "production",
        "url = \"https://receiver.example.com/documents\"",
    );
    assert_eq!(keyless, [""; 0]);
    for extra in ["path = \"x\"", "database = \"d\"", "login = \"l\""] {
        let said = of_http("production", &format!("{good}\n{extra}"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("a destination of type http has no `"),
            "{said:?}"
        );
    }
}

#[rstest::rstest]
#[case("production", false)]
#[case("staging", false)]
#[case("test", true)]
#[case("development", true)]
fn a_key_travels_in_the_open_only_where_nothing_is_real(
    #[case] environment: &str,
    #[case] open: bool,
) {
    let with = |url: &str| {
        of_http(
            environment,
            &format!("url = {url:?}\nsecret = {{ env = \"K\" }}"),
        )
    };
    let far = with("http://receiver.example.com/");
    assert_eq!(far.is_empty(), open, "{far:?}");
    assert!(open || far[0].contains("is not encrypted"), "{far:?}");
    for here in [
        "http://127.0.0.1:8080/x",
        "http://localhost/",
        "http://[::1]:1/",
    ] {
        assert_eq!(with(here), [""; 0]);
    }
}

#[test]
fn a_price_file_needs_a_name_a_catalog_and_its_own_place() {
    let file = |path: &str, more: &str| {
        format!("[[price_file]]\npath = \"{path}\"\nprofile = \"products_eu\"\n{more}\n")
    };
    let good = format!(
        "{CONTRACT}{}",
        file(
            "/srv/prices.csv",
            "trigger = \".ok\"\ncontent = \"changes\""
        )
    );
    assert_eq!(said(&good), [""; 0]);
    for (more, why) in [
        (file("/", ""), "names no file"),
        (file("/a.csv", "") + &file("/a.csv", ""), "same `path`"),
        (file("/a.csv", "trigger = \"x/y\""), "`trigger` is no name"),
        (
            file("/a.csv", "content = \"change\""),
            "did you mean `changes`",
        ),
    ] {
        let found = said(&format!("{CONTRACT}{more}")).join("; ");
        assert!(found.contains(why), "{found}");
    }
    let bare = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n";
    let found = said(&format!("{bare}{}", file("/a.csv", "")));
    assert!(found[0].contains("needs a [catalog]"), "{found:?}");
}

#[test]
fn two_destinations_may_not_share_a_name() {
    let text =
        format!("{CONTRACT}[[destination]]\nname = \"odoo\"\ntype = \"folder\"\npath = \"x\"\n");
    assert!(said(&text)[0].contains("two destinations are called `odoo`"));
}

/// With `UPDATE_SCHEMAS=1` the file is written anew.
#[test]
fn the_schema_in_the_tree_is_the_one_made_from_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).unwrap();
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == made,
        "run the tests with UPDATE_SCHEMAS=1 and look at the difference"
    );
}

const APPROVALS: &str = r#"
[[approval]]
rule = "refund"
above = "100.00"
kinds = ["return"]

[[approval]]
rule = "late"
days = 3
"#;

#[test]
fn approvals_become_checkpoints() {
    use crate::check::approval::{Checkpoint, Rule};
    use crate::document::Kind;

    let config = read(&format!("{MINIMAL}{APPROVALS}")).unwrap();
    let found: Vec<_> = config
        .approvals
        .iter()
        .filter_map(Approval::checkpoint)
        .collect();
    let expected = [
        (Rule::Refund(100.into()), Some(vec![Kind::Return])),
        (Rule::Late(3), None),
    ];
    let expected = expected.map(|(rule, kinds)| Checkpoint { rule, kinds });
    assert_eq!(found, expected);
}

#[rstest::rstest]
#[case(
    "\"100.00\"",
    "\"-1\"",
    "line 8: `above` is no amount of money; write it as text, as in above = \"100.00\""
)]
#[case(
    "days = 3",
    "",
    "line 11: the rule `late` needs `days`; as in days = 3"
)]
#[case(
    "above = \"100.00\"",
    "days = 1",
    "line 8: only the rule `late` knows `days`; leave it out"
)]
#[case(
    "days = 3",
    "days = 3\nabove = \"1\"",
    "line 14: this rule knows no amount; leave `above` out"
)]
#[case(
    "\"return\"",
    "\"retrun\"",
    "line 9: `retrun` is no kind of document; did you mean `return`?"
)]
fn a_rule_that_means_nothing_is_told(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let text = format!("{MINIMAL}{APPROVALS}").replacen(from, to, 1);
    assert_eq!(said(&text), [expected]);
}
