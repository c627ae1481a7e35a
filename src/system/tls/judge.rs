//! Whether a server is the one that is meant.
//!
//! By authorities, webpki judges as it always does, and its refusal is put into words while the certificate is at hand. A
//! certificate that is named is compared whole; the handshake's signature then proves that the server holds its key, as
//! with any other (RFC 8446, 4.4.3; RFC 5246, 7.4.3), also where webpki cannot read the certificate, such as one of
//! X.509 version 1.

use std::error;
use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, RootCertStore,
    SignatureScheme,
};
use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::certificate::Facts;
use crate::model::remedy::CertificateFault;
use crate::model::shown;
use crate::system::clock;

/// Why a certificate is not trusted.
#[derive(Debug)]
pub(super) struct Distrust {
    pub fault: CertificateFault,
    pub text: String,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for Distrust {}

impl Distrust {
    fn error(fault: CertificateFault, text: String) -> Error {
        let other = OtherError(Arc::new(Self { fault, text }));
        Error::InvalidCertificate(CertificateError::Other(other))
    }
}

/// How it is judged.
#[derive(Debug)]
enum Measure {
    /// By authorities: those of `ca_file`, or of the system.
    Authorities(Arc<WebPkiServerVerifier>, Whose),
    /// By the one certificate that is trusted.
    Certificate(CertificateDer<'static>),
    /// Nobody is trusted.
    Nobody,
}

/// Whose authorities they are.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Configured,
    System,
}

/// Who judges.
#[derive(Debug)]
pub(super) struct Judge {
    measure: Measure,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Judge {
    fn new(measure: Measure, provider: &CryptoProvider) -> Self {
        Self {
            measure,
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// Trusts whom these authorities vouch for; `configured`: they are those of `ca_file`.
    pub(super) fn authorities(
        roots: RootCertStore,
        configured: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let verifier = verifier
            .build()
            .map_err(|_| "TLS cannot be set up".to_owned())?;
        let whose = match configured {
            true => Whose::Configured,
            false => Whose::System,
        };
        Ok(Self::new(Measure::Authorities(verifier, whose), provider))
    }

    /// Trusts who has this certificate.
    pub(super) fn certificate(named: CertificateDer<'static>, provider: &CryptoProvider) -> Self {
        Self::new(Measure::Certificate(named), provider)
    }

    /// Trusts nobody.
    pub(super) fn nobody(provider: &CryptoProvider) -> Self {
        Self::new(Measure::Nobody, provider)
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.measure {
            Measure::Authorities(verifier, whose) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_err(|error| explained(error, end_entity, server_name, *whose)),
            Measure::Certificate(named) if named.as_ref() == end_entity.as_ref() => {
                Ok(ServerCertVerified::assertion())
            }
            Measure::Certificate(_) => Err(another(end_entity)),
            Measure::Nobody => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.measure {
            Measure::Authorities(verifier, _) => {
                verifier.verify_tls12_signature(message, cert, dss)
            }
            _ => signed_in_tls12(message, cert, dss, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.measure {
            Measure::Authorities(verifier, _) => {
                verifier.verify_tls13_signature(message, cert, dss)
            }
            _ => {
                let (_, parsed) = X509Certificate::from_der(cert).map_err(|_| bad_encoding())?;
                let key = SubjectPublicKeyInfoDer::from(parsed.public_key().raw);
                verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn bad_encoding() -> Error {
    CertificateError::BadEncoding.into()
}

/// Whether the key of a certificate made a signature of TLS 1.2: by one of the algorithms that its scheme stands for, and
/// that the key is for.
fn signed_in_tls12(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let (_, parsed) = X509Certificate::from_der(cert).map_err(|_| bad_encoding())?;
    let key = parsed.public_key();
    // The algorithm as it stands there, without its outer tag, which is how they are compared.
    let (_, info) = Any::from_der(key.raw).map_err(|_| bad_encoding())?;
    let (_, algorithm) = Any::from_der(info.data).map_err(|_| bad_encoding())?;
    let scheme = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == dss.scheme);
    let Some((_, of_scheme)) = scheme else {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    };
    let public = key.subject_public_key.data.as_ref();
    let holds = of_scheme.iter().any(|one| {
        one.public_key_alg_id().as_ref() == algorithm.data
            && one
                .verify_signature(public, message, dss.signature())
                .is_ok()
    });
    match holds {
        true => Ok(HandshakeSignatureValid::assertion()),
        false => Err(CertificateError::BadSignature.into()),
    }
}

/// A certificate that is not the named one.
fn another(found: &CertificateDer<'_>) -> Error {
    let called = Facts::of(found).map_or_else(String::new, |facts| {
        format!(
            "{} (valid until {}) ",
            facts.called(),
            clock::date(facts.time.1)
        )
    });
    let text = format!("{called}is not the one that `server_certificate` names");
    Distrust::error(CertificateFault::NotTheNamedOne, text)
}

/// The refusal of webpki, in words that say what the certificate is like.
fn explained(
    error: Error,
    found: &CertificateDer<'_>,
    name: &ServerName<'_>,
    whose: Whose,
) -> Error {
    let Error::InvalidCertificate(why) = &error else {
        return error;
    };
    let Some(facts) = Facts::of(found) else {
        let text = "cannot be read".to_owned();
        return Distrust::error(CertificateFault::Other, text);
    };
    let (fault, text) = fault(why, &facts, &name.to_str(), whose);
    Distrust::error(fault, text)
}

/// What is wrong, the cause that must be mended first before the others.
fn fault(
    why: &CertificateError,
    facts: &Facts,
    host: &str,
    whose: Whose,
) -> (CertificateFault, String) {
    use CertificateFault as Fault;
    let called = facts.called();
    let (from, until) = facts.time;
    let (fault, said) = match why {
        _ if facts.old => (
            Fault::Version1,
            "is of X.509 version 1, which names no hosts; version 3 with a subjectAltName is wanted"
                .to_owned(),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            Fault::Expired,
            format!("expired on {}", clock::date(until)),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            Fault::NotYetValid,
            format!("is valid from {} on", clock::date(from)),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return names(facts, host);
        }
        _ if facts.own_issuer => (
            Fault::SelfSigned,
            "signed itself; no authority vouches for it".to_owned(),
        ),
        CertificateError::UnknownIssuer => (Fault::UnknownIssuer, unknown(facts, whose)),
        _ if facts.authority => (
            Fault::SelfSigned,
            "is an authority's own, not a server's".to_owned(),
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            Fault::Other,
            "is not for servers (extendedKeyUsage)".to_owned(),
        ),
        CertificateError::BadSignature => (
            Fault::Other,
            format!("was not signed by {}, as it says", facts.issued_by()),
        ),
        _ => (
            Fault::Other,
            "is signed or encoded in a way that is not taken".to_owned(),
        ),
    };
    (fault, format!("{called} {said}"))
}

/// What is said of a certificate that none of our authorities has signed.
fn unknown(facts: &Facts, whose: Whose) -> String {
    let why = match whose {
        Whose::Configured => "which `ca_file` does not hold",
        Whose::System => "which is no authority of this system, and `ca_file` is not set",
    };
    format!("is signed by {}, {why}", facts.issued_by())
}

/// A certificate for other hosts, or for none.
fn names(facts: &Facts, host: &str) -> (CertificateFault, String) {
    let (called, host) = (facts.called(), shown(host));
    if facts.hosts.is_empty() {
        let text = format!("{called} has no subjectAltName, and its CN is not looked at");
        return (CertificateFault::NoNames, text);
    }
    let hosts = crate::model::first_names(facts.hosts.iter().map(String::as_str), 5);
    let text = format!("{called} is for {hosts}, not for {host}");
    (CertificateFault::OtherNames, text)
}
