//! A TCP proxy that spoils what a server sends: cuts it off, holds it back, or lets it drip.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// One byte at a time, with a pause after each.
    Drip(Duration),
}

/// A running proxy in front of a port of 127.0.0.1.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    stop: Arc<AtomicBool>,
    passed: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to `target`.
    pub fn start(target: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let passed = Arc::new(AtomicUsize::new(0));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&passed));
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", target)))
                else {
                    continue;
                };
                let (stopped, count) = (Arc::clone(&stopped), Arc::clone(&count));
                thread::spawn(move || serve(client, server, fault, &stopped, &count));
            }
        });
        Self {
            port,
            stop,
            passed,
            thread: Some(thread),
        }
    }

    /// How many bytes of the server have been passed on, with those that are on their way.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    client: TcpStream,
    server: TcpStream,
    fault: Fault,
    stop: &AtomicBool,
    passed: &AtomicUsize,
) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    let upstream = thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    down(&client, server, fault, stop, passed);
    let _ = client.shutdown(Shutdown::Both);
    let _ = upstream.join();
}

fn down(
    mut client: &TcpStream,
    mut server: TcpStream,
    fault: Fault,
    stop: &AtomicBool,
    passed: &AtomicUsize,
) {
    let mut buffer = [0; 4096];
    let mut total = 0;
    while let Ok(n @ 1..) = server.read(&mut buffer) {
        let mut data = &buffer[..n];
        let mut end = false;
        match fault {
            Fault::Pass => {}
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
