//! Immutable ids of entries as text, and the security ids of Active Directory.
//!
//! `entryUUID` is RFC 4530, `nsUniqueId` 389 Directory Server's, `objectGUID` MS-DTYP 2.3.4 and
//! `objectSid` MS-DTYP
//! 2.4.2. An id must read the same in every run, whatever the server changes in its spelling. Pure.

use std::fmt::Write as _;

use crate::model::RemoteId;

/// The id that `value` of `attribute` says; `None` if it cannot be one.
pub(super) fn id(attribute: &str, value: &[u8]) -> Option<RemoteId> {
    if is_guid(attribute) {
        return guid(value);
    }
    let text = std::str::from_utf8(value).ok()?;
    let is_hexadecimal = || text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    // Without an end before the end, many bytes are looked at in one step.
    let has_capitals = text
        .bytes()
        .fold(false, |any, b| any | b.is_ascii_uppercase());
    if has_capitals && is_hexadecimal() {
        return RemoteId::new(&text.to_ascii_lowercase());
    }
    RemoteId::new(text)
}

/// The values of `attribute` that read as this id: what a server is to be asked for.
pub(super) fn values(attribute: &str, id: &RemoteId) -> Vec<Vec<u8>> {
    let text = id.as_str();
    if is_guid(attribute) {
        return guid_bytes(text).into_iter().collect();
    }
    let mut values = vec![text.as_bytes().to_vec()];
    let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    // Servers compare these two without regard to case; of another attribute we do not know.
    let known = ["entryUUID", "nsUniqueId"]
        .iter()
        .any(|name| attribute.eq_ignore_ascii_case(name));
    if hexadecimal && !known && text.bytes().any(|b| b.is_ascii_lowercase()) {
        values.push(text.to_ascii_uppercase().into_bytes());
    }
    values
}

/// Whether values are GUIDs in 16 bytes. Microsoft Entra Connect keeps in the second one the `objectGUID` that somebody had
/// first, across forests.
fn is_guid(attribute: &str) -> bool {
    ["objectGUID", "mS-DS-ConsistencyGuid"]
        .iter()
        .any(|name| attribute.eq_ignore_ascii_case(name))
}

/// The bytes of a GUID that is written as text; none if it is no GUID.
fn guid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let byte = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes.as_slice() else {
        return None;
    };
    let turned: Vec<u8> = [d, c, b, a, f, e, h, g]
        .into_iter()
        .chain(rest)
        .copied()
        .collect();
    (turned.len() == 16).then_some(turned)
}

/// 16 bytes of a GUID, of which the first three fields are little-endian.
fn guid(value: &[u8]) -> Option<RemoteId> {
    let bytes: [u8; 16] = value.try_into().ok()?;
    let [a, b, c, d, e, f, g, h, ..] = bytes;
    let mut text = String::with_capacity(36);
    for byte in [d, c, b, a, f, e, h, g]
        .into_iter()
        .chain(bytes.into_iter().skip(8))
    {
        if matches!(text.len(), 8 | 13 | 18 | 23) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    RemoteId::new(&text)
}

/// The security id of a person's primary group: the person's own, with the last part replaced by
/// `primaryGroupID`.
pub(super) fn primary_group_sid(person: &[u8], primary_group: u32) -> Option<Vec<u8>> {
    // Revision, number of parts, six bytes of authority, then four bytes for each part.
    let parts = usize::from(*person.get(1)?);
    if parts == 0 || person.len() != 8 + 4 * parts {
        return None;
    }
    let mut sid = person.to_vec();
    sid.truncate(person.len() - 4);
    sid.extend_from_slice(&primary_group.to_le_bytes());
    Some(sid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_written_with_its_first_three_fields_turned_round() {
        let bytes: Vec<u8> = (0..16).collect();
        let id = id("objectguid", &bytes).unwrap();
        assert_eq!(id.as_str(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert!(guid(&bytes[..15]).is_none());
        assert_eq!(super::id("mS-DS-ConsistencyGuid", &bytes), Some(id));
        // Sixteen bytes that happen to be text are still bytes.
        assert_eq!(
            super::id("objectGUID", b"abcdefghijklmnop")
                .unwrap()
                .as_str(),
            "64636261-6665-6867-696a-6b6c6d6e6f70"
        );
    }

    #[test]
    fn what_is_asked_for_reads_as_the_id() {
        let bytes: Vec<u8> = (0..16).collect();
        let read = id("objectGUID", &bytes).unwrap();
        assert_eq!(values("objectGUID", &read), [bytes]);
        assert!(values("objectGUID", &RemoteId::new("x-1").unwrap()).is_empty());
        assert!(values("objectGUID", &RemoteId::new("0001").unwrap()).is_empty());
        let uuid = RemoteId::new("6f1b-0a").unwrap();
        assert_eq!(values("entryuuid", &uuid), [b"6f1b-0a"]);
        assert_eq!(values("employeeNumber", &uuid), [b"6f1b-0a", b"6F1B-0A"]);
        assert_eq!(
            values("employeeNumber", &RemoteId::new("Q1").unwrap()),
            [b"Q1"]
        );
        assert_eq!(
            values("employeeNumber", &RemoteId::new("17").unwrap()),
            [b"17"]
        );
    }

    #[test]
    fn an_id_reads_the_same_in_either_case() {
        let upper = id("entryUUID", b"6F1B0B1E-5C1C-103E-8B2B-0123456789AB").unwrap();
        assert_eq!(
            upper,
            id("entryUUID", b"6f1b0b1e-5c1c-103e-8b2b-0123456789ab").unwrap()
        );
        assert_eq!(id("employeeNumber", b"Q17").unwrap().as_str(), "Q17");
        assert!(id("entryUUID", b"").is_none());
        assert!(id("entryUUID", b"a\nb").is_none());
        assert!(id("entryUUID", b"\xff").is_none());
    }

    #[test]
    fn the_primary_group_is_the_person_with_another_last_part() {
        let sid = |rid: u32| {
            let mut sid = vec![1, 2, 0, 0, 0, 0, 0, 5];
            sid.extend(21_u32.to_le_bytes());
            sid.extend(rid.to_le_bytes());
            sid
        };
        assert_eq!(primary_group_sid(&sid(1104), 513), Some(sid(513)));
        assert_eq!(primary_group_sid(&sid(1104)[..11], 513), None);
        assert_eq!(primary_group_sid(&[1, 0, 0, 0, 0, 0, 0, 5], 513), None);
        assert_eq!(primary_group_sid(&[], 513), None);
    }
}
