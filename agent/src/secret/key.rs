//! A destination's key, read again when it is no longer taken: a new one counts without a restart.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tillpost_shared::config::SecretSource;

use super::{Secret, SecretError, read};

/// A key that is refused is read again no more often than this: it is asked for with every try.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// A key as it stands now. Its copies share it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    /// Where it is read from; none of one that was typed in.
    source: Option<SecretSource>,
    held: Mutex<Held>,
}

struct Held {
    secret: Secret,
    renewed: Option<Instant>,
}

impl Key {
    /// The key that lies where the configuration says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(source: &SecretSource) -> Result<Self, SecretError> {
        Ok(Self::new(read(source)?, Some(source.clone())))
    }

    fn new(secret: Secret, source: Option<SecretSource>) -> Self {
        let held = Mutex::new(Held {
            secret,
            renewed: None,
        });
        Self(Arc::new(Inner { source, held }))
    }

    /// The key itself, for the one who sends it.
    pub fn expose(&self) -> String {
        self.held().secret.expose().to_owned()
    }

    /// It was refused: it is read again, unless that was done just before. Answers whether it is another one now.
    pub fn refused(&self, now: Instant) -> bool {
        let Some(source) = &self.0.source else {
            return false;
        };
        let mut held = self.held();
        let lately = |at: Instant| now.saturating_duration_since(at) < RENEW_EVERY;
        if held.renewed.is_some_and(lately) {
            return false;
        }
        held.renewed = Some(now);
        match read(source) {
            Ok(secret) if secret != held.secret => {
                held.secret = secret;
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(error = %error, "the key that was refused cannot be read again");
                false
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Secret> for Key {
    fn from(secret: Secret) -> Self {
        Self::new(secret, None)
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::from(Secret::new(text))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::write_private;

    #[test]
    fn a_new_key_is_taken_when_the_old_one_is_refused_and_not_read_at_every_try() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("odoo.key");
        write_private(&file, "first").unwrap();
        let key = Key::of(&SecretSource::File(file.to_str().unwrap().to_owned())).unwrap();
        let copy = key.clone();
        let begun = Instant::now();
        assert!(!key.refused(begun), "it is still the same");
        write_private(&file, "second").unwrap();
        assert!(!key.refused(begun + RENEW_EVERY / 2));
        assert_eq!(copy.expose(), "first");
        assert!(key.refused(begun + RENEW_EVERY));
        assert_eq!(copy.expose(), "second");
        std::fs::remove_file(&file).unwrap();
        assert!(!key.refused(begun + RENEW_EVERY * 2));
        assert_eq!(copy.expose(), "second", "the last one that could be read");
    }

    #[test]
    fn a_key_that_was_typed_in_stays() {
        let key = Key::from("typed".to_owned());
        assert!(!key.refused(Instant::now()));
        assert_eq!(
            (key.expose().as_str(), format!("{key:?}").as_str()),
            ("typed", "Key")
        );
    }
}
