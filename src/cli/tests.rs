use super::*;

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(line.split_whitespace())
}

fn kind(line: &str) -> ErrorKind {
    read(line).unwrap_err().kind()
}

/// What a line brings in step.
fn sync(line: &str) -> Option<Sync> {
    match read(line).unwrap().command {
        Command::Sync(args) => args.what,
        _ => panic!("{line}"),
    }
}

#[test]
fn sync_alone_is_both_and_of_the_options_of_one_takes_new_only() {
    let Command::Sync(SyncArgs {
        what: None,
        new: false,
        how,
    }) = read("gosync sync --full -n --strict").unwrap().command
    else {
        panic!()
    };
    assert!(how.full && how.plan.dry_run && how.plan.strict && !how.new_ledger);
    let Some(Sync::Users(users)) = sync("gosync sync users --splay 90s --new") else {
        panic!()
    };
    assert_eq!(users.how.splay, Some(Span::from_secs(90)));
    let Command::Sync(SyncArgs {
        what: None, new, ..
    }) = read("gosync sync --new --splay 60s").unwrap().command
    else {
        panic!()
    };
    assert!(new);
    assert_eq!(kind("gosync sync --updated"), ErrorKind::UnknownArgument);
    for line in ["gosync sync --full users", "gosync sync --new users"] {
        assert_eq!(kind(line), ErrorKind::ArgumentConflict, "{line}");
    }
}

#[test]
fn help_is_a_word_too() {
    for words in ["", "sync", "sync users", "group list"] {
        let said = |line: String| read(&line).unwrap_err().render().to_string();
        assert_eq!(
            said(format!("gosync help {words}")),
            said(format!("gosync {words} --help"))
        );
    }
    assert_eq!(kind("gosync help nosuch"), ErrorKind::InvalidSubcommand);
}

#[test]
fn clap_finds_no_fault() {
    Cli::command().debug_assert();
}

#[test]
fn what_is_installed_for_cron_are_the_lines_of_the_manual_behind_guards() {
    let file = include_str!("../../share/cron.d/gosync");
    let guards = "test -d /run/systemd/system || test ! -x /usr/local/bin/gosync || test ! -e /etc/gosync/gosync.toml ||";
    for line in text::CRONTAB {
        let (when, command) = line.split_once(" /").unwrap();
        let line = format!("\n{when} root {guards} /{command}\n");
        assert!(file.contains(&line), "{line}");
    }
    assert!(file.ends_with('\n') && !file.contains("/dev/null"));
}

#[test]
fn the_crontab_lines_can_be_typed() {
    let programs = ["./", "/usr/local/bin/"];
    for (lines, program, count) in [
        (text::CRONTAB_ORIGINAL, programs[0], 2),
        (text::CRONTAB, programs[1], 1),
    ] {
        for line in lines {
            let commands = line.split(program).skip(1);
            let commands: Vec<_> = commands
                .map(|c| c.split([';', '&', ')']).next().unwrap())
                .collect();
            assert_eq!(commands.len(), count, "{line}");
            for command in commands {
                let cli = read(command).unwrap();
                assert!(cli.global.quiet && cli.global.nowait, "{command}");
            }
        }
    }
    let Some(Sync::Users(users)) = sync("gosync -q --nw sync users --new") else {
        panic!()
    };
    assert!(users.new && !users.updated && users.only.is_empty());
}

