//! A request that came, sent on to another server of this machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::web::Asked;

/// Status, headers and body of the other server's answer; it hears whose the request was meant to be.
pub fn relayed(port: u16, asked: &Asked) -> (u16, Vec<(String, String)>, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut head = format!("{} {} HTTP/1.0\r\n", asked.method, asked.target);
    let unwanted = ["accept-encoding", "connection"];
    let wanted = |(name, _): &&(String, String)| !unwanted.contains(&name.as_str());
    for (name, value) in asked.headers.iter().filter(wanted) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let request = format!("{head}\r\n{}", asked.body);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (status.parse().unwrap(), headers.collect(), body.to_owned())
}
