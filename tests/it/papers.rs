//! The manual pages and the completions are what the command line and gosync.toml.example say.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Args as _, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use gosync::testing::cli::{Cli, PlanArgs, hook_text, manual_text, output_text, text as words};
use gosync::testing::config::{Settings, Source};

use crate::{here, text};

/// Compares what is checked in with what should be, or writes it.
fn check(path: &str, wanted: &str) {
    if std::env::var_os("GOSYNC_BLESS").is_some() {
        std::fs::create_dir_all(here(path).parent().unwrap()).unwrap();
        std::fs::write(here(path), wanted).unwrap();
    }
    let found = std::fs::read_to_string(here(path)).unwrap_or_default();
    let line = found
        .lines()
        .zip(wanted.lines())
        .position(|(f, w)| f != w)
        .map_or(0, |n| n + 1);
    let command = "GOSYNC_BLESS=1 cargo test --test it papers";
    assert!(
        found == wanted,
        "{path} is out of date (line {line}). Make it new by:\n\n    {command}\n"
    );
}

#[test]
fn completions() {
    for (shell, path) in [
        (Shell::Bash, "completions/gosync.bash"),
        (Shell::Zsh, "completions/_gosync"),
        (Shell::Fish, "completions/gosync.fish"),
    ] {
        let mut out = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "gosync", &mut out);
        let out = with_names(shell, &String::from_utf8(out).unwrap());
        let lines: Vec<_> = out.lines().map(str::trim_end).collect();
        check(path, &format!("{}\n", lines.join("\n").trim_end()));
    }
}

/// A script that asks the program for names first; what clap makes of the command line is left as it is.
fn with_names(shell: Shell, script: &str) -> String {
    let once = |from: &str, to: &str| {
        assert_eq!(script.matches(from).count(), 1, "{from}");
        script.replace(from, to)
    };
    match shell {
        Shell::Bash => {
            let names = text("tests/it/completions/bash");
            let last = "if [[ \"${BASH_VERSINFO[0]}\" -eq 4";
            let script = once(last, &format!("{names}{last}"));
            script.replace("complete -F _gosync ", "complete -F _gosync_names ")
        }
        Shell::Zsh => {
            let names = text("tests/it/completions/zsh");
            let begin = "_gosync() {\n";
            let called = format!("{names}{begin}    _gosync_names && return 0\n");
            once(&format!("\n{begin}"), &format!("\n{called}"))
        }
        Shell::Fish => {
            // Of an option that takes a value, fish asks nobody else.
            let named = ["user", "group", "only", "from", "parent"].map(|it| format!(" -l {it} "));
            let lines = script.lines().map(|line| {
                let has_names =
                    named.iter().any(|name| line.contains(name)) && line.ends_with(" -r");
                let more = if has_names {
                    " -f -a \"(__gosync_names)\""
                } else {
                    ""
                };
                format!("{line}{more}\n")
            });
            lines.collect::<String>() + "\n" + &text("tests/it/completions/fish")
        }
        _ => unreachable!("no script is made for it"),
    }
}

#[test]
fn the_manual_of_the_program() {
    check("man/gosync.8", &program());
}

#[test]
fn the_manual_of_hooks() {
    check("man/gosync-hooks.7", &hooks());
}

#[test]
fn every_event_stands_in_the_manual() {
    use gosync::testing::plan::events::Event::{
        Archived, Created, Locked, Removed, Renamed, Unlocked, Updated,
    };
    let (_, said) = hook_text::HOOK_ENVIRONMENT
        .iter()
        .find(|(name, _)| *name == "GOSYNC_EVENT")
        .unwrap();
    for event in [
        Created, Removed, Locked, Unlocked, Renamed, Archived, Updated,
    ] {
        assert!(
            said.contains(&format!("`{}`", event.as_str())),
            "{}",
            event.as_str()
        );
    }
}

#[test]
fn the_manual_of_the_configuration() {
    check("man/gosync.toml.5", &configuration());
}

/// Sets what stands between backticks in bold.
fn marked(text: &str) -> Vec<Inline> {
    text.split('`')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { bold(part) } else { roman(part) })
        .collect()
}

