//! Lines as fields between colons, and numbers as glibc reads them.

/// A field that would break its line: it holds a separator, a line break or NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field may hold neither `:` nor a line break nor NUL")]
pub(crate) struct BadField;

/// Splits a line into exactly `N` fields.
pub(super) fn fields<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let mut out = [&line[..0]; N];
    let mut parts = line.split(|&b| b == b':');
    for slot in &mut out {
        *slot = parts.next()?;
    }
    parts.next().is_none().then_some(out)
}

/// Joins fields into a line (without its newline).
pub(super) fn join(fields: &[&[u8]]) -> Result<Vec<u8>, BadField> {
    if fields
        .iter()
        .any(|f| f.iter().any(|b| matches!(b, b':' | b'\n' | b'\r' | 0)))
    {
        return Err(BadField);
    }
    Ok(fields.join(&b':'))
}

/// Reads an id as glibc does (`strtoul`): blanks and a plus sign before the digits are skipped.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii_start();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

/// What stands before the first colon of a line, sound or not.
pub(crate) fn name_of(line: &[u8]) -> &[u8] {
    line.split(|&b| b == b':')
        .next()
        .unwrap_or_default()
        .trim_ascii_start()
}
