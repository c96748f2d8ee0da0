//! Secrets never show themselves, and a slip is told with what to do about it.

use std::io::Write;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    let mut file = create_private(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    (dir, path)
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    read(&SecretSource::File(path.to_string_lossy().into_owned()))
}

#[test]
fn a_secret_does_not_show_itself() {
    let secret = Secret::new("hunter2");
    assert_eq!(
        format!("{secret:?} {:?}", Some(&secret)),
        "Secret Some(Secret)"
    );
    assert_eq!(secret.expose(), "hunter2");
}

#[test]
fn the_newline_at_the_end_of_a_file_is_not_part_of_the_secret() {
    let (_dir, path) = file("s e c\r\n");
    assert_eq!(from_file(&path).unwrap().expose(), "s e c");
    let (_dir, path) = file("\n");
    let empty = from_file(&path).unwrap_err();
    assert!(matches!(empty, SecretError::Empty { .. }));
}

#[cfg(unix)]
#[test]
fn a_file_that_everybody_can_read_works_and_is_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, path) = file("secret");
    let source = SecretSource::File(path.display().to_string());
    for (mode, told) in [(0o644, Some(path.clone())), (0o640, None)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(from_file(&path).unwrap().expose(), "secret");
        assert_eq!(exposed(&source), told, "{mode:o}");
    }
    assert_eq!(exposed(&SecretSource::Literal("x".into())), None);
}

#[test]
fn what_is_not_there_is_named_and_nothing_else() {
    let none = read(&SecretSource::Env("TILLPOST_TEST_NOT_SET".into())).unwrap_err();
    assert_eq!(
        none.to_string(),
        "the environment variable TILLPOST_TEST_NOT_SET is not set"
    );
    let none = from_file(Path::new("/not/there")).unwrap_err();
    assert_eq!(none.to_string(), "cannot read the secret in /not/there");
}

#[test]
fn tokens_are_long_and_never_twice() {
    let (one, two) = (new_token(), new_token());
    assert!(one.starts_with("tp_") && one.len() == 67);
    assert_ne!(one, two);
}

#[test]
fn each_start_makes_the_command_lines_key_anew() {
    let dir = tempfile::tempdir().unwrap();
    let first = make_cli_key(dir.path()).unwrap();
    let second = make_cli_key(dir.path()).unwrap();
    assert!(!second.is(first.expose()) && !second.is(""));
    assert!(read_cli_key(dir.path()).unwrap().is(second.expose()));
}

#[test]
fn a_login_is_known_again_and_a_wrong_one_is_not() {
    let stored = hash_login("open sesame");
    assert!(stored.starts_with("argon2id$19456$2$"));
    assert!(verify_login("open sesame", &stored));
    assert!(!verify_login("open Sesame", &stored));
    assert_ne!(
        stored,
        hash_login("open sesame"),
        "every hash has a salt of its own"
    );
}

#[test]
fn a_damaged_hash_lets_nobody_in() {
    let odd = [
        "",
        "$$$",
        "plain",
        "argon2id$0$0$00$00",
        "argon2id$4000000000$2$0011223344556677$00",
        "argon2id$19456$2$0011223344556677$",
        "argon2id$19456$2$zz$ü",
    ];
    for stored in odd {
        assert!(!verify_login("", stored), "{stored}");
    }
}
