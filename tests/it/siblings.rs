//! No circles among modules: neither of folders, nor of siblings in one.
//!
//! Imports are followed through the re-exports in a `mod.rs` to the module that defines the thing. A module that
//! re-exports its children is their face, and defines nothing that they use: else it and they are one circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{here, text};

/// Faces that still define what their children use.
const KNOWN_FACES: [&str; 4] = ["cli", "policy", "policy::map", "system::files"];

/// A module: its imports, and what it re-exports by name.
#[derive(Default)]
struct Module {
    paths: Vec<Vec<String>>,
    exports: BTreeMap<String, Vec<String>>,
}

type Modules = BTreeMap<String, Module>;

/// The module of a file below src; `None`: one that only tests see.
fn module_of(file: &str) -> Option<String> {
    let path = file.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let is_test = |part: &str| part == "tests" || part == "samples";
    let is_root = path == "lib" || path == "main";
    (!is_root && !path.split('/').any(is_test)).then(|| path.replace('/', "::"))
}

fn files(dir: &Path, below: &str, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), out);
        } else {
            out.push(name);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths of a use tree, each with the name that it gets here.
fn tree(text: &str, prefix: &[String], out: &mut Vec<(Vec<String>, String)>) {
    let text = text.trim();
    let Some(open) = text.find('{') else {
        let (path, alias) = text.split_once(" as ").unwrap_or((text, ""));
        let parts = path.split("::").map(|part| part.trim().to_owned());
        let mut path: Vec<String> = prefix.iter().cloned().chain(parts).collect();
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = path.last().cloned().unwrap_or_default();
        let name = if alias.is_empty() {
            name
        } else {
            alias.trim().to_owned()
        };
        return out.push((path, name));
    };
    let head = text[..open].trim_end_matches("::").split("::");
    let head = head.map(|part| part.trim().to_owned());
    let prefix: Vec<String> = prefix.iter().cloned().chain(head).collect();
    let inner = &text[open + 1..text.rfind('}').unwrap()];
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                tree(&inner[from..at], &prefix, out);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !inner[from..].trim().is_empty() {
        tree(&inner[from..], &prefix, out);
    }
}

/// What the code of a module imports and re-exports.
fn read(code: &str) -> Module {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let (mut module, mut rest) = (Module::default(), String::new());
    for statement in code.split_inclusive(';') {
        let used = statement.rfind("\nuse ").map(|at| at + 1).or_else(|| {
            let at = statement.find("use ")?;
            let before = statement[..at].rsplit('\n').next()?.trim();
            (before.is_empty() || before.starts_with("pub")).then_some(at)
        });
        let Some(at) = used else {
            rest.push_str(statement);
            continue;
        };
        rest.push_str(&statement[..at]);
        let is_public = statement[..at].rsplit('\n').next().unwrap().contains("pub");
        let mut paths = Vec::new();
        tree(statement[at + 4..].trim_end_matches(';'), &[], &mut paths);
        for (path, name) in paths {
            if is_public {
                module.exports.insert(name, path);
            } else {
                module.paths.push(path);
            }
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(start) {
            let before = &rest[..at];
            if before.ends_with(|c: char| is_word(c) || c == ':') || before.ends_with("(in ") {
                continue;
            }
            let path = &rest[at..];
            let end = path
                .find(|c: char| !is_word(c) && c != ':')
                .unwrap_or(path.len());
            let parts = path[..end].split("::").filter(|part| !part.is_empty());
            module.paths.push(parts.map(str::to_owned).collect());
        }
    }
    module
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

fn child(module: &str, name: &str) -> String {
    if module.is_empty() {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

/// The module that defines what a path in `from` names; `None`: it is another crate's.
fn defines(from: &str, path: &[String], modules: &Modules, depth: usize) -> Option<String> {
    let mut at = match path.first()?.as_str() {
        "crate" => String::new(),
        "super" => parent(from).to_owned(),
        "self" => from.to_owned(),
        name if modules.contains_key(&child(from, name)) => child(from, name),
        _ => return None,
    };
    for (index, name) in path.iter().enumerate().skip(1) {
        let next = child(&at, name);
        if name == "super" {
            at = parent(&at).to_owned();
        } else if modules.contains_key(&next) {
            at = next;
        } else {
            let export = modules.get(&at).and_then(|module| module.exports.get(name));
            return match export.filter(|_| depth < 8) {
                Some(export) => {
                    let whole: Vec<String> =
                        export.iter().chain(&path[index + 1..]).cloned().collect();
                    defines(&at, &whole, modules, depth + 1).or(Some(at))
                }
                None => Some(at),
            };
        }
    }
    Some(at)
}

/// Pairs of modules.
type Arrows = BTreeSet<(String, String)>;

/// The arrows between siblings, by folder; and the faces that define what their children use, with these.
fn arrows(modules: &Modules) -> (BTreeMap<String, Arrows>, Arrows) {
    let mut levels: BTreeMap<String, Arrows> = BTreeMap::new();
    let mut faces = BTreeSet::new();
    for (from, module) in modules {
        for to in module
            .paths
            .iter()
            .chain(module.exports.values())
            .filter_map(|path| defines(from, path, modules, 0))
        {
            let (a, b): (Vec<&str>, Vec<&str>) =
                (from.split("::").collect(), to.split("::").collect());
            let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
            if let (Some(a_next), Some(b_next)) = (a.get(common), b.get(common)) {
                let level = levels.entry(a[..common].join("::")).or_default();
                level.insert(((*a_next).to_owned(), (*b_next).to_owned()));
            } else if common == b.len() && common < a.len() && is_face(&to, modules) {
                faces.insert((to, from.clone()));
            }
        }
    }
    (levels, faces)
}

/// Whether a module re-exports what its children define.
fn is_face(name: &str, modules: &Modules) -> bool {
    let below = format!("{name}::");
    modules.get(name).is_some_and(|module| {
        module
            .exports
            .values()
            .filter_map(|path| defines(name, path, modules, 0))
            .any(|to| to.starts_with(&below))
    })
}

/// Every two modules of a folder that need each other, by whatever way round.
fn circles(arrows: &Arrows) -> Arrows {
    let mut all = arrows.clone();
    loop {
        let more: Vec<(String, String)> = all
            .iter()
            .flat_map(|(a, b)| {
                let next = all.iter().filter(move |(from, _)| from == b);
                next.map(move |(_, to)| (a.clone(), to.clone()))
            })
            .filter(|arrow| !all.contains(arrow))
            .collect();
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    let back = |(a, b): &&(String, String)| a < b && all.contains(&(b.clone(), a.clone()));
    all.iter().filter(back).cloned().collect()
}

fn modules() -> Modules {
    let mut names = Vec::new();
    files(&here("src"), "", &mut names);
    let of = |name: &String| Some((module_of(name)?, read(&text(&format!("src/{name}")))));
    names.iter().filter_map(of).collect()
}

#[test]
fn there_are_no_circles() {
    let (levels, faces) = arrows(&modules());
    let mut wrong = BTreeSet::new();
    for (folder, arrows) in &levels {
        for (a, b) in circles(arrows) {
            wrong.insert(format!("src/{folder}: `{a}` and `{b}` need each other"));
        }
    }
    let mut known = BTreeSet::new();
    for (face, child) in faces {
        if KNOWN_FACES.contains(&face.as_str()) {
            known.insert(face);
        } else {
            wrong.insert(format!(
                "`{face}` re-exports its children, and `{child}` uses it"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", Vec::from_iter(wrong).join("\n"));
    assert_eq!(
        known.len(),
        KNOWN_FACES.len(),
        "a face that defines nothing now leaves the list: {known:?}"
    );
}

#[test]
fn a_circle_is_seen_through_a_face() {
    let of = |list: &[(&str, &str)]| -> Modules {
        let read = |(name, code): &(&str, &str)| ((*name).to_owned(), read(code));
        list.iter().map(read).collect()
    };
    let round = of(&[
        ("a", "mod b;\nmod c;\npub use b::{X, Y as Z};"),
        ("a::b", "use super::c::f;"),
        ("a::c", "fn f(x: crate::a::Z) {}"),
    ]);
    let (levels, faces) = arrows(&round);
    assert_eq!(
        circles(&levels["a"]),
        [("b".to_owned(), "c".to_owned())].into()
    );
    assert!(faces.is_empty());
    let face = of(&[
        ("a", "mod b;\npub(crate) use b::X;\nstruct Y;"),
        ("a::b", "use std::fmt;\nuse super::Y;"),
    ]);
    let (levels, faces) = arrows(&face);
    assert!(levels.is_empty());
    assert_eq!(faces, [("a".to_owned(), "a::b".to_owned())].into());
}

/// Whoever asks what a change means asks for its effects; only these look at the deed with all that it holds.
const TELL_DEEDS_APART: [&str; 4] = [
    "plan/effects.rs",
    "plan/change_json.rs",
    "plan/render.rs",
    "ledger/reserve.rs",
];

#[test]
fn deeds_are_told_apart_in_few_places() {
    let mut names = Vec::new();
    files(&here("src"), "", &mut names);
    for name in names.iter().filter(|name| module_of(name).is_some()) {
        let code = text(&format!("src/{name}"));
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let looks = code.replace(".deed.retain_members", "").contains(".deed");
        assert_eq!(
            looks,
            TELL_DEEDS_APART.contains(&name.as_str()),
            "src/{name}"
        );
    }
}