/// The same in a page that is made already.
fn mark(page: &str) -> String {
    let lines = page.lines().map(|line| {
        let (parts, plain): (Vec<_>, _) = (line.split('`').collect(), line.starts_with('.'));
        if plain || parts.len() % 2 == 0 {
            return line.to_owned();
        }
        let parts = parts.iter().enumerate();
        parts
            .map(|(n, part)| {
                if n % 2 == 1 {
                    format!("\\fB{part}\\fR")
                } else {
                    (*part).to_owned()
                }
            })
            .collect()
    });
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn paragraphs(roff: &mut Roff, text: &str) {
    for paragraph in text.split("\n\n") {
        roff.control("PP", []);
        roff.text(marked(&paragraph.replace('\n', " ")));
    }
}

/// Terms with what they mean.
fn list(roff: &mut Roff, rows: &[(&str, &str)]) {
    for (term, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text(marked(meaning));
    }
}

/// A part of a page, without what roff says before every part, and without lines that begin with `heading`.
fn part(render: impl Fn(&mut Vec<u8>) -> std::io::Result<()>, heading: &str) -> String {
    let mut out = Vec::new();
    render(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let is_noise = |line: &str| line.starts_with(".ie") || line.starts_with(".el");
    let lines = out
        .lines()
        .filter(|line| !is_noise(line) && (heading.is_empty() || !line.starts_with(heading)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The first lines of a page. It has no date, so that it changes only if what it says does.
fn head(name: &str, section: &str, manual: &str) -> String {
    // The string Aq is the apostrophe that roff's own texts use.
    let aq = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '";
    format!(
        "{aq}\n.TH {name} {section} \"\" \"gosync {}\" \"{manual}\"\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The names of the options that all commands have which plan changes: the manual has them once.
fn of_plans() -> Vec<String> {
    let plan = PlanArgs::augment_args(Command::new("plan"));
    plan.get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect()
}

/// Whether a command takes all of them.
fn plans(command: &Command) -> bool {
    let has = |id: &String| {
        command
            .get_arguments()
            .any(|arg| arg.get_id() == id.as_str())
    };
    of_plans().iter().all(has)
}

/// How a command is given, on one line.
fn usage(leaf: &Leaf) -> Vec<Inline> {
    let (program, command_name) = leaf.name.split_once(' ').unwrap();
    let mut line = vec![bold(program), roman(" ["), italic("options"), roman("] ")];
    let of_group = arguments(&leaf.group);
    match command_name
        .rsplit_once(' ')
        .filter(|_| !of_group.is_empty())
    {
        Some((group, last)) => {
            line.push(bold(group));
            line.extend(of_group);
            line.extend([roman(" "), bold(last)]);
        }
        None => line.push(bold(command_name)),
    }
    line.extend(arguments(&leaf.command));
    line
}

/// What is given after the name of a command.
fn arguments(command: &Command) -> Vec<Inline> {
    let mut line = Vec::new();
    // Of these only one can be given; clap tells that only of a command that is built.
    let fate = ["forget", "remove_home", "archive_home"];
    let of_plans = if plans(command) {
        of_plans()
    } else {
        Vec::new()
    };
    let own = |arg: &&Arg| !of_plans.iter().any(|id| arg.get_id() == id.as_str());
    if !of_plans.is_empty() {
        line.extend([roman(" ["), italic("plan options"), roman("]")]);
    }
    for arg in command.get_arguments().filter(own) {
        let one_of = |id: &clap::Id| fate.iter().position(|member| *member == id.as_str());
        line.push(roman(match (arg.is_required_set(), one_of(arg.get_id())) {
            (true, _) => " ",
            (false, None | Some(0)) => " [",
            (false, Some(_)) => " | ",
        }));
        if let Some(long) = arg.get_long() {
            let short = arg
                .get_short()
                .map(|short| format!("-{short}|"))
                .unwrap_or_default();
            line.push(bold(format!("{short}--{long}")));
        }
        if arg.get_action().takes_values() {
            let value = arg.get_value_names().map_or("", |names| names[0].as_str());
            line.push(roman(if arg.is_positional() { "" } else { " " }));
            line.push(italic(value));
            let repeats = arg.is_positional()
                && matches!(arg.get_action(), ArgAction::Append)
                && !value.contains("...");
            if repeats || arg.get_num_args().is_some_and(|n| n.max_values() > 1) {
                line.push(roman("..."));
            }
        }
        if !arg.is_required_set() && one_of(arg.get_id()).is_none_or(|n| n + 1 == fate.len()) {
            line.push(roman("]"));
        }
    }
    line
}

/// A command that can be given.
struct Leaf {
    /// With the program's name.
    name: String,
    command: Command,
    /// What it belongs to, whose arguments stand before its name.
    group: Command,
}

/// The commands that can be given.
fn leaves(name: &str, command: &Command, group: &Command) -> Vec<Leaf> {
    // Its own arguments are for when it is given alone.
    let is_given_alone = command.is_args_conflicts_with_subcommands_set();
    let itself = Leaf {
        name: name.to_owned(),
        command: command.clone(),
        group: group.clone(),
    };
    let itself = (is_given_alone || !command.has_subcommands()).then_some(itself);
    let of_both = match is_given_alone {
        true => &Command::new("none"),
        false => command,
    };
    let below = command.get_subcommands();
    let below = below.flat_map(|sub| leaves(&format!("{name} {}", sub.get_name()), sub, of_both));
    itself.into_iter().chain(below).collect()
}

fn program() -> String {
    // Not built: so that the commands do not repeat the options of all commands, nor --help.
    let command = Cli::command();
    let man = Man::new(command.clone());
    // The program's own arguments may stand anywhere, and have a chapter of their own.
    let commands: Vec<Leaf> = command
        .get_subcommands()
        .flat_map(|sub| {
            leaves(
                &format!("gosync {}", sub.get_name()),
                sub,
                &Command::new("none"),
            )
        })
        .collect();
    let mut out = head("gosync", "8", "System administration");
    out += &format!(
        ".SH NAME\ngosync \\- {}\n",
        command.get_about().unwrap().to_string().replace('-', "\\-")
    );
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    for (n, leaf) in commands.iter().enumerate() {
        if n > 0 {
            synopsis.control("br", []);
        }
        synopsis.text(usage(leaf));
    }
    out += &part(|out| synopsis.to_writer(out), "");

    let mut texts = Roff::new();
    texts.control("SH", ["DESCRIPTION"]);
    let long = command.get_long_about().unwrap().to_string();
    paragraphs(
        &mut texts,
        &format!(
            "{}\n\n{}",
            long.split_once("\n\n").unwrap().1,
            words::DESCRIPTION
        ),
    );
    texts.control("SH", ["FIRST STEPS"]);
    list(&mut texts, &manual_text::FIRST_STEPS);
    examples(&mut texts);
    out += &part(|out| texts.to_writer(out), "");
    out += ".SH COMMANDS\n";
    for Leaf {
        name,
        command,
        group,
    } in &commands
    {
        out += &format!(".SS {}\n", name.trim_start_matches("gosync "));
        let about = command.get_about().unwrap().to_string();
        let long = command
            .get_long_about()
            .map_or(about.clone(), ToString::to_string);
        let mut texts = Roff::new();
        paragraphs(
            &mut texts,
            &format!(
                "{about}.{}",
                long.strip_prefix(&about).unwrap_or(&format!("\n\n{long}"))
            ),
        );
        out += &part(|out| texts.to_writer(out), "");
        let mut own = command
            .clone()
            .args(group.get_arguments())
            .disable_help_flag(true);
        if plans(command) {
            for id in of_plans() {
                own = own.mut_arg(id, |arg| arg.hide(true));
            }
            let mut texts = Roff::new();
            paragraphs(&mut texts, "Takes the PLAN OPTIONS, below.");
            out += &part(|out| texts.to_writer(out), "");
        }
        out += &part(
            |out| Man::new(own.clone()).render_options_section(out),
            ".SH",
        );
    }
    out += ".SH \"PLAN OPTIONS\"\nOf all commands that plan changes.\n";
    let plan = PlanArgs::augment_args(Command::new("plan").disable_help_flag(true));
    out += &part(
        |out| Man::new(plan.clone()).render_options_section(out),
        ".SH",
    );
    out += ".SH OPTIONS\nThese may stand before or after the command.\n";
    out += &part(|out| man.render_options_section(out), ".SH");

    let mut rest = Roff::new();
    rest.control("SH", ["WHO LEAVES"]);
    paragraphs(&mut rest, manual_text::WHO_LEAVES);
    list(&mut rest, &manual_text::DEPARTURE);
    paragraphs(&mut rest, manual_text::WHO_LEAVES_ELSE);
    rest.control("SH", ["LIMITS AND APPROVAL"]);
    paragraphs(&mut rest, manual_text::LIMITS);
    rest.control("SH", ["RECOVERY"]);
    list(&mut rest, &manual_text::RECOVERY);
    rest.control("SH", ["MORE THAN ONE HOST"]);
    paragraphs(&mut rest, manual_text::MORE_THAN_ONE_HOST);
    rest.control("SH", ["HOOKS"]);
    paragraphs(&mut rest, hook_text::HOOKS);
    rest.control("SH", ["JSON OUTPUT"]);
    paragraphs(&mut rest, output_text::JSON_OUTPUT);
    list(&mut rest, &output_text::DOCUMENTS);
    paragraphs(&mut rest, output_text::RUN);
    list(&mut rest, &output_text::RUN_KEYS);
    paragraphs(&mut rest, output_text::OUTCOME);
    list(&mut rest, &output_text::OUTCOMES);
    rest.control("SH", ["LOG"]);
    paragraphs(&mut rest, output_text::LOG);
    list(&mut rest, &output_text::EVENT_FIELDS);
    rest.control("SH", ["METRICS"]);
    paragraphs(&mut rest, words::METRICS);
    list(&mut rest, &words::METRIC_NAMES);
    rest.control("SH", ["EXIT STATUS"]);
    list(&mut rest, &words::EXIT_CODES);
    rest.control("SH", ["ENVIRONMENT"]);
    rest.text([roman("No other variables are read.")]);
    list(&mut rest, &words::ENVIRONMENT);
    rest.control("SH", ["FILES"]);
    list(&mut rest, &words::FILES);
    see_also(
        &mut rest,
        &[
            "gosync.toml(5)",
            "gosync-hooks(7)",
            "passwd(5)",
            "shadow(5)",
            "group(5)",
            "subuid(5)",
            "crontab(5)",
        ],
    );
    mark(&(out + &part(|out| rest.to_writer(out), "")))
}

/// What is often typed, and what timers and crontabs have.
fn examples(roff: &mut Roff) {
    roff.control("SH", ["EXAMPLES"]);
    list(roff, &words::EXAMPLES);
    roff.control("PP", []);
    let told = [
        (
            "Where systemd runs the host, its timers do what these two lines of cron do, every 15 and every 2 minutes. Packages and \
             `make install` bring them, and nothing enables them:",
            words::TIMERS,
        ),
        (
            "The crontab of root, for a program where `make install` puts it. A package brings these lines in /etc/cron.d/gosync, where \
             they do nothing if systemd runs the host:",
            words::CRONTAB,
        ),
        (
            "Who comes from the original, and has the program and its configuration in that directory, keeps these:",
            words::CRONTAB_ORIGINAL,
        ),
    ];
    for (what, lines) in told {
        roff.text([roman(what)]);
        roff.control("PP", []);
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.control("PP", []);
    }
}

fn see_also(roff: &mut Roff, pages: &[&str]) {
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (n, page) in pages.iter().enumerate() {
        let (name, section) = page.split_once('(').unwrap();
        line.extend([
            roman(if n == 0 { "" } else { ", " }),
            bold(name),
            roman(format!("({section}")),
        ]);
    }
    roff.text(line);
}

fn literally(roff: &mut Roff, lines: &str) {
    roff.control("PP", []);
    roff.control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

/// What is on a hook's input, where it runs, and what it says by its exit status.
fn hooks() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "gosync-hooks - programs that gosync(8) runs when accounts and groups have changed",
    )]);
    for (title, words) in [
        ("DESCRIPTION", hook_text::RUNNING),
        ("WHO MAY CHANGE A HOOK, AND WHERE IT RUNS", hook_text::GUARD),
        ("STANDARD INPUT", hook_text::INPUT),
    ] {
        roff.control("SH", [title]);
        paragraphs(&mut roff, words);
    }
    list(&mut roff, &hook_text::INPUT_KEYS);
    roff.control("SH", ["ENVIRONMENT"]);
    list(&mut roff, &hook_text::HOOK_ENVIRONMENT);
    roff.control("SH", ["EXIT STATUS"]);
    list(&mut roff, &hook_text::HOOK_EXIT);
    roff.control("SH", ["HOOKS THAT COME WITH GOSYNC"]);
    paragraphs(&mut roff, hook_text::SHIPPED_INTRO);
    list(&mut roff, &hook_text::SHIPPED);
    roff.control("SH", ["EXAMPLES"]);
    literally(&mut roff, hook_text::EXAMPLE_CONFIGURATION);
    literally(&mut roff, hook_text::EXAMPLE_HOOK);
    see_also(&mut roff, &["gosync(8)", "gosync.toml(5)"]);
    let page = part(|out| roff.to_writer(out), "");
    mark(&(head("gosync-hooks", "7", "Miscellaneous") + &page))
}

/// gosync.toml.example as a page: each block of it is prose, or prose and one key or section.
#[test]
fn each_configuration_in_the_manual_is_one() {
    let sections = words_of_sections();
    for (what, lines) in manual_text::CONFIGURATIONS {
        let source = Source {
            path: "gosync.toml".into(),
            text: lines.to_owned(),
        };
        Settings::new(vec![source], None).unwrap_or_else(|e| panic!("{what} {e}"));
        let of_lines = lines.lines().filter(|line| line.starts_with('['));
        of_lines.for_each(|line| {
            let name = line.trim_matches(['[', ']']).split('.').next().unwrap();
            assert!(sections.contains(name), "{line}");
        });
    }
    // The table of sections has all that the example has, and no other.
    let example = text("gosync.toml.example");
    let of_example = example.lines().map(|line| line.trim_start_matches('#'));
    let of_example = of_example.filter(|line| line.starts_with('[') && line.ends_with(']'));
    let of_example =
        of_example.map(|line| line.trim_matches(['[', ']']).split('.').next().unwrap());
    let of_example: BTreeSet<String> = of_example.map(str::to_owned).collect();
    assert_eq!(sections, of_example);
}

/// The first words of the sections in the manual's table.
fn words_of_sections() -> BTreeSet<String> {
    let terms = manual_text::SECTIONS.iter();
    let names = terms.flat_map(|(term, _)| term.split(", "));
    let first = names.map(|name| name.trim_matches(['[', ']']).split('.').next().unwrap());
    first.map(str::to_owned).collect()
}

fn configuration() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman("gosync.toml - configuration of gosync(8)")]);
    roff.control("SH", ["DESCRIPTION"]);
    let example = text("gosync.toml.example");
    let blocks: Vec<&str> = example.trim_end().split("\n\n").collect();
    let mut optional = false;
    for (n, block) in blocks.iter().enumerate() {
        let prose = block.lines().filter_map(|line| {
            if line == "#" {
                Some("\n")
            } else {
                line.strip_prefix("# ")
            }
        });
        let prose = prose.collect::<Vec<_>>().join(" ").replace(" \n ", "\n\n");
        let lines: Vec<&str> = block
            .lines()
            .filter(|line| *line != "#" && !line.starts_with("# "))
            .collect();
        match lines[..] {
            [] => {
                assert_eq!(n, 0, "only the first block is prose alone: {block}");
                // Its first paragraph is about the example as a file.
                paragraphs(&mut roff, words::CONFIGURATION);
                paragraphs(&mut roff, prose.split_once("\n\n").unwrap().1);
                roff.control("SH", ["SECTIONS"]);
                list(&mut roff, &manual_text::SECTIONS);
                roff.control("SH", ["EXAMPLES"]);
                for (what, lines) in manual_text::CONFIGURATIONS {
                    paragraphs(&mut roff, what);
                    literally(&mut roff, lines);
                }
            }
            [line] if line.trim_start_matches('#').starts_with('[') => {
                optional = line.starts_with('#');
                roff.control("SH", [line.trim_start_matches('#')]);
                paragraphs(&mut roff, &prose);
            }
            [line] => {
                let (key, value) = line.trim_start_matches('#').split_once(" = ").unwrap();
                roff.control("TP", []);
                match line.starts_with('#') && !optional {
                    true => roff.text([
                        bold(key),
                        roman(" (unset; such as "),
                        italic(value),
                        roman(")"),
                    ]),
                    false => roff.text([bold(key), roman(" = "), italic(value)]),
                };
                roff.text(marked(&prose));
            }
            _ => panic!("a block has one key or one section: {block}"),
        }
    }
    roff.control("SH", ["THE DOCUMENT OF A FILE PROVIDER"]);
    paragraphs(&mut roff, words::DOCUMENT);
    roff.control("PP", []);
    roff.control("nf", []);
    for line in words::DOCUMENT_EXAMPLE.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    see_also(&mut roff, &["gosync(8)", "passwd(5)", "subuid(5)"]);
    mark(&(head("gosync.toml", "5", "File formats") + &part(|out| roff.to_writer(out), "")))
}
