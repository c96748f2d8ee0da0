//! Secrets: read from where the configuration says, made where the agent makes them, and never shown.
//!
//! Passwords that people choose are kept as slow hashes; tokens are 256 random bits, so that nothing slow is needed.

mod key;

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
pub use tillpost_shared::catalog::hex;
use tillpost_shared::config::SecretSource;

pub use self::key::Key;
use crate::paths;

/// What every token begins with, so that one that leaked is recognised.
const TOKEN_PREFIX: &str = "tp_";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// A secret's file may be no larger: a slip of the path should not be read into memory.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What a login's hash costs, argon2id: KiB of memory and passes over it; a tenth of a second on a store's PC.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Beyond this a stored hash is not believed; it would hang the login or take the machine's memory.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const PASSES_MAX: u32 = 16;
/// Random bytes of an installation's id.
const INSTALL_ID_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// The kind of hash, and what separates its parts.
const HASH_KIND: &str = "argon2id";

/// A secret. It has no text form: whoever needs it says so by [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The secret itself, for the one who sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
    /// Whether this is the secret; takes as long for a wrong one as for the right one.
    pub fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differing = own
            .iter()
            .zip(given)
            .fold(0, |bits, (own, given)| bits | (own ^ given));
        own.len() == given.len() && std::hint::black_box(differing) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set, or no text.
    #[error("the environment variable {name} is not set")]
    NoVariable {
        /// Its name.
        name: String,
    },
    /// The service manager gave no credentials.
    #[error("the credential {name} was not handed over by the service manager")]
    NoCredentials {
        /// Its name.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the secret in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the key to {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the secret in {place} is empty")]
    Empty {
        /// Where it should be.
        place: String,
    },
}

impl SecretError {
    /// What to do about it, for a person.
    pub fn hint(&self) -> String {
        match self {
            Self::NoVariable { name } => {
                format!("set {name} for the service, or give the secret as a file")
            }
            Self::NoCredentials { name } => {
                format!("add LoadCredential={name}:PATH to the service's unit")
            }
            Self::Read { .. } => {
                "check the path, and that the service's account may read it".to_owned()
            }
            Self::Write { .. } => {
                "check that the service's account may write to its data folder".to_owned()
            }
            Self::Empty { .. } => "write the secret there, on one line".to_owned(),
        }
    }
}

/// Reads a secret from where the configuration says.
pub fn read(source: &SecretSource) -> Result<Secret, SecretError> {
    let (text, place) = match source {
        SecretSource::Env(name) => {
            let missing = |_| SecretError::NoVariable { name: name.clone() };
            let text = std::env::var(name).map_err(missing)?;
            (text, format!("the environment variable {name}"))
        }
        SecretSource::File(path) => (read_file(Path::new(path))?, path.clone()),
        SecretSource::Credential(name) => {
            let dir = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| SecretError::NoCredentials { name: name.clone() })?;
            let text = read_file(&Path::new(&dir).join(name))?;
            (text, format!("the credential {name}"))
        }
        SecretSource::Literal(text) => (text.clone(), "the configuration".to_owned()),
    };
    // Editors and `echo` end a file with a newline that nobody means.
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(SecretError::Empty { place });
    }
    Ok(Secret::new(trimmed))
}

/// The file of a secret that everybody on the machine can read, where it is one. It works all the same: what to do about
/// it is said by `doctor` and in the log.
pub fn exposed(source: &SecretSource) -> Option<PathBuf> {
    let path = match source {
        SecretSource::File(path) => PathBuf::from(path),
        SecretSource::Credential(name) => {
            Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name)
        }
        SecretSource::Env(_) | SecretSource::Literal(_) => return None,
    };
    let exposed = can_be_read_by_everybody(&path);
    exposed.then_some(path)
}

