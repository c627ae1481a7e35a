//! A request as a line of curl(1), to be pasted into a shell.
//!
//! Secrets are named by their files, and are in no argument of a program, where others could see them. A token that has to be
//! had first is in the shell's variable `granted`: the line that asks for it sets it, and the lines after that use it, by
//! jq(1). Sources: curl(1) of 7.88 (`-H @-` since 7.55), RFC 6750 (bearer), RFC 7617 (basic), RFC 6749, 2.3.1. Pure.

use std::path::{Path, PathBuf};

use reqwest::Url;

use super::oauth::ClientAuth;
use crate::model::shell::{self, word};

/// Where the answer of a token endpoint has the token: RFC 6749, 5.1.
pub(crate) const AUTHORIZED: &str = ".access_token";

/// The field of a form that holds a client's secret.
const CLIENT_SECRET: &str = "client_secret";

/// How a shell gets at what a server is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Nothing is shown.
    #[default]
    None,
    /// A token, the first line of a file.
    TokenFile(PathBuf),
    /// The id of a client, and its secret, the first line of a file. The answer is a token.
    Client {
        /// As the configuration has it.
        id: String,
        /// Where the secret is.
        file: PathBuf,
        /// How both are sent.
        style: ClientAuth,
    },
    /// A token that was asked for: where jq(1) finds it in the answer.
    Granted(&'static str),
    /// A token that a key signs, which has to be put into `$signed` by hand. The answer is a token.
    Signed,
}

/// What curl is told besides the request.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// Who we are.
    pub(crate) credentials: Credentials,
    /// The certificates to trust; `None`: those of the system.
    pub(crate) trusted: Option<PathBuf>,
    /// The proxy to go through.
    pub(crate) proxy: Option<String>,
}

/// A request, without what says who we are.
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: Option<&'a [u8]>,
}

impl Shell {
    /// The line for a request.
    pub(super) fn line(&self, asked: &Asked<'_>) -> String {
        let mut words = vec!["curl -sSg".to_owned()];
        words.push(match &self.proxy {
            Some(proxy) => format!("-x {}", word(proxy)),
            None => "--noproxy '*'".to_owned(),
        });
        let trusted = self.trusted.as_deref();
        words.extend(trusted.map(|file| format!("--cacert {}", word(&file.to_string_lossy()))));
        let secret = self.secret();
        let is_posted = self.posts_secret();
        match (&secret, is_posted) {
            (Some(_), true) => words.push(format!("--data-urlencode {CLIENT_SECRET}@-")),
            (Some(_), false) => words.push("-H @-".to_owned()),
            (None, _) => {}
        }
        for (name, value) in &asked.headers {
            words.push(format!("-H {}", word(&format!("{name}: {value}"))));
        }
        words.extend(asked.body.map(|body| data(body, is_posted)));
        words.push(word(asked.url));
        let curl = words.join(" ");
        let line = secret.map_or(curl.clone(), |secret| format!("{secret} | {curl}"));
        match self.credentials {
            Credentials::Client { .. } | Credentials::Signed => format!("granted=$({line})"),
            Credentials::None | Credentials::TokenFile(_) | Credentials::Granted(_) => line,
        }
    }

    /// Whether the secret is a field of the form.
    fn posts_secret(&self) -> bool {
        let style = match &self.credentials {
            Credentials::Client { style, .. } => *style,
            _ => ClientAuth::Basic,
        };
        style == ClientAuth::Post
    }

    /// What prints the secret for curl's input: a header, or the secret alone.
    fn secret(&self) -> Option<String> {
        let bearer = |token: String| format!(r"printf 'Authorization: Bearer %s\n' {token}");
        match &self.credentials {
            Credentials::None => None,
            Credentials::TokenFile(file) => Some(bearer(format!("\"$({})\"", of_file(file)))),
            Credentials::Granted(place) => Some(bearer(format!(
                "\"$(printf %s \"$granted\" | jq -r {})\"",
                word(place)
            ))),
            Credentials::Signed => Some(bearer("\"$signed\"".to_owned())),
            Credentials::Client { id, file, style } => {
                let secret = of_file(file);
                let (id, secret) = match style {
                    ClientAuth::Post => return Some(secret),
                    ClientAuth::BasicRaw => (id.clone(), secret),
                    ClientAuth::Basic => (
                        super::request::encoded(id),
                        format!("{secret} | jq -sRr @uri"),
                    ),
                };
                let pair = format!("printf %s:%s {} \"$({secret})\"", word(&id));
                Some(format!(
                    r#"printf 'Authorization: Basic %s\n' "$({pair} | base64 -w 0)""#
                ))
            }
        }
    }
}

