//! Lines as fields between colons, and numbers, as glibc reads them (`nss/nss_files/files-parse.c`).

/// A field that would break its line: it holds a separator, a line break or NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field may hold neither `:` nor a line break nor NUL")]
pub(crate) struct BadField;

/// Splits a line into exactly `N` fields.
pub(super) fn fields<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let (out, found) = leading(line);
    let colons = line.iter().filter(|&&b| b == b':').count();
    (found == N && colons + 1 == N).then_some(out)
}

/// Splits a line into `N` fields, and tells how many it has, `N` at most. Those that it lacks are empty, and the last one
/// is the rest of the line, with its colons.
pub(super) fn leading<const N: usize>(line: &[u8]) -> ([&[u8]; N], usize) {
    let mut out = [&line[..0]; N];
    let (mut found, mut start) = (0, 0);
    for (at, byte) in line.iter().enumerate() {
        if found + 1 >= N {
            break;
        }
        if *byte == b':' {
            out[found] = &line[start..at];
            found += 1;
            start = at + 1;
        }
    }
    if let Some(last) = out.get_mut(found) {
        *last = &line[start..];
        found += 1;
    }
    (out, found)
}

/// What glibc sees of a line: it skips blanks before the name, and a NUL ends the line.
pub(super) fn visible(line: &[u8]) -> &[u8] {
    let start = line.iter().take_while(|&&b| is_blank(b)).count();
    let line = line.get(start..).unwrap_or_default();
    match line.contains(&0) {
        true => line.split(|&b| b == 0).next().unwrap_or_default(),
        false => line,
    }
}

/// isspace(3) in the C locale.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

/// Whether a line is no entry for its reader: blank, a comment, or one for NIS (nsswitch.conf(5), compat).
pub(super) fn is_no_entry(line: &[u8]) -> bool {
    matches!(line.first(), None | Some(b'#' | b'+' | b'-'))
        || line.first().is_some_and(|&b| is_blank(b) || b == 0)
            && matches!(visible(line).first(), None | Some(b'#' | b'+' | b'-'))
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

/// As [`join`], with a last field that was found, or holds what was found: glibc takes the rest of a line for it.
pub(super) fn join_rest(fields: &[&[u8]], rest: &[u8]) -> Result<Vec<u8>, BadField> {
    if rest.iter().any(|b| matches!(b, b'\n' | 0)) {
        return Err(BadField);
    }
    Ok([&join(fields)?, rest].join(&b':'))
}

/// Reads an id as glibc does (`strtoul`): blanks and a plus sign before the digits are skipped.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    let blanks = text.iter().take_while(|&&b| is_blank(b)).count();
    let digits = text.get(blanks..).unwrap_or_default();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    let add = |number: u32, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    match digits {
        [] => None,
        digits => digits.iter().try_fold(0, add),
    }
}

/// Whether a field of shadow(5) is empty or a number, which is what glibc takes.
pub(super) fn is_number_or_empty(text: &[u8]) -> bool {
    text.is_empty() || number(text).is_some()
}

/// What stands before the first colon of a line, sound or not.
pub(crate) fn name_of(line: &[u8]) -> &[u8] {
    let start = line.iter().take_while(|&&b| is_blank(b)).count();
    let line = line.get(start..).unwrap_or_default();
    // A NUL ends the line.
    let end = line.iter().position(|&b| b == b':' || b == 0);
    end.map_or(line, |end| &line[..end])
}

/// The number in the third field of a line of passwd or group that glibc passes over: whoever mends the line has it.
pub(crate) fn number_of(line: &[u8]) -> Option<u32> {
    let ([_, _, id, _], _) = leading(visible(line));
    number(id)
}
