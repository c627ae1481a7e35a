//! What the listings of a read are answered: written down as it comes, or given in place of the server's answer.
//!
//! Knows of each listing only the name of its endpoint, and that it is one of everything. How what is kept is found to be what
//! the server has, is for `increment`.

use std::cell::RefCell;

use serde_json::Value;

use super::decode;
use crate::providers::kept::Recorder;

/// The endpoints of a read whose listings are kept, in the order of the file.
pub(super) type Endpoints = &'static [&'static str];

/// What is kept of listings.
#[derive(Default)]
pub(super) struct Store(RefCell<State>);

#[derive(Default)]
enum State {
    /// Nothing.
    #[default]
    None,
    /// What comes is written down.
    Recording {
        recorder: Recorder,
        endpoints: Endpoints,
        /// Those that were listed.
        listed: Vec<String>,
    },
    /// What the endpoints have: their resources, by their number.
    AtHand(Endpoints, Vec<Option<Vec<Vec<u8>>>>),
}

impl Store {
    /// From now on what these endpoints list is written down.
    pub(super) fn record(&self, recorder: Recorder, endpoints: Endpoints) {
        self.0.replace(State::Recording {
            recorder,
            endpoints,
            listed: Vec::new(),
        });
    }

    /// From now on each of these endpoints has these resources.
    pub(super) fn provide(&self, endpoints: Endpoints, resources: Vec<Vec<Vec<u8>>>) {
        let resources = resources.into_iter().map(Some).collect();
        self.0.replace(State::AtHand(endpoints, resources));
    }

    /// What is at hand of an endpoint, once.
    pub(super) fn take(&self, endpoint: &str) -> Option<Vec<Vec<u8>>> {
        match &mut *self.0.borrow_mut() {
            State::AtHand(endpoints, resources) => {
                let place = endpoints.iter().position(|name| *name == endpoint)?;
                resources.get_mut(place)?.take()
            }
            State::None | State::Recording { .. } => None,
        }
    }

    /// A resource that an endpoint has listed.
    pub(super) fn add(&self, endpoint: &str, resource: &Value) {
        let State::Recording {
            recorder,
            endpoints,
            listed,
        } = &mut *self.0.borrow_mut()
        else {
            return;
        };
        let Some(place) = endpoints.iter().position(|name| *name == endpoint) else {
            return;
        };
        if listed.iter().any(|name| name == endpoint) {
            return;
        }
        match (decode::id(resource), serde_json::to_vec(resource)) {
            (Some(id), Ok(content)) => recorder.put(place, id.as_bytes(), &content),
            _ => recorder.spoil(),
        }
    }

    /// An endpoint has listed everything.
    pub(super) fn ended(&self, endpoint: &str) {
        if let State::Recording { listed, .. } = &mut *self.0.borrow_mut() {
            listed.push(endpoint.to_owned());
        }
    }

    /// All has come.
    pub(super) fn finish(&self) {
        if let State::Recording { recorder, .. } = self.0.take() {
            recorder.finish();
        }
    }
}
