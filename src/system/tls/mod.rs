//! Whom to trust over TLS: the configured authorities and no others, those of the system, or one certificate that is
//! named.
//!
//! TLS 1.2 or later, with names checked unless the very certificate is named; there is no switch to do without. The
//! environment (`SSL_CERT_FILE`) has no say: cron's is not ours to trust. What went wrong is said in our own words
//! ([`failure`]); the library's are for programmers.

mod certificate;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod judge;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};

use self::judge::{Distrust, Judge};
use crate::model::remedy::{CertificateFault, Remedy};

/// Where distributions keep the authorities of the system in one file: Debian, Red Hat, Alpine and
/// SUSE.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// What is wrong with two keys for one thing.
pub(crate) const BOTH: &str = "`ca_file` and `server_certificate` are both set; a server that is trusted by its very \
                               certificate needs no authority: set one of them";

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub enum Trusted {
    /// The authorities of the system.
    #[default]
    System,
    /// These authorities, in PEM, and no others: the content of `ca_file`.
    Authorities(Vec<u8>),
    /// The server that has this very certificate, in PEM, whatever names it has and whoever signed it: the content of
    /// `server_certificate`.
    Certificate(Vec<u8>),
}

impl From<Option<Vec<u8>>> for Trusted {
    fn from(authorities: Option<Vec<u8>>) -> Self {
        authorities.map_or(Self::System, Self::Authorities)
    }
}

impl Trusted {
    /// From what the two files hold.
    ///
    /// # Errors
    /// When both are named.
    pub(crate) fn new(
        authorities: Option<Vec<u8>>,
        certificate: Option<Vec<u8>>,
    ) -> Result<Self, String> {
        match (authorities, certificate) {
            (Some(_), Some(_)) => Err(BOTH.to_owned()),
            (None, Some(certificate)) => Ok(Self::Certificate(certificate)),
            (authorities, None) => Ok(authorities.into()),
        }
    }
}

/// The way to speak TLS.
///
/// # Errors
/// When there is nobody to trust.
pub(crate) fn config(trusted: &Trusted) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = match trusted {
        Trusted::System => Judge::authorities(system()?, false, &provider),
        Trusted::Authorities(pem) => Judge::authorities(configured(pem)?, true, &provider),
        Trusted::Certificate(pem) => Ok(Judge::certificate(named(pem)?, &provider)),
    };
    build(judge?, provider)
}

/// The way to speak TLS with nobody, for a client that needs one and uses none.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn nobody() -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    build(Judge::nobody(&provider), provider)
}

fn build(judge: Judge, provider: Arc<CryptoProvider>) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| "TLS cannot be set up".to_owned())?;
    let judged = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge));
    Ok(Arc::new(judged.with_no_client_auth()))
}

fn certificates(pem: &[u8], key: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match all {
        Err(_) => Err(format!("{key} is not in PEM form")),
        Ok(all) if all.is_empty() => Err(format!(
            "{key} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        )),
        Ok(all) => Ok(all),
    }
}

fn configured(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for der in certificates(pem, "ca_file")? {
        let facts = certificate::Facts::of(&der);
        roots.add(der).map_err(|_| match facts {
            Some(facts) => format!(
                "ca_file holds a certificate that no authority can have: {}",
                facts.called()
            ),
            None => "ca_file holds something that is no certificate".to_owned(),
        })?;
    }
    Ok(roots)
}

/// The one certificate of `server_certificate`.
fn named(pem: &[u8]) -> Result<CertificateDer<'static>, String> {
    let mut all = certificates(pem, "server_certificate")?;
    match (all.len(), all.pop()) {
        (1, Some(der)) if certificate::Facts::of(&der).is_some() => Ok(der),
        (1, _) => Err("server_certificate holds something that is no certificate".to_owned()),
        _ => Err(
            "server_certificate holds several certificates; only the server's own is compared, the first that it sends"
                .to_owned(),
        ),
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

/// Why TLS came to nothing, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What went wrong.
    pub text: String,
    /// What to look at.
    pub remedy: Option<Remedy>,
}

impl Failure {
    fn new(text: impl Into<String>, remedy: Option<Remedy>) -> Self {
        let text = text.into();
        Self { text, remedy }
    }

    /// Whether it is the server's certificate that is not trusted.
    pub(crate) fn is_distrust(&self) -> bool {
        matches!(self.remedy, Some(Remedy::Certificate(_)))
    }
}

/// The connection ended while TLS was being agreed on.
pub(crate) fn broken_off() -> Failure {
    Failure::new(
        "the connection was closed while TLS was being agreed on",
        Some(Remedy::NoTls),
    )
}

/// What an error of TLS means.
pub(crate) fn failure(error: &Error) -> Failure {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Distrust>() {
                Some(distrust) => distrusted(distrust.text.as_str(), distrust.fault),
                None => distrusted("is not as TLS demands", CertificateFault::Other),
            }
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => distrusted(
            "is shown by a server that does not prove to hold its key",
            CertificateFault::Other,
        ),
        Error::InvalidCertificate(_) => {
            distrusted("is not as TLS demands", CertificateFault::Other)
        }
        Error::AlertReceived(alert) => Failure::new(
            format!("the server broke TLS off: {}", alert_words(*alert)),
            None,
        ),
        Error::PeerIncompatible(_) => Failure::new(
            "the server speaks no TLS that is taken here, which is 1.2 or later with today's ciphers",
            None,
        ),
        Error::InvalidMessage(_) => Failure::new("what it answers is not TLS", Some(Remedy::NoTls)),
        _ => Failure::new("the server does not keep to the rules of TLS", None),
    }
}

fn distrusted(text: &str, fault: CertificateFault) -> Failure {
    let text = format!("its certificate {text}");
    Failure::new(text, Some(Remedy::Certificate(fault)))
}

/// What the alerts of RFC 8446, 6.2, mean to an admin.
fn alert_words(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::HandshakeFailure => "it shares no cipher or kind of key with us",
        AlertDescription::ProtocolVersion => "it wants another version of TLS",
        AlertDescription::UnrecognisedName => "it knows no host of that name",
        AlertDescription::CertificateRequired => {
            "it wants a certificate of ours, and gosync has none"
        }
        AlertDescription::BadCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::UnknownCA => "it does not let us in",
        AlertDescription::InternalError => "something is out of order there",
        other => return format!("alert {}", u8::from(other)),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests;
