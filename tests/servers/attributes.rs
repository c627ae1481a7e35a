//! Further attributes of people come from LDAP and SCIM, by increment, too, and are asked for only if somebody wants them.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use crate::bare_host::bare_host;
use crate::proxy::{Fault, Proxy};
use crate::scratch::ScratchHost;
use crate::slapd::{Groups, SUFFIX, Slapd};

const PEOPLE: usize = 60;

/// A host whose target shows `attributes.quota`, which is `quota` at the server.
fn configure(host: &ScratchHost, port: u16, target: &str, quota: &str) {
    let text = format!(
        "[gosync]\ntargets = ['host'{target}]\n\
         [provider.campus]\nkind = 'ldap'\nurl = 'ldap://127.0.0.1:{port}'\nschema = 'rfc2307'\n\
         user_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n\
         extra_attributes = {{ quota = '{quota}' }}\n\
         [accounts]\ncreate_home = false\n\
         [target.quotas]\nkind = 'template'\npath = '/etc/quotas'\nline = '{{name}}:\"{{attributes.quota}}\"'\n"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

fn sync(host: &ScratchHost) {
    host.gosync(&["sync", "users"]).expect(0);
}

fn change(server: &Slapd, login: &str, how: &str) {
    server.modify(&format!(
        "dn: uid={login},ou=people,{SUFFIX}\nchangetype: modify\n{how}\n"
    ));
}

#[test]
fn an_attribute_that_changes_comes_by_increment_and_another_place_of_it_by_a_full_read() {
    let group = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    let server = Slapd::builder(Groups::Nis)
        .people(PEOPLE)
        .ldif(&group)
        .setting("moduleload syncprov")
        .database("overlay syncprov\nsyncprov-sessionlog 1000")
        .start();
    let proxy = Proxy::start(server.port, Fault::Pass);
    let mut host = bare_host();
    host.leaves_stamps = true;
    for (login, quota) in [("u0001", "10G"), ("u0002", "20G")] {
        change(
            &server,
            login,
            &format!("replace: description\ndescription: {quota}"),
        );
    }
    // Nobody wants it.
    configure(&host, proxy.port, "", "description");
    sync(&host);
    assert!(!host.root().join("etc/quotas").exists());
    configure(&host, proxy.port, ", 'quotas'", "description");
    sync(&host);
    let quotas = || host.read("etc/quotas");
    assert_eq!(quotas(), "u0001:\"10G\"\nu0002:\"20G\"\n");
    sync(&host);

    let cost = |act: &dyn Fn()| {
        act();
        let before = proxy.passed();
        sync(&host);
        proxy.passed() - before
    };
    let little = cost(&|| change(&server, "u0001", "replace: description\ndescription: 30G"));
    assert_eq!(quotas(), "u0001:\"30G\"\nu0002:\"20G\"\n");
    let gone = cost(&|| change(&server, "u0002", "delete: description"));
    assert_eq!(quotas(), "u0001:\"30G\"\n");
    let full = cost(&|| configure(&host, proxy.port, ", 'quotas'", "gecos"));
    assert!(!quotas().contains("30G"), "{}", quotas());
    assert!(
        full > 4 * little && full > 4 * gone,
        "{little}, {gone} and {full}"
    );
}
