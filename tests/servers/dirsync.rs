//! DirSync as Windows has it, which Samba has not: answers in pieces, and everything told to whoever may replicate. And answers
//! that cannot be believed: whatever is odd leads to a read of everything in the same run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bare_host::bare_host;
use crate::ldap_stub::{Request, Stub, done, entry, message, tlv};
use crate::scratch::ScratchHost;

/// Which two people there are: 16 bytes each.
const IDS: [&str; 2] = ["guid-00000000001", "guid-00000000002"];
const PEOPLE: &str = "OU=people,DC=example,DC=org";
const CONTROL: &str = "1.2.840.113556.1.4.841";

/// The end of an answer in pieces.
fn told(id: u8, has_more: bool, cookie: &str) -> Vec<u8> {
    let value = [
        tlv(2, &[u8::from(has_more)]),
        tlv(2, &[0]),
        tlv(4, cookie.as_bytes()),
    ];
    with_control(id, &tlv(0x30, &value.concat()))
}

fn with_control(id: u8, value: &[u8]) -> Vec<u8> {
    let operation = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
    let control = tlv(0x30, &[tlv(4, CONTROL.as_bytes()), tlv(4, value)].concat());
    message(id, &operation, &control)
}

/// That an attribute of a person has changed.
fn changed(id: u8, person: usize) -> Vec<u8> {
    let dn = format!("CN=u{person},{PEOPLE}");
    let attributes: [(&str, &[&str]); 2] =
        [("objectGUID", &[IDS[person]]), ("displayName", &["x"])];
    entry(id, &dn, &attributes)
}

/// How often people were called otherwise, and how often all of them were asked for.
#[derive(Default)]
struct World {
    names: AtomicUsize,
    reads: AtomicUsize,
}

/// What comes before an answer, and how it ends.
fn answer(world: &World, request: &Request<'_>) -> Vec<u8> {
    let id = request.id;
    let paged = |entries: Vec<u8>| [entries, done(id, 0, Some(b""))].concat();
    let alone = |entry: Vec<u8>| [entry, done(id, 0, None)].concat();
    if request.mentions("1.3.6.1.4.1.4203.1.9.1.1") {
        return done(id, 12, None);
    }
    if request.mentions("supportedControl") {
        let attributes: [(&str, &[&str]); 2] = [
            ("supportedControl", &["1.2.840.113556.1.4.319", CONTROL]),
            ("supportedCapabilities", &["1.2.840.113556.1.4.800"]),
        ];
        return alone(entry(id, "", &attributes));
    }
    if request.mentions("dsServiceName") {
        let attributes: [(&str, &[&str]); 6] = [
            ("dsServiceName", &["CN=NTDS Settings,CN=DC1"]),
            ("schemaNamingContext", &["CN=Schema,DC=example,DC=org"]),
            ("configurationNamingContext", &["DC=example,DC=org"]),
            ("namingContexts", &["DC=example,DC=org"]),
            ("currentTime", &["20261130215152.0Z"]),
            ("highestCommittedUSN", &["7"]),
        ];
        return alone(entry(id, "", &attributes));
    }
    if request.mentions("invocationId") {
        let attributes: [(&str, &[&str]); 1] = [("invocationId", &["abcdefgh"])];
        return alone(entry(id, "CN=NTDS Settings,CN=DC1", &attributes));
    }
    if request.mentions("attributeSchema") {
        let known = [
            "name",
            "whenCreated",
            "isDeleted",
            "sAMAccountName",
            "displayName",
        ];
        let known = known.map(|name| entry(id, "CN=x", &[("lDAPDisplayName", &[name])]));
        let asked = request.mentions("whencreated").then(|| known.concat());
        return paged(asked.unwrap_or_default());
    }
    if !request.mentions(PEOPLE) {
        return paged(Vec::new());
    }
    let is_narrow = request.mentions("guid-");
    world
        .reads
        .fetch_add(usize::from(!is_narrow), Ordering::Relaxed);
    let n = world.names.load(Ordering::Relaxed);
    let person = |person: usize| {
        let (login, name) = (format!("u{person}"), format!("Name {n} {person}"));
        let attributes: [(&str, &[&str]); 4] = [
            ("objectGUID", &[IDS[person]]),
            ("sAMAccountName", &[&login]),
            ("displayName", &[&name]),
            ("userAccountControl", &["512"]),
        ];
        entry(id, &format!("CN={login},{PEOPLE}"), &attributes)
    };
    let asked = (0..2).filter(|person| !is_narrow || request.mentions(IDS[*person]));
    paged(asked.flat_map(person).collect())
}

