//! TLS for whoever comes from elsewhere. Programs on this machine may speak in the open, by the same port: nobody can
//! listen to them, and the command line needs no certificate. From elsewhere nothing in the open is answered but how to
//! come: a token or a password must not travel so.

pub mod certificate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use tillpost_shared::config::Config;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use self::certificate::{CertificateError, Identity};
use crate::activity::{Chain, now};
use crate::intake::http::patience;

/// How long the other side may take to agree on a key.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);
/// How long it may take to say anything at all.
const FIRST_BYTE_MAX: Duration = Duration::from_secs(75);
/// How often it is looked whether the certificate was renewed.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The first byte of whoever speaks TLS: a handshake (RFC 8446, 5.1). No method of HTTP begins so.
const HANDSHAKE: u8 = 22;
/// What is spoken inside.
const SPOKEN: &[u8] = b"http/1.1";

/// The agent's side of TLS, with the certificate as it lies there now.
pub struct Encryption {
    config: Config,
    data_dir: PathBuf,
    shown: RwLock<Shown>,
}

#[derive(Clone)]
struct Shown {
    acceptor: TlsAcceptor,
    fingerprint: String,
}

/// How a connection goes on.
pub(super) enum Way {
    /// In the open, on this machine.
    Open(TcpStream),
    /// Encrypted.
    Encrypted(Box<TlsStream<TcpStream>>),
    /// In the open, from elsewhere: it is told how to come.
    Refused(TcpStream),
}

impl Encryption {
    /// TLS where the configuration wants it. A certificate is made where the store has none of its own.
    ///
    /// # Errors
    /// When there is none, and none can be made.
    pub fn of(config: &Config, data_dir: PathBuf) -> Result<Option<Arc<Self>>, CertificateError> {
        if !config.listen.encrypted() {
            return Ok(None);
        }
        let identity = certificate::kept_or_made(config, &data_dir, now())?;
        Ok(Some(Arc::new(Self {
            config: config.clone(),
            data_dir,
            shown: RwLock::new(Shown::new(identity)?),
        })))
    }

    /// The fingerprint of the certificate that is shown now.
    pub fn fingerprint(&self) -> String {
        self.shown().fingerprint
    }

    /// Shows a renewed certificate without a restart, until the agent stops.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(patience::within(LOOK_EVERY)) => {}
                () = stop.cancelled() => return,
            }
            let looking = Arc::clone(&self);
            // It fails only when the agent ends.
            let _ = tokio::task::spawn_blocking(move || looking.look()).await;
        }
    }

    fn look(&self) {
        let shown = certificate::kept_or_made(&self.config, &self.data_dir, now());
        match shown.and_then(Shown::new) {
            Ok(new) if new.fingerprint != self.fingerprint() => {
                tracing::info!(fingerprint = new.fingerprint, "the certificate was renewed");
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = new;
            }
            Ok(_) => {}
            // Half of a renewal: the old one goes on until the other half is there.
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the certificate cannot be read again");
            }
        }
    }

    fn shown(&self) -> Shown {
        let shown = self.shown.read();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finds out how a connection goes on; `None` when its other side says nothing, or nothing that is TLS.
    pub(super) async fn way(&self, stream: TcpStream, peer: SocketAddr) -> Option<Way> {
        let mut first = [0];
        let speaks =
            tokio::time::timeout(patience::within(FIRST_BYTE_MAX), stream.peek(&mut first));
        let read = speaks.await.ok()?.ok()?;
        if read == 0 {
            return None;
        }
        if first == [HANDSHAKE] {
            let agreed = self.shown().acceptor.accept(stream);
            let agreed = tokio::time::timeout(patience::within(HANDSHAKE_MAX), agreed).await;
            return Some(Way::Encrypted(Box::new(agreed.ok()?.ok()?)));
        }
        Some(match on_this_machine(peer, stream.local_addr().ok()?) {
            true => Way::Open(stream),
            false => Way::Refused(stream),
        })
    }
}

impl Shown {
    fn new(identity: Identity) -> Result<Self, CertificateError> {
        let fingerprint = identity.fingerprint();
        let unusable = |error: rustls::Error| CertificateError::Unusable {
            path: identity.file.clone(),
            why: error.to_string(),
        };
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![SPOKEN.to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            fingerprint,
        })
    }
}

/// Whether both ends of a connection are on this machine: from loopback, or from the very address that is called.
fn on_this_machine(peer: SocketAddr, own: SocketAddr) -> bool {
    let [peer, own] = [peer, own].map(|end| end.ip().to_canonical());
    peer.is_loopback() && own.is_loopback() || peer == own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_on_this_machine() {
        let here =
            |peer: &str, own: &str| on_this_machine(peer.parse().unwrap(), own.parse().unwrap());
        assert!(here("127.0.0.1:50000", "127.0.0.1:7470"));
        assert!(here("[::1]:50000", "[::1]:7470"));
        assert!(here("192.168.1.10:50000", "192.168.1.10:7470"));
        assert!(here("[::ffff:192.168.1.10]:50000", "192.168.1.10:7470"));
        assert!(!here("192.168.1.11:50000", "192.168.1.10:7470"));
        assert!(!here("192.168.1.11:50000", "127.0.0.1:7470"));
    }
}
