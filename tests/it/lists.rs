//! Lists of groups: byte for byte as expected, and read back by other programs to the same data.
//!
//! The expected files are written anew by `GOSYNC_BLESS=1 cargo test --test it lists`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::scratch::ScratchHost;
use crate::{here, text};

/// Names and descriptions full of what the forms give a meaning to.
fn nasty() -> Vec<(&'static str, &'static str)> {
    vec![
        ("plain", "One line"),
        ("quotes \"and\" 'more'", "She said \"no\", twice"),
        ("commas, and; semicolons", "a,b\nc,d"),
        ("<b>tags</b> & &amp; entities", "1 < 2 & 3 > 2"),
        ("line\nbreak", "first<br/>\nsecond<br/>third"),
        ("carriage\rreturn\ttab", ""),
        ("Zoë 王小明 فاطمة 😀", "Naïve – résumé"),
        ("=cmd|' /C calc'!A0", "]]> --> <!-- <![CDATA["),
        (" blanks around ", "<script>alert(1)</script>"),
        (
            "bell\u{7} escape\u{1b}[2J delete\u{7f} next\u{85}",
            "start\u{1} and \u{9b}31m",
        ),
        ("both\r\nends", "one\r\ntwo\rthree"),
    ]
}

fn list(host: &ScratchHost, form: &str) -> String {
    let groups: Vec<Value> = nasty()
        .iter()
        .enumerate()
        .map(|(n, (name, description))| json!({"id": format!("g-{n}&x=\"<"), "name": name, "description": description}))
        .collect();
    let document = json!({"users": [], "groups": groups}).to_string();
    host.write("directory.json", &document);
    host.write(
        "gosync.toml",
        "[provider.test]\nkind = \"file\"\npath = \"directory.json\"\n[catalogue]\nportal = \"portal.example.org\"\n",
    );
    host.ok(&format!("group list -format {form}"))
}

/// What another program makes of a list: names, addresses and descriptions.
fn read_back(form: &str, list: &str) -> Vec<[String; 3]> {
    let mut python = Command::new("python3")
        .arg(here("tests/it/lists/read_back.py"))
        .arg(form)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3 is needed; install it");
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), list.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{form}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The text of each description, without its tags.
fn texts() -> Vec<&'static str> {
    vec![
        "One line",
        "She said \"no\", twice",
        "a,b\nc,d",
        "1 < 2 & 3 > 2",
        "first\nsecond\nthird",
        "",
        "Naïve – résumé",
        "]]> --> <!-- <![CDATA[",
        "alert(1)",
        "start\u{1} and \u{9b}31m",
        "one\ntwo\nthree",
    ]
}

/// A page and XML have no control characters but tabs and the ends of lines: in their place stands U+FFFD.
fn held(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && !"\t\n\r".contains(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[test]
fn every_form_is_as_expected_and_reads_back_to_the_same_data() {
    let mut wanted: Vec<[String; 3]> = nasty()
        .iter()
        .zip(texts())
        .enumerate()
        .map(|(n, ((name, _), text))| {
            let url = format!("https://portal.example.org/Groups#id=g-{n}&x=\"<");
            [(*name).to_owned(), url, text.to_owned()]
        })
        .collect();
    wanted.sort();
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for form in ["csv", "xml", "html", "json", "text"] {
        let got = list(&host, form);
        let path = format!("tests/it/lists/expected.{form}");
        if std::env::var_os("GOSYNC_BLESS").is_some() {
            fs::write(here(&path), &got).unwrap();
        }
        assert_eq!(got, text(&path), "{form}");
        match form {
            "text" => assert!(
                !got.contains(|c: char| c.is_control() && c != '\n'),
                "{got:?}"
            ),
            "csv" | "json" => assert_eq!(read_back(form, &got), wanted, "{form}"),
            _ => {
                let wanted: Vec<[String; 3]> = wanted
                    .iter()
                    .map(|row| row.each_ref().map(|text| held(text)))
                    .collect();
                assert_eq!(read_back(form, &got), wanted, "{form}");
            }
        }
    }
}
