//! An LDAP server that says whatever a test wants it to say, byte by byte (RFC 4511, BER by hand).
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// What a handler is given: the number of the request on its connection, its message id, and the request's bytes.
pub struct Request<'a> {
    /// How many requests came before.
    pub number: usize,
    /// To be repeated in the answer.
    pub id: u8,
    /// The whole message.
    pub bytes: &'a [u8],
}

impl Request<'_> {
    /// Whether these characters occur in the request.
    pub fn mentions(&self, text: &str) -> bool {
        self.bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

/// A running server.
pub struct Stub {
    /// Where it listens.
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts a server that answers each request with what `handler` gives; `None` closes the connection.
    pub fn start(
        handler: impl Fn(&Request<'_>) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let handler = Arc::new(handler);
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let handler = Arc::clone(&handler);
                if let Ok(client) = client {
                    thread::spawn(move || serve(client, &*handler));
                }
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut client: TcpStream, handler: &dyn Fn(&Request<'_>) -> Option<Vec<u8>>) {
    for number in 0.. {
        let Some(bytes) = message_from(&mut client) else {
            return;
        };
        let header = if bytes[1] < 0x80 {
            2
        } else {
            2 + usize::from(bytes[1] & 0x7f)
        };
        // Tests ask few enough questions for a message id of one byte.
        let id = bytes[header + 2];
        match handler(&Request {
            number,
            id,
            bytes: &bytes,
        }) {
            Some(answer) if client.write_all(&answer).is_ok() => {}
            _ => return,
        }
    }
}

/// The next message on a connection.
pub fn message_from(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 2];
    client.read_exact(&mut bytes).ok()?;
    let mut length = usize::from(bytes[1]);
    if length >= 0x80 {
        let mut more = vec![0; length & 0x7f];
        client.read_exact(&mut more).ok()?;
        length = more
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        bytes.extend(more);
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(bytes)
}

/// A tag, a length and a content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            out.push(0x84);
            out.extend((long as u32).to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// A message with an operation and, if not empty, controls.
pub fn message(id: u8, operation: &[u8], controls: &[u8]) -> Vec<u8> {
    let mut body = tlv(2, &[id]);
    body.extend(operation);
    if !controls.is_empty() {
        body.extend(tlv(0xa0, controls));
    }
    tlv(0x30, &body)
}

/// A search result entry.
pub fn entry(id: u8, dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let list: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values
                .iter()
                .flat_map(|value| tlv(4, value.as_bytes()))
                .collect();
            tlv(
                0x30,
                &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat(),
            )
        })
        .collect();
    message(
        id,
        &tlv(0x64, &[tlv(4, dn.as_bytes()), tlv(0x30, &list)].concat()),
        &[],
    )
}

/// A person as RFC 2307 has it.
pub fn person(id: u8, n: usize) -> Vec<u8> {
    let (login, uuid) = (format!("u{n}"), format!("00000000-0000-0000-0000-{n:012}"));
    entry(
        id,
        &format!("uid={login},ou=people,dc=example,dc=org"),
        &[("uid", &[&login]), ("entryUUID", &[&uuid])],
    )
}

/// The end of a search, with a result code and, if not `None`, a paged results control.
pub fn done(id: u8, code: u8, cookie: Option<&[u8]>) -> Vec<u8> {
    let operation = tlv(
        0x65,
        &[
            tlv(10, &[code]),
            tlv(4, b""),
            tlv(4, b"from the server\x1b[31m"),
        ]
        .concat(),
    );
    let controls = cookie.map(|cookie| {
        let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
        tlv(
            0x30,
            &[tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, &value)].concat(),
        )
    });
    message(id, &operation, &controls.unwrap_or_default())
}

/// A reference to another server.
pub fn reference(id: u8) -> Vec<u8> {
    message(
        id,
        &tlv(
            0x73,
            &tlv(4, b"ldap://elsewhere.example.org/dc=example,dc=org"),
        ),
        &[],
    )
}
