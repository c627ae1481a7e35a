use std::cell::RefCell;
use std::collections::VecDeque;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use super::*;
use crate::providers::FetchError;
use crate::providers::Reason;

/// What happens, and when: seconds from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Ring,
    /// The bell breaks.
    Break,
    End,
}

/// All that the fakes share.
struct World {
    begin: Instant,
    now: Instant,
    /// What is still to come.
    events: VecDeque<(f64, Event)>,
    /// What the bell will say when it is asked.
    heard: VecDeque<Event>,
    /// Whether the peer answers.
    lives: bool,
    asked: bool,
    /// How often a bell can be hung up from here on.
    bells: VecDeque<bool>,
    rounds: Vec<f64>,
    told: Vec<String>,
    changes: bool,
    in_step: bool,
    every: f64,
    /// Whether the provider is another one, round by round.
    others: VecDeque<bool>,
}

type Shared = Rc<RefCell<World>>;

impl World {
    fn at(&self) -> f64 {
        (self.now - self.begin).as_secs_f64()
    }

    fn log(&mut self, text: &str) {
        let line = format!("{:.1} {text}", self.at());
        self.told.push(line);
    }
}

struct FakeBell(Shared, UnixStream);

impl Bell for FakeBell {
    fn socket(&self) -> BorrowedFd<'_> {
        self.1.as_fd()
    }

    fn heard(&mut self) -> std::result::Result<Heard, FetchError> {
        let mut world = self.0.borrow_mut();
        let mut heard = Heard {
            rang: false,
            lives: std::mem::take(&mut world.asked) && world.lives,
        };
        while let Some(event) = world.heard.pop_front() {
            match event {
                Event::Ring => heard.rang = true,
                _ => {
                    return Err(FetchError::Unreachable {
                        place: "there".to_owned(),
                        reason: Reason::new("it broke"),
                    });
                }
            }
        }
        Ok(heard)
    }

    fn ask(&mut self) -> std::result::Result<(), FetchError> {
        self.0.borrow_mut().asked = true;
        Ok(())
    }
}

struct FakeHost(Shared);

impl Followed for FakeHost {
    fn every(&self) -> Duration {
        Duration::from_secs_f64(self.0.borrow().every)
    }

    fn is_other(&mut self) -> bool {
        self.0.borrow_mut().others.pop_front().unwrap_or(false)
    }

    fn bell(&mut self) -> Result<Option<Box<dyn Bell>>> {
        let hangs = self.0.borrow_mut().bells.pop_front();
        match hangs {
            None => Ok(None),
            Some(false) => {
                self.0.borrow_mut().log("no bell");
                Err(Error::failed("no"))
            }
            Some(true) => {
                self.0.borrow_mut().log("bell");
                let (here, _) = UnixStream::pair().unwrap();
                Ok(Some(Box::new(FakeBell(Rc::clone(&self.0), here))))
            }
        }
    }

    fn round(&mut self) -> Round {
        let mut world = self.0.borrow_mut();
        let at = world.at();
        world.rounds.push(at);
        Round {
            is_in_step: world.in_step,
            changed: world.changes,
        }
    }

    fn tell(&mut self, news: News<'_>) {
        let text = match news {
            News::Synced => "synced".to_owned(),
            News::Deaf(error) => format!("deaf: {error}"),
            News::Listening => "listening".to_owned(),
        };
        self.0.borrow_mut().log(&text);
    }
}

struct FakeWaiter(Shared);

impl Waiter for FakeWaiter {
    fn now(&self) -> Instant {
        self.0.borrow().now
    }

    fn wait(&mut self, socket: Option<BorrowedFd<'_>>, until: Instant) -> io::Result<Woken> {
        let mut world = self.0.borrow_mut();
        if world.asked && world.lives {
            return Ok(Woken::Ready);
        }
        let next = world.events.front().copied();
        let (at, event) = next.expect("the test ends by an event");
        let at = world.begin + Duration::from_secs_f64(at);
        if at > until {
            world.now = until;
            return Ok(Woken::Late);
        }
        world.events.pop_front();
        world.now = world.now.max(at);
        match event {
            Event::End => Ok(Woken::End),
            // Nobody hears it.
            _ if socket.is_none() => Ok(Woken::Ready),
            event => {
                world.heard.push_back(event);
                Ok(Woken::Ready)
            }
        }
    }

