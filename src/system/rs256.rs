//! Signatures by an RSA key: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017), which JSON Web Signatures call RS256.
//!
//! The library of TLS signs, for it has what is needed already. Knows neither what is signed nor for whom, and shows no key.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;

/// A private key.
#[derive(Clone)]
pub(crate) struct Rs256(Arc<dyn SigningKey>);

impl Rs256 {
    /// A key in PEM, as `openssl genrsa` (PKCS #1) or `openssl genpkey` (PKCS #8) writes it, without a passphrase.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn new(pem: &[u8]) -> Result<Self, String> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            "what stands in the file is no private key in PEM without a passphrase".to_owned()
        })?;
        let key = any_supported_type(&key).map_err(|_| "the key cannot be used".to_owned())?;
        let key = Self(key);
        // Keys of other kinds do not sign so.
        key.sign(b"").map(|_| key)
    }

    /// The signature of a message.
    ///
    /// # Errors
    /// When the key is of another kind.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let signer = self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.ok_or("the key is no RSA key")?;
        signer
            .sign(message)
            .map_err(|_| "the key does not sign".to_owned())
    }
}

impl fmt::Debug for Rs256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rs256")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_told_and_not_shown() {
        for text in [
            "",
            "CANARY",
            "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let reason = Rs256::new(text.as_bytes()).unwrap_err();
            assert!(
                !reason.contains("CANARY") && reason.contains("key"),
                "{reason}"
            );
        }
    }
}
