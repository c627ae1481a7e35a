//! What to look at when a server could not be read: one remedy for each cause.
//!
//! Whoever finds the cause chooses the remedy; its words are made here alone, from the names that the keys of the section
//! have. Decides nothing about what failed, and knows no server.

use std::fmt;

/// What to look at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The name of the host has no address.
    Name,
    /// Nothing listens there, or the way is closed.
    Port,
    /// Nothing came in time.
    Silence,
    /// Not a word came where something was said in the clear: that port may want TLS from the first byte.
    TlsAtOnce,
    /// What listens there does not speak TLS from the first byte.
    NoTls,
    /// The server has no StartTLS.
    NoStartTls,
    /// What is wrong with the server's certificate.
    Certificate(CertificateFault),
    /// It does not believe that we are who we say.
    Credentials,
    /// It wants what is said to be encrypted.
    Encryption,
    /// It lets us in, but not so far.
    Rights,
    /// What is to be read is not there, or is not shown to us.
    Base,
    /// The server is out of order, or has too much to do.
    Server,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// No authority that is trusted signed it.
    UnknownIssuer,
    /// It signed itself, or is an authority's own.
    SelfSigned,
    /// It is of X.509 version 1.
    Version1,
    /// It names no host.
    NoNames,
    /// It names other hosts.
    OtherNames,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is another than the one that is named.
    NotTheNamedOne,
    /// Something else.
    Other,
}

/// What the keys of a section are called that remedies name.
#[derive(Clone, Debug, Default)]
pub struct KeyNames {
    /// Where the server is.
    pub place: &'static str,
    /// Who we are there.
    pub credentials: String,
    /// What is read.
    pub base: &'static str,
    /// The authorities to trust.
    pub authorities: &'static str,
    /// The one certificate to trust; none, if that cannot be.
    pub certificate: Option<&'static str>,
    /// What encrypts.
    pub encryption: &'static str,
    /// What is for a port that speaks no TLS at first; nothing, if nothing is.
    pub in_the_clear: &'static str,
    /// How openssl(1) is told that it begins in the clear.
    pub start_tls: &'static str,
}

impl Remedy {
    /// What to look at, in one sentence; `section` is how the section is written, `url` where the server is.
    pub(crate) fn words(self, section: &str, keys: &KeyNames, url: &str) -> String {
        let place = keys.place;
        match self {
            Self::Name => {
                let host = Authority::of(url).host;
                format!(
                    "check the host in {place} of {section}, and name resolution: getent hosts {host}"
                )
            }
            Self::Port => format!(
                "check host and port in {place} of {section}, that the server runs, and firewalls"
            ),
            Self::Silence => format!("check {place} in {section}, and firewalls on the way"),
            Self::TlsAtOnce => format!(
                "a port that wants TLS from the first byte, such as 636, answers nothing else: write ldaps:// in {place} of \
                 {section}, and leave `start_tls` out; if the port is another, check that, and firewalls on the way"
            ),
            Self::NoTls => format!(
                "check the port in {place} of {section}: what listens there may not speak TLS from the first byte{}",
                keys.in_the_clear
            ),
            Self::NoStartTls => format!(
                "let the server offer StartTLS, or set {place} in {section} to an address with ldaps://"
            ),
            Self::Certificate(fault) => fault.words(section, keys, url),
            Self::Credentials => format!("check {} in {section}", keys.credentials),
            Self::Encryption => format!(
                "the server wants an encrypted connection: set {} in {section}",
                keys.encryption
            ),
            Self::Rights => format!(
                "give who is named by {} in {section} the right to read what {} name",
                keys.credentials, keys.base
            ),
            Self::Base => format!(
                "check {} in {section}; or the server does not show it to who is named by {}",
                keys.base, keys.credentials
            ),
            Self::Server => {
                "look into the server's log: it was reached, and is out of order or busy".to_owned()
            }
        }
    }
}

