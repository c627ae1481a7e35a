use super::*;
use crate::model::UserField;
use crate::providers::fields::Lookup;

fn read(texts: &[&str]) -> Result<Settings, ConfigError> {
    let sources = texts.iter().enumerate();
    let sources = sources.map(|(n, t)| Source {
        path: format!("/etc/gosync/{n}.toml").into(),
        text: (*t).to_owned(),
    });
    Settings::new(sources.collect(), None)
}

const SAMPLE: &str = "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n";

fn complaint(texts: &[&str]) -> String {
    read(texts).unwrap_err().to_string()
}

#[test]
fn one_provider_needs_no_choice() {
    let settings = read(&[SAMPLE]).unwrap();
    assert_eq!(settings.provider().unwrap().name, "sample");
    assert_eq!(settings.provider().unwrap().kind, "file");
    assert_eq!(
        settings.provider().unwrap().files[0].path.to_str(),
        Some("/etc/gosync/directory.json")
    );
    assert_eq!(settings.targets.len(), 1);
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    let at = |text: &str| complaint(&[SAMPLE, text]);
    assert!(
        at("[accounts]\n  shel = \"/bin/sh\"\n").starts_with(
            "/etc/gosync/1.toml:2:3: [accounts]: there is no key `shel`; did you mean `shell`?"
        ),
        "{}",
        at("[accounts]\n  shel = \"/bin/sh\"\n")
    );
    assert!(at("\n[acounts]\nx = 1\n").starts_with(
        "/etc/gosync/1.toml:2:1: there is no section [acounts]; did you mean [accounts]?"
    ));
    assert!(
        at("[target.host]\nkind = \"local\"\ndatabse = \"etc\"\n")
            .starts_with("/etc/gosync/1.toml:3:1: [target.host]: there is no key `databse`; did you mean `database`?")
    );
    assert!(
        at("[provider.x]\nkind = \"file\"\npath = \"a\"\nurl = \"b\"\n")
            .starts_with("/etc/gosync/1.toml:4:1: [provider.x]: there is no key `url`")
    );
}

#[test]
fn wrong_values_are_refused_with_their_place() {
    assert!(
        complaint(&[SAMPLE, "[gosync]\ntime_limit = \"100\"\n"])
            .starts_with("/etc/gosync/1.toml:2:14: gosync.time_limit: a duration")
    );
    let none = complaint(&[SAMPLE, "[gosync]\ntime_limit = \"0s\"\n"]);
    assert_eq!(
        none,
        "/etc/gosync/1.toml:2:14: gosync.time_limit: with 0s nothing could be read; it must be 1s or more"
    );
    assert!(
        complaint(&[SAMPLE, "[gosync]\nmemory_limit = \"1MiB\"\n"])
            .ends_with("gosync.memory_limit: with less than 64MiB little could be read")
    );
    assert!(
        complaint(&[SAMPLE, "[accounts]\nuid_range = [5, 10]\n"])
            .contains("1.toml:2:13: accounts.uid_range: the range begins at 5")
    );
    let overlapping = "[accounts]\nuid_range = [100000, 200000]\nsubid_range = [165536, 999999]\n";
    assert_eq!(
        complaint(&[SAMPLE, overlapping]),
        "/etc/gosync/1.toml:3:15: accounts.subid_range: it overlaps `accounts.uid_range`"
    );
    assert!(complaint(&["x = \n"]).starts_with("/etc/gosync/0.toml:1:"));
    assert!(
        complaint(&[SAMPLE, "[accounts]\nhome_base = \"/home/../etc\"\n"]).starts_with(
            "/etc/gosync/1.toml:2:13: accounts.home_base: `/home/../etc` is not an absolute path"
        )
    );
    assert!(
        complaint(&[SAMPLE, "[groups]\nprefix = \":\"\n"])
            .starts_with("/etc/gosync/1.toml:2:10: groups.prefix: a group prefix is")
    );
    assert!(
        complaint(&[SAMPLE, "[accounts]\nnames = [[\"(\", \"\"]]\n"])
            .starts_with("/etc/gosync/1.toml:2:9: accounts.names: `(` is no regular expression")
    );
}