    fn go_on(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

fn world(bells: &[bool], events: &[(f64, Event)]) -> World {
    let begin = Instant::now();
    World {
        begin,
        now: begin,
        events: events.iter().copied().collect(),
        heard: VecDeque::new(),
        lives: true,
        asked: false,
        bells: bells.iter().copied().collect(),
        rounds: Vec::new(),
        told: Vec::new(),
        changes: true,
        in_step: true,
        every: 60.0,
        others: VecDeque::new(),
    }
}

/// The moments of the rounds, and what was told.
fn run(world: World) -> (Vec<f64>, Vec<String>) {
    let shared = Rc::new(RefCell::new(world));
    let (mut host, mut waiter) = (FakeHost(Rc::clone(&shared)), FakeWaiter(Rc::clone(&shared)));
    follow(&mut host, &mut waiter).unwrap();
    let mut world = shared.borrow_mut();
    let tenths = |at: f64| (at * 10.0).round() / 10.0;
    let rounds = std::mem::take(&mut world.rounds);
    (
        rounds.into_iter().map(tenths).collect(),
        std::mem::take(&mut world.told),
    )
}

#[test]
fn without_a_bell_there_is_a_round_each_time() {
    let (rounds, told) = run(world(&[], &[(130.0, Event::End)]));
    assert_eq!(rounds, [0.0, 60.0, 120.0]);
    assert_eq!(told, ["0.0 synced"]);
}

#[test]
fn the_bell_hangs_before_the_round_and_a_ring_is_followed_by_one() {
    let events = [(10.0, Event::Ring), (30.0, Event::End)];
    let (rounds, told) = run(world(&[true], &events));
    assert_eq!(rounds, [0.0, 10.2]);
    assert_eq!(told, ["0.0 bell", "0.0 synced"]);
}

#[test]
fn a_storm_is_one_round_and_a_long_one_is_a_few() {
    let storm = |to: u32| (0..to).map(|n| (10.0 + 0.1 * f64::from(n), Event::Ring));
    let events: Vec<_> = storm(11).chain([(30.0, Event::End)]).collect();
    assert_eq!(run(world(&[true], &events)).0, [0.0, 11.2]);
    let events: Vec<_> = storm(41).chain([(30.0, Event::End)]).collect();
    let (rounds, _) = run(world(&[true], &events));
    assert!((3..5).contains(&rounds.len()), "{rounds:?}");
    assert!(
        rounds.last().is_some_and(|last| *last >= 14.0),
        "{rounds:?}"
    );
}

#[test]
fn what_rings_and_changes_nothing_rings_less_and_less_often() {
    let events = (1..400).map(|n| (0.25 * f64::from(n), Event::Ring));
    let events: Vec<_> = events.chain([(100.0, Event::End)]).collect();
    let idle = World {
        changes: false,
        ..world(&[true], &events)
    };
    let (rounds, _) = run(idle);
    assert!(rounds.len() < 30, "{rounds:?}");
    let longest = rounds.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(longest.fold(0.0, f64::max) <= 5.5, "{rounds:?}");
}

#[test]
fn a_bell_that_is_gone_is_asked_for_again_with_growing_pauses_and_told_once() {
    let mut bells = vec![true];
    bells.extend([false; 9]);
    bells.push(true);
    let events = [(10.0, Event::Break), (400.0, Event::End)];
    let (rounds, told) = run(world(&bells, &events));
    // A round at once when it is back: nobody rang meanwhile.
    let back = 10.0 + 1.0 + 2.0 + 4.0 + 8.0 + 16.0 + 32.0 + 60.0 + 60.0 + 60.0 + 60.0;
    let said: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|line| !line.ends_with("bell"))
        .collect();
    let listening = format!("{back:.1} listening");
    let deaf = "10.0 deaf: cannot reach there: it broke";
    assert_eq!(said, ["0.0 synced", deaf, &listening]);
    assert!(
        rounds.contains(&60.0) && rounds.contains(&120.0),
        "{rounds:?}"
    );
    assert!(rounds.contains(&back), "{rounds:?}");
}

#[test]
fn a_peer_that_is_silent_is_asked_and_given_up() {
    let alive = world(&[true], &[(130.0, Event::End)]);
    let (rounds, told) = run(alive);
    assert_eq!(rounds, [0.0, 60.0, 120.0]);
    assert_eq!(told, ["0.0 bell", "0.0 synced"]);
    let silent = World {
        lives: false,
        ..world(&[true, true], &[(75.0, Event::End)])
    };
    let (rounds, told) = run(silent);
    assert_eq!(rounds, [0.0, 70.0, 71.0]);
    let wanted = [
        "0.0 bell",
        "0.0 synced",
        "70.0 deaf: no sign of life within 10 s",
        "71.0 bell",
        "71.0 listening",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn synced_is_said_when_a_round_has_come_to_its_end() {
    let refused = World {
        in_step: false,
        ..world(&[true], &[(130.0, Event::End)])
    };
    assert_eq!(run(refused).1, ["0.0 bell"]);
}

#[test]
fn another_provider_gets_another_bell() {
    let other = World {
        others: VecDeque::from([false, true]),
        ..world(&[true, true], &[(130.0, Event::End)])
    };
    let wanted = ["0.0 bell", "0.0 synced", "60.0 bell"];
    assert_eq!(run(other).1, wanted);
}
