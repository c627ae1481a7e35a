//! A real sshd reads what gosync wrote: it lets a person in with their key, no longer after the lock, and again after
//! the return; from the files, from `gosync keys`, and from homes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]
#![allow(
    clippy::print_stderr,
    clippy::disallowed_macros,
    reason = "what the server says, if a test fails"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::namespace::{run, script, sound_tree};
use crate::small_host::{Database, SmallHost, document, person};

/// A host with an sshd, and two key pairs.
struct World {
    tree: SmallHost,
    sshd: Option<Child>,
    port: u16,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
    }
}

fn must(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output
        .unwrap_or_else(|e| panic!("{command:?}: {e}: install openssh-client and openssh-server"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

impl World {
    fn new(more: &str) -> Self {
        let tree = sound_tree(Database::Etc);
        tree.configure(more);
        for (file, line) in [
            ("passwd", "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"),
            ("shadow", "sshd:!:20000::::::\n"),
        ] {
            let mode = if file == "shadow" { 0o640 } else { 0o644 };
            let text = tree.read(&format!("etc/{file}")) + line;
            tree.write(
                &format!("etc/{file}"),
                &text,
                mode,
                if mode == 0o640 { 42 } else { 0 },
            );
        }
        fs::create_dir_all(tree.path("run/sshd")).unwrap();
        let world = Self {
            tree,
            sshd: None,
            port: 0,
        };
        for (name, kind) in [("host", "ed25519"), ("one", "ed25519"), ("two", "ecdsa")] {
            must(
                Command::new("ssh-keygen")
                    .args(["-q", "-N", "", "-t", kind, "-f"])
                    .arg(world.file(name)),
            );
        }
        world
    }

    fn file(&self, name: &str) -> PathBuf {
        self.tree.dir().join(name)
    }

    fn public(&self, name: &str) -> String {
        fs::read_to_string(self.file(&format!("{name}.pub")))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// Starts the server with these lines in its configuration, on a port that was free a moment ago.
    fn start(&mut self, lines: &str) {
        self.stop();
        for _ in 0..10 {
            self.port = std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let config = self.file("sshd_config");
            let text = format!(
                "ListenAddress 127.0.0.1:{}\nHostKey {}\nPidFile none\nUsePAM no\nPasswordAuthentication no\n\
                 KbdInteractiveAuthentication no\nLogLevel VERBOSE\n{lines}\n",
                self.port,
                self.file("host").display()
            );
            fs::write(&config, text).unwrap();
            let line = format!("exec /usr/sbin/sshd -D -e -f {}", config.display());
            let mut child = script(&self.tree, &line)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap())
                .lines()
                .map_while(Result::ok);
            let is_up = said.by_ref().any(|line| line.contains("Server listening"));
            // What it says further is read, so that it never waits, and shown if a test fails.
            std::thread::spawn(move || said.for_each(|line| eprintln!("{line}")));
            self.sshd = Some(child);
            if is_up {
                return;
            }
            self.stop();
        }
        panic!("sshd does not start");
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.sshd.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether the server lets `alice` in with this key.
    fn lets_in(&self, key: &str) -> bool {
        let output = Command::new("ssh")
            .args([
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "IdentityAgent=none",
            ])
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-i",
            ])
            .arg(self.file(key))
            .args(["-p", &self.port.to_string(), "alice@127.0.0.1", "id -un"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => assert_eq!(output.stdout, b"alice\n"),
            _ => assert!(complaint.contains("Permission denied"), "{complaint}"),
        }
        output.status.success()
    }

    fn sync(&self, alice: &Value) {
        self.tree.provide(&document(
            &[alice.clone(), person("u-2", "bob", "Bob", true)],
            &[],
        ));
        run(&self.tree, "$GOSYNC sync users");
    }

    fn alice(&self, active: bool, keys: &[&str]) -> Value {
        let mut alice = person("u-1", "alice", "Alice", active);
        alice["ssh_keys"] = keys.iter().map(|key| self.public(key)).collect();
        alice
    }

    /// The whole story.
    fn lives(&self) {
        self.sync(&self.alice(true, &["one"]));
        assert_eq!(
            (self.lets_in("one"), self.lets_in("two")),
            (true, false),
            "with her key"
        );
        self.sync(&self.alice(true, &["two"]));
        assert_eq!(
            (self.lets_in("one"), self.lets_in("two")),
            (false, true),
            "with her new key"
        );
        self.sync(&self.alice(false, &["two"]));
        assert!(!self.lets_in("two"), "after the lock");
        // Not for the lock alone: the key itself is gone.
        run(
            &self.tree,
            "usermod -U -e '' alice || usermod -p '*' -e '' alice",
        );
        assert!(!self.lets_in("two"), "her key is withdrawn");
        self.sync(&self.alice(false, &["two"]));
        self.sync(&self.alice(true, &["one", "two"]));
        assert_eq!(
            (self.lets_in("one"), self.lets_in("two")),
            (true, true),
            "after her return"
        );
        run(&self.tree, "$GOSYNC lock alice --reason=stolen");
        assert!(!self.lets_in("two"), "locked by an administrator");
        run(&self.tree, "getent shadow alice | grep '^alice:!.*:1:$'");
        self.sync(&self.alice(true, &["one", "two"]));
        assert!(!self.lets_in("two"), "whatever the provider says");
        run(&self.tree, "$GOSYNC unlock alice");
        assert!(self.lets_in("two"), "let in again");
        run(&self.tree, "$GOSYNC --force deluser alice --remove-home");
        assert!(!self.lets_in("two"), "after she is removed");
    }
}

#[test]
fn it_lets_people_in_by_the_files() {
    let mut world = World::new("");
    let line = gosync::testing::policy::keys::KeyRules::default()
        .sshd_config()
        .unwrap();
    world.start(&line);
    world.lives();
    assert!(!world.tree.path("etc/ssh/authorized_keys.d/alice").exists());
}

#[test]
fn it_lets_people_in_by_asking_gosync() {
    let mut world = World::new("");
    // sshd runs no program that stands where others may write, and asks as somebody who may read the configuration.
    world.tree.install_program("srv/gosync");
    fs::copy(world.tree.config(), world.tree.path("srv/gosync.toml")).unwrap();
    must(
        Command::new("chmod")
            .arg("644")
            .arg(world.tree.path("srv/gosync.toml")),
    );
    must(
        Command::new("chmod")
            .arg("755")
            .arg(world.tree.path("srv/gosync")),
    );
    world.start(
        "AuthorizedKeysFile none\nAuthorizedKeysCommandUser nobody\n\
         AuthorizedKeysCommand /srv/gosync -f /srv/gosync.toml keys %u",
    );
    world.lives();
}

#[test]
fn it_lets_people_in_by_their_homes() {
    let mut world = World::new("[keys]\nplace = \"home\"\noptions = \"restrict\"\n");
    world.start("AuthorizedKeysFile .ssh/authorized_keys");
    world.lives();
}