/// A server that says by `told` what has changed, who was deleted, and what it can do besides; and a host of it.
fn windows(
    told: impl Fn(&Request<'_>, usize) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> (Stub, ScratchHost, Arc<World>) {
    let world = Arc::new(World::default());
    let shared = Arc::clone(&world);
    let stub = Stub::start(move |request| {
        let of_deletions = request.mentions("CN=Deleted Objects");
        let of_features = request.mentions("msDS-EnabledFeature");
        if of_deletions || of_features || request.mentions(CONTROL) {
            let said = told(request, shared.names.load(Ordering::Relaxed));
            return said.or_else(|| Some(done(request.id, 32, None)));
        }
        Some(answer(&shared, request))
    });
    let host = bare_host();
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{}'\nschema = 'ad'\nuser_base = '{PEOPLE}'\n\
         group_base = 'OU=groups,DC=example,DC=org'\n[accounts]\ncreate_home = false\n",
        stub.url()
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    // The first run of a host keeps nothing.
    for _ in 0..2 {
        assert_eq!(reads_after_a_change(&host, &world), 1, "a first read");
    }
    (stub, host, world)
}

/// How often all people were asked for by a sync, after they were called otherwise; and both have their new names.
#[track_caller]
fn reads_after_a_change(host: &ScratchHost, world: &World) -> usize {
    let before = world.reads.load(Ordering::Relaxed);
    let n = 1 + world.names.fetch_add(1, Ordering::Relaxed);
    let ran = host.gosync(&["sync", "users"]).expect(0);
    let passwd = host.read("etc/passwd");
    for person in 0..2 {
        let name = format!(":Name {n} {person}:");
        assert!(passwd.contains(&name), "{name} {passwd} {ran:?}");
    }
    world.reads.load(Ordering::Relaxed) - before
}

#[test]
fn an_answer_comes_in_pieces() {
    let (_stub, host, world) = windows(|request, n| {
        let id = request.id;
        request.mentions(CONTROL).then_some(())?;
        Some(match () {
            () if request.mentions("ck-first") => told(id, false, "ck-begun"),
            () if request.mentions("ck-begun") && n > 2 => {
                [changed(id, 0), told(id, true, "ck-part")].concat()
            }
            () if request.mentions("ck-part") => {
                [changed(id, 1), told(id, false, "ck-begun")].concat()
            }
            () if request.mentions("ck-") => told(id, false, "ck-begun"),
            () => told(id, true, "ck-first"),
        })
    });
    for _ in 0..2 {
        assert_eq!(reads_after_a_change(&host, &world), 0, "all was read");
    }
}

#[test]
fn an_answer_that_is_odd_leads_to_a_read_of_all() {
    type Odd = fn(u8) -> Vec<u8>;
    let all: [(&str, Odd); 9] = [
        ("refused 50", |id| done(id, 50, None)),
        ("refused 53", |id| done(id, 53, None)),
        ("refused after some", |id| {
            [changed(id, 0), done(id, 53, None)].concat()
        }),
        ("without a cookie", |id| done(id, 0, None)),
        ("an empty cookie", |id| told(id, false, "")),
        ("no well-formed end", |id| {
            with_control(id, &[0x30, 3, 2, 1, 0])
        }),
        ("the same cookie without end", |id| {
            told(id, true, "ck-begun")
        }),
        ("nothing that says who", |id| {
            let nobody: [(&str, &[&str]); 1] = [("displayName", &["x"])];
            [entry(id, "CN=x", &nobody), told(id, false, "ck-next")].concat()
        }),
        ("too many", |id| {
            let many = (0..1_001).flat_map(|_| changed(id, 0));
            many.chain(told(id, false, "ck-next")).collect()
        }),
    ];
    for (what, odd) in all {
        let (_stub, host, world) = windows(move |request, n| {
            let id = request.id;
            request.mentions(CONTROL).then_some(())?;
            let is_begun = request.mentions("ck-");
            Some(match is_begun && n > 3 {
                true => odd(id),
                false if is_begun && n > 2 => {
                    [changed(id, 0), changed(id, 1), told(id, false, "ck-begun")].concat()
                }
                false => told(id, false, "ck-begun"),
            })
        });
        assert_eq!(reads_after_a_change(&host, &world), 0, "{what}: before");
        assert_eq!(reads_after_a_change(&host, &world), 1, "{what}");
    }
}

/// Who is in a group for a time is one day not in it any more, and nothing tells of it.
#[test]
fn where_members_lapse_everything_is_read() {
    for (feature, is_read) in [("Recycle Bin", 0), ("Privileged Access Management", 1)] {
        let (_stub, host, world) = windows(move |request, n| {
            let id = request.id;
            if request.mentions("msDS-EnabledFeature") {
                let name = format!("CN={feature} Feature,CN=Optional Features,DC=example,DC=org");
                let features: [(&str, &[&str]); 1] = [("msDS-EnabledFeature", &[&name])];
                let found = entry(id, "CN=Partitions,DC=example,DC=org", &features);
                return Some([found, done(id, 0, None)].concat());
            }
            Some(match request.mentions("ck-") && n > 2 {
                true => [changed(id, 0), changed(id, 1), told(id, false, "ck-next")].concat(),
                false => told(id, false, "ck-begun"),
            })
        });
        assert_eq!(reads_after_a_change(&host, &world), is_read, "{feature}");
    }
}

/// Who may not replicate is told what they may see, and believed if they see a tombstone.
#[test]
fn who_may_not_replicate_is_shown_a_tombstone_first() {
    for (sees, name) in [(true, "CN=a\\0ADEL:1,"), (false, "")] {
        let (_stub, host, world) = windows(move |request, n| {
            let id = request.id;
            if request.mentions("CN=Deleted Objects") {
                let dn = format!("{name}CN=Deleted Objects,DC=example,DC=org");
                return Some([entry(id, &dn, &[]), done(id, 0, Some(b""))].concat());
            }
            request.mentions(CONTROL).then_some(())?;
            let mut bytes = request.bytes.windows(6);
            let may_replicate = bytes.any(|flags| flags == b"\x02\x04\x80\0\0\0");
            Some(match () {
                () if may_replicate => done(id, 50, None),
                () if request.mentions("ck-") && n > 2 => {
                    [changed(id, 0), changed(id, 1), told(id, false, "ck-next")].concat()
                }
                () => told(id, false, "ck-begun"),
            })
        });
        let reads = reads_after_a_change(&host, &world);
        assert_eq!(reads, usize::from(!sees), "sees a tombstone: {sees}");
    }
}
