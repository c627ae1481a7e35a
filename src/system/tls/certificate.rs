//! What a certificate says of itself, for messages: RFC 5280. Nothing that is decided by it lets anybody in. Pure.

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::model::shown;

/// What is of interest.
pub(super) struct Facts {
    subject: String,
    issuer: String,
    /// Whether it is its own issuer, as far as it says.
    pub own_issuer: bool,
    /// Whether it is an authority's.
    pub authority: bool,
    /// Whether it is of version 1, which has no place for names of hosts.
    pub old: bool,
    /// The hosts that it names.
    pub hosts: Vec<String>,
    /// The first and the last second of its time, since 1970.
    pub time: (i64, i64),
}

impl Facts {
    /// What a certificate says; nothing, if it is none.
    pub(super) fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let hosts = names.map_or_else(Vec::new, |names| {
            names.value.general_names.iter().filter_map(host).collect()
        });
        let validity = parsed.validity();
        Some(Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            own_issuer: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            authority: parsed.is_ca(),
            old: parsed.version() == X509Version::V1,
            hosts,
            time: (
                validity.not_before.timestamp(),
                validity.not_after.timestamp(),
            ),
        })
    }

    /// What it is called.
    pub(super) fn called(&self) -> String {
        match self.subject.is_empty() {
            true => "the one without a name".to_owned(),
            false => format!("`{}`", shown(&self.subject)),
        }
    }

    /// Who signed it, as it says.
    pub(super) fn issued_by(&self) -> String {
        format!("`{}`", shown(&self.issuer))
    }
}

/// A name of a host, or its address.
fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|v4| std::net::Ipv4Addr::from(v4).to_string());
            let v6 =
                <[u8; 16]>::try_from(*bytes).map(|v6| std::net::Ipv6Addr::from(v6).to_string());
            v4.or(v6).ok()
        }
        _ => None,
    }
}
