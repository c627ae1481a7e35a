//! Several requests at a time: one for each group, one after the other, would take a site with hundreds of them
//! minutes.
//!
//! Few at a time, since the service has limits that it does not tell. Knows nothing of what is asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::providers::http::HttpError;

/// How many requests are under way at once.
const AT_ONCE: usize = 4;

/// Asks for each item; `seen` is told of each answer as it comes. The results are in the order of the items; `None`: it
/// was not asked for any more, because a server could not be reached for another.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    ask: impl Fn(&T) -> Result<R, HttpError> + Sync,
    mut seen: impl FnMut(&R),
) -> Vec<Option<Result<R, HttpError>>> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = |answers: &mpsc::Sender<(usize, Result<R, HttpError>)>| {
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let answer = ask(item);
            if answer.as_ref().is_err_and(|error| error.status.is_none()) {
                stop.store(true, Ordering::Relaxed);
            }
            // Whoever receives stays until everybody is done.
            let _ = answers.send((at, answer));
        }
    };
    let mut out: Vec<_> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, answers) = mpsc::channel();
        for _ in 0..items.len().min(AT_ONCE) {
            let (sender, work) = (sender.clone(), &work);
            scope.spawn(move || work(&sender));
        }
        drop(sender);
        for (at, answer) in answers {
            if let Ok(answer) = &answer {
                seen(answer);
            }
            if let Some(place) = out.get_mut(at) {
                *place = Some(answer);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::http::HttpErrorKind;

    #[test]
    fn answers_are_in_the_order_of_the_questions() {
        let items: Vec<usize> = (0..100).collect();
        let mut sum = 0;
        let out = each(&items, |n| Ok(n * 2), |n| sum += n);
        let found: Vec<usize> = out
            .into_iter()
            .map(|answer| answer.unwrap().unwrap())
            .collect();
        assert_eq!(found, items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(sum, 9900);
        assert!(each(&[] as &[usize], |n| Ok(*n), |_| {}).is_empty());
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_not_asked_for_ever() {
        let asked = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100).collect();
        let lost = |_: &usize| {
            asked.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(HttpError::new(HttpErrorKind::Unreachable, "x", "y"))
        };
        let out = each(&items, lost, |()| {});
        assert!(asked.into_inner() <= AT_ONCE);
        assert!(out[0].as_ref().unwrap().is_err() && out[99].is_none());
    }
}
