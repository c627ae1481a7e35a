//! Tells systemd how things stand with a service: sd_notify(3), by the protocol that stands there.
//!
//! Nobody may listen, and nothing depends on whether somebody does.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::process;

/// Where it is told.
#[derive(Debug)]
pub(crate) struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Notify {
    /// Whoever started us says where in `NOTIFY_SOCKET`, if they want to know.
    pub(crate) fn new() -> Self {
        let place = process::variable("NOTIFY_SOCKET");
        let address = place.and_then(|path| {
            // What begins with @ is a name in the abstract namespace.
            match path.as_os_str().as_bytes().strip_prefix(b"@") {
                Some(name) => SocketAddr::from_abstract_name(name).ok(),
                None => SocketAddr::from_pathname(&path).ok(),
            }
        });
        Self {
            socket: address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address))),
        }
    }

    /// It is up.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It ends.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// What it does, in a line.
    pub(crate) fn status(&self, text: &str) {
        let line = text.replace(char::is_control, " ");
        self.tell(&format!("STATUS={line}"));
    }

    fn tell(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}
