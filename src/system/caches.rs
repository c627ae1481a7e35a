//! Tells name service caches, once, that the databases changed.

use std::path::Path;
use std::time::Duration;

use super::process;

/// How long a cache may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Which of nscd(8) and sssd(8) run.
pub(crate) fn running() -> Vec<&'static str> {
    let mut running = Vec::new();
    if Path::new("/run/nscd/socket").exists() || Path::new("/var/run/nscd/socket").exists() {
        running.push("nscd");
    }
    if Path::new("/run/sssd.pid").exists() || Path::new("/var/run/sssd.pid").exists() {
        running.push("sssd");
    }
    running
}

/// Empties the caches of nscd(8) and sssd(8) where they run. Returns what failed; a stale cache mends itself.
pub(crate) fn forget() -> Vec<String> {
    let mut failures = Vec::new();
    let running = running();
    if let Some(program) = process::find("nscd").filter(|_| running.contains(&"nscd")) {
        for table in ["passwd", "group"] {
            tell(&program, &["-i", table], &mut failures);
        }
    }
    if let Some(program) = process::find("sss_cache").filter(|_| running.contains(&"sssd")) {
        tell(&program, &["-U", "-G"], &mut failures);
    }
    failures
}

fn tell(program: &Path, args: &[&str], failures: &mut Vec<String>) {
    let args: Vec<&std::ffi::OsStr> = args.iter().map(std::convert::AsRef::as_ref).collect();
    match process::run(program, &args, LIMIT) {
        Ok(answer) if answer.code == Some(0) => {}
        Ok(answer) => failures.push(format!(
            "{}: {}",
            program.display(),
            crate::model::shown(&answer.complaint)
        )),
        Err(e) => failures.push(format!("{}: {e}", program.display())),
    }
}
