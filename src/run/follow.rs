//! Rounds without end: each is what the syncs do, and between two of them the provider is listened to.
//!
//! Decides nothing about accounts and knows none: a round compares state with state, and what a provider says by itself only
//! makes the next round come earlier. So nothing is lost when a ring is, and nothing is kept from one round to the next. A
//! bell is hung up before the round that reads: what changes during it rings for the one after it.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::providers::bell::{Bell, Heard};
use crate::system::clock;
use crate::system::waiting::{Waiting, Woken};

#[cfg(test)]
mod tests;

/// Changes come together: so long after the last of them it is quiet.
const QUIET: Duration = Duration::from_millis(200);
/// While they keep coming, they are waited for no longer than this.
const STORM: Duration = Duration::from_secs(2);
/// Where what rings changes nothing here, rounds come no more often than this.
const IDLE: Duration = Duration::from_secs(5);
/// How soon a bell that is gone is asked for again, at first and at last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// How long a sign of life may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The rounds, and what they are about.
pub(crate) trait Followed {
    /// After how long there is a round though nothing rang.
    fn every(&self) -> Duration;

    /// Whether the provider is another one, or is asked otherwise, than when the bell was hung up.
    fn is_other(&mut self) -> bool;

    /// Hangs up a bell; `None`: this provider has none.
    fn bell(&mut self) -> Result<Option<Box<dyn Bell>>>;

    /// Brings the host in step. What fails, it says itself.
    fn round(&mut self) -> Round;

    /// Says how it goes.
    fn tell(&mut self, news: News<'_>);
}

/// What came of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// The host is in step now.
    pub is_in_step: bool,
    /// Something was changed.
    pub changed: bool,
}

/// What is told, once each time that it changes.
#[derive(Debug)]
pub(crate) enum News<'a> {
    /// The host was brought in step for the first time.
    Synced,
    /// The provider does not ring now.
    Deaf(&'a Error),
    /// It rings again, or for the first time after all.
    Listening,
}

/// How time passes.
pub(crate) trait Waiter {
    /// The moment.
    fn now(&self) -> Instant;

    /// Waits until something can be read from a socket, or a moment has come.
    fn wait(&mut self, socket: Option<BorrowedFd<'_>>, until: Instant) -> io::Result<Woken>;

    /// Before something else is done than to wait: whether it is the end.
    fn go_on(&mut self) -> io::Result<bool>;
}

impl Waiter for Waiting {
    fn now(&self) -> Instant {
        clock::deadline(Duration::ZERO)
    }

    fn wait(&mut self, socket: Option<BorrowedFd<'_>>, until: Instant) -> io::Result<Woken> {
        Waiting::wait(self, socket, until)
    }

    fn go_on(&mut self) -> io::Result<bool> {
        Waiting::go_on(self)
    }
}

/// The provider's bell.
enum Line {
    /// Nobody has asked for one yet.
    New,
    /// It hangs, since then.
    Open(Box<dyn Bell>, Instant),
    /// The provider has none.
    None,
    /// It is gone, and asked for again at this moment.
    Gone(Instant),
}

/// Why there is a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It rang.
    Ring,
    /// It is time.
    Time,
}

struct Following<'a> {
    host: &'a mut dyn Followed,
    waiter: &'a mut dyn Waiter,
    line: Line,
    /// It was told that nothing rings.
    is_told: bool,
    /// How long to wait before a bell that is gone is asked for again.
    pause: Duration,
    /// How long it has to be quiet before a round.
    quiet: Duration,
}

/// Does one round after the other, until it is to end.
///
/// # Errors
/// When the kernel does not let us wait.
pub(crate) fn follow(host: &mut dyn Followed, waiter: &mut dyn Waiter) -> Result<()> {
    let mut following = Following {
        host,
        waiter,
        line: Line::New,
        is_told: false,
        pause: PAUSES[0],
        quiet: QUIET,
    };
    let unable = |error| Error::failed(format!("cannot wait for changes: {error}"));
    following.rounds().map_err(unable)
}

