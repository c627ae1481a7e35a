//! Servers that want to cost memory or time, against the program itself: it ends with status 12, in time, and with less
//! memory than it may have. Whatever they do, nothing aborts.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ldap_stub::{Stub, done, entry, message, message_from, person, tlv};
use crate::scratch::ScratchHost;
use crate::web::{Reply, Web};

/// What a read may take, in seconds.
const TIME_LIMIT: u64 = 8;
/// The most memory that gosync may use unless told otherwise, and less than that, so that a slow machine reaches it in time;
/// in MiB.
const MEMORY: u64 = 256;
const LITTLE: u64 = 80;

/// Runs its arguments and says on its last line how much memory that took.
const MEASURE: &str = "import resource, subprocess, sys\n\
    code = subprocess.run(sys.argv[1:]).returncode\n\
    print(f'peak {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}', file=sys.stderr)\n\
    sys.exit(code if code >= 0 else 128 - code)";

/// A host on which there is nobody but root.
fn host() -> ScratchHost {
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for (name, text, mode) in [
        ("passwd", "root:x:0:0:root:/root:/bin/bash\n", 0o644),
        ("group", "root:x:0:\nusers:x:100:\n", 0o644),
        ("shadow", "root:*:19000:0:99999:7:::\n", 0o640),
        ("gshadow", "root:*::\nusers:*::\n", 0o640),
        ("shells", "/bin/bash\n", 0o644),
    ] {
        host.write_with_mode(&format!("root/etc/{name}"), text, mode);
    }
    host
}

/// What the program says about a server that this section names, after checks of all that is always so.
fn refused(memory: u64, section: &str) -> String {
    let host = host();
    let text = format!(
        "[gosync]\ntime_limit = '{TIME_LIMIT}s'\nmemory_limit = '{memory}MiB'\n[provider.bad]\n{section}"
    );
    host.write_with_mode("gosync.toml", text, 0o644);
    host.write_with_mode("token", "a-token\n", 0o600);
    let program = host.command(&["sync", "groups", "--dry-run"]);
    let begun = Instant::now();
    let output = std::process::Command::new("python3")
        .args(["-c", MEASURE])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .env("GOSYNC_CONFIG", host.config())
        .current_dir(host.dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let peak = said.lines().last().unwrap().strip_prefix("peak ").unwrap();
    let peak: u64 = peak.parse().unwrap();
    assert_eq!(output.status.code(), Some(12), "{said}");
    assert!(peak < memory << 10, "{peak} KiB: {said}");
    assert!(
        took < Duration::from_secs(TIME_LIMIT + 3),
        "{took:?}: {said}"
    );
    said
}

fn ldap(url: &str) -> String {
    format!(
        "kind = 'ldap'\nurl = '{url}'\nuser_base = 'ou=people,dc=example,dc=org'\n\
         group_base = 'ou=groups,dc=example,dc=org'\n"
    )
}

/// What the program says about an LDAP server that answers the first request by what `pour` writes.
fn poured(
    memory: u64,
    pour: impl FnOnce(&mut TcpStream, u8) -> io::Result<()> + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let request = message_from(&mut client).unwrap();
        // The id of the message stands behind a header of two to six bytes.
        let header = match request[1] {
            0..0x80 => 2,
            more => 2 + usize::from(more & 0x7f),
        };
        // That gosync has gone is what ends most of them.
        let _ = pour(&mut client, request[header + 2]);
        // What it closes first is not read as a broken connection.
        let _ = message_from(&mut client);
    });
    let said = refused(memory, &ldap(&url));
    server.join().unwrap();
    said
}

/// What the program says about an LDAP server that gives this answer to the first request.
fn answered(answer: impl Fn(u8) -> Vec<u8> + Send + Sync + 'static) -> String {
    let stub = Stub::start(move |request| Some(answer(request.id)));
    refused(MEMORY, &ldap(&stub.url()))
}

/// So many sequences in one another.
fn nested(levels: usize) -> Vec<u8> {
    let headers = (0..levels).rev().flat_map(|inner| {
        let length = u32::try_from(inner * 6).unwrap().to_be_bytes();
        [&[0x30, 0x84][..], &length].concat()
    });
    headers.collect()
}

