//! Colours for whoever reads a plan on a terminal: its signs, and the counts that are not zero. Nothing else has any, so that a
//! line says the same without them.
//!
//! Works on lines in which all that comes from outside is escaped already, and adds nothing but what is taken off again by
//! anything that reads colours. Rules: no-color.org, and `CLICOLOR` as ls(1) of BSD has it (by `anstream`).

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

/// Whether standard output is a terminal that gets colours.
pub(super) fn is_wanted() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}

/// The colour of what a sign stands for; see `render::line`.
fn of_sign(sign: char) -> Option<AnsiColor> {
    Some(match sign {
        '+' => AnsiColor::Green,
        '~' => AnsiColor::Yellow,
        '-' => AnsiColor::Red,
        '!' => AnsiColor::Magenta,
        '?' => AnsiColor::Cyan,
        _ => return None,
    })
}

/// The colour of a count, by its word.
fn of_count(word: &str) -> Option<AnsiColor> {
    Some(match word {
        "created" | "unlocked" | "freed" => AnsiColor::Green,
        "changed" | "renamed" | "adopted" | "rebound" | "released" | "keys" | "shells" => {
            AnsiColor::Yellow
        }
        "removed" | "archived" | "refused" => AnsiColor::Red,
        "locked" | "held" => AnsiColor::Magenta,
        "missing" => AnsiColor::Cyan,
        _ => return None,
    })
}

fn painted(colour: AnsiColor, text: &str) -> String {
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

/// A line of a plan with its sign painted.
pub(super) fn sign(line: &str) -> String {
    let mut rest = line.chars();
    let painted = rest.next().and_then(|first| {
        let colour = of_sign(first).filter(|_| rest.as_str().starts_with(' '))?;
        Some(painted(colour, &first.to_string()) + rest.as_str())
    });
    painted.unwrap_or_else(|| line.to_owned())
}

/// A summary with each count painted that is not zero.
pub(super) fn counts(text: &str) -> String {
    let mut out = String::new();
    let mut words = text.split_inclusive(' ').peekable();
    while let Some(word) = words.next() {
        let number = word.trim_end();
        let is_count = number.parse::<u64>().is_ok_and(|n| n > 0);
        let next = words.peek().filter(|_| is_count);
        let next = next.map(|next| next.trim_end_matches([' ', ',', ';']).to_owned());
        match next.and_then(|next| Some((of_count(&next)?, next))) {
            Some((colour, next)) => {
                out.push_str(&painted(colour, &format!("{number} {next}")));
                let rest = words.next().unwrap_or_default();
                out.push_str(rest.strip_prefix(next.as_str()).unwrap_or_default());
            }
            None => out.push_str(word),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_painted_and_nothing_behind_it() {
        assert_eq!(
            sign("+ account ann + more"),
            "\u{1b}[32m+\u{1b}[0m account ann + more"
        );
        for line in ["+account", "  note ann", "", "-"] {
            assert_eq!(sign(line), line);
        }
    }

    #[test]
    fn counts_are_painted_unless_they_are_zero() {
        assert_eq!(
            counts("sync users: 3 created, 0 changed, 12 unchanged, 1 refused"),
            "sync users: \u{1b}[32m3 created\u{1b}[0m, 0 changed, 12 unchanged, \u{1b}[31m1 refused\u{1b}[0m"
        );
        for text in ["", "nothing to do", "7", "7 ", "in 3 days"] {
            assert_eq!(counts(text), text);
        }
    }
}