#[test]
fn global_options_stand_anywhere() {
    for line in [
        "gosync -u campus -g staff -f a -f b --wait 30s -vv --force --root /r --log-format json sync groups @a @b",
        "gosync sync groups @a -u campus @b --group=staff --file a -f b --wait 30s -v --force --root /r -v --log-format json",
    ] {
        let Cli { global, command } = read(line).unwrap();
        assert_eq!(
            (global.user.as_deref(), global.group.as_deref()),
            (Some("campus"), Some("staff"))
        );
        assert_eq!(global.files, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(
            (global.wait, global.verbose, global.force),
            (Some(Span::from_secs(30)), 2, true),
            "{line}"
        );
        assert_eq!(
            (global.root, global.log_format),
            (Some(PathBuf::from("/r")), Format::Json)
        );
        let Command::Sync(SyncArgs {
            what: Some(Sync::Groups(groups)),
            ..
        }) = command
        else {
            panic!()
        };
        assert_eq!(groups.groups, ["@a", "@b"]);
    }
}

#[test]
fn only_takes_names_by_blanks_and_commas() {
    let Some(Sync::Users(users)) = sync("gosync sync users --only a,b c --new --only d") else {
        panic!()
    };
    assert_eq!(
        (users.only, users.new),
        (["a", "b", "c", "d"].map(str::to_owned).to_vec(), true)
    );
    assert_eq!(kind("gosync sync users --only"), ErrorKind::InvalidValue);
}

#[test]
fn a_dry_run_has_two_names_and_options_of_its_own() {
    for line in [
        "gosync sync users -n --format json --exit-code",
        "gosync deluser a --noupdate --format=json --exit-code",
    ] {
        let plan = match read(line).unwrap().command {
            Command::Sync(SyncArgs {
                what: Some(Sync::Users(users)),
                ..
            }) => users.how.plan,
            Command::Deluser(deluser) => deluser.plan,
            _ => panic!(),
        };
        assert!(plan.dry_run && plan.exit_code && plan.format == Format::Json);
    }
    let real = read("gosync sync users --format json").unwrap();
    assert_eq!(real.command.schema(), Some("run"));
    assert_eq!(read("gosync sync users").unwrap().command.schema(), None);
    assert_eq!(
        kind("gosync sync users --exit-code"),
        ErrorKind::MissingRequiredArgument
    );
}

#[test]
fn what_contradicts_itself_is_wrong_use() {
    for line in [
        "gosync --nowait --wait 3s waitlock",
        "gosync --nowait waitlock --wait 3s",
        "gosync --wait 3s waitlock --nw",
        "gosync deluser a --forget --remove-home",
        "gosync deluser a --remove-home --archive-home /a",
    ] {
        assert_eq!(kind(line), ErrorKind::ArgumentConflict, "{line}");
        assert_eq!(read(line).unwrap_err().exit_code(), 2);
    }
    for line in [
        "gosync deluser",
        "gosync sync users bob",
        "gosync --wait 3 waitlock",
        "gosync group",
        "gosync -x",
    ] {
        assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn options_of_group_may_have_one_dash() {
    let Command::Group(Group::Get(get)) = read("gosync group get -- -top").unwrap().command else {
        panic!()
    };
    assert_eq!(get.groups, ["-top"], "what stands behind -- is no option");
    for line in [
        "gosync group new -top a.b : u",
        "gosync group new --top a.b : u",
    ] {
        let Command::Group(Group::New(new)) = read(line).unwrap().command else {
            panic!()
        };
        assert_eq!(
            (new.top, new.groups),
            (true, ["a.b", ":", "u"].map(str::to_owned).to_vec())
        );
    }
    let Command::Group(Group::List(list)) =
        read("gosync group list -portal=x.org -format csv osg.* !osg.test and")
            .unwrap()
            .command
    else {
        panic!()
    };
    assert_eq!(
        (list.portal.as_deref(), list.format, list.filter.len()),
        (Some("x.org"), Some(ListFormat::Csv), 3)
    );
    assert_eq!(
        kind("gosync group new -top -parent a b"),
        ErrorKind::ArgumentConflict
    );
    assert_eq!(kind("gosync sync users -top"), ErrorKind::UnknownArgument);
}

#[test]
fn without_a_command_the_usage_is_an_error() {
    for line in ["gosync", "gosync group", "gosync -q"] {
        let error = read(line).unwrap_err();
        assert_eq!((error.exit_code(), error.use_stderr()), (2, true), "{line}");
        assert!(
            error.render().to_string().contains("Usage: gosync"),
            "{line}"
        );
    }
    assert_eq!(read("gosync --version").unwrap_err().exit_code(), 0);
    assert!(!read("gosync --help").unwrap_err().use_stderr());
}

#[test]
fn what_was_typed_as_a_dry_run_is_known_without_it() {
    for (typed, meant) in [
        ("sync -n", "sync"),
        ("sync users --dry-run --exit-code -f x", "sync users -f x"),
        ("sync -qn -vv --exit-code", "sync -q -vv"),
        ("sync users --only=n,-n -u n", "sync users --only=n,-n -u n"),
    ] {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut cli =
            Cli::read([&["gosync".to_owned()], words(typed).as_slice()].concat()).unwrap();
        cli.global.words = words(typed);
        assert_eq!(cli.global.carrying_out(), words(meant), "{typed}");
    }
}
