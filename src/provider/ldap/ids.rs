//! Immutable ids of entries as text, and the security ids of Active Directory.
//!
//! `entryUUID` is RFC 4530, `nsUniqueId` 389 Directory Server's, `objectGUID` MS-DTYP 2.3.4 and `objectSid` MS-DTYP
//! 2.4.2. An id must read the same in every run, whatever the server changes in its spelling. Pure.

use std::fmt::Write as _;

use crate::model::RemoteId;

/// The id that `value` of `attribute` says; `None` if it cannot be one.
pub(super) fn id(attribute: &str, value: &[u8]) -> Option<RemoteId> {
    if attribute.eq_ignore_ascii_case("objectGUID") {
        return guid(value);
    }
    let text = std::str::from_utf8(value).ok()?;
    let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if hexadecimal && text.bytes().any(|b| b.is_ascii_uppercase()) {
        return RemoteId::new(&text.to_ascii_lowercase());
    }
    RemoteId::new(text)
}

/// 16 bytes of a GUID, of which the first three fields are little-endian.
fn guid(value: &[u8]) -> Option<RemoteId> {
    let bytes: [u8; 16] = value.try_into().ok()?;
    let [a, b, c, d, e, f, g, h, ..] = bytes;
    let mut text = String::with_capacity(36);
    for byte in [d, c, b, a, f, e, h, g].into_iter().chain(bytes.into_iter().skip(8)) {
        if matches!(text.len(), 8 | 13 | 18 | 23) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    RemoteId::new(&text)
}

/// The security id of a person's primary group: the person's own, with the last part replaced by `primaryGroupID`.
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
        // Sixteen bytes that happen to be text are still bytes.
        assert_eq!(
            super::id("objectGUID", b"abcdefghijklmnop").unwrap().as_str(),
            "64636261-6665-6867-696a-6b6c6d6e6f70"
        );
    }

    #[test]
    fn an_id_reads_the_same_in_either_case() {
        let upper = id("entryUUID", b"6F1B0B1E-5C1C-103E-8B2B-0123456789AB").unwrap();
        assert_eq!(upper, id("entryUUID", b"6f1b0b1e-5c1c-103e-8b2b-0123456789ab").unwrap());
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
