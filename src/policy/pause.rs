//! How long what failed waits for its next try.

/// The second failure waits so long, in seconds.
const FIRST: u64 = 15 * 60;

/// No failure waits longer.
const MOST: u64 = 6 * 3_600;

/// Seconds until something is tried again that failed so often: the next run, then after pauses that grow.
pub(crate) fn after(failures: u32) -> i64 {
    let seconds = match failures.checked_sub(2) {
        None => 0,
        Some(before) => doubled(FIRST, before, MOST),
    };
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The first pause, doubled for each failure before, and at most so much.
pub(crate) fn doubled(first: u64, before: u32, most: u64) -> u64 {
    let times = 1_u64.checked_shl(before).unwrap_or(u64::MAX);
    first.saturating_mul(times).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_six_hours() {
        let all: Vec<i64> = [1, 2, 3, 4, 5, 6, 7, 99].map(after).into();
        assert_eq!(all, [0, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600]);
    }
}
