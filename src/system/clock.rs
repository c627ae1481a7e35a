//! The clock. Everything else takes the time as a parameter.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The day of `now` (seconds since 1970) as shadow(5) counts days. `SOURCE_DATE_EPOCH` overrides it, as for useradd and systemd-sysusers, so that
/// images can be built reproducibly. Never 0, which would mean "must change the password at once".
pub(crate) fn shadow_day(now: i64) -> i64 {
    let fixed = std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.parse::<i64>().ok());
    (fixed.unwrap_or(now) / 86_400).max(1)
}

/// Today's date in UTC, as `2026-11-20`.
pub(crate) fn today() -> String {
    date(now())
}

/// The date of a moment in UTC, as `2026-11-20`. `at`: seconds since 1970.
pub(crate) fn date(at: i64) -> String {
    jiff::Timestamp::from_second(at)
        .map_or_else(|_| at.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// A moment in UTC, as `2026-11-20T10:00:00Z`. `at`: seconds since 1970.
pub(crate) fn written(at: i64) -> String {
    crate::model::moment(at)
}

/// The moment after which something must have ended.
pub(crate) fn deadline(after: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(after)
        .unwrap_or(now + Duration::from_secs(86_400))
}

/// How long ago a moment was.
pub(crate) fn since(moment: Instant) -> Duration {
    Instant::now().saturating_duration_since(moment)
}

/// Whether a moment has passed.
pub(crate) fn is_past(deadline: Instant) -> bool {
    Instant::now() >= deadline
}

/// How much time is left until a moment.
pub(crate) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Sleeps for a while, but not beyond `deadline`.
pub(crate) fn sleep_until(deadline: Option<Instant>, at_most: Duration) {
    let left = deadline.map_or(at_most, |d| d.saturating_duration_since(Instant::now()));
    std::thread::sleep(left.min(at_most));
}
