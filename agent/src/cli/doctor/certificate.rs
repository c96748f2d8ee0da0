//! How the agent can be reached from elsewhere, and by which certificate it is known there.

use jiff::Timestamp;

use super::{Finding, Level};
use crate::cli::context::Loaded;
use crate::cli::report::Failure;
use crate::intake::http::tls::certificate::{self, ENDS_SOON, Identity};
use crate::secret;

const NAME: &str = "encryption";

/// What it finds; nothing where only this machine can reach the agent.
pub fn finding(loaded: &Loaded, now: Timestamp) -> Option<Finding> {
    let listen = &loaded.config.listen;
    if !listen.encrypted() {
        return (!listen.loopback()).then(|| {
            let sentence = "tills and browsers elsewhere speak in the open";
            let hint = "everybody on their network can read it; take `unencrypted` out of [listen]";
            Finding::warn(NAME, sentence, hint)
        });
    }
    Some(match certificate::kept(&loaded.config, &loaded.data_dir) {
        Ok(Some(identity)) => shown(&identity, now),
        Ok(None) => {
            let sentence = "a certificate is made at the next start";
            Finding::warn(NAME, sentence, "start the service, then run doctor again")
        }
        // Made here it lies in the service's own folder, which not everybody may read.
        Err(error) => Finding {
            level: match listen.tls {
                Some(_) => Level::Fail,
                None => Level::Warn,
            },
            ..Finding::of(NAME, &Failure::from(error))
        },
    })
}

fn shown(identity: &Identity, now: Timestamp) -> Finding {
    let key = identity.key_file.display();
    if secret::can_be_read_by_everybody(&identity.key_file) {
        let sentence = format!("{key} can be read by everybody on this machine");
        let hint = format!("take it away from others with: chmod o-rwx {key}");
        return Finding::warn(NAME, sentence, &hint);
    }
    let fingerprint = identity.fingerprint();
    let Some(ends_at) = identity.ends_at() else {
        return Finding::ok(NAME, format!("certificate SHA-256 {fingerprint}"));
    };
    let sentence = format!("certificate SHA-256 {fingerprint}, until {ends_at:.0}");
    let hint = format!("bring a new one to {}", identity.file.display());
    if ends_at <= now {
        Finding::fail(NAME, sentence, &hint)
    } else if ends_at < now + ENDS_SOON {
        Finding::warn(NAME, sentence, &hint)
    } else {
        Finding::ok(NAME, sentence)
    }
}
