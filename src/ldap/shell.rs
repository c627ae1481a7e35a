//! A search as a line of ldapsearch(1), to be pasted into a shell.
//!
//! A person who asks why a run saw what it saw asks the server the same by hand. The password is named by its file and never
//! shown. Sources: ldapsearch(1) of OpenLDAP 2.5, ldap.conf(5) for `LDAPTLS_CACERT`, RFC 4515 (filters) and RFC 4514 (names)
//! for characters that are written as hexadecimal digits. Pure.

use std::fmt::Write as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::address::Transport;
use super::ber::{ENUMERATED, INTEGER, Reader, STRING};
use super::question::Request;
use super::request::{Control, MANAGE_DSA_IT, PAGED, SYNC};
use crate::model::shell::{self, is_shown, word};
use crate::model::text::base64;

/// Where a server is, and who asks it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) url: &'a str,
    pub(super) transport: Transport,
    pub(super) bind_dn: Option<&'a str>,
    pub(super) password_file: Option<&'a Path>,
    /// The certificates to trust; `None`: those of the system.
    pub(super) trusted: Option<&'a Path>,
}

/// All of the line that is the same for each search on a server.
#[derive(Default)]
pub(crate) struct Caller {
    words: String,
    password: Option<SecretString>,
}

impl Caller {
    /// Whoever asks there. The password is for what must not be shown.
    pub(super) fn new(at: Place<'_>, password: Option<SecretString>) -> Self {
        let mut words = String::new();
        let secret = at.bind_dn.and(at.password_file);
        let secret = secret.map(|file| shell::secret(&file.to_string_lossy()));
        words.extend(secret.map(|secret| format!("{secret} | ")));
        let trusted = at.trusted.map(|file| word(&file.to_string_lossy()));
        words.extend(trusted.map(|file| format!("LDAPTLS_CACERT={file} ")));
        // Writing to a string cannot fail.
        let _ = write!(words, "ldapsearch -LLL -o ldif-wrap=no -H {}", word(at.url));
        words.push_str(match at.transport {
            Transport::StartTls => " -ZZ",
            Transport::Plain | Transport::Tls | Transport::Unix => "",
        });
        let _ = match (at.bind_dn, at.transport) {
            (Some(dn), _) => write!(words, " -x -D {} -y /dev/stdin", word(&printable(dn))),
            (None, Transport::Unix) => write!(words, " -Q -Y EXTERNAL"),
            (None, _) => write!(words, " -x"),
        };
        Self { words, password }
    }

    /// The line for a search with these controls.
    pub(super) fn line(&self, request: &Request<'_>, controls: &[Control]) -> String {
        let scope = if request.alone { "base" } else { "sub" };
        let base = word(&printable(request.base));
        let mut line = format!("{} -b {base} -s {scope}", self.words);
        for control in controls {
            line.push(' ');
            line.push_str(&option(control));
        }
        line.push(' ');
        line.push_str(&word(&printable(request.filter)));
        for attribute in request.attributes {
            line.push(' ');
            line.push_str(&word(attribute));
        }
        // A server may name an entry as it likes.
        let password = self.password.as_ref().map(|p| p.expose_secret());
        match password.filter(|password| !password.is_empty()) {
            Some(password) => line.replace(password, "[secret]"),
            None => line,
        }
    }
}

/// A filter or a name of the same meaning without characters that a terminal obeys.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_shown(c) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(out, "\\{byte:02x}");
        }
    }
    out
}

/// How ldapsearch is told to send a control.
fn option(control: &Control) -> String {
    let value = control.value.as_deref();
    let sign = if control.is_critical { "!" } else { "" };
    let known = match control.kind {
        MANAGE_DSA_IT => Some("-M".to_owned()),
        PAGED => value
            .and_then(page_size)
            .map(|size| format!("-E {}", word(&format!("{sign}pr={size}/noprompt")))),
        SYNC => value
            .and_then(sync_mode)
            .map(|mode| format!("-E {}", word(&format!("{sign}sync={mode}")))),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let value = value.map(|value| format!("::{}", base64(value)));
        let value = value.unwrap_or_default();
        format!("-E {}", word(&format!("{sign}{}{value}", control.kind)))
    })
}

/// How many entries a page has (RFC 2696).
fn page_size(value: &[u8]) -> Option<u32> {
    Reader::new(value).sequence()?.number(INTEGER)
}

