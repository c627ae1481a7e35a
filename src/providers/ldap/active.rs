//! Whether a directory lets a person in: every attribute that can say no, evaluated where it is
//! present.
//!
//! Sources: shadow(5) for shadowExpire and the ageing of passwords; slapo-ppolicy(5) and
//! draft-behera-ldap-password-policy for pwdAccountLockedTime; MS-ADTS 2.2.16 and
//! 3.1.1.4 for userAccountControl, accountExpires and msDS-UserAccountDisabled (AD LDS); the schemas
//! of 389 Directory Server, Oracle (inetUserStatus, orclIsEnabled), eDirectory, MIT Kerberos, OpenDJ
//! and Ping (ds-pwp-*), Samba (sambaAcctFlags), IBM (ibm-pwdAccountLocked), qmail-ldap
//! (accountStatus), Zimbra and Apple (authAuthority) for the rest. A value that cannot be read is an
//! error, never a yes: the record is then rejected, unless another value of it says no. A date by
//! which a server means "never" shuts nobody out. Pure.

use crate::ldap::entry::Entry;
use crate::model::Now;
use crate::providers::inactive::InactiveWhen;

/// The attributes to ask a server for. All are asked for: one that a server does not know, it
/// leaves out.
pub(super) const ATTRIBUTES: [&str; 21] = [
    "shadowExpire",
    "shadowLastChange",
    "shadowMax",
    "shadowInactive",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "loginDisabled",
    "loginExpirationTime",
    "userAccountControl",
    "accountExpires",
    "msDS-UserAccountDisabled",
    "krbPrincipalExpiration",
    "ds-pwp-account-disabled",
    "ds-pwp-account-expiration-time",
    "inetUserStatus",
    "sambaAcctFlags",
    "orclIsEnabled",
    "ibm-pwdAccountLocked",
    "accountStatus",
    "zimbraAccountStatus",
    "authAuthority",
];

const DAY: i64 = 86_400;
/// "Never" in accountExpires, besides 0.
const NEVER: i64 = i64::MAX;
/// Seconds from 1601, where Active Directory begins to count, to 1970.
const FROM_1601: i64 = 11_644_473_600;
const DISABLED: i64 = 0x2;

/// Attributes that shut a person out when they are true.
const FLAGS: [&str; 5] = [
    "nsAccountLock",
    "loginDisabled",
    "ds-pwp-account-disabled",
    "msDS-UserAccountDisabled",
    "ibm-pwdAccountLocked",
];

/// Attributes of which some values shut a person out.
const WORDS: [(&str, &[&str]); 4] = [
    ("inetUserStatus", &["inactive", "deleted"]),
    ("orclIsEnabled", &["DISABLED"]),
    (
        "accountStatus",
        &["inactive", "disabled", "deleted", "noaccess"],
    ),
    ("zimbraAccountStatus", &["closed", "locked"]),
];

/// Whether a person is let in: no value of the entry, no login shell, and nothing of what the configuration names, says
/// no.
///
/// # Errors
/// When no value says no, and one cannot be read: what it should have been.
pub(super) fn state(
    entry: &Entry<'_>,
    shell: &str,
    when: &InactiveWhen,
    now: &Now,
) -> Result<bool, String> {
    let mut unread = None;
    let mut ageing = Ageing::default();
    for (attribute, values) in entry.iter() {
        for value in values {
            match locks(attribute, value, now) {
                Ok(false) => {}
                Ok(true) => return Ok(false),
                Err(why) => unread = unread.or(Some(why)),
            }
            ageing.learn(attribute, value);
            if !when.is_empty() && when.is_met(attribute, &String::from_utf8_lossy(value)) {
                return Ok(false);
            }
            let is_no_shell = || is_no_shell(&String::from_utf8_lossy(value));
            if attribute.eq_ignore_ascii_case(shell) && is_no_shell() {
                return Ok(false);
            }
        }
    }
    match unread {
        _ if ageing.is_over(now) => Ok(false),
        Some(why) => Err(why),
        None => Ok(true),
    }
}

/// The ageing of a password, as shadow(5) has it: when it is not changed in time, and not in the
/// days of grace after that, the account is shut. Needs all three; one that is no number says
/// nothing.
#[derive(Default)]
struct Ageing {
    changed: Option<i64>,
    most: Option<i64>,
    grace: Option<i64>,
}

impl Ageing {
    fn learn(&mut self, attribute: &str, value: &[u8]) {
        let is = |name: &str| attribute.eq_ignore_ascii_case(name);
        let slot = if is("shadowLastChange") {
            &mut self.changed
        } else if is("shadowMax") {
            &mut self.most
        } else if is("shadowInactive") {
            &mut self.grace
        } else {
            return;
        };
        let number = std::str::from_utf8(value).map(|text| text.trim().parse());
        *slot = number.ok().and_then(Result::ok);
    }

    /// 0 as the day of the change asks for a new password, and shuts nobody out.
    fn is_over(&self, now: &Now) -> bool {
        match (self.changed, self.most, self.grace) {
            (Some(changed), Some(most), Some(grace)) if changed > 0 && most >= 0 && grace >= 0 => {
                let last = changed.saturating_add(most).saturating_add(grace);
                now.has_come(last.saturating_add(1).saturating_mul(DAY))
            }
            _ => false,
        }
    }
}

