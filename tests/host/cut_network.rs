//! `gosync follow` when the network between it and the server swallows every packet: no end of the connection, no refusal.
//!
//! The server and the program have a network namespace each, joined by a cable that is pulled out and put back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::unistd::gettid;

use crate::bare_host::bare_host;
use crate::follower::Follower;
use crate::scratch::ScratchHost;
use crate::slapd::{Groups, SUFFIX, Slapd};

const SERVER: &str = "10.9.9.1";
const CLIENT: &str = "10.9.9.2";

/// Runs ip(8) in the namespace of this thread.
fn ip(arguments: &str) {
    let ran = Command::new("ip").args(arguments.split(' ')).output();
    let ran = ran.expect("ip is missing: install the Debian package iproute2");
    assert!(ran.status.success(), "ip {arguments}: {ran:?}");
}

/// This thread, and what it starts, gets a network of its own, in which only the loopback is.
fn of_its_own() {
    unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace needs root");
    ip("link set lo up");
}

/// Hands what comes to this namespace on to the server. Its threads end with their connections.
fn listen(server: &Slapd) -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = server.tls_url().replace("ldaps://", "");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&to) else {
                continue;
            };
            let halves = [(&client, &server), (&server, &client)]
                .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()));
            for (mut from, mut to) in halves {
                thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    port
}

/// Starts the program at the other end of the cable.
fn follower(host: &ScratchHost) -> Follower {
    let here = format!("/proc/{}/task/{}/ns/net", std::process::id(), gettid());
    thread::scope(|scope| {
        let there = scope.spawn(|| {
            of_its_own();
            ip(&format!(
                "link add near type veth peer name far netns {here}"
            ));
            ip(&format!("addr add {CLIENT}/24 dev near"));
            ip("link set near up");
            Follower::start(host, &["--every", "1s"])
        });
        there.join().unwrap()
    })
}

fn add(server: &Slapd, n: u32) {
    server.modify(&format!(
        "dn: uid=new{n},ou=people,{SUFFIX}\nchangetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: new{n}\n\
         cn: New\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/new{n}\n",
        30_000 + n
    ));
}

#[test]
fn a_network_that_swallows_everything_is_noticed_and_followed_again_when_it_is_back() {
    of_its_own();
    let server = Slapd::builder(Groups::Nis)
        .people(3)
        .tls(&format!("IP:{SERVER}"))
        .setting("moduleload syncprov")
        .database("overlay syncprov\nsyncprov-sessionlog 100")
        .start();
    let mut host = bare_host();
    host.leaves_stamps = true;
    let port = listen(&server);
    let settings = format!(
        "[gosync]\ntime_limit = '2s'\n[provider.campus]\nkind = 'ldap'\nurl = 'ldaps://{SERVER}:{port}'\nca_file = 'ca.pem'\nschema = 'rfc2307'\n\
         user_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n[accounts]\ncreate_home = false\n"
    );
    host.write_with_mode("ca.pem", server.authority(), 0o600);
    host.write_with_mode("gosync.toml", settings, 0o600);

    let mut follower = follower(&host);
    ip(&format!("addr add {SERVER}/24 dev far"));
    ip("link set far up");
    follower.until("synced", |said| said.out.contains("NOTICE: synced; "));
    add(&server, 1);
    follower.until_file(&host, "etc/passwd", "\nnew1:", true);

    ip("link set far down");
    add(&server, 2);
    follower.until("it is noticed", |said| {
        said.err.contains("no sign of life") && said.err.contains("ERROR: cannot reach ldaps:")
    });
    assert!(!host.read("etc/passwd").contains("new2"));
    ip("link set far up");
    follower.until_file(&host, "etc/passwd", "\nnew2:", true);
    follower.until("it is back", |said| {
        said.out.contains("reports changes; listening")
            && said.out.contains("sync users: it works again")
    });
    add(&server, 3);
    follower.until_file(&host, "etc/passwd", "\nnew3:", true);
    follower.end(Signal::SIGTERM);
}
