//! The http provider: a document on a web server that wants a token.

use gosync::testing::providers::Provider;
use gosync::testing::providers::http::Secrets;
use gosync::testing::providers::http_document::{Config, HttpDocument};

use super::dataset::{Tells, World};
use super::document::{Document, document};
use super::{Fixture, NAME, Place, Server, Wire};
use crate::web::{Reply, Web};

const TOKEN: &str = "Bearer of-the-contract";

/// A web server with one document.
pub struct Served {
    web: Web,
}

fn provider(port: u16, token: &str) -> Box<dyn Provider> {
    let config = Config::new(format!("http://127.0.0.1:{port}/gosync/directory.json"));
    let secrets = Secrets {
        token: Some(token.to_owned().into()),
        ..Secrets::default()
    };
    Box::new(HttpDocument::new(NAME, &config, secrets, 0).unwrap())
}

impl Fixture for Served {
    const TELLS: Tells = Tells {
        known_again: true,
        ..Document::TELLS
    };

    fn load(world: &World) -> Self {
        let mut document = document(world);
        document["complete"] = true.into();
        let web = Web::start(
            move |asked| match (asked.header("authorization"), asked.path()) {
                (Some(TOKEN), "/gosync/directory.json") => Reply::json(200, &document),
                (Some(TOKEN), _) => Reply::new(404, "text/plain", "not here"),
                _ => Reply::new(401, "text/plain", "who is that?"),
            },
        );
        Self { web }
    }

    fn open(&self, _page: usize) -> Box<dyn Provider> {
        self.at(self.web.port)
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }
}

impl Server for Served {
    fn port(&self) -> u16 {
        self.web.port
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        provider(port, &TOKEN["Bearer ".len()..])
    }

    fn stranger(&self) -> Box<dyn Provider> {
        provider(self.web.port, "another")
    }

    fn wire(&self) -> Wire {
        Wire::Http
    }
}