fn of_file(file: &Path) -> String {
    shell::secret(&file.to_string_lossy())
}

/// What is sent; `is_posted`: the secret in it comes from the input.
fn data(body: &[u8], is_posted: bool) -> String {
    let text = String::from_utf8_lossy(body);
    let form = Url::parse(&format!("http://localhost/?{text}")).ok();
    let Some(form) = form.filter(|_| is_posted) else {
        return format!("--data-raw {}", word(&text));
    };
    let fields = form.query_pairs().filter(|(name, _)| name != CLIENT_SECRET);
    let fields = fields
        .map(|(name, value)| format!("--data-urlencode {}", word(&format!("{name}={value}"))));
    fields.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(credentials: Credentials, body: Option<&[u8]>) -> String {
        let shell = Shell {
            credentials,
            trusted: None,
            proxy: None,
        };
        shell.line(&Asked {
            url: "https://a.example/v2/Users?filter=userName%20eq%20%22o'neil%22&count=2",
            headers: vec![("accept", "application/json")],
            body,
        })
    }

    const REST: &str = r"-H 'accept: application/json' 'https://a.example/v2/Users?filter=userName%20eq%20%22o'\''neil%22&count=2'";

    #[test]
    fn a_token_is_named_by_its_file() {
        assert_eq!(
            line(Credentials::None, None),
            format!("curl -sSg --noproxy '*' {REST}")
        );
        assert_eq!(
            line(Credentials::TokenFile("/etc/gosync/a b".into()), None),
            format!(
                r#"printf 'Authorization: Bearer %s\n' "$(head -n 1 '/etc/gosync/a b' | tr -d '\r\n')" | curl -sSg --noproxy '*' -H @- {REST}"#
            )
        );
    }

    #[test]
    fn certificates_and_a_proxy_are_named() {
        let shell = Shell {
            credentials: Credentials::None,
            trusted: Some("/etc/ca.pem".into()),
            proxy: Some("http://proxy:3128".to_owned()),
        };
        let asked = Asked {
            url: "https://a.example/",
            headers: Vec::new(),
            body: Some(br#"{"query": "it's"}"#),
        };
        assert_eq!(
            shell.line(&asked),
            r#"curl -sSg -x http://proxy:3128 --cacert /etc/ca.pem --data-raw '{"query": "it'\''s"}' https://a.example/"#
        );
    }

    #[test]
    fn a_token_that_was_granted_comes_from_the_line_before() {
        let client = |style| Credentials::Client {
            id: "a b".to_owned(),
            file: "/etc/secret".into(),
            style,
        };
        let form = b"grant_type=client_credentials&scope=x+y&client_id=a+b&client_secret=hunter2";
        let posted = line(client(ClientAuth::Post), Some(form));
        assert!(
            posted.starts_with(r"granted=$(head -n 1 /etc/secret | tr -d '\r\n' | curl -sSg --noproxy '*' --data-urlencode client_secret@- "),
            "{posted}"
        );
        assert!(
            posted.contains("--data-urlencode 'grant_type=client_credentials' --data-urlencode 'scope=x y' --data-urlencode 'client_id=a b'"),
            "{posted}"
        );
        assert!(!posted.contains("hunter2"), "{posted}");
        let basic = line(
            client(ClientAuth::Basic),
            Some(b"grant_type=client_credentials"),
        );
        assert!(
            basic.starts_with(
                r#"granted=$(printf 'Authorization: Basic %s\n' "$(printf %s:%s a+b "$(head -n 1 /etc/secret | tr -d '\r\n' | jq -sRr @uri)" | base64 -w 0)" | curl "#
            ),
            "{basic}"
        );
        let reading = line(Credentials::Granted(AUTHORIZED), None);
        assert!(
            reading.starts_with(
                r#"printf 'Authorization: Bearer %s\n' "$(printf %s "$granted" | jq -r .access_token)" | curl "#
            ),
            "{reading}"
        );
    }
}