/// Whether one value of one attribute locks the person out at the time `now`. An attribute that says nothing about it: no.
///
/// # Errors
/// When the value cannot be read: what it should have been.
pub(super) fn locks(attribute: &str, value: &[u8], now: &Now) -> Result<bool, String> {
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
        Ok(day >= 0 && now.has_come(day.saturating_mul(DAY)))
    } else if is("pwdAccountLockedTime") {
        // Any other time is the start of a lock that ends by itself after some wrong passwords.
        Ok(text() == "000001010000Z" || text() == "00000101000000Z")
    } else if FLAGS.into_iter().any(is) {
        Ok(text().eq_ignore_ascii_case("true"))
    } else if let Some((_, words)) = WORDS.iter().find(|(name, _)| is(name)) {
        Ok(words.iter().any(|word| text().eq_ignore_ascii_case(word)))
    } else if is("sambaAcctFlags") {
        Ok(text().starts_with('[') && text().contains('D'))
    } else if is("authAuthority") {
        Ok(text().contains(";DisabledUser;"))
    } else if is("krbPrincipalExpiration") {
        // kadmin(1) writes "never" as the beginning of 1970.
        Ok(time().map(|time| time != 0 && now.has_come(time))?)
    } else if is("loginExpirationTime") || is("ds-pwp-account-expiration-time") {
        Ok(now.has_come(time()?))
    } else if is("userAccountControl") {
        Ok(number()? & DISABLED != 0)
    } else if is("accountExpires") {
        let ticks = number()?;
        let is_date = ticks != 0 && ticks != NEVER;
        Ok(is_date && now.has_come(ticks.div_euclid(10_000_000) - FROM_1601))
    } else {
        Ok(false)
    }
}

/// Whether a login shell is one that lets nobody in.
fn is_no_shell(shell: &str) -> bool {
    matches!(shell.trim().rsplit('/').next(), Some("nologin" | "false"))
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
    if date.year() == 9999 {
        // How "never" is written; the last days are beyond what jiff knows.
        return Some(i64::MAX);
    }
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
        locks(attribute, value.as_bytes(), &Now::new(NOW)).unwrap()
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
                let error = locks(name, value.as_bytes(), &Now::new(NOW)).unwrap_err();
                assert!(error.contains(name), "{error}");
            }
        }
        assert!(locks("accountExpires", b"\xff", &Now::new(NOW)).is_err());
    }

    #[test]
    fn further_servers_say_it_in_words_of_their_own() {
        for (attribute, value, expected) in [
            ("ds-pwp-account-disabled", "true", true),
            ("ds-pwp-account-disabled", "false", false),
            ("ds-pwp-account-expiration-time", "20200101000000Z", true),
            ("msDS-UserAccountDisabled", "TRUE", true),
            ("ibm-pwdAccountLocked", "true", true),
            ("inetUserStatus", "Inactive", true),
            ("inetUserStatus", "deleted", true),
            ("inetUserStatus", "active", false),
            ("sambaAcctFlags", "[DU         ]", true),
            ("sambaAcctFlags", "[U          ]", false),
            ("orclIsEnabled", "DISABLED", true),
            ("orclIsEnabled", "ENABLED", false),
            ("accountStatus", "noaccess", true),
            ("accountStatus", "active", false),
            ("zimbraAccountStatus", "closed", true),
            ("authAuthority", ";DisabledUser;;ShadowHash;", true),
            ("authAuthority", ";ShadowHash;", false),
            ("krbPrincipalExpiration", "19700101000000Z", false),
            ("krbPrincipalExpiration", "99991231235959Z", false),
        ] {
            assert_eq!(locked(attribute, value), expected, "{attribute}: {value}");
        }
    }

    #[test]
    fn a_password_that_was_not_changed_in_time_shuts_the_account() {
        for (changed, most, grace, expected) in [
            ("20000", "90", "30", true),
            ("20678", "90", "10", false),
            ("20677", "90", "10", true),
            ("20000", "99999", "30", false),
            ("20000", "90", "-1", false),
            ("20000", "90", "", false),
            ("0", "90", "30", false),
        ] {
            let mut ageing = Ageing::default();
            ageing.learn("shadowLastChange", changed.as_bytes());
            ageing.learn("shadowmax", most.as_bytes());
            ageing.learn("shadowInactive", grace.as_bytes());
            assert_eq!(
                ageing.is_over(&Now::new(NOW)),
                expected,
                "{changed} {most} {grace}"
            );
        }
    }

    #[test]
    fn other_attributes_say_nothing() {
        assert!(!locked("uid", "TRUE"));
        assert!(!locked("homeDirectory", "000001010000Z"));
    }

    #[test]
    fn shells_that_let_nobody_in() {
        for shell in [
            "/sbin/nologin",
            "/usr/sbin/nologin ",
            " /bin/false\n",
            "false",
        ] {
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
