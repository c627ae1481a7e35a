//! The StartTLS operation (RFC 4511, 4.14), the one request that is made before there is TLS.
//!
//! Reads the answer and not one byte more: what a server, or somebody in between, sends behind it
//! without TLS must not be taken for something that came with TLS.

use ldap3::tokio::net::TcpStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::error::{self, Error};
use super::limits::{self, Limits};
use super::{code, entry};
use crate::model::remedy::Remedy;

/// ExtendedRequest 1.3.6.1.4.1.1466.20037, as the message with the id 1.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// No answer is longer.
const ANSWER: u64 = 64 << 10;

/// Asks for TLS; the next bytes on the stream are TLS then.
///
/// # Errors
/// When the server refuses, or its answer is none.
pub(super) async fn ask(stream: &mut TcpStream, limits: Limits) -> Result<(), Error> {
    let limits = Limits {
        message: ANSWER,
        ..limits
    };
    let io = |e: std::io::Error| error::io(&e).with(Remedy::TlsAtOnce);
    stream.write_all(REQUEST).await.map_err(io)?;
    let mut bytes = Vec::new();
    let length = loop {
        bytes.push(stream.read_u8().await.map_err(io)?);
        if let Some(length) = limits::length(&bytes, &limits)? {
            break length;
        }
    };
    let begun = bytes.len();
    bytes.resize(length.max(begun), 0);
    stream.read_exact(&mut bytes[begun..]).await.map_err(io)?;
    limits::message(&bytes, &limits)?;
    match entry::extended(&bytes) {
        Some((1, 0)) => Ok(()),
        Some((1, refused)) => {
            let text = format!("it refuses StartTLS: {}", code::name(refused));
            Err(Error::unreachable(text).with(Remedy::NoStartTls))
        }
        // 0: it says that it ends the connection.
        Some(_) => Err(Error::closed()),
        None => Err(Error::not_ldap()),
    }
}