#[test]
fn an_error_names_the_key_however_its_table_is_written() {
    let at = |text: &str| complaint(&[SAMPLE, text]);
    for (text, words) in [
        (
            "accounts.dots = 1\n",
            "1:17: accounts.dots: it is the number 1; wanted is true or false",
        ),
        (
            "accounts = { dots = 1 }\n",
            "1:21: accounts.dots: it is the number 1",
        ),
        (
            "accounts = 1\n",
            "1:12: [accounts]: it is the number 1; wanted is a table",
        ),
        (
            "accounts.shel = \"x\"\n",
            "1:10: [accounts]: there is no key `shel`",
        ),
        (
            "accounts = { shel = \"x\" }\n",
            "1:14: [accounts]: there is no key `shel`",
        ),
        (
            "[provider.sample]\npath = 1\n",
            "2:8: provider.sample.path: it is the number 1; wanted is text",
        ),
        (
            "[provider.x]\nkind = \"nis\"\n",
            "2:8: provider.x.kind: there is no provider of kind `nis`; there are file, command, http, ldap, scim, globus and github",
        ),
        (
            "[target.x]\nkind = \"nis\"\n",
            "2:8: target.x.kind: there is no target of kind `nis`; there are local, template, snapshot and ldap",
        ),
        (
            "[target.x]\nkind = \"local\"\ndatabase = \"x\"\n",
            "3:12: target.x.database: it cannot be `x`; it can be etc, extrausers or nss_cache",
        ),
        (
            "[provider.x]\npath = \"a\"\n",
            "1:1: [provider.x]: `kind` is missing; there are file, command, http, ldap, scim, globus and github, such as kind = \"ldap\"",
        ),
        (
            "[group.\"a.b\"]\nfilter = 1\n",
            "2:10: group.\"a.b\".filter: ",
        ),
        (
            "[hooks.user]\npre = [\"/a\", \"x\"]\n",
            "2:7: hooks.user.pre: `x`: it is no absolute",
        ),
        (
            "[target.host]\nkind = \"local\"\nhome_mode = \"8\"\n",
            "3:13: target.host.home_mode: ",
        ),
        (
            "[gosync]\nstate_dir = \"x\"\n",
            "2:13: gosync.state_dir: `x` is not an absolute",
        ),
        (
            "[gosync]\nprovider = \"x\"\n",
            "2:12: gosync.provider: there is no section",
        ),
    ] {
        let (found, words) = (at(text), format!("/etc/gosync/1.toml:{words}"));
        assert!(found.starts_with(&words), "{text}: {found}");
    }
}

#[test]
fn an_error_leads_to_the_file_that_sets_the_key() {
    let wrong = "[accounts]\nsubid_range = [1, 2]\n";
    let other = "\n[accounts]\nshell = \"/bin/sh\"\n";
    assert!(
        complaint(&[SAMPLE, wrong, other])
            .starts_with("/etc/gosync/1.toml:2:15: accounts.subid_range: it must begin")
    );
    let over = "\n[accounts]\nsubid_range = [3, 4]\n";
    assert!(
        complaint(&[SAMPLE, wrong, over])
            .starts_with("/etc/gosync/2.toml:3:15: accounts.subid_range: it must begin")
    );
    // What the command line asks for stands in no file.
    let source = Source {
        path: "/etc/gosync/0.toml".into(),
        text: format!("{SAMPLE}[gosync]\nprovider = \"sample\"\n"),
    };
    let asked = Settings::new(vec![source], Some("campus")).unwrap_err();
    assert_eq!(
        asked.to_string(),
        "gosync.provider: there is no section [provider.campus]"
    );
}

#[test]
fn a_group_that_grants_power_is_mapped_only_with_a_word_beside_it() {
    let map = |entry: &str| read(&[SAMPLE, &format!("[groups]\nlocal_map = {{ {entry} }}\n")]);
    let groups = |entry: &str| map(entry).unwrap().rules.groups.local_map.groups().to_vec();
    let lab = &groups("\"a b\" = \"lab\", c = { group = \"lab\" }")[0];
    assert_eq!(
        (lab.name.as_str(), lab.privileged, lab.sources.len()),
        ("lab", false, 2)
    );
    assert!(groups("x = { group = \"docker\", privileged = true }")[0].privileged);
    let wrong = |entry: &str| map(entry).unwrap_err().to_string();
    assert!(wrong("x = \"docker\"").starts_with(
        "/etc/gosync/1.toml:2:13: groups.local_map: `docker` is a group of the system's"
    ));
    assert!(
        wrong("x = \"a:b\"")
            .starts_with("/etc/gosync/1.toml:2:13: groups.local_map: the name `a:b`")
    );
    for (entry, place) in [
        ("x = 7", "2:19"),
        ("x = { group = \"tools\", privilege = true }", "2:19"),
    ] {
        let words =
            format!("/etc/gosync/1.toml:{place}: groups.local_map.x: a group of this host: ");
        assert!(wrong(entry).starts_with(&words), "{}", wrong(entry));
    }
}

