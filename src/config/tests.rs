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
    assert_eq!(settings.provider.name, "sample");
    assert_eq!(settings.provider.kind, "file");
    assert_eq!(
        settings.provider.files[0].path.to_str(),
        Some("/etc/gosync/directory.json")
    );
    assert_eq!(settings.targets.len(), 1);
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    let at = |text: &str| complaint(&[SAMPLE, text]);
    assert!(
        at("[accounts]\n  shel = \"/bin/sh\"\n")
            .starts_with("/etc/gosync/1.toml:2:3: unknown field `shel`"),
        "{}",
        at("[accounts]\n  shel = \"/bin/sh\"\n")
    );
    assert!(
        at("\n[acounts]\nx = 1\n")
            .starts_with("/etc/gosync/1.toml:2:1: there is no section `acounts`")
    );
    assert!(
        at("[target.host]\nkind = \"local\"\ndatabse = \"etc\"\n")
            .starts_with("/etc/gosync/1.toml:3:1: unknown field")
    );
    assert!(
        at("[provider.x]\nkind = \"file\"\npath = \"a\"\nurl = \"b\"\n")
            .starts_with("/etc/gosync/1.toml:4:1: unknown field `url`")
    );
}

#[test]
fn wrong_values_are_refused_with_their_place() {
    assert!(
        complaint(&[SAMPLE, "[gosync]\ntime_limit = \"100\"\n"])
            .starts_with("/etc/gosync/1.toml:2:14: a duration")
    );
    let none = complaint(&[SAMPLE, "[gosync]\ntime_limit = \"0s\"\n"]);
    assert_eq!(
        none,
        "gosync.time_limit: with 0s nothing could be read; it must be 1s or more"
    );
    assert!(
        complaint(&[SAMPLE, "[accounts]\nuid_range = [5, 10]\n"])
            .contains("1.toml:2:13: the range begins at 5")
    );
    let overlapping = "[accounts]\nuid_range = [100000, 200000]\nsubid_range = [165536, 999999]\n";
    assert!(complaint(&[SAMPLE, overlapping]).ends_with("it overlaps `accounts.uid_range`"));
    assert!(complaint(&["x = \n"]).starts_with("/etc/gosync/0.toml:1:"));
    assert!(
        complaint(&[SAMPLE, "[accounts]\nhome_base = \"/home/../etc\"\n"])
            .starts_with("/etc/gosync/1.toml:2:13: `/home/../etc` is not an absolute path")
    );
    assert!(
        complaint(&[SAMPLE, "[groups]\nprefix = \":\"\n"])
            .starts_with("/etc/gosync/1.toml:2:10: a group prefix is")
    );
    assert!(
        complaint(&[SAMPLE, "[accounts]\nnames = [[\"(\", \"\"]]\n"])
            .starts_with("/etc/gosync/1.toml:2:9: `(` is no regular expression")
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
    assert!(
        wrong("x = \"docker\"")
            .starts_with("/etc/gosync/1.toml:2:13: `docker` is a group of the system's")
    );
    assert!(wrong("x = \"a:b\"").starts_with("/etc/gosync/1.toml:2:13: the name `a:b`"));
    assert!(
        wrong("x = 7").starts_with("/etc/gosync/1.toml:2:"),
        "{}",
        wrong("x = 7")
    );
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
    assert!(settings.provider.files[0].path.ends_with("other.json"));
    assert_eq!(settings.rules.accounts.shell, "/bin/zsh");
    assert!(settings.rules.accounts.dots);
}

#[test]
fn a_missing_provider_or_target_is_named() {
    assert!(complaint(&[""]).contains("no provider is chosen"));
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
    let config = read(&[SAMPLE, fields]).unwrap().provider.fields.unwrap();
    assert_eq!(config.csv.unwrap().to_str(), Some("/etc/gosync/f.csv"));
    assert_eq!(config.keys_dir.unwrap().to_str(), Some("/k"));
    assert_eq!(config.keys_by, Lookup::Attribute("forge".to_owned()));
    assert_eq!(config.overrides, [UserField::Shell, UserField::SshKeys]);
    let at = |line: &str| complaint(&[SAMPLE, &format!("[provider.sample.fields]\n{line}\n")]);
    for (line, words) in [
        (
            "keys = \"x\"",
            "/etc/gosync/1.toml:2:1: unknown field `keys`",
        ),
        (
            "keys_by = \"mail\"",
            "/etc/gosync/1.toml:2:11: `mail` is none of",
        ),
        (
            "keys_url = \"https://x/keys\"",
            "/etc/gosync/1.toml:2:12: the address of keys says nowhere",
        ),
        (
            "keys_url = \"http://x/{id}\"",
            "/etc/gosync/1.toml:2:12: url: http:// to another machine",
        ),
        (
            "keys_proxy = \"http://x:1\"",
            "/etc/gosync/1.toml:1:1: `keys_ca_file` and `keys_proxy` are",
        ),
        (
            "override = [\"login\"]",
            "/etc/gosync/1.toml:2:13: unknown variant `login`",
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
            "/etc/gosync/1.toml:1:1: missing field `filter`",
        ),
        (
            "[group.x]\nfilter = []\nshell = \"x\"\n",
            "/etc/gosync/1.toml:3:1: unknown field `shell`",
        ),
        (
            "[group.x]\nfilter = [\"and\"]\n",
            "/etc/gosync/1.toml:2:10: `and` stands",
        ),
        (
            "[group.x]\nfilter = []\nprefix = \":\"\n",
            "/etc/gosync/1.toml:3:10: a group prefix",
        ),
        (
            "[group.x]\nfilter = []\nnames = [[\"(\", \"\"]]\n",
            "/etc/gosync/1.toml:3:9: `(` is no",
        ),
        (
            "[group]\nfilter = []\n",
            "/etc/gosync/1.toml:2:10: `group` must be written as [group.NAME]",
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
            "/etc/gosync/1.toml:2:9: unknown variant `ldap`",
        ),
        (
            "directory = \"keys\"",
            "/etc/gosync/1.toml:2:13: `keys` is not",
        ),
        ("directory = \"/etc/%u\"", "keys.directory: "),
        ("directory = \"/etc/my keys\"", "keys.directory: "),
        ("options = \"cert-authority\"", "/etc/gosync/1.toml:2:11: "),
        ("rsa_bits = 1024", "keys.rsa_bits: "),
        ("max_keys = 0", "keys.max_keys: "),
        (
            "dir = \"/k\"",
            "/etc/gosync/1.toml:2:1: unknown field `dir`",
        ),
    ] {
        let found = complaint(&[SAMPLE, &format!("[keys]\n{line}\n")]);
        assert!(found.starts_with(words), "{found}");
    }
}
