//! What comes from outside, one kind of it after the other, given to the functions by which the program takes it apart.
//!
//! Whatever the bytes are, nothing may panic, hang or take memory without end; and what a reader understood must survive its
//! writer. tests/fuzz gives them the bytes that cargo-fuzz makes up; the test below gives them those that it has kept, in
//! every run of the unit tests.
//!
//! Nothing of this is in the program: it is compiled for tests and under `--cfg fuzzing`, which cargo-fuzz sets and nothing
//! else does. Each kind of input is taken apart in a `fuzz.rs` beside its readers, since those are private there: so no name
//! becomes visible for the sake of fuzzing. Decides nothing; sees no server; some kinds write files, in a
//! directory of their own, and one has both ends of a connection.

/// A kind of input: its name, and what is done with the bytes.
type Kind = (&'static str, fn(&[u8]));

/// All of them: each is a binary in tests/fuzz/Cargo.toml and a directory in tests/fuzz/corpus.
const KINDS: [Kind; 25] = [
    ("anchor", crate::model::fuzz::anchor),
    ("certificate", crate::system::tls::fuzz::certificate),
    ("config", crate::config::fuzz::config),
    ("fields", crate::providers::fields::fuzz::fields),
    ("file_document", crate::providers::file::fuzz::document),
    ("filter_words", crate::policy::fuzz::words),
    ("formats", crate::formats::fuzz::databases),
    ("github_answers", crate::providers::github::fuzz::answers),
    ("globus_answers", crate::providers::globus::fuzz::answers),
    ("globus_mapping", crate::providers::globus::fuzz::mapping),
    ("journal", crate::system::fuzz::journal),
    ("kept_merge", crate::providers::kept::fuzz::merged),
    ("kept_reading", crate::providers::kept::fuzz::kept),
    ("ldap_dn", crate::ldap::fuzz::dn),
    ("ldap_entry", crate::providers::ldap::fuzz::entries),
    ("ldap_filter", crate::ldap::fuzz::filter),
    ("ldap_increment", crate::providers::ldap::fuzz::increments),
    ("ldap_message", crate::ldap::fuzz::messages),
    ("ldap_since", crate::ldap::fuzz::since),
    ("power", crate::formats::fuzz::power),
    ("saved_plan", crate::plan::fuzz::saved),
    ("scim_answers", crate::providers::scim::fuzz::answers),
    ("scim_path", crate::providers::scim::fuzz::path),
    ("ssh_key", crate::policy::fuzz::keys),
    ("stamp", crate::cache::fuzz::stamp),
];

/// Takes the bytes apart as an input of this kind.
///
/// # Panics
/// When there is no such kind, or the bytes show a defect.
pub fn run(name: &str, bytes: &[u8]) {
    let kind = KINDS.iter().find(|(kind, _)| *kind == name);
    let Some((_, take_apart)) = kind else {
        panic!("there is no kind of input `{name}`")
    };
    take_apart(bytes);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn place(path: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz")
            .join(path)
    }

    /// The names in a directory.
    fn names(path: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(place(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_fuzzing_kept_is_taken_apart_without_a_panic() {
        for (name, take_apart) in KINDS {
            let dir = format!("corpus/{name}");
            for file in names(&dir) {
                let bytes = fs::read(place(&dir).join(&file)).unwrap();
                let told = std::panic::catch_unwind(|| take_apart(&bytes));
                assert!(told.is_ok(), "tests/fuzz/{dir}/{file}");
            }
        }
    }

    #[test]
    fn every_kind_has_a_binary_and_a_corpus_that_stays_small() {
        let kinds: BTreeSet<String> = KINDS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("corpus"), kinds);
        let manifest = fs::read_to_string(place("Cargo.toml")).unwrap();
        let binaries = manifest
            .lines()
            .filter_map(|line| line.strip_prefix("name = \""))
            .map(|name| name.trim_end_matches('"').to_owned())
            .filter(|name| name != "gosync-fuzz");
        assert_eq!(binaries.collect::<BTreeSet<_>>(), kinds);
        for kind in &kinds {
            let dir = format!("corpus/{kind}");
            let files = names(&dir);
            let size = |file: &String| fs::metadata(place(&dir).join(file)).unwrap().len();
            let bytes: u64 = files.iter().map(size).sum();
            let fits = (1..=80).contains(&files.len()) && bytes <= 200_000;
            assert!(fits, "{dir}: {} files, {bytes} bytes", files.len());
        }
    }
}
