//! `gosync follow` with a document: rounds by the clock, what it says to systemd, what it says once, and how it ends.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::follower::Follower;
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const CONFIGURATION: &str =
    "[provider.p]\nkind = 'file'\npath = 'directory.json'\n[follow]\nevery = '1s'\n";

fn provide(world: &ScratchHost, people: &[&str]) {
    let users = people.iter().map(|name| {
        serde_json::json!({"id": format!("u-{name}"), "login": name, "name": name.to_uppercase()})
    });
    let users: Vec<_> = users.collect();
    world.write(
        "directory.json",
        &serde_json::json!({"users": users}).to_string(),
    );
}

fn host() -> ScratchHost {
    let mut world = ScratchHost::new(&Tree::base());
    world.leaves_stamps = true;
    world.write("gosync.toml", CONFIGURATION);
    provide(&world, &["ann", "bob"]);
    world
}

/// What systemd is told next.
fn told(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn it_looks_each_time_tells_systemd_and_ends_with_0() {
    let world = host();
    let path = world.dir().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    let mut command = world.command(&["follow"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut follower = Follower::spawn(&world, command);
    let told = std::iter::repeat_with(|| told(&socket));
    let to: Vec<String> = told.take_while(|it| it != "READY=1").collect();
    assert_eq!(to, ["STATUS=in step; looking every 1 s"]);
    assert!(world.read("etc/passwd").contains("\nann:"));
    provide(&world, &["ann", "bob", "cid"]);
    follower.until_file(&world, "etc/passwd", "\ncid:", true);
    follower.at_rest();
    let ended = follower.end(Signal::SIGTERM).expect(0);
    let told = std::iter::repeat_with(|| self::told(&socket));
    assert!(told.take(100).any(|it| it == "STOPPING=1"));
    let lines: Vec<&str> = ended.out.lines().collect();
    let [.., synced, new, sum] = lines.as_slice() else {
        panic!("{ended:?}")
    };
    assert_eq!(*synced, "gosync NOTICE: synced; looking every 1 s");
    assert!(new.contains("+ account cid"), "{ended:?}");
    assert_eq!(*sum, "gosync NOTICE: sync users: 1 created, 2 unchanged");
    assert_eq!(ended.err, "");
}

#[test]
fn what_fails_is_said_once_and_what_becomes_of_it() {
    let world = host();
    let mut follower = Follower::synced(&world, &[]);
    for (broken, name) in [("[provider", "gosync.toml"), ("{", "directory.json")] {
        world.write(name, broken);
        let runs = || std::fs::read(world.root().join("var/lib/gosync/last-runs.json")).unwrap();
        for _ in 0..4 {
            let before = runs();
            follower.until("another round", |_| runs() != before);
        }
        let said = follower.said();
        // Both commands fail for it.
        assert_eq!(said.err.matches("ERROR").count(), 1, "{said:?}");
        world.write("gosync.toml", CONFIGURATION);
        provide(&world, &["ann", "bob", name.split('.').next().unwrap()]);
        let line = format!("\n{}:", name.split('.').next().unwrap());
        follower.until_file(&world, "etc/passwd", &line, true);
        follower.until("it works", |said| {
            said.out.contains("sync groups: it works again")
        });
        follower.at_rest();
        follower.end(Signal::SIGTERM).expect(0);
        follower = Follower::synced(&world, &[]);
    }
}

#[test]
fn a_configuration_that_is_wrong_from_the_beginning_ends_it() {
    let world = host();
    for (text, arguments) in [
        ("[provider", &["follow"][..]),
        (
            "[provider.p]\nkind = 'file'\npath = 'x'\n[follow]\nevery = '0s'\n",
            &["follow"],
        ),
        (CONFIGURATION, &["follow", "--every", "0s"]),
    ] {
        world.write("gosync.toml", text);
        let ran = world.gosync(arguments).expect(2);
        assert!(ran.err.contains("ERROR"), "{ran:?}");
    }
}
