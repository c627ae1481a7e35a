//! Whether a directory lets a person in: every attribute that can say no, evaluated where it is
//! present.
//!
//! Sources: shadow(5) for shadowExpire; draft-behera-ldap-password-policy for pwdAccountLockedTime;
//! MS-ADTS 2.2.16 and
//! 3.1.1.4 for userAccountControl and accountExpires; the schemas of 389 Directory Server,
//! eDirectory and MIT Kerberos for the rest. A value that cannot be read is an error, never a yes:
//! the record is then rejected. Pure.

/// The attributes to ask a server for. All are asked for: one that a server does not know, it
/// leaves out.
pub(super) const ATTRIBUTES: [&str; 8] = [
    "shadowExpire",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "loginDisabled",
    "loginExpirationTime",
    "userAccountControl",
    "accountExpires",
    "krbPrincipalExpiration",
];

const DAY: i64 = 86_400;
/// "Never" in accountExpires, besides 0.
const NEVER: i64 = i64::MAX;
/// Seconds from 1601, where Active Directory begins to count, to 1970.
const FROM_1601: i64 = 11_644_473_600;
const DISABLED: i64 = 0x2;

/// Whether one value of one attribute locks the person out at the time `now`, in seconds since
/// 1970. An attribute that says nothing about it: no.
///
/// # Errors
/// When the value cannot be read: what it should have been.
pub(super) fn locks(attribute: &str, value: &[u8], now: i64) -> Result<bool, String> {
    let is = |name: &str| attribute.eq_ignore_ascii_case(name);
    // Most attributes are none of these, and no name of these is short.
    if attribute.len() < 12 {
        return Ok(false);
    }
    let text = || {
        std::str::from_utf8(value)
            .map(str::trim)
            .unwrap_or_default()
    };
    let number = || {
        text()
            .parse::<i64>()
            .map_err(|_| format!("its {} is no number", ours(attribute)))
    };
    let time = || seconds(text()).ok_or_else(|| format!("its {} is no time", ours(attribute)));
    if is("shadowExpire") {
        let day = number()?;
        Ok(day >= 0 && day <= now.div_euclid(DAY))
    } else if is("pwdAccountLockedTime") {
        // Any other time is the start of a lock that ends by itself after some wrong passwords.
        Ok(text() == "000001010000Z" || text() == "00000101000000Z")
    } else if is("nsAccountLock") || is("loginDisabled") {
        Ok(text().eq_ignore_ascii_case("true"))
    } else if is("loginExpirationTime") || is("krbPrincipalExpiration") {
        Ok(time()? <= now)
    } else if is("userAccountControl") {
        Ok(number()? & DISABLED != 0)
    } else if is("accountExpires") {
        let ticks = number()?;
        Ok(ticks != 0 && ticks != NEVER && ticks.div_euclid(10_000_000) - FROM_1601 <= now)
    } else {
        Ok(false)
    }
}

/// Whether a login shell is one that lets nobody in.
pub(super) fn is_no_shell(shell: &str) -> bool {
    matches!(shell.rsplit('/').next(), Some("nologin" | "false"))
}

/// The name as we write it, so that an error shows nothing foreign.
fn ours(attribute: &str) -> &'static str {
    ATTRIBUTES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(attribute))
        .unwrap_or("attribute")
}

/// The zone of a GeneralizedTime, in seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes() {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = |at: std::ops::Range<usize>| zone.get(at)?.parse::<i64>().ok();
    let minutes = match digits.len() {
        2 => part(1..3)? * 60,
        4 => part(1..3)? * 60 + part(3..5)?,
        _ => return None,
    };
    Some(sign * minutes * 60)
}

