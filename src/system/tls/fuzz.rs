//! Certificates, for `crate::fuzzing`.

use rustls::pki_types::CertificateDer;

use super::certificate::Facts;

/// A certificate in DER, as a server may show it.
pub(crate) fn certificate(bytes: &[u8]) {
    if let Some(facts) = Facts::of(&CertificateDer::from(bytes)) {
        for told in [facts.called(), facts.issued_by()] {
            assert!(!told.chars().any(char::is_control), "{told:?}");
        }
    }
}