#[test]
fn a_message_that_claims_four_gigabytes() {
    let said = poured(MEMORY, |client, _| {
        client.write_all(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff])?;
        loop {
            client.write_all(&[0; 1 << 16])?;
        }
    });
    assert!(said.contains("`max_message` allows 16777216"), "{said}");
}

#[test]
fn one_value_of_three_hundred_megabytes() {
    const VALUE: usize = 300 << 20;
    let said = poured(MEMORY, |client, id| {
        let long = |tag: u8, content: usize| {
            let length = u32::try_from(content).unwrap().to_be_bytes();
            [&[tag, 0x84][..], &length].concat()
        };
        let dn = tlv(4, b"uid=u1,ou=people,dc=example,dc=org");
        let mut head = long(4, VALUE);
        let name = tlv(4, b"cn");
        head = [long(0x31, VALUE + head.len()), head].concat();
        head = [long(0x30, VALUE + name.len() + head.len()), name, head].concat();
        head = [long(0x30, VALUE + head.len()), head].concat();
        head = [long(0x64, VALUE + dn.len() + head.len()), dn, head].concat();
        head = [tlv(2, &[id]), head].concat();
        head = [long(0x30, VALUE + head.len()), head].concat();
        client.write_all(&head)?;
        for _ in 0..VALUE >> 16 {
            client.write_all(&[b'x'; 1 << 16])?;
        }
        Ok(())
    });
    assert!(said.contains("`max_message`"), "{said}");
}

#[test]
fn the_same_entry_again_and_again() {
    let said = poured(LITTLE, |client, id| {
        let many = person(id, 1).repeat(500);
        loop {
            client.write_all(&many)?;
        }
    });
    assert!(said.contains("`memory_limit`"), "{said}");
}

#[test]
fn entries_without_end() {
    let said = poured(LITTLE, |client, id| {
        for n in 0.. {
            let many: Vec<u8> = (n * 500..(n + 1) * 500)
                .flat_map(|n| person(id, n))
                .collect();
            client.write_all(&many)?;
        }
        Ok(())
    });
    assert!(said.contains("`memory_limit`"), "{said}");
}

#[test]
fn sequences_in_sequences() {
    let said = answered(|id| {
        let dn = tlv(4, b"uid=u1,ou=people,dc=example,dc=org");
        message(id, &tlv(0x64, &[dn, nested(60_000)].concat()), &[])
    });
    assert!(said.contains("an entry that is not well-formed"), "{said}");
    // In the controls.
    let end = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
    let control = end.clone();
    let said = answered(move |id| message(id, &control, &nested(60_000)));
    assert!(said.contains("whether there is another page"), "{said}");
    // In the value of a control, which is a document of its own.
    let said = answered(move |id| {
        let value = tlv(4, &nested(60_000));
        let paged = tlv(0x30, &[tlv(4, b"1.2.840.113556.1.4.319"), value].concat());
        message(id, &end, &paged)
    });
    assert!(said.contains("page marker is not well-formed"), "{said}");
}

#[test]
fn one_entry_of_millions_of_empty_values() {
    let said = answered(|id| {
        let values = tlv(0x31, &[4, 0].repeat(8_000_000));
        let list = tlv(0x30, &tlv(0x30, &[tlv(4, b"cn"), values].concat()));
        let dn = tlv(4, b"uid=u1,ou=people,dc=example,dc=org");
        message(id, &tlv(0x64, &[dn, list].concat()), &[])
    });
    assert!(said.contains("more than 524288 values"), "{said}");
}

#[test]
fn large_groups_without_end() {
    let said = poured(LITTLE, |client, id| {
        client.write_all(&[person(id, 1), done(id, 0, Some(b""))].concat())?;
        let request = message_from(client).ok_or(io::ErrorKind::BrokenPipe)?;
        assert!(request.len() > 5);
        for n in 0.. {
            let members: Vec<String> = (0..100_000).map(|m| format!("s{n}x{m}")).collect();
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            let (name, uuid) = (format!("g{n}"), format!("uuid-{n}"));
            let dn = format!("cn={name},ou=groups,dc=example,dc=org");
            let attributes: [(&str, &[&str]); 3] = [
                ("cn", &[&name]),
                ("entryUUID", &[&uuid]),
                ("memberUid", &members),
            ];
            client.write_all(&entry(id + 1, &dn, &attributes))?;
        }
        Ok(())
    });
    assert!(said.contains("`memory_limit`"), "{said}");
}

