//! What is done to a host by hand, as the tools of admins do it; and the passing of time, which is told to the ledger.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use crate::scenarios::KEYS;
use crate::small_host::SmallHost;

/// One change to a host. Accounts and groups are named as they stand there.
#[derive(Clone, Debug)]
pub enum Deed {
    Passwd {
        name: String,
        field: usize,
        value: &'static str,
    },
    Lock(String),
    Open(String),
    Delete(String),
    Key(String),
    Add {
        group: String,
        who: String,
    },
    TakeOut {
        group: String,
        who: String,
    },
    Days(u32),
}

/// Rewrites the lines of one of the host's files; those for which nothing comes back go.
fn rewrite(tree: &SmallHost, file: &str, change: impl Fn(&mut Vec<String>) -> bool) {
    if !tree.database.files().contains(&file) {
        return;
    }
    let path = tree.path(&tree.database.file(file));
    let text = fs::read_to_string(&path).unwrap();
    let mut out = String::new();
    for line in text.lines() {
        let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
        if change(&mut fields) {
            out.push_str(&fields.join(":"));
            out.push('\n');
        }
    }
    fs::write(&path, out).unwrap();
}

/// Changes one field of the line of `name`.
fn edit(tree: &SmallHost, file: &str, name: &str, field: usize, change: impl Fn(&str) -> String) {
    rewrite(tree, file, |fields| {
        if fields[0] == name {
            fields[field] = change(&fields[field]);
        }
        true
    });
}

fn without(list: &str, who: &str) -> String {
    list.split(',')
        .filter(|name| *name != who)
        .collect::<Vec<_>>()
        .join(",")
}

/// Does it.
pub fn does(tree: &SmallHost, deed: &Deed) {
    match deed {
        Deed::Passwd { name, field, value } => {
            edit(tree, "passwd", name, *field, |_| (*value).to_owned())
        }
        Deed::Lock(name) => edit(tree, "shadow", name, 1, |hash| {
            format!("!{}", hash.trim_start_matches('!'))
        }),
        Deed::Open(name) => {
            edit(tree, "shadow", name, 1, |hash| {
                hash.trim_start_matches('!').to_owned()
            });
            edit(tree, "shadow", name, 7, |_| String::new());
        }
        Deed::Key(name) => {
            let line = format!("{} mallory@elsewhere\n", KEYS[2]);
            let path = tree.path(&format!("etc/ssh/authorized_keys.d/{name}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, text + &line).unwrap();
        }
        Deed::Add { group, who } => {
            for file in ["group", "gshadow"] {
                edit(tree, file, group, 3, |list| {
                    if list.is_empty() {
                        who.clone()
                    } else {
                        format!("{list},{who}")
                    }
                });
            }
        }
        Deed::TakeOut { group, who } => {
            for file in ["group", "gshadow"] {
                edit(tree, file, group, 3, |list| without(list, who));
            }
        }
        Deed::Delete(name) => delete(tree, name),
        Deed::Days(days) => pass(tree, i64::from(*days) * 86_400),
    }
}

/// As userdel(8): all lines, the group of the account's own, and every membership.
fn delete(tree: &SmallHost, name: &str) {
    for file in ["passwd", "shadow", "subuid", "subgid"] {
        rewrite(tree, file, |fields| fields[0] != name);
    }
    for file in ["group", "gshadow"] {
        rewrite(tree, file, |fields| {
            if let [own, _, _, members] = &mut fields[..] {
                *members = without(members, name);
                own != name
            } else {
                true
            }
        });
    }
}

/// Makes everything that the ledger knows so much older. The clock of the machine stays as it is.
fn pass(tree: &SmallHost, seconds: i64) {
    let path = tree.path("var/lib/gosync/ledger.sqlite");
    if !path.exists() {
        return;
    }
    let db = rusqlite::Connection::open(path).unwrap();
    for (table, column) in [
        ("absences", "since"),
        ("departures", "since"),
        ("losses", "at"),
        ("runs", "at"),
        ("archives", "at"),
        ("hook_queue", "at"),
        ("hook_queue", "due"),
    ] {
        db.execute(
            &format!("UPDATE {table} SET {column} = {column} - ?1"),
            [seconds],
        )
        .unwrap();
    }
}
