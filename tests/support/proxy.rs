//! A TCP proxy that spoils what a server sends: cuts it off, holds it back, or lets it drip.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What happens to the bytes that the server sends.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// After so many bytes the connection is closed.
    CutAfter(usize),
    /// After so many bytes, over however many connections, the server is gone for good.
    EndAfter(usize),
    /// After so many bytes nothing comes any more, and the connection stays open.
    StallAfter(usize),
    /// After so many bytes nothing comes until the proxy is released.
    HoldAfter(usize),
    /// One byte at a time, with a pause after each.
    Drip(Duration),
}

/// A running proxy in front of a port of 127.0.0.1.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
    spoilt: Spoilt,
    thread: Option<JoinHandle<()>>,
}

/// What its threads share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    released: AtomicBool,
    passed: AtomicUsize,
}

/// What of a client's bytes does not reach the server as it is.
type Spoilt = Arc<Mutex<Option<&'static [u8]>>>;

impl Proxy {
    /// Starts a proxy to `target`.
    pub fn start(target: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let spoilt = Spoilt::default();
        let state = Arc::clone(&shared);
        let spoils = Arc::clone(&spoilt);
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if state.stop.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", target)))
                else {
                    continue;
                };
                let state = Arc::clone(&state);
                let from_client = client.try_clone().unwrap();
                let to_server = server.try_clone().unwrap();
                let spoils = Arc::clone(&spoils);
                let up = thread::spawn(move || up(from_client, to_server, &spoils));
                thread::spawn(move || {
                    down(&client, server, fault, &state);
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = up.join();
                });
            }
        });
        Self {
            port,
            shared,
            spoilt,
            thread: Some(thread),
        }
    }

    /// From now on these bytes do not reach the server as the client sends them.
    pub fn spoil(&self, bytes: &'static [u8]) {
        *self.spoilt.lock().unwrap() = Some(bytes);
    }

    /// How many bytes of the server have been passed on, with those that are on their way.
    pub fn passed(&self) -> usize {
        self.shared.passed.load(Ordering::Relaxed)
    }

    /// What was held comes now.
    pub fn release(&self) {
        self.shared.released.store(true, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn up(mut client: TcpStream, mut server: TcpStream, spoilt: &Spoilt) {
    let mut buffer = [0; 65_536];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        let data = &mut buffer[..n];
        if let Some(bytes) = *spoilt.lock().unwrap() {
            let at = data.windows(bytes.len()).position(|found| found == bytes);
            at.into_iter().for_each(|at| data[at] ^= 1);
        }
        if server.write_all(data).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

fn down(mut client: &TcpStream, mut server: TcpStream, fault: Fault, shared: &Shared) {
    let Shared {
        stop,
        released,
        passed,
    } = shared;
    let mut buffer = [0; 4096];
    let mut total = 0;
    while let Ok(n @ 1..) = server.read(&mut buffer) {
        let mut data = &buffer[..n];
        let mut end = false;
        match fault {
            Fault::Pass => {}
            Fault::HoldAfter(limit) => {
                let is_held = || {
                    total + n > limit
                        && !released.load(Ordering::Relaxed)
                        && !stop.load(Ordering::Relaxed)
                };
                while is_held() {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            Fault::EndAfter(limit) => {
                // Of what all connections may have, as much as is left.
                let take = |old: usize| Some(old.max(limit.min(old + n)));
                let old = passed
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .unwrap();
                let left = limit.saturating_sub(old);
                if client.write_all(&data[..n.min(left)]).is_err() || left < n {
                    return;
                }
                continue;
            }
            Fault::CutAfter(limit) | Fault::StallAfter(limit) => {
                end = total + data.len() >= limit;
                data = &data[..data.len().min(limit - total)];
            }
            Fault::Drip(pause) => {
                for byte in data {
                    thread::sleep(pause);
                    if stop.load(Ordering::Relaxed) || client.write_all(&[*byte]).is_err() {
                        return;
                    }
                }
                continue;
            }
        }
        // Counted before they are sent, so that whoever has the bytes also finds them counted.
        total += data.len();
        passed.fetch_add(data.len(), Ordering::Relaxed);
        if client.write_all(data).is_err() {
            return;
        }
        if end {
            while matches!(fault, Fault::StallAfter(_)) && !stop.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(20));
            }
            return;
        }
    }
}