/// A GeneralizedTime (RFC 4517, 3.3.13) in seconds since 1970; fractions are dropped.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(10..=14).contains(&digits) {
        return None;
    }
    let (stamp, rest) = text.split_at(digits);
    let field = |from: usize, to: usize| match stamp.get(from..to) {
        Some(part) => part.parse::<i16>().ok(),
        None if from >= digits => Some(0),
        None => None,
    };
    let byte = |n: i16| i8::try_from(n).ok();
    let fraction = match rest.strip_prefix(['.', ',']) {
        Some(tail) => tail.bytes().take_while(u8::is_ascii_digit).count() + 1,
        None => 0,
    };
    let zone = rest.get(fraction..)?;
    let offset = offset(zone)?;
    let second = match field(12, 14)? {
        // A leap second, which jiff does not know.
        60 => 59,
        other => other,
    };
    let date =
        jiff::civil::Date::new(field(0, 4)?, byte(field(4, 6)?)?, byte(field(6, 8)?)?).ok()?;
    let time = jiff::civil::Time::new(
        byte(field(8, 10)?)?,
        byte(field(10, 12)?)?,
        byte(second)?,
        0,
    )
    .ok()?;
    let zoned = date
        .to_datetime(time)
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(zoned.timestamp().as_second() - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 00:00:00 UTC, day 20778.
    const NOW: i64 = 20_778 * DAY;

    fn locked(attribute: &str, value: &str) -> bool {
        locks(attribute, value.as_bytes(), NOW).unwrap()
    }

    #[test]
    fn a_shadow_expiry_up_to_today_locks() {
        for (value, expected) in [
            ("-1", false),
            ("0", true),
            ("1", true),
            ("20778", true),
            ("20779", false),
        ] {
            assert_eq!(locked("shadowExpire", value), expected, "{value}");
        }
        assert!(locked("SHADOWEXPIRE", "1"));
    }

    #[test]
    fn only_the_permanent_password_lock_locks() {
        assert!(locked("pwdAccountLockedTime", "000001010000Z"));
        assert!(!locked("pwdAccountLockedTime", "20261120235959Z"));
    }

    #[test]
    fn flags_lock_when_true() {
        assert!(locked("nsAccountLock", "TRUE"));
        assert!(locked("nsaccountlock", "true"));
        assert!(!locked("nsAccountLock", "false"));
        assert!(locked("loginDisabled", "TRUE"));
    }

    #[test]
    fn times_that_have_passed_lock() {
        for name in ["loginExpirationTime", "krbPrincipalExpiration"] {
            assert!(locked(name, "20261120235959Z"));
            assert!(locked(name, "20261121000000Z"));
            assert!(!locked(name, "20261121000001Z"));
            assert!(!locked(name, "203801190314Z"));
        }
    }

    #[test]
    fn active_directory_says_it_in_a_bit_and_in_ticks() {
        assert!(locked("userAccountControl", "514"));
        assert!(!locked("userAccountControl", "512"));
        assert!(!locked("userAccountControl", "66048"));
        assert!(locked("userAccountControl", "-2147483134"));
        for (value, expected) in [
            ("0", false),
            ("9223372036854775807", false),
            ("132000000000000000", true),
            ("144000000000000000", false),
        ] {
            assert_eq!(locked("accountExpires", value), expected, "{value}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_is_an_error() {
        for name in [
            "shadowExpire",
            "userAccountControl",
            "accountExpires",
            "krbPrincipalExpiration",
        ] {
            for value in [
                "",
                "x",
                "9999999999999999999999",
                "\u{1b}[31m",
                "20261301000000Z",
            ] {
                if name != "krbPrincipalExpiration" && value.ends_with("00Z") {
                    continue;
                }
                let error = locks(name, value.as_bytes(), NOW).unwrap_err();
                assert!(error.contains(name), "{error}");
            }
        }
        assert!(locks("accountExpires", b"\xff", NOW).is_err());
    }

    #[test]
    fn other_attributes_say_nothing() {
        assert!(!locked("uid", "TRUE"));
        assert!(!locked("homeDirectory", "000001010000Z"));
    }

    #[test]
    fn shells_that_let_nobody_in() {
        for shell in ["/sbin/nologin", "/usr/sbin/nologin", "/bin/false", "false"] {
            assert!(is_no_shell(shell), "{shell}");
        }
        for shell in ["/bin/bash", "", "/bin/falsehood", "/nologin/sh"] {
            assert!(!is_no_shell(shell), "{shell}");
        }
    }

    #[test]
    fn generalized_times_are_read_in_all_their_forms() {
        for (text, expected) in [
            ("19700101000000Z", Some(0)),
            ("1970010100Z", Some(0)),
            ("197001010001Z", Some(60)),
            ("19700101000001.5Z", Some(1)),
            ("19700101010000+0100", Some(0)),
            ("19691231230000-01", Some(0)),
            ("20261121000000Z", Some(NOW)),
            ("20261121000000", None),
            ("2026112100000Z", None),
            ("20260230000000Z", None),
            ("202611210000000Z", None),
            ("20261121000000+1", None),
            ("20261121000000é", None),
            ("now", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
