//! SSH public keys: one checked value of authorized_keys(5), without options and without a comment.
//!
//! A key comes from outside and becomes a line that sshd(8) trusts. So it is taken apart, and only its type and its
//! base64 are ever written again: a line break, an option or a second key in the text cannot become a line of its own
//! (threat V15). The blob is RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4 and OpenSSH's PROTOCOL.u2f.

use std::fmt;

use ssh_key::public::{KeyData, PublicKey};
use ssh_key::{HashAlg, Mpint};

use super::Untrusted;

/// The most bytes a value may have, its comment included: sshd(8) reads lines of 8 KiB.
pub(crate) const MAX_BYTES: usize = 8 * 1024;

/// No RSA key may be smaller, whatever the configuration says.
pub(crate) const LEAST_RSA_BITS: u32 = 2_048;

/// OpenSSH reads no larger RSA key (`SSHBUF_MAX_BIGNUM`).
pub(crate) const MOST_RSA_BITS: u32 = 16_384;

/// A kind of key that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// ECDSA on the curve P-256.
    EcdsaP256,
    /// ECDSA on the curve P-384.
    EcdsaP384,
    /// ECDSA on the curve P-521.
    EcdsaP521,
    /// Ed25519 in a security key.
    SkEd25519,
    /// ECDSA on the curve P-256 in a security key.
    SkEcdsaP256,
    /// RSA.
    Rsa,
}

impl KeyKind {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Ed25519,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::SkEd25519,
        Self::SkEcdsaP256,
        Self::Rsa,
    ];

    /// Its word in authorized_keys(5).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::EcdsaP521 => "ecdsa-sha2-nistp521",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
            Self::Rsa => "ssh-rsa",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Why a text is no key that may be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// Longer than [`MAX_BYTES`].
    #[error("it is longer than 8 KiB")]
    TooLong,
    /// More than one line, or a character that no line has.
    #[error("it has a line break or another control character, or is not ASCII before its comment")]
    NoLine,
    /// More than one key.
    #[error("it holds more than one key")]
    Several,
    /// DSA.
    #[error("ssh-dss is too weak, and sshd does not take it any more")]
    Dss,
    /// A certificate.
    #[error("it is a certificate, and those are not taken")]
    Certificate,
    /// Not one of [`KeyKind::ALL`].
    #[error("`{0}` is no type that is taken, or options stand before it")]
    Kind(Untrusted),
    /// Base64 or structure is broken, or something follows.
    #[error("its base64 is not a whole {0} key")]
    Broken(&'static str),
    /// The blob holds another type than stands before it.
    #[error("it is called {0}, and its base64 holds another type")]
    OtherKind(&'static str),
    /// RSA with too few or too many bits.
    #[error("it is an RSA key of {bits} bits, and {least} to {MOST_RSA_BITS} are taken")]
    Size {
        /// How many it has.
        bits: u32,
        /// How many it must have.
        least: u32,
    },
    /// RSA with an exponent that makes no signature.
    #[error("it is an RSA key with an exponent that cannot be")]
    Exponent,
}

/// A public key. Only [`SshKey::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SshKey {
    kind: KeyKind,
    base64: Box<str>,
}

impl SshKey {
    /// Takes one value apart: a type, base64, and a comment, which is dropped. RSA keys need `rsa_bits` bits or
    /// [`LEAST_RSA_BITS`], whichever is more.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str, rsa_bits: u32) -> Result<Self, BadKey> {
        if text.len() > MAX_BYTES {
            return Err(BadKey::TooLong);
        }
        // A directory server's value may end in a line break; it is one line all the same.
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(BadKey::NoLine);
        }
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let label = words.next().ok_or(BadKey::Empty)?;
        let kind = kind(label)?;
        let base64 = words.next().ok_or(BadKey::Broken(kind.as_str()))?;
        if !base64.is_ascii() {
            return Err(BadKey::NoLine);
        }
        if words.any(is_blob) {
            return Err(BadKey::Several);
        }
        let key = decode(kind, base64)?;
        if let KeyData::Rsa(rsa) = key.key_data() {
            check_rsa(&rsa.n, &rsa.e, rsa_bits.max(LEAST_RSA_BITS))?;
        }
        Ok(Self {
            kind,
            base64: base64.into(),
        })
    }

    /// What kind it is.
    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Its fingerprint, as ssh-keygen(1) shows it: `SHA256:` and base64.
    pub(crate) fn fingerprint(&self) -> String {
        decode(self.kind, &self.base64)
            .map(|key| key.fingerprint(HashAlg::Sha256).to_string())
            .unwrap_or_default()
    }
}

/// Type and base64, as they stand in a file.
impl fmt::Display for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.base64)
    }
}

fn kind(label: &str) -> Result<KeyKind, BadKey> {
    match KeyKind::from_word(label) {
        Some(kind) => Ok(kind),
        None if label == "ssh-dss" => Err(BadKey::Dss),
        None if label.ends_with("-cert-v01@openssh.com")
            || label.ends_with("-cert-v00@openssh.com") =>
        {
            Err(BadKey::Certificate)
        }
        None => Err(BadKey::Kind(Untrusted::new(label))),
    }
}

/// Whether a word looks like another key's blob: base64 that begins with a short length.
fn is_blob(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    word.starts_with("AAAA") && word.len() >= 48 && word.bytes().all(plain)
}

/// Reads the whole blob, to its end.
fn decode(kind: KeyKind, base64: &str) -> Result<PublicKey, BadKey> {
    let broken = BadKey::Broken(kind.as_str());
    let read = |label: &str| PublicKey::from_openssh(&format!("{label} {base64}"));
    let key = match read(kind.as_str()) {
        Ok(key) => key,
        Err(_)
            if KeyKind::ALL
                .iter()
                .any(|other| *other != kind && read(other.as_str()).is_ok()) =>
        {
            return Err(BadKey::OtherKind(kind.as_str()));
        }
        Err(_) => return Err(broken),
    };
    // One text for one key: what was read, written again, is what was there.
    let again = key.to_openssh().map_err(|_| broken.clone())?;
    if again != format!("{} {base64}", kind.as_str()) {
        Err(broken)
    } else {
        Ok(key)
    }
}

fn check_rsa(n: &Mpint, e: &Mpint, least: u32) -> Result<(), BadKey> {
    let bits = bits(n.as_positive_bytes());
    if bits < least || bits > MOST_RSA_BITS {
        return Err(BadKey::Size { bits, least });
    }
    let exponent = e.as_positive_bytes().unwrap_or_default();
    let is_odd = exponent.last().is_some_and(|last| last & 1 == 1);
    if is_odd && exponent != [1] {
        Ok(())
    } else {
        Err(BadKey::Exponent)
    }
}

fn bits(number: Option<&[u8]>) -> u32 {
    let digits = number.unwrap_or_default();
    let digits = &digits[digits.iter().take_while(|&&b| b == 0).count()..];
    let Some(first) = digits.first() else {
        return 0;
    };
    u32::try_from(digits.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8)
        .saturating_sub(first.leading_zeros())
}

#[cfg(test)]
mod tests;
