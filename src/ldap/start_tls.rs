//! The StartTLS operation (RFC 4511, 4.14), the one request that is made before there is TLS.
//!
//! Reads the answer and not one byte more: what a server, or somebody in between, sends behind it
//! without TLS must not be taken for something that came with TLS.

use std::io::{Read as _, Write as _};

use super::code;
use super::error::Error;
use super::limits::{self, Limits};
use super::message::{Message, Says};
use super::request::{Operation, START_TLS};
use super::socket::Socket;
use super::wire;
use crate::model::remedy::Remedy;

/// The id of the request.
const ID: u32 = 1;
/// No answer is longer.
const ANSWER: u64 = 64 << 10;

/// Asks for TLS; the next bytes on the stream are TLS then.
///
/// # Errors
/// When the server refuses, or its answer is none.
pub(super) fn ask(stream: &mut Socket, limits: Limits) -> Result<(), Error> {
    let limits = Limits {
        message: ANSWER,
        ..limits
    };
    let io = |e: std::io::Error| wire::failure(&e).with(Remedy::TlsAtOnce);
    let request = Operation::extended(START_TLS).message(ID, &[]);
    stream.write_all(&request).map_err(io)?;
    let mut bytes = Vec::new();
    let length = loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(io)?;
        bytes.extend(byte);
        if let Some(length) = limits::length(&bytes, &limits)? {
            break length;
        }
    };
    let begun = bytes.len();
    bytes.resize(length.max(begun), 0);
    stream.read_exact(&mut bytes[begun..]).map_err(io)?;
    let message = Message::new(&bytes).ok_or_else(Error::not_ldap)?;
    match message.says {
        Says::Result(answer) if message.id == ID && answer.code == 0 => Ok(()),
        Says::Result(answer) if message.id == ID => {
            let text = format!("it refuses StartTLS: {}", code::name(answer.code));
            Err(Error::unreachable(text).with(Remedy::NoStartTls))
        }
        // It says that it ends the connection.
        Says::Result(_) => Err(Error::closed()),
        _ => Err(Error::not_ldap()),
    }
}
