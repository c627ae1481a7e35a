//! An HTTP server that answers whatever a test wants, as badly as it wants, and remembers what it was asked.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many requests came before.
    pub number: usize,
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A parameter of the query, decoded as far as the tests need it.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let value = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        let value = value.replace("%20", " ").replace("%22", "\"");
        Some(value.replace("%3A", ":").replace('+', " "))
    }
}

/// What becomes of the bytes of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub enum Spoil {
    #[default]
    Nothing,
    /// After so many bytes the connection is closed.
    CutAfter(usize),
    /// After so many bytes nothing comes any more, and the connection stays open.
    StallAfter(usize),
    /// One byte at a time, with a pause after each.
    Drip(Duration),
    /// The byte at this place is another one.
    Corrupt(usize),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub spoil: Spoil,
}

impl Reply {
    /// A status and a JSON document.
    pub fn json(status: u16, document: &serde_json::Value) -> Self {
        Self::new(status, "application/scim+json", document.to_string())
    }

    /// A status and a document of some type.
    pub fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            spoil: Spoil::Nothing,
        }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Spoilt.
    pub fn spoilt(mut self, spoil: Spoil) -> Self {
        self.spoil = spoil;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Status\r\n", self.status);
        // With `X-Keep` the server closes without having said so.
        if !self.headers.iter().any(|(name, _)| name == "X-Keep") {
            head.push_str("Connection: close\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        [head.into_bytes(), self.body.clone()].concat()
    }
}

/// A running server.
pub struct Web {
    /// Where it listens.
    pub port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Starts a server.
    pub fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, handler)
    }

    /// Starts a server with TLS, with `server.pem` and `server.key` in a folder.
    pub fn start_tls(
        dir: &Path,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let certificate = CertificateDer::from_pem_file(dir.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        // As it is: a server may have a certificate that it should not have.
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
            vec![certificate],
            rustls::crypto::ring::sign::any_supported_type(&key).unwrap(),
        ))));
        Self::listen(Some(Arc::new(config)), handler)
    }

    fn listen(
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stopped, log) = (Arc::clone(&stop), Arc::clone(&asked));
        let handler = Arc::new(handler);
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                let (handler, log, stopped) =
                    (Arc::clone(&handler), Arc::clone(&log), Arc::clone(&stopped));
                let tls = tls.clone();
                thread::spawn(move || {
                    let socket = client.try_clone().unwrap();
                    match tls {
                        Some(tls) => {
                            let session = rustls::ServerConnection::new(tls).unwrap();
                            let mut stream = rustls::StreamOwned::new(session, client);
                            serve(&mut stream, &log, &*handler, &stopped);
                            stream.conn.send_close_notify();
                            let _ = stream.flush();
                        }
                        None => serve(&mut &client, &log, &*handler, &stopped),
                    }
                    let _ = socket.shutdown(Shutdown::Both);
                });
            }
        });
        Self {
            port,
            scheme,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    /// The URL of a path, by address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Drop for Web {
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
    mut stream: impl Read + Write,
    log: &Mutex<Vec<Asked>>,
    handler: &dyn Fn(&Asked) -> Reply,
    stop: &AtomicBool,
) {
    let Some(mut asked) = request(&mut stream) else {
        return;
    };
    {
        let mut log = log.lock().unwrap();
        asked.number = log.len();
        log.push(asked.clone());
    }
    let reply = handler(&asked);
    let mut bytes = reply.bytes();
    let mut stall = false;
    match reply.spoil {
        Spoil::Nothing => {}
        Spoil::CutAfter(n) => bytes.truncate(n),
        Spoil::StallAfter(n) => {
            bytes.truncate(n);
            stall = true;
        }
        Spoil::Corrupt(n) => {
            if let Some(byte) = bytes.get_mut(n) {
                *byte ^= 0x55;
            }
        }
        Spoil::Drip(pause) => {
            for byte in &bytes {
                thread::sleep(pause);
                if stop.load(Ordering::Relaxed)
                    || stream.write_all(&[*byte]).is_err()
                    || stream.flush().is_err()
                {
                    return;
                }
            }
            return;
        }
    }
    let _ = stream.write_all(&bytes);
    let _ = stream.flush();
    while stall && !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(20));
    }
}

fn request(stream: &mut impl Read) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        number: 0,
        method,
        target,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

/// What gzip(1) makes of some bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .arg("-9")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}
