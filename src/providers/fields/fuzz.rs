//! Sources of fields: the CSV file, lists of keys, and the address of a person's keys, for `crate::fuzzing`.

use super::decode;
use super::template::Template;
use crate::model::{RemoteId, User};

/// The same bytes as a CSV file, as keys, and as an address.
pub(crate) fn fields(bytes: &[u8]) {
    let Some(id) = RemoteId::new("u-1") else {
        panic!("it is an id")
    };
    let user = User::new(id, "ann");
    if let Ok(table) = decode::table(bytes) {
        for (_, values) in table.row(&user) {
            assert!(!values.is_empty());
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(keys) = decode::keys(&text) {
        let lines: Vec<&str> = keys.iter().map(|key| key.raw()).collect();
        assert!(lines.iter().all(|line| !line.contains(['\n', '\r'])));
        assert_eq!(decode::keys(&lines.join("\n")).as_ref(), Ok(&keys));
    }
    let who = User::new(user.id, text.get(..64).unwrap_or(&text));
    if let Ok(template) = Template::try_from(text.clone().into_owned())
        && let Ok(Some(address)) = template.expand(&who)
    {
        assert!(address.starts_with(template.origin()), "{address}");
    }
}
