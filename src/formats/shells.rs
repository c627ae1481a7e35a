//! shells(5), as getusershell(3) of glibc reads it: of each line what begins with the first `/` before a `#`, up to a blank.

/// What it lists where there is no such file.
const DEFAULT: &str = "/bin/sh\n/bin/csh\n";

/// The shells that a file lists; `None`: there is no such file.
pub(crate) fn shells(text: Option<&str>) -> impl Iterator<Item = &str> {
    let is_blank = |c: char| c.is_ascii_whitespace() || c == '\x0b';
    text.unwrap_or(DEFAULT).split('\n').filter_map(move |line| {
        let line = line.split(['#', '\0']).next()?;
        let path = line.get(line.find('/')?..)?.split(is_blank).next()?;
        (path != "/").then_some(path)
    })
}
