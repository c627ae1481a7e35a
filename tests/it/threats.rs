//! docs/threats.md: the tests that it names are there, and each number that the source cites is in it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{here, text};

/// Every Rust file below a directory of the source tree.
fn sources(dir: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut out = Vec::new();
    for dir in ["src", "tests"] {
        sources(&here(dir), &mut out);
    }
    out
}

/// The words of a text that are made of what a name in Rust is made of.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

fn is_number(word: &str) -> bool {
    let digits = word
        .strip_prefix(['V', 'T', 'L', 'A', 'F'])
        .unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The rows with a number, and that number.
fn rows(paper: &str) -> Vec<(&str, &str)> {
    let row = |line| {
        let number = str::split(line, '|').nth(1)?.trim();
        is_number(number).then_some((number, line))
    };
    paper.lines().filter_map(row).collect()
}

#[test]
fn the_tests_that_it_names_are_there() {
    let (paper, sources) = (text("docs/threats.md"), all_sources());
    let known: BTreeSet<&str> = sources.iter().flat_map(|source| words(source)).collect();
    let rows = rows(&paper);
    assert!(rows.len() >= 50, "{}", rows.len());
    for (number, row) in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(
            !named.is_empty() || last.trim() == "none of its own",
            "{number}"
        );
        for test in named {
            assert!(known.contains(test), "{number}: there is no test {test}");
        }
    }
}

#[test]
fn each_number_that_is_cited_is_in_it() {
    let paper = text("docs/threats.md");
    let known: BTreeSet<&str> = rows(&paper).into_iter().map(|(number, _)| number).collect();
    for source in all_sources() {
        let cites = |line: &&str| {
            line.trim_start().starts_with("//")
                && (line.contains("threat") || line.contains("invariant"))
        };
        for line in source.lines().filter(cites) {
            for number in words(line).filter(|word| is_number(word)) {
                assert!(known.contains(number), "{number} in: {line}");
            }
        }
    }
}
