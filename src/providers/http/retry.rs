//! How long to wait before a request is sent again: RFC 9110, 10.2.3 and RFC 6585, 4. Pure.

use std::time::Duration;

/// No pause of our own is longer.
const LONGEST: Duration = Duration::from_secs(20);

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
