//! Account databases and files that give power, for `crate::fuzzing`.

use super::power;
use super::{Editor, GroupLine, GshadowLine, Lines, PasswdLine, ShadowLine, SubidLine};
use super::{group, name_of, number_of, shells};
use crate::model::power::Stated;

/// A database, whichever it is.
pub(crate) fn databases(bytes: &[u8]) {
    let lines = Lines::new(bytes.to_vec());
    assert_eq!(lines.bytes(), bytes);
    assert_eq!(Editor::default().apply(&lines), bytes);
    let mut same = Editor::default();
    for (index, line) in lines.iter().enumerate() {
        same.replace(index, line.to_vec());
    }
    assert_eq!(same.apply(&lines), bytes);
    one_more(&lines);
    one_less(&lines);
    for (_, line) in lines.entries() {
        let _ = (name_of(line), number_of(line));
        accounts(line);
        groups(line);
    }
    let text = String::from_utf8_lossy(bytes);
    assert!(shells::shells(Some(&text)).all(|path| path.starts_with('/')));
}

/// A line that is added is there once, and all that was there stays.
fn one_more(lines: &Lines) {
    const NEW: &[u8] = b"new:x:20001:20001::/:/bin/sh";
    let mut editor = Editor::default();
    editor.add(NEW);
    let after = Lines::new(editor.apply(lines));
    assert_eq!(after.len(), lines.len() + 1);
    let Some(at) = (0..after.len()).rfind(|at| after.get(*at) == Some(NEW)) else {
        panic!("it is not there")
    };
    let rest = (0..after.len()).filter(|index| *index != at);
    assert!(
        rest.map(|index| after.get(index))
            .eq(lines.iter().map(Some))
    );
}

/// A line that is taken out is gone, and no other.
fn one_less(lines: &Lines) {
    let mut editor = Editor::default();
    editor.remove(0);
    let after = Lines::new(editor.apply(lines));
    assert!(after.iter().eq(lines.iter().skip(1)));
}

fn accounts(line: &[u8]) {
    if let Some(passwd) = PasswdLine::parse(line) {
        if let Ok(written) = passwd.to_line() {
            assert_eq!(PasswdLine::parse(&written), Some(passwd));
        }
        let Ok(written) = passwd.to_line_after(&passwd) else {
            panic!("what stands there may stay")
        };
        assert_eq!(PasswdLine::parse(&written), Some(passwd));
    }
    if let Some(shadow) = ShadowLine::parse(line)
        && let Ok(written) = shadow.to_line()
    {
        assert_eq!(ShadowLine::parse(&written), Some(shadow));
    }
    if let Some(shadow) = ShadowLine::mended(line)
        && let Ok(written) = shadow.to_line()
    {
        assert_eq!(ShadowLine::parse(&written), Some(shadow));
    }
    if let Some(subid) = SubidLine::parse(line)
        && let Ok(written) = subid.to_line()
    {
        assert_eq!(SubidLine::parse(&written), Some(subid));
    }
}

fn groups(line: &[u8]) {
    if let Some(found) = GroupLine::parse(line) {
        assert!(group::names(found.members).all(|name| !name.is_empty()));
        if let Ok(written) = found.to_line() {
            assert_eq!(GroupLine::parse(&written), Some(found));
        }
    }
    if let Some(found) = GshadowLine::parse(line)
        && let Ok(written) = found.to_line()
    {
        assert_eq!(GshadowLine::parse(&written), Some(found));
    }
}

/// A file that gives power, whichever it is.
pub(crate) fn power(bytes: &[u8]) {
    const READERS: [fn(&[u8]) -> Stated; 11] = [
        power::sudoers,
        power::sudo_conf,
        power::doas,
        power::sshd,
        power::access,
        power::allowed,
        power::rules,
        power::local_authority,
        power::pam,
        power::groups,
        power::capabilities,
    ];
    let lines = String::from_utf8_lossy(bytes).lines().count();
    for read in READERS {
        let Stated {
            names,
            includes,
            unclear,
        } = read(bytes);
        let numbers = names.iter().map(|(number, _)| *number);
        let numbers = numbers.chain(includes.iter().map(|(number, _)| *number));
        let mut numbers = numbers.chain(unclear.iter().map(|(number, _)| *number));
        assert!(numbers.all(|number| (1..=lines).contains(&number)));
    }
}
