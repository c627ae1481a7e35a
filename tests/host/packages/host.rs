//! A throw-away Debian: a tree that is made once, with what one test writes in a layer of its own above it. Its scripts run
//! in a mount namespace, or it is booted in a container without a network.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{HERE, packages};
use crate::made_once::{made_once, run};
use crate::scratch::Ran;

/// What the hosts have besides Debian's smallest set of packages. rpm(8) stands for that of other distributions.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,rpm";

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A Debian that every test's own is made of.
fn base() -> PathBuf {
    let suite = "bookworm";
    let made = made_once("debian", &format!("{suite} {PACKAGES}"), |dir| {
        let mut command = Command::new("mmdebstrap");
        command
            .args([
                "--quiet",
                "--variant=minbase",
                &format!("--include={PACKAGES}"),
                suite,
            ])
            .arg(dir.join("tree"));
        run(
            &mut command,
            "install the Debian package mmdebstrap; Debian's packages must be reached",
        );
    });
    made.join("tree")
}

/// The host, as long as it does not run.
pub struct Host {
    dir: TempDir,
    base: PathBuf,
}

impl Host {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let prefix = "gosync-package-";
        let dir = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(memory)
            .unwrap();
        for name in ["upper", "work", "merged"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        // An overlay takes the mode of its root from above.
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(dir.path().join("upper"), mode).unwrap();
        let (host, _) = (Self { dir, base: base() }, packages());
        // Numbers of machines are made at boot, and must not be all the same.
        host.write("etc/hostname", "throwaway\n");
        host
    }

    /// Writes a file of root's, before the host is started.
    pub fn write(&self, path: &str, text: &str) {
        self.write_with_mode(path, text, 0o644);
    }

    pub fn write_with_mode(&self, path: &str, text: &str, mode: u32) {
        let path = self.dir.path().join("upper").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// What comes before a program that needs the tree, as a script of a mount namespace of its own.
    fn mounted(&self) -> String {
        let (dir, base) = (self.dir.path().display(), self.base.display());
        let overlay = format!("lowerdir={base},upperdir={dir}/upper,workdir={dir}/work");
        format!("set -e\nmount -t overlay overlay -o {overlay} {dir}/merged\ncd {dir}/merged\n")
    }

    fn unshared(&self, script: &str) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c", script])
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs a shell script there, in a chroot(8) without systemd, to its first command that fails.
    pub fn run(&self, script: &str) -> Ran {
        let before = format!(
            "{}mount -t proc proc proc\nmkdir -p .{HERE}\nmount --bind {} .{HERE}\n\
             exec chroot . env -i {PATH} DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -ec \"$SCRIPT\"",
            self.mounted(),
            packages().display()
        );
        let output = self
            .unshared(&before)
            .env("SCRIPT", script)
            .output()
            .unwrap();
        output.into()
    }

    /// Boots it.
    pub fn boot(self) -> Booted {
        let script = format!(
            "{}exec systemd-nspawn --quiet --register=no --keep-unit --private-network --bind-ro={}:{HERE} \
             --console=pipe --directory=. --boot >{}/console 2>&1",
            self.mounted(),
            packages().display(),
            self.dir.path().display()
        );
        let child = self
            .unshared(&script)
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .spawn()
            .unwrap_or_else(|e| panic!("unshare: {e}"));
        let mut booted = Booted {
            host: self,
            child,
            init: 0,
        };
        booted.wait_for_boot();
        booted
    }
}

/// The host while it runs. It is killed when the value is dropped.
pub struct Booted {
    host: Host,
    child: Child,
    /// The number of its first process.
    init: u32,
}

impl Booted {
    fn wait_for_boot(&mut self) {
        let began = Instant::now();
        let console = self.host.dir.path().join("console");
        loop {
            let said = || fs::read_to_string(&console).unwrap_or_default();
            let ended = self.child.try_wait().unwrap();
            let hint = "install the Debian package systemd-container";
            assert!(ended.is_none(), "{}{hint}", said());
            assert!(began.elapsed() < PATIENCE, "it does not boot: {}", said());
            self.init = self.find_init().unwrap_or_default();
            if self.init != 0 {
                let state = self.run("systemctl is-system-running || true");
                if ["running\n", "degraded\n"].contains(&state.out.as_str()) {
                    assert_eq!(
                        state.out,
                        "running\n",
                        "{:?}",
                        self.run("systemctl --failed")
                    );
                    return;
                }
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The container's first process: it is a child of the one that we have started, and called systemd.
    fn find_init(&self) -> Option<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        let is_init = |pid: &&str| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name == "systemd\n")
        };
        children.split_whitespace().find(is_init)?.parse().ok()
    }

    fn entered(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init.to_string()])
            .args(["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"])
            .args([
                "--root",
                "--wd=/",
                "env",
                "-i",
                PATH,
                "DEBIAN_FRONTEND=noninteractive",
                "LC_ALL=C",
            ])
            .args(["sh", "-ec", script])
            .stdin(Stdio::null());
        command
    }

    /// Runs a shell script there, to its first command that fails.
    pub fn run(&self, script: &str) -> Ran {
        self.entered(script).output().unwrap().into()
    }

    /// The same, which must end with 0; what it said.
    #[track_caller]
    pub fn good(&self, script: &str) -> String {
        let ran = self.run(script);
        assert_eq!(ran.code, Some(0), "{script}\n{ran:?}");
        ran.out
    }

    /// Begins a shell script there.
    pub fn begin(&self, script: &str) -> Child {
        let mut command = self.entered(script);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Waits until a shell script ends with 0 there.
    #[track_caller]
    pub fn until(&self, script: &str) {
        let began = Instant::now();
        while self.run(script).code != Some(0) {
            if began.elapsed() > PATIENCE {
                let journal = self.run("journalctl --no-pager -b | tail -n 40").out;
                panic!("never: {script}\n{journal}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// A property of a unit.
    pub fn property(&self, unit: &str, property: &str) -> String {
        let said = self.good(&format!("systemctl show --value -p {property} {unit}"));
        said.trim().to_owned()
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        // With its first process all others of a container end, and so does what has started it.
        let pid = i32::try_from(self.init).ok().filter(|pid| *pid > 0);
        if let Some(pid) = pid {
            let pid = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        } else if let Err(e) = self.child.kill() {
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
        }
        let _ = self.child.wait();
    }
}
