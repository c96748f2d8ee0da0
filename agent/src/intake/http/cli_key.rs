//! The key by which the command line speaks to the running service: a file in the data folder that only the service's
//! own account and administrators can read. Made anew at each start.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// The key's file in the data folder.
pub const FILE_NAME: &str = "cli.key";
/// Random bytes of a key.
const KEY_BYTES: usize = 32;

/// The command line's key.
#[derive(Clone)]
pub struct CliKey(String);

impl std::fmt::Debug for CliKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CliKey")
    }
}

impl CliKey {
    /// Makes a key and writes it into the data folder, in place of the one before.
    ///
    /// # Errors
    /// When there is no randomness or the folder cannot be written.
    pub fn make(dir: &Path) -> io::Result<Self> {
        let key = random_hex(KEY_BYTES)?;
        let part = dir.join("cli.key.part");
        // A part left by a crash may have other rights than a new one.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&part)?;
        file.write_all(key.as_bytes())?;
        drop(file);
        fs::rename(&part, dir.join(FILE_NAME))?;
        Ok(Self(key))
    }

    /// Reads the key of the running service, for the command line.
    ///
    /// # Errors
    /// When no service ever ran here, or the caller may not read its data folder.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(dir.join(FILE_NAME))?;
        Ok(Self(text.trim().to_owned()))
    }

    /// The key itself, for the `Authorization` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the key; takes as long for a wrong one as for the right one.
    pub fn is(&self, given: &str) -> bool {
        same(self.0.as_bytes(), given.as_bytes())
    }
}

/// Compares secrets without telling by time where they differ.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    let differing = left
        .iter()
        .zip(right)
        .fold(0, |bits, (left, right)| bits | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differing) == 0
}

/// Random bytes as text.
///
/// # Errors
/// When the operating system has no randomness.
pub(super) fn random_hex(bytes: usize) -> io::Result<String> {
    let mut random = vec![0_u8; bytes];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(hex(&random))
}

/// Bytes as text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_can_be_read_back_and_each_start_makes_another() {
        let dir = tempfile::tempdir().unwrap();
        let first = CliKey::make(dir.path()).unwrap();
        let second = CliKey::make(dir.path()).unwrap();
        assert!(CliKey::read(dir.path()).unwrap().is(second.as_str()));
        assert!(!second.is(first.as_str()));
        assert!(!second.is(""));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_own_account_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        CliKey::make(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(FILE_NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
