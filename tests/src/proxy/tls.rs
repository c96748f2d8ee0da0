//! Certificates for a proxy that speaks TLS: one that the agent trusts, and some that nobody should.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// What a proxy may show of itself.
pub struct Identities {
    /// For 127.0.0.1, by the authority in `authority.pem`.
    pub good: TlsAcceptor,
    /// Of an authority nobody knows, and of the right one for another name.
    pub wrong: [TlsAcceptor; 2],
}

/// Makes an authority and certificates in a folder; trust it by setting `SSL_CERT_FILE` to `authority.pem` there.
pub fn identities(folder: &Path) -> Identities {
    // Only the first call in a process can install it; every other one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    authority(folder, "authority");
    authority(folder, "stranger");
    let identity = |name, by, subject| identity(folder, name, by, subject);
    Identities {
        good: identity("good", "authority", "IP:127.0.0.1"),
        wrong: [
            identity("by-stranger", "stranger", "IP:127.0.0.1"),
            identity("of-another", "authority", "DNS:portal.example"),
        ],
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder);
    crate::home::run(&mut command).ended(0);
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

fn authority(folder: &Path, name: &str) {
    openssl(
        folder,
        &format!("req -x509 {KEY} -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"),
    );
}

fn identity(folder: &Path, name: &str, by: &str, subject: &str) -> TlsAcceptor {
    let extension = format!("subjectAltName={subject}\n");
    std::fs::write(folder.join(format!("{name}.ext")), extension).unwrap();
    openssl(
        folder,
        &format!("req {KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr"),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 2 -extfile {name}.ext -out {name}.pem"
        ),
    );
    let certificate = CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
