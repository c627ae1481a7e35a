//! Whom to trust over TLS: the configured authorities and no others, or those of the system.
//!
//! TLS 1.2 or later, with names checked; there is no switch to do without. The environment
//! (`SSL_CERT_FILE`) has no say: cron's is not ours to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Where distributions keep the authorities of the system in one file: Debian, Red Hat, Alpine and
/// SUSE.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// The way to speak TLS; `authorities` is the content of `ca_file`.
///
/// # Errors
/// When there is nobody to trust.
pub(crate) fn config(authorities: Option<&[u8]>) -> Result<Arc<ClientConfig>, String> {
    let roots = match authorities {
        Some(pem) => configured(pem)?,
        None => system()?,
    };
    build(roots)
}

/// The way to speak TLS with nobody, for a client that needs one and uses none.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn nobody() -> Result<Arc<ClientConfig>, String> {
    build(RootCertStore::empty())
}

fn build(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|e| format!("TLS cannot be set up: {e}"))?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}

fn configured(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "ca_file is not in PEM form".to_owned())?;
        roots
            .add(certificate)
            .map_err(|e| format!("ca_file holds a certificate that cannot be used: {e}"))?;
    }
    if roots.is_empty() {
        Err("ca_file holds no certificate".to_owned())
    } else {
        Ok(roots)
    }
}

fn system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for file in SYSTEM {
        let found = rustls_native_certs::load_certs_from_paths(Some(Path::new(file)), None);
        // One certificate that rustls does not understand must not cost all the others.
        if roots.add_parsable_certificates(found.certs).0 > 0 {
            return Ok(roots);
        }
    }
    Err(
        "this system has no certificate authorities; install ca-certificates, or set ca_file"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_file_must_hold_a_certificate() {
        for pem in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(
                config(Some(pem.as_bytes()))
                    .unwrap_err()
                    .contains("ca_file"),
                "{pem}"
            );
        }
    }
}