fn scim(url: &str) -> String {
    format!("kind = 'scim'\nurl = '{url}'\ntoken_file = 'token'\n")
}

#[test]
fn a_million_people_in_one_answer() {
    let users: Vec<String> = (0..1_000_000)
        .map(|n| format!("{{\"id\":\"{n}\",\"userName\":\"u{n}\"}}"))
        .collect();
    let body = format!(
        "{{\"totalResults\":1000000,\"Resources\":[{}]}}",
        users.join(",")
    );
    let web = Web::start(move |asked| match asked.path() {
        "/Users" => Reply::new(200, "application/scim+json", body.clone()),
        _ => Reply::json(404, &json!({})),
    });
    let said = refused(MEMORY, &scim(&web.url("")));
    assert!(said.contains("`memory_limit`"), "{said}");
}

#[test]
fn an_object_of_three_million_keys() {
    let keys: Vec<String> = (0..3_000_000).map(|n| format!("\"k{n}\":1")).collect();
    let body = format!("{{{}}}", keys.join(","));
    let web = Web::start(move |asked| match asked.path() {
        "/Users" => Reply::new(200, "application/scim+json", body.clone()),
        _ => Reply::json(404, &json!({})),
    });
    let said = refused(MEMORY, &scim(&web.url("")));
    assert!(said.contains("`memory_limit`"), "{said}");
}

#[test]
fn pages_of_people_without_end() {
    const PAGE: u64 = 20_000;
    let web = Web::start(|asked| {
        let Some(start) = asked.parameter("startIndex") else {
            return Reply::json(404, &json!({}));
        };
        let start: u64 = start.parse().unwrap();
        let users: Vec<_> = (start..start + PAGE)
            .map(|n| json!({"id": n.to_string(), "userName": format!("u{n}")}))
            .collect();
        let page = json!({"totalResults": 4_000_000, "startIndex": start, "itemsPerPage": PAGE, "Resources": users});
        Reply::json(200, &page)
    });
    let said = refused(LITTLE, &scim(&web.url("")));
    assert!(said.contains("`memory_limit`"), "{said}");
}

#[test]
fn a_directory_of_ten_thousand_fits_many_times_over() {
    // What an honest server sends passes with a limit that leaves little room.
    let stub = Stub::start(|request| {
        let people = (0..10_000).flat_map(|n| person(request.id, n));
        let people: Vec<u8> = people.collect();
        Some(match request.mentions("ou=groups") {
            true => done(request.id, 0, Some(b"")),
            false => [people, done(request.id, 0, Some(b""))].concat(),
        })
    });
    let host = host();
    let text = format!(
        "[gosync]\nmemory_limit = '80MiB'\n[provider.good]\n{}",
        ldap(&stub.url())
    );
    host.write_with_mode("gosync.toml", text, 0o644);
    let ran = host.gosync(&["sync", "groups", "--dry-run"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn what_a_read_may_have_in_all_is_set_in_the_section() {
    let stub = Stub::start(|request| {
        let people: Vec<u8> = (0..5_000).flat_map(|n| person(request.id, n)).collect();
        Some([people, done(request.id, 0, Some(b""))].concat())
    });
    let section = format!(
        "{}max_message = '64KiB'\nmax_read = '256KiB'\n",
        ldap(&stub.url())
    );
    let said = refused(MEMORY, &section);
    assert!(
        said.contains("more than 262144 bytes; `max_read`"),
        "{said}"
    );
}

#[test]
fn nothing_of_the_program_is_dumped() {
    // It waits for an answer that does not come, and can be looked at meanwhile.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let host = host();
    let text = format!(
        "[gosync]\ntime_limit = '30s'\n[provider.slow]\n{}",
        ldap(&url)
    );
    host.write_with_mode("gosync.toml", text, 0o644);
    let mut child = host
        .command(&["sync", "groups", "--dry-run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let client = listener.accept().unwrap();
    let proc = format!("/proc/{}", child.id());
    let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(client);
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let soft = core.unwrap().split_whitespace().nth(4);
    assert_eq!(soft, Some("0"), "{limits}");
}
