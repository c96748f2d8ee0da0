//! Proofs that are kept: of each day the last one, and how it came to it, each signed with this store's own key.
//!
//! A file per day, two lines a proof: what was proven, and the signature of exactly that line (Ed25519) with the public
//! key, so that head office can check it with any tool. The private key never leaves the data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::Date;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Proof;
use crate::secret::{hex, unhex, write_private};

/// The folder of kept proofs.
const FOLDER: &str = "proofs";
/// The file of the private key.
const KEY_FILE: &str = "proof.key";
/// Proofs of one day that are kept; of more the oldest goes.
const KEPT_MAX: usize = 50;

/// The store's key.
pub struct SigningKey(Ed25519KeyPair);

/// A kept proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Store, time and proof.
    pub statement: Value,
    /// The key that it was signed with, in hexadecimal.
    pub public_key: String,
    /// Whether the signature is that key's.
    pub genuine: bool,
}

#[derive(Deserialize)]
struct Seal {
    public_key: String,
    signature: String,
}

impl SigningKey {
    /// The store's key; made when there is none yet.
    ///
    /// # Errors
    /// When it can be neither read nor written, or is none.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(KEY_FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                let text = hex(made.map_err(no_key)?.as_ref());
                write_private(&path, &text)?;
                text
            }
            read => read?,
        };
        let bytes = unhex(text.trim()).ok_or_else(|| no_key("it is not hexadecimal"))?;
        Ok(Self(Ed25519KeyPair::from_pkcs8(&bytes).map_err(no_key)?))
    }

    fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }
}

fn no_key(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the key of the proofs cannot be used: {error}"))
}

fn file(data_dir: &Path, date: Date) -> PathBuf {
    data_dir.join(FOLDER).join(format!("{date}.ndjson"))
}

/// When the proofs of a day last changed; nothing when none is kept.
pub(super) fn changed_at(data_dir: &Path, date: Date) -> Option<SystemTime> {
    file(data_dir, date).metadata().ok()?.modified().ok()
}

/// Keeps a proof, unless the last one kept of its day says the same. Whether it did.
///
/// # Errors
/// When the file cannot be read or written.
pub fn keep(
    data_dir: &Path,
    key: &SigningKey,
    store: &str,
    date: Date,
    proof: &Proof,
    now: Timestamp,
) -> io::Result<bool> {
    let path = file(data_dir, date);
    let before = lines(&path)?;
    let last = before
        .last()
        .map(|(statement, _)| statement["proof"].clone());
    let proof = serde_json::to_value(proof)?;
    if last.as_ref() == Some(&proof) {
        return Ok(false);
    }
    let statement =
        json!({ "store": store, "made_at": now.to_string(), "proof": proof }).to_string();
    let seal = json!({
        "public_key": key.public(),
        "signature": hex(key.0.sign(statement.as_bytes()).as_ref()),
    });
    let kept = before
        .iter()
        .skip((before.len() + 1).saturating_sub(KEPT_MAX));
    let mut text: Vec<String> = kept.flat_map(|(_, lines)| lines.clone()).collect();
    text.extend([statement, seal.to_string()]);
    std::fs::create_dir_all(data_dir.join(FOLDER))?;
    write_private(&path, &text.join("\n"))?;
    Ok(true)
}

/// The last proof kept of a day.
///
/// # Errors
/// When the file cannot be read.
pub fn last(data_dir: &Path, date: Date) -> io::Result<Option<Kept>> {
    let kept = lines(&file(data_dir, date))?;
    Ok(kept.into_iter().last().map(|(statement, [signed, seal])| {
        let seal = serde_json::from_str::<Seal>(&seal).ok();
        Kept {
            statement,
            genuine: seal.as_ref().is_some_and(|seal| genuine(&signed, seal)),
            public_key: seal.map_or_else(String::new, |seal| seal.public_key),
        }
    }))
}

fn genuine(signed: &str, seal: &Seal) -> bool {
    let (Some(key), Some(signature)) = (unhex(&seal.public_key), unhex(&seal.signature)) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(signed.as_bytes(), &signature).is_ok()
}

/// Whether this store's own key made a signature; `false` when the key was lost with an older disk.
///
/// # Errors
/// When the key cannot be read.
pub fn is_own(data_dir: &Path, kept: &Kept) -> io::Result<bool> {
    match data_dir.join(KEY_FILE).try_exists()? {
        true => Ok(SigningKey::open(data_dir)?.public() == kept.public_key),
        false => Ok(false),
    }
}

/// Each proof with its two lines.
fn lines(path: &Path) -> io::Result<Vec<(Value, [String; 2])>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let lines: Vec<&str> = text.lines().collect();
    let pair = |pair: &[&str]| {
        let [statement, seal] = pair else { return None };
        let value = serde_json::from_str(statement).ok()?;
        Some((value, [(*statement).to_owned(), (*seal).to_owned()]))
    };
    Ok(lines.chunks(2).filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn proof(complete: bool) -> Proof {
        Proof {
            date: "2026-10-30".to_owned(),
            currency: "CHF".to_owned(),
            complete,
            rows: Vec::new(),
            gaps: Vec::new(),
            differences: Vec::new(),
            settlements: Vec::new(),
        }
    }

    #[test]
    fn a_proof_is_kept_once_signed_and_a_changed_one_is_not_genuine() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, day) = (dir.path(), date(2026, 10, 30));
        let key = SigningKey::open(dir).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let kept = |complete| keep(dir, &key, "ZH01", day, &proof(complete), now).unwrap();
        assert_eq!([kept(false), kept(false), kept(true)], [true, false, true]);
        let found = last(dir, day).unwrap().unwrap();
        assert_eq!(
            (found.genuine, &found.statement["proof"]["complete"]),
            (true, &json!(true))
        );
        assert!(is_own(dir, &found).unwrap());
        assert_eq!(SigningKey::open(dir).unwrap().public(), found.public_key);

        let path = file(dir, day);
        let forged = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, forged.replace("\"CHF\"", "\"USD\"")).unwrap();
        assert!(!last(dir, day).unwrap().unwrap().genuine);
        assert_eq!(last(dir, date(2026, 10, 31)).unwrap(), None);
    }

    #[test]
    fn of_many_proofs_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, day) = (dir.path(), date(2026, 10, 30));
        let key = SigningKey::open(dir).unwrap();
        for n in 0..KEPT_MAX + 3 {
            keep(
                dir,
                &key,
                "ZH01",
                day,
                &proof(n % 2 == 0),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        }
        assert_eq!(lines(&file(dir, day)).unwrap().len(), KEPT_MAX);
        assert!(last(dir, day).unwrap().unwrap().genuine);
    }
}
