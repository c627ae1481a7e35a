//! How long to wait before a request is sent again: RFC 9110, 10.2.3 and RFC 6585, 4; and what many servers say beside
//! that, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (docs.github.com, rate limits for the REST API). Pure.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// After how many seconds most servers begin to count anew.
const HOUR: i64 = 3600;

/// No pause of our own is longer.
const LONGEST: Duration = Duration::from_secs(20);

/// How long a server that does not answer wants us to wait, if it says so; `now` is the time in seconds since 1970.
pub(super) fn wished(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(after) = text(RETRY_AFTER.as_str()).and_then(|text| after(text, now)) {
        return Some(after);
    }
    if text("x-ratelimit-remaining") != Some("0") {
        return None;
    }
    // Where it does not say when that begins anew, it may be an hour.
    let reset = text("x-ratelimit-reset").and_then(|at| at.parse::<i64>().ok());
    let left = reset.map_or(HOUR, |at| at.saturating_sub(now).max(0));
    Some(Duration::from_secs(left.unsigned_abs()))
}

/// What `Retry-After` says: seconds, or a date; `now` is the time in seconds since 1970.
pub(super) fn after(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let left = date(text)?.saturating_sub(now);
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// A date of HTTP (RFC 9110, 5.6.7), in seconds since 1970.
pub(super) fn date(text: &str) -> Option<i64> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text);
    Some(date.ok()?.as_second())
}

/// The pause after so many failures, doubled with each; `random` spreads it over its upper half, so
/// that many hosts that failed together do not come back together.
pub(super) fn pause(first: Duration, failures: u32, random: u64) -> Duration {
    let doubled = first
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST);
    let half = doubled / 2;
    half + half.mul_f64((random % 1024) as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(headers: &[(&'static str, &str)]) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        wished(&map, 1_000).map(|pause| pause.as_secs())
    }

    #[test]
    fn servers_say_in_two_ways_when_they_want_to_be_asked_again() {
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[("retry-after", "7")]), Some(7));
        let (none, reset) = (
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1090"),
        );
        assert_eq!(seconds(&[none, reset]), Some(90));
        assert_eq!(seconds(&[("retry-after", "7"), none, reset]), Some(7));
        assert_eq!(seconds(&[none, ("x-ratelimit-reset", "10")]), Some(0));
        for reset in ["", "soon", "9999999999999999999999"] {
            assert_eq!(seconds(&[none, ("x-ratelimit-reset", reset)]), Some(3600));
        }
        // What is left is no reason to wait.
        assert_eq!(seconds(&[("x-ratelimit-remaining", "9"), reset]), None);
        assert_eq!(seconds(&[reset]), None);
    }
}