impl CertificateFault {
    fn words(self, section: &str, keys: &KeyNames, url: &str) -> String {
        let authorities = keys.authorities;
        match self {
            Self::UnknownIssuer => format!(
                "name the authority that signed it by {authorities} in {section}; what the server sends: {}",
                shows(url, keys, "-showcerts")
            ),
            Self::SelfSigned | Self::Version1 | Self::NoNames | Self::Expired => {
                let better = match self {
                    Self::Expired => "let the server have a new one".to_owned(),
                    _ => format!(
                        "let the server have one that an authority signed and whose subjectAltName is DNS:{}",
                        Authority::of(url).host
                    ),
                };
                match keys.certificate {
                    Some(key) => format!(
                        "{better}; or trust just this one: {} > FILE, compare it with the server's own, and set {key} = \
                         \"FILE\" in {section}",
                        shows(url, keys, "| openssl x509")
                    ),
                    None => better,
                }
            }
            Self::OtherNames => format!(
                "set the host in {} of {section} to a name that the certificate has",
                keys.place
            ),
            Self::NotYetValid => "compare the clocks of both hosts: date -u".to_owned(),
            Self::NotTheNamedOne => format!(
                "if the server has a new one: {} > FILE, compare it with the server's own, and name it by {} in {section}",
                shows(url, keys, "| openssl x509"),
                keys.certificate.unwrap_or(authorities)
            ),
            Self::Other => format!(
                "look at what the server sends: {}",
                shows(url, keys, "-showcerts")
            ),
        }
    }
}

/// The command line that shows what a server sends; `more` stands before or behind the input.
fn shows(url: &str, keys: &KeyNames, more: &str) -> String {
    let Authority { scheme, host, port } = Authority::of(url);
    let clear = match scheme {
        "ldap" => keys.start_tls,
        _ => "",
    };
    match more.strip_prefix('|') {
        Some(_) => format!("openssl s_client -connect {host}:{port}{clear} </dev/null {more}"),
        None => format!("openssl s_client -connect {host}:{port}{clear} {more} </dev/null"),
    }
}

/// Whom a URL leads to.
struct Authority<'a> {
    scheme: &'a str,
    host: Shown<'a>,
    port: String,
}

/// A host, as far as one can be typed.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&super::shown(self.0), f)
    }
}

impl<'a> Authority<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let port_of = |tail: &str| tail.bytes().all(|b| b.is_ascii_digit()) && !tail.is_empty();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port_of(port) => (host, port.to_owned()),
            _ => {
                let usual = match scheme {
                    "ldaps" => "636",
                    "ldap" => "389",
                    "http" => "80",
                    _ => "443",
                };
                (authority, usual.to_owned())
            }
        };
        let host = Shown(host);
        Self { scheme, host, port }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> KeyNames {
        KeyNames {
            place: "`url`",
            credentials: "`bind_dn` and `password_file`".to_owned(),
            base: "`user_base`",
            authorities: "`ca_file`",
            certificate: Some("server_certificate"),
            encryption: "`start_tls = true`",
            in_the_clear: "",
            start_tls: " -starttls ldap",
        }
    }

    #[test]
    fn one_cause_has_one_remedy_and_no_other_key() {
        let words = |remedy: Remedy| remedy.words("[provider.p]", &keys(), "ldaps://a:9636");
        let certificate = |fault| words(Remedy::Certificate(fault));
        for fault in [
            CertificateFault::UnknownIssuer,
            CertificateFault::SelfSigned,
            CertificateFault::Version1,
            CertificateFault::NoNames,
            CertificateFault::OtherNames,
            CertificateFault::Expired,
            CertificateFault::NotYetValid,
            CertificateFault::NotTheNamedOne,
            CertificateFault::Other,
        ] {
            assert!(!certificate(fault).contains("password_file"), "{fault:?}");
        }
        assert!(certificate(CertificateFault::UnknownIssuer).contains("`ca_file` in [provider.p]"));
        assert!(certificate(CertificateFault::Version1).contains("server_certificate = \"FILE\""));
        assert!(words(Remedy::Credentials).contains("`bind_dn` and `password_file`"));
        assert!(!words(Remedy::Credentials).contains("ca_file"));
    }

    #[test]
    fn the_command_line_leads_to_the_servers_port() {
        let line = |url: &str| shows(url, &keys(), "-showcerts");
        assert_eq!(
            line("ldaps://ldap.test"),
            "openssl s_client -connect ldap.test:636 -showcerts </dev/null"
        );
        assert_eq!(
            line("ldap://ldap.test:3890/"),
            "openssl s_client -connect ldap.test:3890 -starttls ldap -showcerts </dev/null"
        );
        assert!(line("https://[::1]:8443/v2/Users?x=1").contains("[::1]:8443 "));
        assert!(line("https://scim.test/v2").contains("scim.test:443 "));
    }
}