#[test]
fn a_later_file_overrides_key_by_key() {
    let over = "[provider.sample]\npath = \"other.json\"\n[accounts]\nshell = \"/bin/zsh\"\n";
    let settings = read(&[
        SAMPLE,
        "[accounts]\nshell = \"/bin/sh\"\ndots = true\n",
        over,
    ])
    .unwrap();
    assert!(
        settings.provider().unwrap().files[0]
            .path
            .ends_with("other.json")
    );
    assert_eq!(settings.rules.accounts.shell, "/bin/zsh");
    assert!(settings.rules.accounts.dots);
}

#[test]
fn a_missing_provider_or_target_is_named() {
    assert!(complaint(&[""]).contains("no provider is set, and there is no section"));
    assert!(
        complaint(&[SAMPLE, "[gosync]\nprovider = \"campus\"\n"]).contains("[provider.campus]")
    );
    assert!(complaint(&[SAMPLE, "[gosync]\ntargets = [\"web\"]\n"]).contains("[target.web]"));
    assert!(complaint(&["[provider.x]\npath = \"a\"\n"]).contains("`kind` is missing"));
    assert!(complaint(&["[provider.x]\nkind = \"nis\"\n"]).contains("no provider of kind `nis`"));
}

#[test]
fn field_sources_belong_to_a_provider_of_any_kind() {
    let fields = "[provider.sample.fields]\ncsv = \"f.csv\"\nkeys_dir = \"/k\"\nkeys_by = \"attribute.forge\"\n\
                  keys_url = \"https://x/{id}\"\noverride = [\"shell\", \"ssh_keys\"]\n";
    let config = read(&[SAMPLE, fields])
        .unwrap()
        .providers
        .remove(0)
        .fields
        .unwrap();
    assert_eq!(config.csv.unwrap().to_str(), Some("/etc/gosync/f.csv"));
    assert_eq!(config.keys_dir.unwrap().to_str(), Some("/k"));
    assert_eq!(config.keys_by, Lookup::Attribute("forge".to_owned()));
    assert_eq!(config.overrides, [UserField::Shell, UserField::SshKeys]);
    let at = |line: &str| complaint(&[SAMPLE, &format!("[provider.sample.fields]\n{line}\n")]);
    for (line, words) in [
        (
            "keys = \"x\"",
            "/etc/gosync/1.toml:2:1: [provider.sample.fields]: there is no key `keys`; did you mean `keys_by`?",
        ),
        (
            "keys_by = \"mail\"",
            "/etc/gosync/1.toml:2:11: provider.sample.fields.keys_by: `mail` is none of",
        ),
        (
            "keys_url = \"https://x/keys\"",
            "/etc/gosync/1.toml:2:12: provider.sample.fields.keys_url: the address of keys says nowhere",
        ),
        (
            "keys_url = \"http://x/{id}\"",
            "/etc/gosync/1.toml:2:12: provider.sample.fields.keys_url: url: http:// to another machine",
        ),
        (
            "keys_proxy = \"http://x:1\"",
            "/etc/gosync/1.toml:1:1: provider.sample.fields: `keys_ca_file`, `keys_server_certificate` and `keys_proxy` are",
        ),
        (
            "override = [\"login\"]",
            "/etc/gosync/1.toml:2:13: provider.sample.fields.override: it cannot be `login`",
        ),
    ] {
        assert!(at(line).starts_with(words), "{}", at(line));
    }
}

#[test]
fn sections_of_groups_are_read_in_the_order_of_their_names() {
    let text = "[groups]\nprefix = \"@\"\n[group.b]\nfilter = [\"osg.*\"]\nprefix = \"b\"\n[group.a]\nfilter = [\"osg.a\"]\n\
                gid_range = [5000, 5999]\nadmins = [\"ann\"]\n";
    let over = "[group.b]\nprefix = \"c\"\n";
    let settings = read(&[SAMPLE, text, over]).unwrap();
    let rules = settings.rules.groups;
    let prefix = |group: &str| format!("{:?}", rules.of(group).prefix);
    assert_eq!(
        [prefix("osg.a"), prefix("osg.b"), prefix("x")],
        ["@", "c", "@"].map(|p| format!("GroupPrefix({p:?})"))
    );
    assert!(
        rules.of("osg.a").gid_range.contains(5000) && !rules.of("osg.b").gid_range.contains(5000)
    );
    assert_eq!(settings.catalogue.admins_of("osg.a"), ["ann"]);
    for (text, words) in [
        (
            "[group.x]\nprefix = \"a\"\n",
            "/etc/gosync/1.toml:1:1: [group.x]: `filter` is missing, such as filter = [\"osg.*\"]",
        ),
        (
            "[group.x]\nfilter = []\nshell = \"x\"\n",
            "/etc/gosync/1.toml:3:1: [group.x]: there is no key `shell`",
        ),
        (
            "[group.x]\nfilter = [\"and\"]\n",
            "/etc/gosync/1.toml:2:10: group.x.filter: `and` stands",
        ),
        (
            "[group.x]\nfilter = []\nprefix = \":\"\n",
            "/etc/gosync/1.toml:3:10: group.x.prefix: a group prefix",
        ),
        (
            "[group.x]\nfilter = []\nnames = [[\"(\", \"\"]]\n",
            "/etc/gosync/1.toml:3:9: group.x.names: `(` is no",
        ),
        (
            "[group]\nfilter = []\n",
            "/etc/gosync/1.toml:2:10: group.filter: `group` must be written as [group.NAME]",
        ),
    ] {
        let found = complaint(&[SAMPLE, text]);
        assert!(found.starts_with(words), "{found}");
    }
}

