//! `gosync shell` as somebody sees it who sits at a terminal: prompt, completion, history.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};

use crate::manifest::Tree;
use crate::scratch::ScratchHost;

/// A test that hears nothing for so long stops.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on a terminal of its own.
pub struct Terminal {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    /// What was printed and not yet waited for.
    seen: String,
}

impl Terminal {
    fn start(world: &ScratchHost, args: &[&str]) -> Self {
        Self::start_with(world, args, None)
    }

    /// Another program on a terminal.
    pub fn of(command: &mut Command) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        let slave = File::from(pty.slave);
        let child = command
            .stdin(Stdio::from(slave.try_clone().unwrap()))
            .stdout(Stdio::from(slave.try_clone().unwrap()))
            .stderr(Stdio::from(slave))
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
        // It must not hold our ends of the terminal.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self::over(child, File::from(pty.master))
    }

    /// The same with an environment variable.
    fn start_with(world: &ScratchHost, args: &[&str], variable: Option<(&str, &str)>) -> Self {
        let mut command = world.command(args);
        Self::of(command.env("TERM", "xterm").envs(variable))
    }

    fn over(child: Child, keys: File) -> Self {
        let mut screen = keys.try_clone().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last one who holds the terminal closes it: then reading fails.
            while let Ok(n @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            output,
            seen: String::new(),
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is printed. Returns what was printed before it.
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_owned();
                self.seen.drain(..at + text.len());
                return before;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(e) => panic!("`{text}` does not come ({e}); there is {:?}", self.seen),
            }
        }
    }

    /// What is printed until the end.
    fn rest(&mut self) -> String {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        std::mem::take(&mut self.seen)
    }

    /// Types a line, and waits for what it prints and for the next prompt.
    fn line(&mut self, keys: &str, answer: &str) -> String {
        self.press(keys);
        let before = self.wait_for(answer);
        self.wait_for("gosync> ");
        before
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn world() -> ScratchHost {
    let world = ScratchHost::new(&Tree::base());
    world.write(
        "directory.json",
        &crate::text("tests/it/transcripts/directory.json"),
    );
    world
}

#[test]
fn a_shell_has_a_prompt_completion_and_a_history() {
    let world = world();
    let mut shell = Terminal::start(&world, &["shell"]);
    shell.wait_for("gosync> ");
    // Commands, groups and people are completed.
    shell.line("gro\t ge\t sta\t\r", "staff-all g-1");
    shell.line("group member osg car\t\r", "osg: `carol` is a member");
    // The line before comes back.
    shell.line("\x1b[A\r", "osg: `carol` is a member already");
    // A second tab shows what there is.
    shell.press("group member\t\t");
    shell.wait_for("members");
    shell.wait_for("gosync> group member");
    // A line can be given up; what fails ends nothing.
    shell.line("\x03", "\n");
    shell.line(
        "group get nothing\r",
        "there is no group `nothing` among those that we manage",
    );
    shell.line("group get \"osg\r", "a quotation mark is not closed");
    // What was made meanwhile is completed, too.
    shell.line("group new fresh\r", "fresh: made, with the id g-");
    shell.line("group get fre\t\r", "fresh g-");
    shell.line("sync users --only bob,al\t -n\r", "2 created");
    shell.press("\x04");
    assert_eq!(shell.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_list_on_a_terminal_is_a_table_that_a_terminal_does_not_obey() {
    let world = world();
    world.write(
        "directory.json",
        r#"{"users": [{"id": "u-1", "login": "al", "name": "\u001b[2Jx"}], "groups": [{"id": "g-1", "name": "a\u001b[2Jb", "description": "\u009b1mc"}]}"#,
    );
    for (args, wanted) in [
        (&["group", "list"][..], "a\\u{1b}[2Jb  \\u{9b}1mc\r\n"),
        (
            &["group", "list", "-format", "csv"],
            "a\\u{1b}[2Jb,,\\u{9b}1mc\r\n",
        ),
        (&["group", "get", "a\u{1b}[2Jb"], "a\\u{1b}[2Jb g-1\r\n"),
        (&["user", "dump", "-t", "csv"], "al,\\u{1b}[2Jx,"),
    ] {
        let mut terminal = Terminal::start(&world, args);
        terminal.wait_for(wanted);
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0), "{args:?}");
    }
}

#[test]
fn what_is_done_to_all_is_asked_about_where_somebody_types() {
    let world = world();
    world.shell("printf 'alice:x:1001:100:A:/home/alice:/bin/sh\\n' >> root/etc/passwd; printf 'alice:*:20000:0:99999:7:::\\n' >> root/etc/shadow");
    let passwd = world.read("etc/passwd");
    let ask = |answer: &str, code: i32| {
        let mut terminal = Terminal::start(&world, &["--color", "never", "adopt", "--all"]);
        let before = terminal.wait_for("do it? [y/N] ");
        assert!(before.contains("~ adopt account alice"), "{before}");
        terminal.press(answer);
        assert_eq!(
            terminal.child.wait().unwrap().code(),
            Some(code),
            "{answer}"
        );
    };
    for no in ["n\n", "\n", "\x04"] {
        ask(no, 1);
        assert_eq!(world.read("etc/passwd"), passwd);
    }
    ask("y\n", 0);
    let mut terminal = Terminal::start(&world, &["adopt", "--all", "--yes"]);
    terminal.wait_for("nothing to do");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
}

#[test]
fn whoever_types_is_asked_before_homes_or_many_accounts_go() {
    let world = world();
    world.gosync(&["-q", "sync", "users"]).expect(0);
    let mut terminal = Terminal::start(&world, &["deluser", "--remove-home", "alice"]);
    let before = terminal.wait_for("do it? [y/N] ");
    assert!(before.contains("and its home /home/alice"), "{before}");
    terminal.press("n\n");
    terminal.wait_for("the answer was no");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(1));
    assert!(world.root().join("home/alice").is_dir());
    assert!(world.read("etc/passwd").contains("\nalice:"));
    // Few accounts go without a question, and whoever says --yes is not asked, nor is a script.
    for args in [
        &["deluser", "bob"][..],
        &["deluser", "--remove-home", "--yes", "alice"],
    ] {
        let mut terminal = Terminal::start(&world, args);
        terminal.wait_for("1 removed");
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    }
    assert!(!world.root().join("home/alice").exists());
    let users = |out: i32| {
        let user = |n: i32| {
            format!(
                r#"{{"id": "u{n}", "login": "user{n}", "active": {}}}"#,
                n >= out
            )
        };
        let users: Vec<String> = (0..80).map(user).collect();
        format!(r#"{{"users": [{}], "groups": []}}"#, users.join(","))
    };
    world.write("directory.json", &users(0));
    world.gosync(&["-q", "sync", "users"]).expect(0);
    world.write("directory.json", &users(6));
    let mut terminal = Terminal::start(&world, &["sync", "users"]);
    terminal.wait_for("do it? [y/N] ");
    terminal.press("y\n");
    terminal.wait_for("6 locked");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
}

#[test]
fn signs_and_counts_have_colours_on_a_terminal_and_nowhere_else() {
    let world = world();
    let mut terminal = Terminal::start(&world, &["sync", "users", "-n"]);
    let plan = terminal.wait_for("carries it out");
    assert!(
        plan.contains("\u{1b}[32m+\u{1b}[0m account alice uid="),
        "{plan:?}"
    );
    assert!(
        plan.contains("dry run: \u{1b}[32m3 created\u{1b}[0m, 0 unchanged"),
        "{plan:?}"
    );
    let piped = world.gosync(&["sync", "users", "-n"]).expect(0);
    assert!(!piped.out.contains('\u{1b}'), "{piped:?}");
    let always = world
        .gosync(&["--color", "always", "sync", "users"])
        .expect(0);
    assert!(
        always
            .out
            .contains("gosync NOTICE: \u{1b}[32m+\u{1b}[0m account"),
        "{always:?}"
    );
    for (args, variable) in [
        (&["--color", "never", "drift"][..], None),
        (&["sync", "users", "-n", "--force"], Some(("NO_COLOR", "1"))),
    ] {
        let mut terminal = Terminal::start_with(&world, args, variable);
        let code = terminal.child.wait().unwrap().code();
        assert_eq!(code, Some(0), "{args:?}");
        let text = terminal.rest();
        assert!(!text.contains("\u{1b}[3"), "{text:?}");
    }
}

#[test]
fn a_long_plan_begins_with_its_sum() {
    let world = world();
    let users = |count: i32| {
        let user = |n: i32| format!(r#"{{"id": "u{n}", "login": "user{n}"}}"#);
        let users: Vec<String> = (0..count).map(user).collect();
        format!(r#"{{"users": [{}], "groups": []}}"#, users.join(","))
    };
    world.write("directory.json", &users(50));
    let short = world.gosync(&["sync", "users", "-n"]).expect(0);
    assert!(short.out.starts_with("+ account user0 "), "{short:?}");
    world.write("directory.json", &users(51));
    let sum = "gosync NOTICE: 51 created, 0 unchanged, in 51 lines:\n";
    for args in [&["sync", "users", "-n"][..], &["sync", "users"]] {
        let long = world.gosync(args).expect(0);
        assert!(long.out.starts_with(sum), "{long:?}");
    }
}