/// Mode and cookie (RFC 4533, 2.2), if ldapsearch can be given that cookie.
fn sync_mode(value: &[u8]) -> Option<String> {
    let mut parts = Reader::new(value).sequence()?;
    let mode = match parts.number(ENUMERATED)? {
        1 => "ro",
        3 => "rp",
        _ => return None,
    };
    let Some(cookie) = parts.optional(STRING)? else {
        return Some(mode.to_owned());
    };
    let cookie = std::str::from_utf8(cookie).ok()?;
    let fits = cookie.chars().all(|c| c.is_ascii_graphic() && c != '/');
    (fits && !cookie.is_empty()).then(|| format!("{mode}/{cookie}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, transport: Transport) -> Place<'_> {
        Place {
            url,
            transport,
            bind_dn: None,
            password_file: None,
            trusted: None,
        }
    }

    fn plain(request: &Request<'_>, controls: &[Control]) -> String {
        Caller::new(at("ldap://localhost", Transport::Plain), None).line(request, controls)
    }

    #[test]
    fn a_line_says_where_and_as_whom() {
        let request = Request::alone("dc=x", "(a=*)", &[]);
        let head = "ldapsearch -LLL -o ldif-wrap=no -H";
        assert_eq!(
            plain(&request, &[]),
            format!("{head} ldap://localhost -x -b 'dc=x' -s base '(a=*)'")
        );
        let socket = at("ldapi://%2Frun%2Fldapi", Transport::Unix);
        assert_eq!(
            Caller::new(socket, None).line(&request, &[]),
            format!("{head} ldapi://%2Frun%2Fldapi -Q -Y EXTERNAL -b 'dc=x' -s base '(a=*)'")
        );
        let bound = Place {
            bind_dn: Some("cn=sync, dc=x"),
            password_file: Some(Path::new("/etc/gosync/my pw")),
            trusted: Some(Path::new("/etc/ca.pem")),
            ..at("ldap://a.example", Transport::StartTls)
        };
        let password = SecretString::from("hunter2");
        let caller = Caller::new(bound, Some(password));
        assert_eq!(
            caller.line(&request, &[]),
            format!(
                "head -n 1 '/etc/gosync/my pw' | tr -d '\\r\\n' | LDAPTLS_CACERT=/etc/ca.pem {head} ldap://a.example -ZZ -x \
                 -D 'cn=sync, dc=x' -y /dev/stdin -b 'dc=x' -s base '(a=*)'"
            )
        );
    }

    #[test]
    fn a_server_that_repeats_the_password_does_not_bring_it_into_the_log() {
        let password = Some(SecretString::from("hunter2"));
        let caller = Caller::new(at("ldap://localhost", Transport::Plain), password);
        let line = caller.line(&Request::alone("cn=hunter2", "(a=hunter2)", &[]), &[]);
        assert!(!line.contains("hunter2"), "{line}");
    }

    #[test]
    fn filters_and_names_are_quoted_and_hold_nothing_that_a_terminal_obeys() {
        let request = Request::below("cn=O'Neil\u{1b},dc=x", "(cn=\u{202e}a b)", &["uid", "*"]);
        let line = plain(&request, &[]);
        let end = r"-b 'cn=O'\''Neil\1b,dc=x' -s sub '(cn=\e2\80\aea b)' uid '*'";
        assert!(line.ends_with(end), "{line}");
    }

    #[test]
    fn controls_are_options() {
        let sync = |value: &[u8]| Control::critical(SYNC, value.to_vec());
        for (control, wanted) in [
            (Control::page(PAGED, 1000, b""), "-E '!pr=1000/noprompt'"),
            (Control::plain(MANAGE_DSA_IT), "-M"),
            (sync(b"\x30\x03\x0a\x01\x01"), "-E '!sync=ro'"),
            (
                sync(b"\x30\x14\x0a\x01\x01\x04\x0frid=000,csn=1#0"),
                "-E '!sync=ro/rid=000,csn=1#0'",
            ),
            (
                sync(b"\x30\x06\x0a\x01\x01\x04\x01\xff"),
                "-E '!1.3.6.1.4.1.4203.1.9.1.1::MAYKAQEEAf8='",
            ),
            (Control::plain("1.2.3"), "-E 1.2.3"),
            (
                Control::critical("1.2.840.113556.1.4.841", vec![0x30, 0]),
                "-E '!1.2.840.113556.1.4.841::MAA='",
            ),
        ] {
            assert_eq!(option(&control), wanted);
        }
    }
}