/// Whether everybody on the machine can read a file; no when nobody can say.
pub fn can_be_read_by_everybody(path: &Path) -> bool {
    let file = std::fs::File::open(path);
    file.is_ok_and(|file| open_to_everybody(&file).unwrap_or(false))
}

fn read_file(path: &Path) -> Result<String, SecretError> {
    let failed = |source| SecretError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if open_to_everybody(&file).map_err(failed)? {
        tracing::warn!(path = %path.display(), "a secret can be read by everybody on this machine");
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

#[cfg(unix)]
fn open_to_everybody(file: &std::fs::File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn open_to_everybody(_: &std::fs::File) -> io::Result<bool> {
    // Windows: the folder's access list, set by the installer, is inherited by what lies in it.
    Ok(false)
}

/// A new token, to be shown once.
pub fn new_token() -> String {
    format!("{TOKEN_PREFIX}{}", hex(&random::<TOKEN_BYTES>()))
}

/// A new installation's id: random, and no secret.
pub fn new_install_id() -> String {
    hex(&random::<INSTALL_ID_BYTES>())
}

/// Makes the command line's key anew and writes it into the data folder. For the service, at its start.
pub fn make_cli_key(data_dir: &Path) -> Result<Secret, SecretError> {
    let path = paths::cli_key_file(data_dir);
    let key = new_token();
    write_private(&path, &key).map_err(|source| SecretError::Write { path, source })?;
    Ok(Secret::new(key))
}

/// Reads the command line's key. For the command line.
pub fn read_cli_key(data_dir: &Path) -> Result<Secret, SecretError> {
    let path = paths::cli_key_file(data_dir);
    read(&SecretSource::File(path.to_string_lossy().into_owned()))
}

/// Writes a file that only its owner can read, never half.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    paths::write_whole_as(path, format!("{text}\n").as_bytes(), create_private)
}

/// Makes a new file that only its owner can read.
pub fn create_private(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The hash under which a login's secret is kept: `argon2id$MEMORY$PASSES$SALT$HASH`.
pub fn hash_login(secret: &str) -> String {
    let salt = random::<SALT_BYTES>();
    // With these constants it cannot fail; if it did, the hash would let nobody in.
    let hash =
        slow_hash(secret, &salt, MEMORY_KIB, PASSES).map_or_else(String::new, |hash| hex(&hash));
    format!("{HASH_KIND}${MEMORY_KIB}${PASSES}${}${hash}", hex(&salt))
}

/// Whether the secret is the one of the stored hash. Takes as long for a wrong one as for the right one.
pub fn verify_login(secret: &str, stored: &str) -> bool {
    let parts: Vec<&str> = stored.split('$').collect();
    let [HASH_KIND, memory, passes, salt, kept] = parts.as_slice() else {
        return false;
    };
    let within = |text: &str, max: u32| text.parse().ok().filter(|cost| *cost <= max);
    let (Some(memory), Some(passes), Some(salt)) = (
        within(memory, MEMORY_KIB_MAX),
        within(passes, PASSES_MAX),
        unhex(salt),
    ) else {
        return false;
    };
    let hash = slow_hash(secret, &salt, memory, passes);
    hash.is_some_and(|hash| Secret::new(*kept).is(&hex(&hash)))
}

/// `None` for costs and salts that argon2 does not take.
fn slow_hash(secret: &str, salt: &[u8], memory: u32, passes: u32) -> Option<[u8; HASH_BYTES]> {
    let costs = Params::new(memory, passes, 1, Some(HASH_BYTES)).ok()?;
    let slow = Argon2::new(Algorithm::Argon2id, Version::V0x13, costs);
    let mut hash = [0; HASH_BYTES];
    let hashed = slow.hash_password_into(secret.as_bytes(), salt, &mut hash);
    hashed.ok().map(|()| hash)
}

#[expect(
    clippy::expect_used,
    reason = "a machine without randomness can make no secret; going on would make a guessable one"
)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// The bytes of a hexadecimal text; `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
