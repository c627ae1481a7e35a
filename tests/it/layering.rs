//! The direction of imports, as CONTRIBUTING.md shows it.

use std::path::{Path, PathBuf};

use crate::{here, text};

/// Who may import whom; `None`: everybody.
const ARROWS: [(&str, Option<&[&str]>); 23] = [
    ("model", Some(&[])),
    ("error", Some(&[])),
    ("log", Some(&[])),
    ("formats", Some(&["model"])),
    ("policy", Some(&["model"])),
    ("plan", Some(&["model", "policy"])),
    ("system", Some(&["model"])),
    ("ldap", Some(&["model", "system"])),
    ("providers", Some(&["model", "ldap", "system"])),
    ("cache", Some(&["model", "system"])),
    ("ledger", Some(&["model", "policy", "plan", "system"])),
    (
        "targets",
        Some(&["model", "policy", "plan", "formats", "ldap", "system"]),
    ),
    (
        "config",
        Some(&["model", "policy", "plan", "providers", "targets"]),
    ),
    (
        "hooks",
        Some(&["error", "model", "policy", "plan", "ledger", "system"]),
    ),
    (
        "run",
        Some(&[
            "error",
            "model",
            "policy",
            "plan",
            "providers",
            "ledger",
            "targets",
            "config",
            "hooks",
            "cache",
            "system",
        ]),
    ),
    ("cli", Some(&["model"])),
    ("ui", Some(&["model", "error"])),
    ("commands", None),
    ("program", None),
    ("testing", None),
    ("fuzzing", None),
    ("lib", None),
    ("main", None),
];

/// What code that only computes cannot see.
const OUTSIDE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::path",
    "std::time",
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs")
            && path.file_name().is_some_and(|n| n != "tests.rs")
        {
            out.push(path);
        }
    }
}

/// Every source file as its path below src, its module, and its lines of code without tests and comments.
fn code() -> Vec<(String, String, String)> {
    let mut paths = Vec::new();
    sources(&here("src"), &mut paths);
    paths.sort();
    let files = paths.iter().map(|path| {
        let name = path
            .strip_prefix(here("src"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let module = name
            .split('/')
            .next()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        let whole = text(&format!("src/{name}"));
        let code = whole.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        (name, module, lines.collect::<Vec<_>>().join("\n"))
    });
    files.collect()
}

/// The modules after each `crate::` in a text.
fn imports(code: &str) -> Vec<&str> {
    let after = code
        .match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    let names = after.map(|(at, found)| {
        let rest = &code[at + found.len()..];
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap()
    });
    names.collect()
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (file, module, code) in code() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "src/{file}: `{module}` is in no layer; give it one in tests/it/layering.rs"
            ));
            continue;
        };
        for import in imports(&code) {
            let fits = allowed.is_none_or(|allowed| allowed.contains(&import) || import == module);
            if !fits {
                wrong.push(format!("src/{file}: `{module}` must not import `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_computes_sees_no_file_clock_or_socket() {
    let mut wrong = Vec::new();
    for (file, module, code) in code() {
        let pure = ["model", "formats", "policy", "plan"].contains(&module.as_str())
            || file.ends_with("/decode.rs");
        for outside in OUTSIDE.iter().filter(|_| pure) {
            // A length of time is a figure, not a clock.
            let code = code.replace("std::time::Duration", "");
            if code.contains(outside) {
                wrong.push(format!("src/{file}: `{outside}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_test_sees_what_it_looks_for() {
    assert_eq!(
        imports("use crate::plan::{Plan};\nfn f(x: crate::model::X) {}\nuse my_crate::other;"),
        ["plan", "model"]
    );
    assert_eq!(imports("use crate::{plan, model};"), [""]);
    assert!(
        code()
            .iter()
            .any(|(file, module, _)| file == "plan/diff/mod.rs" && module == "plan")
    );
}
