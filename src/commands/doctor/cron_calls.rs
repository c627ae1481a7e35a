//! Which program a line of cron runs, if it runs one at all: `cd` before it, its path, or cron's own PATH. Rules:
//! crontab(5), cron(8). A line that is too clever for this is passed over.

use std::path::{Path, PathBuf};

/// Where cron looks for programs whose path is not named, unless the table says otherwise.
const CRON_PATH: &str = "/usr/bin:/bin";

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// There is no such directory to go to.
    NoDirectory(String),
    /// There is no such program.
    NoProgram(String),
    /// None of these directories has it.
    NotInPath(String),
    /// This program.
    Program(PathBuf),
}

/// What a line of a table comes to; `exists` says whether a directory or a program is there. Nothing, if it names no
/// program of ours that can be understood.
pub(super) fn call(line: &str, table: &str, exists: &dyn Fn(&Path) -> bool) -> Option<Call> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | '&' | '|' | '`' | '"'))
        .filter(|word| !word.is_empty())
        .collect();
    let at = words.iter().position(|word| {
        let name = word.rsplit('/').next();
        name == Some("gosync") && !word.contains(['$', '*', '='])
    })?;
    let (before, word) = (&words[..at], words[at]);
    // `cd X && ...`: the last one before it counts.
    let directory = before
        .windows(2)
        .filter(|pair| pair[0] == "cd")
        .map(|pair| pair[1])
        .next_back();
    // What is an argument of another program, such as `cd /usr/local/gosync`, is none.
    if before.last() == Some(&"cd") {
        return resolve(&words[at + 1..], Some(word), table, exists);
    }
    resolve(&words[at..], directory, table, exists)
}

/// Finds the program that the first of the words that can be one names.
fn resolve(
    words: &[&str],
    directory: Option<&str>,
    table: &str,
    exists: &dyn Fn(&Path) -> bool,
) -> Option<Call> {
    let word = words
        .iter()
        .find(|word| word.rsplit('/').next() == Some("gosync"))?;
    let absolute = directory.filter(|dir| dir.starts_with('/'));
    if let Some(gone) = absolute.filter(|dir| !exists(Path::new(dir))) {
        return Some(Call::NoDirectory(gone.to_owned()));
    }
    let path = match (word.starts_with('/'), word.contains('/'), directory) {
        (true, ..) => PathBuf::from(word),
        (false, true, Some(directory)) => Path::new(directory).join(word.trim_start_matches("./")),
        // Cron begins in the home of the user, which is not ours to guess.
        (false, true, None) => return None,
        (false, false, _) => return Some(in_path(word, table, exists)),
    };
    Some(match exists(&path) {
        true => Call::Program(path),
        false => Call::NoProgram(path.display().to_string()),
    })
}

fn in_path(word: &str, table: &str, exists: &dyn Fn(&Path) -> bool) -> Call {
    let set = table.lines().rev().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "PATH").then(|| value.trim().trim_matches(['"', '\'']))
    });
    let path = set.unwrap_or(CRON_PATH);
    let mut places = path.split(':').map(|dir| Path::new(dir).join(word));
    match places.find(|place| exists(place)) {
        Some(found) => Call::Program(found),
        None => Call::NotInPath(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: &str = "*/2 * * * * ( cd /usr/local/gosync && ./gosync -q --nw sync users --new && ./gosync -q --nw sync groups ) >/dev/null 2>&1";

    fn with(there: &[&str], line: &str, table: &str) -> Option<Call> {
        call(line, table, &|path| {
            there.iter().any(|known| Path::new(known) == path)
        })
    }

    #[test]
    fn the_originals_line_needs_its_directory_and_the_program_in_it() {
        let dir = "/usr/local/gosync".to_owned();
        assert_eq!(
            with(&[], ORIGINAL, ""),
            Some(Call::NoDirectory(dir.clone()))
        );
        assert_eq!(
            with(&[&dir], ORIGINAL, ""),
            Some(Call::NoProgram("/usr/local/gosync/gosync".to_owned()))
        );
        assert_eq!(
            with(&[&dir, "/usr/local/gosync/gosync"], ORIGINAL, ""),
            Some(Call::Program("/usr/local/gosync/gosync".into()))
        );
    }

    #[test]
    fn a_program_without_a_path_is_looked_for_where_cron_does() {
        let line = "*/2 * * * * root gosync -q --nw sync users";
        let here = ["/usr/local/bin/gosync"];
        assert_eq!(
            with(&here, line, ""),
            Some(Call::NotInPath(CRON_PATH.to_owned()))
        );
        let table = "PATH=/usr/local/bin:/bin\n";
        assert_eq!(
            with(&here, line, table),
            Some(Call::Program("/usr/local/bin/gosync".into()))
        );
    }

    #[test]
    fn a_whole_path_is_taken_as_it_is() {
        let line = "*/2 * * * * root /usr/local/bin/gosync -q --nw sync users --new && /usr/local/bin/gosync sync groups";
        let program = "/usr/local/bin/gosync";
        assert_eq!(
            with(&[], line, ""),
            Some(Call::NoProgram(program.to_owned()))
        );
        assert_eq!(
            with(&[program], line, ""),
            Some(Call::Program(program.into()))
        );
        assert_eq!(
            with(&[], "* * * * * root $HOME/gosync sync users", ""),
            None
        );
        assert_eq!(with(&[], "* * * * * ./gosync sync users", ""), None);
    }
}
