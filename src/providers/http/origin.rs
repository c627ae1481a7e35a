//! Which URLs may be asked: https, or http on this machine; and of those, only what is of one
//! origin (RFC 6454). Pure.

use std::net::IpAddr;

use reqwest::Url;

/// Checks a URL that requests are built from: https, or http to this machine, without a name, a
/// password or a query.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_url(text: &str) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|_| "url is not of the form https://host/path".to_owned())?;
    let host = url.host_str().filter(|host| !host.is_empty());
    match (url.scheme(), host) {
        ("https", Some(_)) => {}
        ("http", Some(host)) if is_local(host) => {}
        ("http", Some(_)) => {
            return Err(
                "url: http:// to another machine would send everything unencrypted; use https://"
                    .to_owned(),
            );
        }
        _ => return Err("url is not of the form https://host/path".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("url has a user name or a password; they belong elsewhere".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("url has a query or a fragment".to_owned());
    }
    Ok(url)
}

/// Whether a URL's host is this machine.
fn is_local(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.is_loopback())
}

/// Checks a link or a redirect that came from `origin`; a relative one counts from `from`.
///
/// # Errors
/// When it leads to another scheme, host or port.
pub(super) fn same(origin: &Url, from: &Url, link: &str) -> Result<Url, String> {
    let url = from
        .join(link)
        .map_err(|_| "it sent a link that is no URL".to_owned())?;
    let named = !url.username().is_empty() || url.password().is_some();
    if url.origin() != origin.origin() || named {
        return Err(format!(
            "it leads to another place, {}, where we do not go",
            url.origin().ascii_serialization()
        ));
    }
    Ok(url)
}

/// The URL of a path below `base`. A name that would change the path is refused.
pub(super) fn below(base: &Url, path: &[&str], query: &[(String, String)]) -> Result<Url, String> {
    let mut url = base.clone();
    if path.iter().any(|name| matches!(*name, "" | "." | "..")) {
        return Err(
            "an id or a name is empty or nothing but dots, and cannot stand in a URL".to_owned(),
        );
    }
    if let (Ok(mut segments), [_, ..]) = (url.path_segments_mut(), path) {
        segments.pop_if_empty().extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
        // Not every server knows that a plus means a blank there.
        let encoded = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&encoded));
    }
    Ok(url)
}

/// What a URL is called in messages: without its query, which may hold names.
pub(super) fn place(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// The proxy at `text`. Only what is encrypted goes through one on another machine.
pub(super) fn proxy(text: &str, encrypted: bool) -> Result<reqwest::Proxy, String> {
    let form = || "proxy is not of the form http://host:port".to_owned();
    let url = Url::parse(text).map_err(|_| form())?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(form)?;
    if !matches!(url.scheme(), "http" | "https")
        || !matches!(url.path(), "" | "/")
        || url.query().is_some()
    {
        return Err(form());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("proxy has a user name or a password, which is not supported".to_owned());
    }
    if !encrypted && !is_local(host) {
        return Err(
            "proxy: http:// through another machine would send everything unencrypted".to_owned(),
        );
    }
    reqwest::Proxy::all(url).map_err(|_| form())
}
