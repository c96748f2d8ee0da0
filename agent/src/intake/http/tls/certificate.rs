//! The certificate by which the agent is known on the store's network: the store's own files, or one that is made here
//! once and kept in the data folder. Nobody vouches for one that was made here; people and tills compare its
//! fingerprint, which `run` and `tillpost doctor` say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tillpost_shared::config::Config;

use crate::{paths, secret};

/// The folder in the data folder in which a made certificate lies.
const FOLDER: &str = "tls";
const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";
/// Names and addresses for which the certificate was made, one a line.
const NAMES_FILE: &str = "names";
/// For how many years one is made: longer than a store's PC lasts, because whoever pinned it must come by.
const YEARS: i16 = 10;
/// So long before its end one is made anew, or somebody is told to bring another.
pub const ENDS_SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{path} holds no {what} in PEM")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The two do not belong together, or are of a kind that is not known here.
    #[error("the certificate in {path} cannot be used with its key: {why}")]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// It cannot be made.
    #[error("cannot make a certificate: {0}")]
    Made(String),
    /// A made one cannot be kept.
    #[error("cannot keep a certificate in {path}")]
    Write {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate and those that vouch for it.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
    /// The certificate's file.
    pub file: PathBuf,
    /// The key's file.
    pub key_file: PathBuf,
}

impl Identity {
    /// SHA-256 of the certificate, as browsers show it.
    pub fn fingerprint(&self) -> String {
        let pairs = |byte: &u8| format!("{byte:02X}");
        let bytes = self.chain.first().map(Sha256::digest);
        let pairs: Vec<String> = bytes.iter().flatten().map(pairs).collect();
        pairs.join(":")
    }

    /// When it ends; `None` when the certificate is built in a way that is not known here.
    pub fn ends_at(&self) -> Option<Timestamp> {
        ends_at(self.chain.first()?)
    }
}

/// The certificate of this store as it lies there; `None` where one is still to be made.
///
/// # Errors
/// When what lies there cannot be used.
pub fn kept(config: &Config, data_dir: &Path) -> Result<Option<Identity>, CertificateError> {
    match &config.listen.tls {
        Some(own) => read(Path::new(&own.certificate), Path::new(&own.key)).map(Some),
        None => {
            let folder = data_dir.join(FOLDER);
            let made_for = fs::read_to_string(folder.join(NAMES_FILE)).unwrap_or_default();
            if made_for != names(config).join("\n") {
                return Ok(None);
            }
            read(&folder.join(CERTIFICATE_FILE), &folder.join(KEY_FILE)).map(Some)
        }
    }
}

/// The certificate of this store; one is made when it has none of its own, and made anew when it is called otherwise
/// now or the old one ends.
///
/// # Errors
/// When its own cannot be used, or none can be made.
pub fn kept_or_made(
    config: &Config,
    data_dir: &Path,
    now: Timestamp,
) -> Result<Identity, CertificateError> {
    let kept = match kept(config, data_dir) {
        // What was made here and is damaged is made anew; what others made is theirs to mend.
        Err(error) if config.listen.tls.is_none() => {
            tracing::warn!(error = %error, "the certificate is made anew");
            None
        }
        kept => kept?,
    };
    let ends = |one: &Identity| one.ends_at().is_some_and(|at| at < now + ENDS_SOON);
    match kept {
        Some(identity) if config.listen.tls.is_some() || !ends(&identity) => Ok(identity),
        Some(_) | None => make(config, &data_dir.join(FOLDER), now),
    }
}

fn read(file: &Path, key_file: &Path) -> Result<Identity, CertificateError> {
    let bytes = |path: &Path| {
        let path = path.to_owned();
        fs::read(&path).map_err(|source| CertificateError::Read { path, source })
    };
    let not_pem = |path: &Path, what| CertificateError::NotPem {
        path: path.to_owned(),
        what,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(file)?).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| not_pem(file, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&bytes(key_file)?);
    Ok(Identity {
        chain,
        key: key.map_err(|_| not_pem(key_file, "key"))?,
        file: file.to_owned(),
        key_file: key_file.to_owned(),
    })
}

fn make(config: &Config, folder: &Path, now: Timestamp) -> Result<Identity, CertificateError> {
    let made = |error: rcgen::Error| CertificateError::Made(error.to_string());
    let names = names(config);
    let mut wanted = CertificateParams::new(names.clone()).map_err(made)?;
    let common_name = format!("Tillpost {}", config.store.code);
    wanted
        .distinguished_name
        .push(DnType::CommonName, common_name);
    wanted.is_ca = IsCa::ExplicitNoCa;
    wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = now.to_zoned(TimeZone::UTC).date();
    // Clocks of tills are not exact.
    let from = today.saturating_sub(1.day());
    let day = |date: jiff::civil::Date, year: i16| {
        let [month, day] = [date.month(), date.day()].map(|number| number.unsigned_abs());
        // The 29th of February is not in every year.
        date_time_ymd(year.into(), month, day.min(28))
    };
    wanted.not_before = day(from, from.year());
    wanted.not_after = day(today, today.year() + YEARS);
    let key = KeyPair::generate().map_err(made)?;
    let certificate = wanted.self_signed(&key).map_err(made)?;
    let keep = || {
        fs::create_dir_all(folder)?;
        // Whatever is cut off here is made anew: the names come last.
        match fs::remove_file(folder.join(NAMES_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        secret::write_private(&folder.join(KEY_FILE), &key.serialize_pem())?;
        secret::write_private(&folder.join(CERTIFICATE_FILE), &certificate.pem())?;
        paths::write_whole(&folder.join(NAMES_FILE), names.join("\n").as_bytes())
    };
    keep().map_err(|source| CertificateError::Write {
        path: folder.to_owned(),
        source,
    })?;
    let identity = read(&folder.join(CERTIFICATE_FILE), &folder.join(KEY_FILE))?;
    tracing::info!(
        fingerprint = identity.fingerprint(),
        "a certificate was made"
    );
    Ok(identity)
}

/// The names and addresses by which the agent may be called, as its certificate says them.
fn names(config: &Config) -> Vec<String> {
    let bare = |host: &String| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.to_ascii_lowercase()
    };
    let mut names: Vec<String> = config.listen.hosts.iter().map(bare).collect();
    let address = config.listen.socket().ip();
    if !address.is_unspecified() {
        names.push(address.to_canonical().to_string());
    }
    names.push("localhost".to_owned());
    names.sort();
    names.dedup();
    names
}

/// The end of a certificate's validity: the second time of the fifth field of its first part (RFC 5280, 4.1). Pure.
fn ends_at(certificate: &[u8]) -> Option<Timestamp> {
    /// An optional version stands before everything else.
    const VERSION: u8 = 0xa0;
    /// A year in two digits; the other kind has four.
    const UTC_TIME: u8 = 0x17;
    let (_, outer, _) = element(certificate)?;
    let (_, signed, _) = element(outer)?;
    let (tag, _, after) = element(signed)?;
    let mut rest = if tag == VERSION { after } else { signed };
    for _number_algorithm_issuer in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, rest) = element(validity)?;
    let (tag, end, _) = element(rest)?;
    let text = std::str::from_utf8(end).ok()?;
    let text = match tag {
        UTC_TIME if text < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        _ => text.to_owned(),
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", &text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The first element of DER: its tag, what is in it, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    /// From here on the length stands in as many bytes as the rest says.
    const LONG: u8 = 0x80;
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < LONG {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first - LONG))?;
        let add = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add(usize::from(*byte));
        (digits.iter().try_fold(0, add)?, rest)
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
