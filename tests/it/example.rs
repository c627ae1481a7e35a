//! gosync.toml.example says what the program does: every key, at its default.

use std::collections::BTreeMap;

use gosync::testing::config::{Settings, Source};
use gosync::testing::providers::{fields, github, globus, http_document, ldap, scim};
use gosync::testing::system::tls::Trusted;

use crate::{here, text};

const MINIMAL: &str = "[provider.sample]\nkind = \"file\"\npath = \"sample/directory.json\"\n";

fn read(text: String) -> Result<Settings, String> {
    Settings::new(
        vec![Source {
            path: here("gosync.toml.example"),
            text,
        }],
        None,
    )
    .map_err(|e| e.to_string())
}

/// The text with every key and section in force: `#key` is one, `# prose` is not.
fn all_keys() -> String {
    let lines = text("gosync.toml.example");
    let lines = lines.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same without the keys that exclude others.
fn uncommented() -> String {
    let excluded = [
        "server_certificate = ",
        "token_file = ",
        "providers = ",
        // That of [group.osg], which excludes [writers].
        "gid_range = [65000",
    ];
    let all = all_keys();
    let lines = all.lines();
    lines
        .filter(|line| !excluded.iter().any(|key| line.starts_with(key)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_is_the_defaults() {
    let example = text("gosync.toml.example");
    assert!(
        read(example.clone())
            .unwrap_err()
            .contains("no provider is set"),
        "whoever installs it as it is changes nothing"
    );
    let (example, minimal) = (
        read(format!("{example}{MINIMAL}")).unwrap(),
        read(MINIMAL.to_owned()).unwrap(),
    );
    assert_eq!(
        format!("{:#?}", example.rules),
        format!("{:#?}", minimal.rules)
    );
    assert_eq!(
        format!("{:#?}", example.targets),
        format!("{:#?}", minimal.targets)
    );
    assert_eq!(example.limits, minimal.limits);
    assert_eq!(example.hooks, minimal.hooks);
    assert_eq!(example.gosync, minimal.gosync);
    assert_eq!(example.metrics, minimal.metrics);
    assert_eq!(example.join, minimal.join);
}

/// Keys that providers of every kind have.
const COMMON: [&str; 2] = ["active", "top_group"];

#[test]
fn the_sample_stands_beside_the_example() {
    let example =
        read(uncommented().replace("provider = \"campus\"", "provider = \"sample\"")).unwrap();
    let provider = example.provider().unwrap();
    assert_eq!(provider.kind, "file");
    let path = &provider.files[0].path;
    let document: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let count = |key: &str| document[key].as_array().map_or(0, Vec::len);
    assert_eq!((count("users"), count("groups")), (25, 6));
    assert_eq!(document["sample"], true, "no host takes it");
}

#[test]
fn what_stands_behind_a_hash_can_be_uncommented() {
    let settings = read(uncommented()).unwrap();
    assert_eq!(
        settings.rules.accounts.top_group.as_deref(),
        Some("connect")
    );
    assert!(settings.rules.accounts.subids().is_some());
    assert_eq!(settings.provider().unwrap().kind, "ldap");
    let mut campus = section("campus");
    campus.remove("fields");
    let config: ldap::Config = campus.try_into().unwrap();
    // Without TLS, so that the authorities of this machine do not matter.
    let config = ldap::Config {
        url: "ldap://localhost".to_owned(),
        ca_file: None,
        server_certificate: None,
        ..config
    };
    ldap::Ldap::new("campus", &config, Some("secret".to_owned().into()), None, 0).unwrap();
    let sources = settings.provider().unwrap().fields.clone().unwrap();
    assert!(sources.csv.is_some() && sources.keys_dir.is_some() && sources.keys_url.is_some());
    let sources = fields::Config {
        keys_url: None,
        keys_ca_file: None,
        keys_server_certificate: None,
        ..sources
    };
    fields::Sources::new(&sources, Trusted::System)
        .map(drop)
        .unwrap();
}

/// The keys of a provider's section in the example, without `kind`.
fn section(name: &str) -> toml::Table {
    let table: toml::Table = all_keys().parse().unwrap();
    let mut keys = table["provider"][name].as_table().unwrap().clone();
    keys.remove("kind");
    keys
}

#[test]
fn the_ldap_section_is_the_defaults() {
    let mut campus = section("campus");
    // These have no default; their values are examples.
    for key in [
        "user_filter",
        "group_filter",
        "bind_dn",
        "password_file",
        "ca_file",
        "server_certificate",
        "new_group_classes",
        "attributes",
        "fields",
    ] {
        assert!(campus.remove(key).is_some(), "{key}");
    }
    let value = |key: &str| campus[key].as_str().unwrap();
    let minimal = ldap::Config::new(value("url"), value("user_base"), value("group_base"));
    let example: ldap::Config = campus.clone().try_into().unwrap();
    assert_eq!(format!("{example:#?}"), format!("{minimal:#?}"));
}

#[test]
fn the_globus_section_is_the_defaults() {
    let table: toml::Table = all_keys().parse().unwrap();
    let mut research = table["provider"]["research"].as_table().unwrap().clone();
    research.remove("kind");
    // These have no default; their values are examples.
    for key in ["identity_mapping", "ca_file", "proxy"] {
        assert!(research.remove(key).is_some(), "{key}");
    }
    let value = |key: &str| research[key].as_str().unwrap();
    let minimal = globus::Config::new(value("client_id"), value("client_secret_file"));
    let example: globus::Config = research.clone().try_into().unwrap();
    assert_eq!(format!("{example:#?}"), format!("{minimal:#?}"));
}

#[test]
fn the_github_section_is_the_defaults() {
    let mut octo = section("octo");
    // These have no default; their values are examples.
    for key in [
        "token_file",
        "app_id",
        "installation_id",
        "key_file",
        "ca_file",
        "server_certificate",
        "proxy",
    ] {
        assert!(octo.remove(key).is_some(), "{key}");
    }
    let minimal = github::Config::new(octo["org"].as_str().unwrap());
    let example: github::Config = octo.clone().try_into().unwrap();
    assert_eq!(format!("{example:#?}"), format!("{minimal:#?}"));
}

#[test]
fn the_http_section_is_the_defaults() {
    let mut hub = section("hub");
    // These have no default; their values are examples.
    for key in [
        "token_file",
        "client_id",
        "client_secret_file",
        "token_url",
        "scope",
        "ca_file",
        "server_certificate",
        "proxy",
        "max_age",
        "verify",
    ] {
        assert!(hub.remove(key).is_some(), "{key}");
    }
    let minimal = http_document::Config::new(hub["url"].as_str().unwrap());
    let example: http_document::Config = hub.try_into().unwrap();
    assert_eq!(format!("{example:#?}"), format!("{minimal:#?}"));
}

#[test]
fn the_command_section_is_the_defaults() {
    let config = |keys: &str| {
        let text = format!("{MINIMAL}[provider.portal]\n{keys}");
        let settings = Settings::new(
            vec![Source {
                path: here("gosync.toml.example"),
                text,
            }],
            Some("portal"),
        );
        format!("{:#?}", settings.unwrap().provider().unwrap().config)
    };
    let all = all_keys();
    let (_, portal) = all.split_once("[provider.portal]\n").unwrap();
    let (portal, _) = portal.split_once("[provider.hub]").unwrap();
    let mut portal = portal.to_owned();
    for key in ["run_as", "max_age"] {
        let lines = portal.lines();
        let rest: Vec<&str> = lines
            .filter(|line| !line.starts_with(&format!("{key} = ")))
            .collect();
        assert_eq!(rest.len() + 1, portal.lines().count(), "{key}");
        portal = rest.join("\n");
    }
    let command = portal.lines().find(|line| line.starts_with("command = "));
    let minimal = format!("kind = 'command'\n{}\n", command.unwrap());
    assert_eq!(config(&portal), config(&minimal));
}

#[test]
fn the_scim_section_is_the_defaults() {
    let table: toml::Table = all_keys().parse().unwrap();
    let mut cloud = table["provider"]["cloud"].as_table().unwrap().clone();
    cloud.remove("kind");
    let all: scim::Config = cloud.clone().try_into().unwrap();
    let local = scim::Config {
        url: "http://localhost".to_owned(),
        ca_file: None,
        proxy: None,
        ..all
    };
    let local = scim::Config {
        token_url: Some("http://localhost/token".to_owned()),
        token_file: None,
        ..local
    };
    let secrets = scim::Secrets {
        client_secret: Some("secret".to_owned().into()),
        ..scim::Secrets::default()
    };
    scim::Scim::new("cloud", &local, secrets).map(drop).unwrap();
    // These have no default; their values are examples.
    for key in [
        "token_file",
        "client_id",
        "client_secret_file",
        "token_url",
        "scope",
        "ca_file",
        "server_certificate",
        "proxy",
        "attributes",
    ] {
        assert!(cloud.remove(key).is_some(), "{key}");
    }
    let minimal = scim::Config::new(cloud["url"].as_str().unwrap());
    let example: scim::Config = cloud.clone().try_into().unwrap();
    assert_eq!(format!("{example:#?}"), format!("{minimal:#?}"));
}

/// The keys that a section may have, from what is said about one that it may not.
fn keys(section: &str, more: &str) -> Vec<String> {
    let minimal = if section == "provider.sample" {
        ""
    } else {
        MINIMAL
    };
    let complaint = read(format!("{minimal}[{section}]\n{more}\nnonsense = 1\n")).unwrap_err();
    assert!(
        complaint.contains("there is no key `nonsense`; there are ") && !complaint.ends_with("..."),
        "{complaint}"
    );
    let (_, list) = complaint.split_once("; there are ").unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn no_key_is_missing() {
    let all = all_keys();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut section = "";
    for line in all.lines() {
        match (line.strip_prefix('['), line.split_once(" = ")) {
            (Some(name), _) => section = name.trim_end_matches(']'),
            (None, Some((key, _))) if !line.starts_with('#') => {
                found.entry(section).or_default().push(key)
            }
            _ => {}
        }
    }
    let ldap = "kind = \"ldap\"\nurl = \"ldaps://x\"\nuser_base = \"dc=x\"\ngroup_base = \"dc=x\"";
    for (section, more) in [
        ("gosync", ""),
        ("accounts", ""),
        ("groups", ""),
        ("catalogue", ""),
        ("group.osg", "filter = []"),
        ("departed", ""),
        ("limits", ""),
        ("hooks", ""),
        ("hooks.user", ""),
        ("hooks.group", ""),
        ("hooks.bygroup", ""),
        ("target.host", "kind = \"local\""),
        ("provider.sample", "kind = \"file\"\npath = \"x\""),
        ("provider.portal", "kind = \"command\"\ncommand = [\"/x\"]"),
        (
            "provider.hub",
            "kind = \"http\"\nurl = \"http://localhost\"",
        ),
        ("provider.campus", ldap),
        ("provider.campus.attributes", ""),
        ("provider.campus.fields", ""),
        ("provider.cloud", "kind = \"scim\""),
        ("provider.cloud.attributes", ""),
        (
            "provider.research",
            "kind = \"globus\"\nclient_id = \"x\"\nclient_secret_file = \"x\"",
        ),
        (
            "provider.octo",
            "kind = \"github\"\norg = \"x\"\ntoken_file = \"x\"",
        ),
    ] {
        let mut known = match section {
            "provider.campus" => {
                let error = toml::from_str::<ldap::Config>("nonsense = 1").unwrap_err();
                error
                    .message()
                    .split('`')
                    .skip(3)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            }
            "provider.campus.attributes" => {
                let error = toml::from_str::<ldap::Attributes>("nonsense = 1").unwrap_err();
                error
                    .message()
                    .split('`')
                    .skip(3)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            }
            "provider.campus.fields" => {
                let error = toml::from_str::<fields::Config>("nonsense = 1").unwrap_err();
                error
                    .message()
                    .split('`')
                    .skip(3)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            }
            "provider.cloud" => {
                let error = toml::from_str::<scim::Config>("nonsense = 1").unwrap_err();
                error
                    .message()
                    .split('`')
                    .skip(3)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            }
            "provider.cloud.attributes" => {
                let error = toml::from_str::<scim::Attributes>("nonsense = 1").unwrap_err();
                error
                    .message()
                    .split('`')
                    .skip(3)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            }
            _ => keys(section, more),
        };
        known.retain(|key| {
            !(["provider.campus", "provider.cloud"].contains(&section) && key == "attributes")
        });
        known.retain(|key| {
            !(section == "hooks" && ["user", "group", "bygroup"].contains(&key.as_str()))
        });
        assert!(!known.is_empty(), "[{section}]");
        // What every kind of provider has is shown once.
        let is_common = |key: &&&str| section == "provider.sample" && COMMON.contains(*key);
        let common = found[section].iter().filter(is_common).count();
        for key in &known {
            assert!(
                found[section].contains(&key.as_str()),
                "[{section}] lacks `{key}`"
            );
        }
        assert_eq!(
            found[section].len() - usize::from(more.contains("kind")) - common,
            known.len(),
            "[{section}]"
        );
    }
}
