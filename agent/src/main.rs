//! `tillpost`: the store service and its command line. The story is in the library.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything can open a TLS connection. It fails only when a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tillpost_agent::cli::main()
}
