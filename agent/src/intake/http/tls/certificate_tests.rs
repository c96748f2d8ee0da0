//! Which certificate is shown, when a new one is made, and what is said of one that cannot be used.

use super::*;

fn config(listen: &str) -> Config {
    let text = format!(
        "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n[listen]\n{listen}\n"
    );
    tillpost_shared::config::read(&text).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn one_is_made_once_and_nobody_else_reads_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        config("address = \"192.168.1.10:7470\"\nhosts = [\"Till-PC.local\", \"[fd00::17]\"]");
    assert!(kept(&config, dir.path()).unwrap().is_none());
    let now = at("2026-11-23T10:00:00Z");
    let made = kept_or_made(&config, dir.path(), now).unwrap();
    assert_eq!(made.ends_at(), Some(at("2036-11-23T00:00:00Z")));
    let again = kept_or_made(&config, dir.path(), now).unwrap();
    assert_eq!(again.fingerprint(), made.fingerprint());
    assert_eq!(made.fingerprint().len(), 32 * 3 - 1);
    let names = fs::read_to_string(dir.path().join("tls/names")).unwrap();
    assert_eq!(names, "192.168.1.10\nfd00::17\nlocalhost\ntill-pc.local");
    #[cfg(unix)]
    for file in [made.file, made.key_file] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn another_name_its_end_and_damage_make_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let (now, before) = (
        at("2026-11-23T10:00:00Z"),
        config("address = \"0.0.0.0:7470\""),
    );
    let fingerprint =
        |config: &Config, now| kept_or_made(config, dir.path(), now).unwrap().fingerprint();
    let first = fingerprint(&before, now);
    assert_eq!(fingerprint(&before, at("2036-10-01T00:00:00Z")), first);
    let renewed = fingerprint(&before, at("2036-11-01T00:00:00Z"));
    assert_ne!(renewed, first);
    let named = fingerprint(&config("address = \"0.0.0.0:7470\"\nhosts = [\"pc\"]"), now);
    assert_ne!(named, renewed);
    fs::write(dir.path().join("tls/key.pem"), "no key").unwrap();
    let mended = fingerprint(&config("address = \"0.0.0.0:7470\"\nhosts = [\"pc\"]"), now);
    assert_ne!(mended, named);
}

#[test]
fn a_stores_own_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let own = kept_or_made(
        &config(""),
        &dir.path().join("a"),
        at("2026-11-23T10:00:00Z"),
    )
    .unwrap();
    let text = format!(
        "tls = {{ certificate = {:?}, key = {:?} }}",
        own.file, own.key_file
    );
    let configured = config(&text);
    let long_after = at("2040-01-01T00:00:00Z");
    let used = kept_or_made(&configured, dir.path(), long_after).unwrap();
    assert_eq!(used.fingerprint(), own.fingerprint());
    fs::write(&own.file, "no certificate").unwrap();
    let error = kept_or_made(&configured, dir.path(), long_after).unwrap_err();
    assert!(
        error.to_string().ends_with("holds no certificate in PEM"),
        "{error}"
    );
}

#[test]
fn what_is_no_certificate_has_no_end() {
    for bytes in [
        &b""[..],
        &[0x30],
        &[0x30, 0x82],
        &[0x30, 0x84, 255, 255, 255, 255],
        &[0x30, 2, 0x30, 0],
    ] {
        assert_eq!(ends_at(bytes), None);
    }
}
