//! What README.md and the pages in docs/ show: configurations that can be read, commands that can be typed, links that lead
//! somewhere, and a session that is what the program prints today. Nothing here judges the prose.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use gosync::testing::cli::Cli;
use gosync::testing::config::{Settings, Source};

use crate::scratch::GOSYNC;
use crate::{here, text};

/// The section that a block needs which shows only some keys.
const SOME_PROVIDER: &str = "[provider.people]\nkind = \"file\"\npath = \"directory.json\"\n";

/// All pages, by their paths in the source tree.
fn pages() -> Vec<String> {
    let entries = std::fs::read_dir(here("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| has_extension(name, "md"));
    let mut all: Vec<String> = pages.map(|name| format!("docs/{name}")).collect();
    all.push("README.md".to_owned());
    all.sort();
    all
}

fn has_extension(name: &str, wanted: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == wanted)
}

/// The blocks of a page that are configurations.
fn configurations(page: &str) -> Vec<String> {
    let page = text(page);
    let blocks = page.split("```toml\n").skip(1);
    let inside = |block: &str| block.split_once("```").unwrap().0.to_owned();
    blocks.map(inside).collect()
}

/// The lines of the other blocks: those that are indented, and those between fences.
fn code(page: &str) -> Vec<String> {
    let mut fence = None;
    let mut lines = Vec::new();
    for line in text(page).lines() {
        match (line.strip_prefix("```"), fence) {
            (Some(kind), None) => fence = Some(kind == "toml"),
            (Some(_), Some(_)) => fence = None,
            (None, Some(is_toml)) if !is_toml => lines.push(line.to_owned()),
            (None, None) => lines.extend(line.strip_prefix("    ").map(str::to_owned)),
            (None, Some(_)) => {}
        }
    }
    lines
}

fn read(text: &str) -> Result<Settings, String> {
    let provider = if text.contains("[provider.") {
        ""
    } else {
        SOME_PROVIDER
    };
    let source = Source {
        path: "/etc/gosync/gosync.toml".into(),
        text: format!("{text}{provider}"),
    };
    Settings::new(vec![source], None).map_err(|error| error.to_string())
}

#[test]
fn each_configuration_can_be_read() {
    let mut count = 0;
    for page in pages() {
        for block in configurations(&page) {
            read(&block).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            count += 1;
        }
        for line in code(&page) {
            assert!(
                !line.starts_with("[provider.") && !line.starts_with("[gosync]"),
                "{page}: a configuration belongs between ```toml and ```, where a test reads it: {line}"
            );
        }
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn whoever_reads_from_a_hub_gives_out_nothing() {
    let of_hubs: Vec<String> = configurations("docs/fleet.md")
        .into_iter()
        .filter(|text| text.contains("provider = \"hub\""))
        .collect();
    assert_eq!(of_hubs.len(), 3);
    for text in of_hubs {
        assert!(text.contains("ids = \"provider\""), "{text}");
    }
}

/// The words of a command as sh(1) takes them apart, without what is behind it: a comment, a redirection, another command.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (';' | '&' | '|' | '>' | '<' | ')', None) => break,
            ('#', None) if word.is_none() => break,
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands of gosync's in a line, each from its name on.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let starts = line.match_indices("gosync ").filter_map(|(at, _)| {
        let before = line[..at].trim_end_matches("/usr/local/bin/");
        let begins = before.is_empty()
            || ["; ", "&& ", "| ", "root ", "* ", "sudo ", "$( ", "("]
                .iter()
                .any(|end| before.ends_with(end));
        begins.then(|| words(&line[at..]))
    });
    starts.collect()
}

#[test]
fn each_command_can_be_typed() {
    let mut count = 0;
    for page in pages() {
        for line in code(&page) {
            // What the program says begins with its name, too.
            if [
                "gosync NOTICE:",
                "gosync ERROR:",
                "gosync HINT:",
                "gosync WARNING:",
            ]
            .iter()
            .any(|said| line.starts_with(said))
            {
                continue;
            }
            for command in commands(&line) {
                if let Err(error) = Cli::try_parse_from(&command) {
                    assert!(!error.use_stderr(), "{page}: {line}\n{error}");
                }
                count += 1;
            }
        }
    }
    assert!(count >= 40, "{count}");
}

/// What stands between backticks in the prose of a page.
fn spans(page: &str) -> Vec<String> {
    let text = text(page);
    let prose = text.lines().filter(|line| !line.starts_with("    "));
    let prose = prose.collect::<Vec<_>>().join("\n");
    let spans = prose.split('`').skip(1).step_by(2);
    spans.map(|span| span.replace('\n', " ")).collect()
}

#[test]
fn each_command_that_is_spoken_of_is_one() {
    use clap::error::ErrorKind::{
        DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument, MissingSubcommand,
    };
    let (mut count, mut bad) = (0, Vec::new());
    for page in pages() {
        for span in spans(&page) {
            if !span.starts_with("gosync ") {
                continue;
            }
            count += 1;
            // In prose, a command may be named without what it works on.
            let told = Cli::try_parse_from(words(&span)).err();
            let is_one = told.is_none_or(|error| {
                !error.use_stderr()
                    || matches!(
                        error.kind(),
                        MissingRequiredArgument
                            | MissingSubcommand
                            | DisplayHelpOnMissingArgumentOrSubcommand
                    )
            });
            bad.extend((!is_one).then(|| format!("{page}: {span}")));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(count >= 20, "{count}");
}

/// What a page links to in the source tree.
fn links(page: &str) -> Vec<String> {
    let text = text(page);
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.split('#').next().unwrap().to_owned());
    targets
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

#[test]
fn each_link_leads_to_a_file() {
    for page in pages() {
        let folder = Path::new(&page).parent().unwrap();
        for link in links(&page) {
            let path = here(folder.join(&link).to_str().unwrap());
            assert!(path.exists(), "{page}: {link}");
        }
    }
}

#[test]
fn the_index_names_every_page() {
    let named: BTreeSet<String> = links("docs/README.md").into_iter().collect();
    for page in pages() {
        let name = page.strip_prefix("docs/");
        if let Some(name) = name.filter(|&name| name != "README.md") {
            assert!(named.contains(name), "docs/README.md does not name {name}");
        }
    }
}

#[test]
fn the_promises_are_counted_from_one_up() {
    let page = text("docs/promises.md");
    let (promises, _) = page.split_once("\n## ").unwrap();
    let numbers: Vec<usize> = promises
        .lines()
        .filter_map(|line| line.split_once(". **")?.0.parse().ok())
        .collect();
    assert_eq!(numbers, (1..=7).collect::<Vec<_>>());
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_recorded_session_is_what_is_printed_today() {
    let bless = std::env::var_os("GOSYNC_BLESS").is_some();
    let compare = |path: &str, today: String| {
        if bless {
            std::fs::write(here(path), &today).unwrap();
        }
        let remedy = "GOSYNC_BLESS=1 cargo test --test it pages";
        assert_eq!(text(path), today, "{path} is out of date: {remedy}");
    };
    let mut session = Command::new(here("docs/session.sh"));
    session
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    compare("docs/session.txt", output(session.env("GOSYNC", GOSYNC)));
    let mut picture = Command::new("awk");
    picture.arg("-f").arg(here("docs/session.awk"));
    compare(
        "docs/session.svg",
        output(picture.arg(here("docs/session.txt"))),
    );
}
