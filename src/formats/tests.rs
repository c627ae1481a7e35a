use proptest::prelude::*;

use super::fields::{leading, number};
use super::*;

const ODD: &[u8] =
    b"# comment\nroot:x:0:0:root:/root:/bin/bash\n\nbroken line\nzo\xff:x:7:7::/:/x\n+@nis::::::\nlast:x:9:9::/:/x";

#[test]
fn an_untouched_file_comes_back_as_it_was() {
    let lines = Lines::new(ODD.to_vec());
    assert_eq!(Editor::default().apply(&lines), ODD);
}

#[test]
fn new_lines_stand_before_nis_lines() {
    let lines = Lines::new(ODD.to_vec());
    let mut editor = Editor::default();
    editor.add(b"new:x:1:1::/:/x");
    let text = String::from_utf8_lossy(&editor.apply(&lines)).into_owned();
    assert!(
        text.contains("zo\u{fffd}:x:7:7::/:/x\nnew:x:1:1::/:/x\n+@nis"),
        "{text}"
    );
    assert!(text.ends_with("last:x:9:9::/:/x"), "{text}");
}

#[test]
fn a_missing_last_newline_is_added_only_when_something_follows() {
    let lines = Lines::new(b"a:x:1:1::/:/x".to_vec());
    let mut editor = Editor::default();
    editor.replace(0, b"b:x:1:1::/:/x".to_vec());
    assert_eq!(editor.apply(&lines), b"b:x:1:1::/:/x");
    editor.add(b"c");
    assert_eq!(editor.apply(&lines), b"b:x:1:1::/:/x\nc\n");
}