#[test]
fn keys_have_a_place_and_options_that_sshd_knows() {
    use crate::policy::keys::{KeyRules, Place};
    assert_eq!(read(&[SAMPLE]).unwrap().rules.keys, KeyRules::default());
    let text = "[keys]\nplace = \"home\"\ndirectory = \"/k/\"\noptions = \"restrict\"\nrsa_bits = 3072\nmax_keys = 5\n";
    let keys = read(&[SAMPLE, text]).unwrap().rules.keys;
    assert_eq!(
        (keys.place, keys.directory.as_str(), keys.options.as_str()),
        (Place::Home, "/k", "restrict")
    );
    assert_eq!((keys.rsa_bits, keys.max_keys), (3_072, 5));
    for (line, words) in [
        (
            "place = \"ldap\"",
            "/etc/gosync/1.toml:2:9: keys.place: it cannot be `ldap`; it can be directory, home or none",
        ),
        (
            "directory = \"keys\"",
            "/etc/gosync/1.toml:2:13: keys.directory: `keys` is not",
        ),
        (
            "directory = \"/etc/%u\"",
            "/etc/gosync/1.toml:2:13: keys.directory: ",
        ),
        (
            "directory = \"/etc/my keys\"",
            "/etc/gosync/1.toml:2:13: keys.directory: ",
        ),
        (
            "options = \"cert-authority\"",
            "/etc/gosync/1.toml:2:11: keys.options: ",
        ),
        (
            "rsa_bits = 1024",
            "/etc/gosync/1.toml:2:12: keys.rsa_bits: ",
        ),
        ("max_keys = 0", "/etc/gosync/1.toml:2:12: keys.max_keys: "),
        (
            "dir = \"/k\"",
            "/etc/gosync/1.toml:2:1: [keys]: there is no key `dir`",
        ),
    ] {
        let found = complaint(&[SAMPLE, &format!("[keys]\n{line}\n")]);
        assert!(found.starts_with(words), "{found}");
    }
}

#[test]
fn placeholders_are_no_values_and_all_of_them_are_named() {
    let said = complaint(&[
        "[provider.campus]\nkind = \"ldap\"\nurl = \"ldaps://CHANGE-ME\"\nuser_base = \"CHANGE-ME\"\ngroup_base = \"dc=x\"\n",
    ]);
    assert!(
        said.starts_with("/etc/gosync/0.toml:3:7: [provider.campus]: put your values where CHANGE-ME stands: `url`, such as url = \"ldaps://"),
        "{said}"
    );
    assert!(
        said.contains("`user_base`") && !said.contains("`group_base`"),
        "{said}"
    );
}

#[test]
fn keys_that_do_not_fit_together_are_told_with_their_place() {
    let at = |keys: &str| {
        let text = format!(
            "[provider.p]\nuser_base = \"dc=x\"\ngroup_base = \"dc=x\"\nkind = \"LDAP\"\n{keys}\n"
        );
        complaint(&[&text])
    };
    for (keys, words) in [
        (
            "url = \"ldap.example.org\"",
            "5:7: [provider.p]: url is not of the form",
        ),
        (
            "url = \"ldaps://x\"\nbind_dn = \"cn=x\"",
            "6:11: [provider.p]: bind_dn is set, but there is no password",
        ),
        (
            "url = \"ldaps://x\"\nuser_filter = \"(\"",
            "6:15: [provider.p]: user_filter",
        ),
        (
            "url = \"ldaps://x\"\nattributes = { login = \"a b\" }",
            "6:24: [provider.p]: attributes.login",
        ),
    ] {
        let (said, words) = (at(keys), format!("/etc/gosync/0.toml:{words}"));
        assert!(said.starts_with(&words), "{said}");
    }
}

#[test]
fn a_target_needs_no_kind_as_long_as_there_is_one() {
    assert!(read(&[SAMPLE, "[target.host]\ndatabase = \"extrausers\"\n"]).is_ok());
}
