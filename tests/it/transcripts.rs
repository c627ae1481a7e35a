//! What each command says, word for word: the files in `transcripts`, in the form that `console` describes.
//!
//! `GOSYNC_BLESS=1 cargo test --test it transcripts` writes them anew. Read what changed as a user would.

use crate::console;
use crate::manifest::Tree;
use crate::world::World;

macro_rules! transcripts {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

transcripts!(configuration, deluser, limits, lock, quiet, reads, refused, sync_groups, sync_users, usage,);

fn check(name: &str) {
    let world = World::new(&Tree::base());
    world.write("directory.json", &crate::text("tests/it/transcripts/directory.json"));
    let path = format!("tests/it/transcripts/{name}.md");
    let found = console::run(&world, &crate::text(&path), &mut ());
    console::compare(&path, &found);
}

#[test]
fn every_transcript_is_a_test() {
    let entries = std::fs::read_dir(crate::here("tests/it/transcripts")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned())).collect();
    names.sort();
    assert_eq!(names, NAMES);
}
