//! What the program prints as JSON is checked against share/gosync/schema wherever a test has it print some.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::path::Path;

use boon::{Compiler, Schemas};
use gosync::testing::cli::Cli;
use serde_json::Value;

use crate::scratch::Ran;

/// Where the schemas are.
pub const DIRECTORY: &str = "share/gosync/schema";

/// Stops the test unless what a command line printed is of the form that it promises. What ends before it has
/// anything to print prints nothing; a run prints always.
#[track_caller]
pub fn check(arguments: &[impl AsRef<str>], ran: &Ran) {
    let words = arguments.iter().map(AsRef::as_ref);
    let Ok(cli) = Cli::read(std::iter::once("gosync").chain(words)) else {
        return;
    };
    // Killed, it says nothing more.
    let (Some(name), Some(code)) = (cli.command.schema(), ran.code) else {
        return;
    };
    if ran.out.is_empty() && name != "run" {
        assert_ne!(code, 0, "{ran:?}");
        return;
    }
    let document = parse(&ran.out);
    fits(name, &document);
    if name == "run" {
        assert_eq!(document["exit"]["status"], code, "{document:#}");
    }
}

/// The one JSON value that a text is.
#[track_caller]
pub fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Stops the test unless a document is of the form of this name.
#[track_caller]
pub fn fits(name: &str, document: &Value) {
    if let Some(error) = error(name, document) {
        panic!("{error}\n{document:#}");
    }
}

/// What of a document is not of the form of this name.
pub fn error(name: &str, document: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let place = format!("file:///{name}.schema.json");
    compiler.add_resource(&place, of(name)).unwrap();
    let schema = compiler.compile(&place, &mut schemas);
    let schema = schema.unwrap_or_else(|e| panic!("{name}: {e}"));
    let error = schemas.validate(document, schema).err()?;
    Some(format!("{error:#}"))
}

/// The schema of this name.
pub fn of(name: &str) -> Value {
    let file = format!("{DIRECTORY}/{name}.schema.json");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    parse(&std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
}
