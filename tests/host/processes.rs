//! What runs as somebody and does not look like it: behind another uid, name or thread, and in a user namespace.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::namespace::{run, script, sound_tree};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, person};

/// Does not mind a SIGTERM, and waits until its input ends.
const PROGRAM: &str = r#"
import ctypes, os, platform, signal, sys, threading
uid, kind = int(sys.argv[1]), sys.argv[2]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.setgroups([])
if kind == "real":
    os.setresuid(uid, 0, 0)
elif kind == "saved":
    os.setresuid(0, 0, uid)
elif kind != "contained":
    os.setresuid(uid, uid, uid)
if kind == "name":
    set_name = 15
    ctypes.CDLL(None).prctl(set_name, b"\xff) Z 1\n", 0, 0, 0)
def wait():
    print("ready", flush=True)
    os.read(0, 1)
    os._exit(0)
if kind == "thread":
    threading.Thread(target=wait).start()
    exit_of_this_thread = {"x86_64": 60, "aarch64": 93}[platform.machine()]
    ctypes.CDLL(None).syscall(exit_of_this_thread, 0)
wait()
"#;

/// Such a program where the scratch host is this machine; ended with the test.
struct Program(Child);

impl Program {
    fn start(tree: &SmallHost, uid: u32, kind: &str) -> Self {
        let python = format!("python3 /srv/program {uid} {kind}");
        let as_user = format!("setpriv --reuid {uid} --regid {uid} --clear-groups");
        let command = match kind {
            // As rootless containers do, by newuidmap(1).
            "subordinate" => format!(
                "{as_user} unshare -U --map-auto --setuid 0 python3 /srv/program 0 contained"
            ),
            "namespace" => {
                format!(
                    "{as_user} unshare -U --map-auto --map-root-user python3 /srv/program 7 contained"
                )
            }
            _ => python,
        };
        let mut child = script(tree, &format!("exec {command}"));
        let mut child = child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Self(child)
    }

    fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Numbers that no other test's accounts have: processes are those of the whole machine.
fn people(base: u32, active: bool) -> [Value; 2] {
    let mut all = [
        person("u-1", "alice", "Alice", active),
        person("u-2", "bob", "Bob", true),
    ];
    all.iter_mut()
        .zip(base..)
        .for_each(|(person, uid)| person["uid"] = json!(uid));
    all
}

fn host(base: u32, departed: &str) -> SmallHost {
    let tree = sound_tree(Database::Etc);
    let subids = u64::from(base) * 60_000;
    let text = format!(
        "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n[accounts]\nprimary_group = \"private\"\n\
         subid_range = [{subids}, {}]\n[target.host]\nkind = \"local\"\n[departed]\n{departed}\n",
        subids + 1_000_000
    );
    tree.write_with_mode("gosync.toml", text, 0o600);
    tree.write("srv/program", PROGRAM, 0o755, 0);
    tree.provide(&document(&people(base, true), &[]));
    run(&tree, "$GOSYNC sync users");
    tree
}

#[test]
fn whatever_runs_as_a_locked_account_is_ended_however_it_hides() {
    let kinds = [
        "plain",
        "real",
        "saved",
        "name",
        "thread",
        "subordinate",
        "namespace",
    ];
    let tree = host(33_000, "end_sessions = true");
    let start = |uid| kinds.map(|kind| (kind, Program::start(&tree, uid, kind)));
    let (of_alice, of_bob) = (start(33_000), start(33_001));
    tree.provide(&document(&people(33_000, false), &[]));
    let said = run(&tree, "$GOSYNC sync users").out;
    let told = "ended what ran as the locked account alice: 7 processes";
    assert!(said.contains(told), "{said}");
    for (kind, mut program) in of_alice {
        assert!(!program.runs(), "{kind}");
    }
    for (kind, mut program) in of_bob {
        assert!(program.runs(), "{kind} of another account");
    }
    let said = run(&tree, "$GOSYNC sync users").out;
    assert!(!said.contains("ended"), "{said}");
}

#[test]
fn nobody_is_removed_while_something_runs_in_a_container_of_theirs() {
    let tree = host(33_100, "");
    for kind in ["saved", "thread", "subordinate", "namespace"] {
        let program = Program::start(&tree, 33_100, kind);
        let ran = Ran::from(script(&tree, "$GOSYNC deluser alice").output().unwrap()).expect(1);
        let told = format!("`alice` runs 1 process (pid {})", program.0.id());
        assert!(ran.err.contains(&told), "{kind}: {ran:?}");
    }
    run(&tree, "$GOSYNC deluser alice");
}