#[test]
fn ids_are_read_as_glibc_reads_them() {
    for (text, want) in [
        ("0", Some(0)),
        (" 0", Some(0)),
        ("+0", Some(0)),
        ("00", Some(0)),
        ("4294967295", Some(u32::MAX)),
    ] {
        assert_eq!(number(text.as_bytes()), want, "{text:?}");
    }
    for text in ["", "4294967296", "-1", "0x0", "1 ", "1e3"] {
        assert_eq!(number(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn a_field_with_a_separator_is_refused() {
    for gecos in [&b"a:b"[..], b"a\nroot::0:0::/:/bin/sh", b"a\0", b"a\r"] {
        let line = PasswdLine {
            name: b"a",
            password: b"x",
            uid: 1,
            gid: 1,
            gecos,
            home: b"/home/a",
            shell: b"/bin/sh",
        };
        assert_eq!(line.to_line(), Err(BadField));
    }
}

proptest! {
    #[test]
    fn any_bytes_come_back(bytes: Vec<u8>) {
        let lines = Lines::new(bytes.clone());
        prop_assert_eq!(lines.bytes(), &bytes[..]);
        prop_assert_eq!(Editor::default().apply(&lines), bytes);
    }

    #[test]
    fn any_lines_come_back(text in "([a-z:#+\\-]{0,8}\n){0,9}[a-z:]{0,8}") {
        let lines = Lines::new(text.clone().into_bytes());
        prop_assert_eq!(Editor::default().apply(&lines), text.into_bytes());
    }

    #[test]
    fn printing_and_parsing_a_line_are_inverse(
        name in "[a-z_][a-z0-9_-]{0,31}", uid: u32, gid: u32, gecos in "[^:\n\r\0]*", home in "/[^:\n\r\0]*", shell in "[^:\n\r\0]*"
    ) {
        let line = PasswdLine {
            name: name.as_bytes(), password: b"x", uid, gid,
            gecos: gecos.as_bytes(), home: home.as_bytes(), shell: shell.as_bytes(),
        };
        let text = line.to_line().unwrap();
        prop_assert_eq!(PasswdLine::parse(&text), Some(line));
    }

    #[test]
    fn what_parses_prints_to_the_same_meaning(bytes in "[a-z0-9:, +!*]{0,40}") {
        if let Some(line) = PasswdLine::parse(bytes.as_bytes()) {
            let text = line.to_line().unwrap();
            prop_assert_eq!(PasswdLine::parse(&text), Some(line));
        }
        if let Some(line) = GroupLine::parse(bytes.as_bytes()) {
            let text = line.to_line().unwrap();
            prop_assert_eq!(GroupLine::parse(&text), Some(line));
        }
    }

    #[test]
    fn removing_every_added_line_restores_the_file(bytes in "([a-z:]{1,8}\n){1,9}", extra in "[a-z]{1,8}") {
        let lines = Lines::new(bytes.clone().into_bytes());
        let mut editor = Editor::default();
        editor.add(extra.as_bytes());
        let grown = Lines::new(editor.apply(&lines));
        let mut editor = Editor::default();
        editor.remove(grown.len() - 1);
        prop_assert_eq!(editor.apply(&grown), bytes.into_bytes());
    }
}

/// What is done to a line: the first number says what, the second to which.
fn edited(lines: &Lines, edits: &[(u8, usize)]) -> Editor {
    let mut editor = Editor::default();
    for (number, (what, at)) in edits.iter().enumerate() {
        let line = format!("new{number}").into_bytes();
        match (what % 4, lines.len()) {
            (0, _) | (_, 0) => editor.add(&line),
            (1, len) => editor.replace(at % len, line),
            (2, len) => editor.remove(at % len),
            (_, len) => editor.put_before(at % len, line),
        }
    }
    editor
}

/// What an editor makes of a file, line by line.
fn line_by_line(editor: &Editor, lines: &Lines) -> Vec<u8> {
    let mut added = editor.added().to_vec();
    let is_whole = lines.bytes().is_empty() || lines.bytes().ends_with(b"\n");
    let mut out: Vec<Vec<u8>> = Vec::new();
    let mut is_last_kept = false;
    for index in 0..lines.len() {
        let line = lines.get(index).unwrap();
        if !added.is_empty() && matches!(line.first(), Some(b'+' | b'-')) {
            out.push(std::mem::take(&mut added));
        }
        if let Some(before) = editor.before(index) {
            out.push([before, b"\n"].concat());
        }
        let now = editor.current(lines, index);
        is_last_kept = now.is_some();
        out.extend(now.map(|line| [line, b"\n"].concat()));
    }
    let mut out = out.concat();
    if !is_whole && added.is_empty() && is_last_kept {
        out.pop();
    }
    out.extend(added);
    out
}

proptest! {
    #[test]
    fn what_is_not_edited_keeps_its_bytes(
        text in "([ab:#+\\-]{0,4}\n){0,9}[ab:+]{0,4}", edits in proptest::collection::vec((any::<u8>(), 0..9usize), 0..6)
    ) {
        let lines = Lines::new(text.into_bytes());
        let editor = edited(&lines, &edits);
        prop_assert_eq!(editor.apply(&lines), line_by_line(&editor, &lines));
    }

    #[test]
    fn leading_fields_are_those_between_colons(line in "[a:]{0,12}") {
        let parts: Vec<&[u8]> = line.as_bytes().splitn(4, |b| *b == b':').collect();
        let (out, found) = leading::<4>(line.as_bytes());
        prop_assert_eq!(&out[..found], &parts[..]);
        prop_assert!(out[found..].iter().all(|rest| rest.is_empty()));
    }

    #[test]
    fn the_entries_of_a_name_are_those_of_a_walk(text in "[ab:# \t\0\n+]{0,40}", name in "[ab]{0,3}") {
        let lines = Lines::new(text.into_bytes());
        let walked: Vec<_> = lines.entries().filter(|(_, line)| name_of(line) == name.as_bytes()).collect();
        let found: Vec<_> = lines.named(name.as_bytes()).collect();
        prop_assert_eq!(found, walked);
    }
}

/// What getent(1) of glibc 2.36 makes of such lines; `None`: it passes over them.
#[test]
fn lines_are_read_as_glibc_reads_them() {
    type Seen = Option<(u32, &'static [u8], &'static [u8])>;
    let passwd: [(&[u8], Seen); 22] = [
        (b"a:x:1:100:G", Some((1, b"", b""))),
        (b"a:x:1:100:G:/h", Some((1, b"/h", b""))),
        (b"a:x:1:100:G:/h:/bin/:/x", Some((1, b"/h", b"/bin/:/x"))),
        (b"a:x:1:100", Some((1, b"", b""))),
        (b"a:x:1:100:", Some((1, b"", b""))),
        (b"a:x:1", None),
        (b"a:x", None),
        (b"a", None),
        (b" \t\x0ba:x:1:100:g:/h:/s", Some((1, b"/h", b"/s"))),
        (b"#a:x:1:100:g:/h:/s", None),
        (b"  #a:x:1:100:g:/h:/s", None),
        (b"a:x: 1:+100:g:/h:/s", Some((1, b"/h", b"/s"))),
        (b"a:x:-1:100:g:/h:/s", None),
        (b"a:x:4294967296:100:g:/h:/s", None),
        (b"a:x::100:g:/h:/s", None),
        (b"a:x:1::g:/h:/s", None),
        (b"a:x:1 :100:g:/h:/s", None),
        (b":x:1:100:g:/h:/s", Some((1, b"/h", b"/s"))),
        (b"a:x:1:100:g\0:/h:/s", Some((1, b"", b""))),
        (b"a:x:1:100:g:/h:/s\r", Some((1, b"/h", b"/s\r"))),
        (b"a:x:1:100\r", None),
        (b"+a:x:1:100:g:/h:/s", None),
    ];
    for (line, want) in passwd {
        let found = PasswdLine::parse(line).map(|p| (p.uid, p.home, p.shell));
        assert_eq!(found, want, "{}", String::from_utf8_lossy(line));
    }
    let group: [(&[u8], Option<&[u8]>); 9] = [
        (b"g:x:1", Some(b"")),
        (b"g:x:1:a:b", Some(b"a:b")),
        (b"g:x", None),
        (b"  g:x:1:a", Some(b"a")),
        (b"g:x:-5:a", None),
        (b"g:x::a", None),
        (b"g:x:1\r", None),
        (b"g:x:1:a\0b,c", Some(b"a")),
        (b"-g:x:1:a", None),
    ];
    for (line, want) in group {
        let found = GroupLine::parse(line).map(|g| g.members);
        assert_eq!(found, want, "{}", String::from_utf8_lossy(line));
    }
    let shadow: [(&[u8], bool); 16] = [
        (b"a:!h:1:2:3:4:5:6:", true),
        (b"a:!h:1:2:3:4:5:6:7", true),
        (b"a:!h:1:2:3:4:5:6", true),
        (b"a:!h:1:2:3:4:5:", false),
        (b"a:!h:1:2:3:4:5", false),
        (b"a:!h:1:2:3:4", false),
        (b"a:!h:1:2:3:", true),
        (b"a:!h:1:2:3", true),
        (b"a:!h:1:2", false),
        (b"a:!h", false),
        (b"a:!h:1:2:3:4:5:6:7:x", false),
        (b"a:!h:1:2:3:4:5:6::", false),
        (b"a:!h:x:2:3:4:5:6:", false),
        (b"a:!h:1 :2:3:4:5:6:", false),
        (b"a:!h:1:2:3:4:5:6:\r", false),
        (b"  a:!h: 1:2:3:4:5:6:", true),
    ];
    for (line, want) in shadow {
        let found = ShadowLine::parse(line).is_some();
        assert_eq!(found, want, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn an_odd_line_is_written_with_what_stood_in_it() {
    let found = PasswdLine::parse(b"a:x:1:100:g\r:/h:/bin/:/x\r").unwrap();
    let changed = PasswdLine {
        home: b"/new",
        ..found
    };
    assert_eq!(
        changed.to_line_after(&found).unwrap(),
        b"a:x:1:100:g\r:/new:/bin/:/x\r"
    );
    let broken = PasswdLine {
        gecos: b"x:0",
        ..found
    };
    assert_eq!(broken.to_line_after(&found), Err(BadField));
    let group = GroupLine::parse(b"g:x:1:a:b").unwrap();
    assert_eq!(group.to_line().unwrap(), b"g:x:1:a:b");
}

#[test]
fn a_shadow_line_that_nothing_reads_is_mended() {
    for (line, want) in [
        (&b"a:$h:1:2:3:4:5:6:7:x"[..], &b"a:$h:1:2:3:4:5:6:"[..]),
        (b"a:$h:x:2", b"a:$h::2:::::"),
        (b"a", b"a::::::::"),
    ] {
        let mended = ShadowLine::mended(line).unwrap().to_line().unwrap();
        assert_eq!(mended, want);
        assert!(ShadowLine::parse(&mended).is_some());
    }
}

#[test]
fn shells_are_read_as_getusershell_reads_them() {
    let listed = |text: &'static str| shells(Some(text)).collect::<Vec<_>>();
    for (text, wanted) in [
        ("/bin/sh\n/bin/bash", &["/bin/sh", "/bin/bash"][..]),
        ("# /bin/sh\n  /bin/bash # the usual\n", &["/bin/bash"]),
        ("shell: /bin/zsh -l\n", &["/bin/zsh"]),
        ("/bin/sh\r\n/bin/b\x0bash\n", &["/bin/sh", "/bin/b"]),
        ("/\n/ \n\nbash\n", &[]),
        ("/bin/a\u{a0}b\n/bin/c\0d", &["/bin/a\u{a0}b", "/bin/c"]),
        ("", &[]),
    ] {
        assert_eq!(listed(text), wanted, "{text:?}");
    }
    assert_eq!(shells(None).collect::<Vec<_>>(), ["/bin/sh", "/bin/csh"]);
}
