//! Lines that somebody types, with a history and completion; or lines of standard input.

use std::io::{IsTerminal as _, Write as _};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

/// What could stand at the end of a line: where its last word begins, and words that fit there.
pub(crate) type Complete<'a> = Box<dyn Fn(&str) -> (usize, Vec<String>) + 'a>;

/// Where lines come from.
pub(crate) struct Prompt<'a>(Option<Editor<Words<'a>, MemHistory>>);

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its end.
    Text(String),
    /// Somebody thought better of it.
    Cancelled,
    /// No more lines come.
    End,
}

impl<'a> Prompt<'a> {
    /// On a terminal, a prompt whose history is that of this session; else standard input.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub(crate) fn new(complete: Complete<'a>) -> Result<Self, String> {
        if !std::io::stdin().is_terminal() {
            return Ok(Self(None));
        }
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .build();
        let mut editor =
            Editor::with_history(config, MemHistory::new()).map_err(|e| e.to_string())?;
        editor.set_helper(Some(Words(complete)));
        Ok(Self(Some(editor)))
    }

    /// Whether somebody types.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_some()
    }

    /// The next line.
    ///
    /// # Errors
    /// When none can be read, or it is not UTF-8.
    pub(crate) fn read(&mut self) -> Result<Line, String> {
        let Some(editor) = &mut self.0 else {
            let mut text = String::new();
            let n = std::io::stdin()
                .read_line(&mut text)
                .map_err(|e| format!("standard input: {e}"))?;
            return Ok(if n == 0 {
                Line::End
            } else {
                Line::Text(text.trim_end_matches(['\r', '\n']).to_owned())
            });
        };
        match editor.readline("gosync> ") {
            Ok(text) => {
                if !text.trim().is_empty() {
                    let _ = editor.add_history_entry(text.as_str()); // in memory: it cannot fail
                }
                Ok(Line::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Cancelled),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(e) => Err(e.to_string()),
        }
    }
}

/// Asks somebody who types a question that is answered by yes or no; whoever answers anything else, or nothing, said no.
/// Where nobody types, nobody is asked: what a script says is meant.
pub(crate) fn agrees(question: &str) -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return true;
    }
    let mut stream = std::io::stderr().lock();
    let _ = write!(stream, "{question} [y/N] ").and_then(|()| stream.flush());
    let mut answer = String::new();
    let is_read = std::io::stdin().read_line(&mut answer).is_ok();
    is_read && is_yes(&answer)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Completion for the editor.
struct Words<'a>(Complete<'a>);

impl Completer for Words<'_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok((self.0)(line.get(..pos).unwrap_or(line)))
    }
}

impl Hinter for Words<'_> {
    type Hint = String;
}

impl Highlighter for Words<'_> {}

impl Validator for Words<'_> {}

impl Helper for Words<'_> {}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_yes_is_one() {
        assert!(is_yes("y\n") && is_yes(" Yes\r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("yess\n") && !is_yes("n\n"));
    }
}