impl Following<'_> {
    fn rounds(&mut self) -> io::Result<()> {
        let (mut cause, mut is_synced) = (Cause::Time, false);
        while !self.waiter.go_on()? {
            self.renew();
            let round = self.host.round();
            if round.is_in_step && !is_synced {
                is_synced = true;
                self.host.tell(News::Synced);
            }
            self.quiet = match cause {
                // It may ring because of the round itself, where a server writes down who asks it.
                Cause::Ring if !round.changed => (2 * self.quiet).min(IDLE),
                _ => QUIET,
            };
            match self.rest()? {
                Some(next) => cause = next,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Sees to it that a bell hangs, before a round, if one can be had.
    fn renew(&mut self) {
        if self.host.is_other() {
            self.line = Line::New;
        }
        match self.line {
            Line::New => self.hang_up(),
            Line::Gone(next) if self.waiter.now() >= next => self.hang_up(),
            Line::Gone(_) | Line::None | Line::Open(..) => {}
        }
    }

    fn hang_up(&mut self) {
        match self.host.bell() {
            Ok(Some(bell)) => {
                self.line = Line::Open(bell, self.waiter.now());
                if std::mem::take(&mut self.is_told) {
                    self.host.tell(News::Listening);
                }
            }
            Ok(None) => self.line = Line::None,
            Err(error) => self.lose(&error),
        }
    }

    /// It does not ring any more, or not at all.
    fn lose(&mut self, error: &Error) {
        let now = self.waiter.now();
        // One that was good for a while begins anew; one that breaks each time is left alone longer and longer.
        if matches!(self.line, Line::Open(_, since) if now >= since + PAUSES[1]) {
            self.pause = PAUSES[0];
        }
        self.line = Line::Gone(now + self.pause);
        self.pause = (2 * self.pause).min(PAUSES[1]);
        if !std::mem::replace(&mut self.is_told, true) {
            self.host.tell(News::Deaf(error));
        }
    }

    /// Waits for the next round; `None`: there is none.
    fn rest(&mut self) -> io::Result<Option<Cause>> {
        let time = self.waiter.now() + self.host.every();
        loop {
            let until = match self.line {
                Line::Gone(next) => next.min(time),
                _ => time,
            };
            match self.wait(until)? {
                Woken::End => return Ok(None),
                Woken::Ready => {
                    if self.hear().rang {
                        return self.settle();
                    }
                }
                Woken::Late if until == time => return self.check(),
                Woken::Late => {
                    if self.waiter.go_on()? {
                        return Ok(None);
                    }
                    self.hang_up();
                    if matches!(self.line, Line::Open(..)) {
                        return Ok(Some(Cause::Time));
                    }
                }
            }
        }
    }

    /// Waits until what changes together has changed.
    fn settle(&mut self) -> io::Result<Option<Cause>> {
        let last = self.waiter.now() + STORM.max(self.quiet);
        loop {
            let until = (self.waiter.now() + self.quiet).min(last);
            match self.wait(until)? {
                Woken::End => return Ok(None),
                Woken::Ready if self.waiter.now() < last => {
                    self.hear();
                }
                Woken::Ready | Woken::Late => return Ok(Some(Cause::Ring)),
            }
        }
    }

    /// Nothing has rung for long: is there still somebody who would?
    fn check(&mut self) -> io::Result<Option<Cause>> {
        let Line::Open(bell, _) = &mut self.line else {
            return Ok(Some(Cause::Time));
        };
        if let Err(error) = bell.ask() {
            self.lose(&Error::failed(error));
            return Ok(Some(Cause::Time));
        }
        let answer = ANSWER.min(self.host.every());
        let until = self.waiter.now() + answer;
        loop {
            match self.wait(until)? {
                Woken::End => return Ok(None),
                Woken::Ready => {
                    let Heard { rang, lives } = self.hear();
                    if rang || lives || !matches!(self.line, Line::Open(..)) {
                        return Ok(Some(Cause::Time));
                    }
                }
                Woken::Late => {
                    let silence = format!("no sign of life within {} s", answer.as_secs());
                    self.lose(&Error::failed(silence));
                    return Ok(Some(Cause::Time));
                }
            }
        }
    }

    fn wait(&mut self, until: Instant) -> io::Result<Woken> {
        let socket = match &self.line {
            Line::Open(bell, _) => Some(bell.socket()),
            _ => None,
        };
        self.waiter.wait(socket, until)
    }

    /// What was heard; nothing, from a bell that is gone then.
    fn hear(&mut self) -> Heard {
        let Line::Open(bell, _) = &mut self.line else {
            return Heard::default();
        };
        bell.heard().unwrap_or_else(|error| {
            self.lose(&Error::failed(error));
            Heard::default()
        })
    }
}
