//! A bounded pool of worker threads: several things done at the same time, in the order of a list,
//! while the calling thread takes what comes of them.
//!
//! The only pool there is: whoever needs one says how many workers, and the list. Knows nothing of
//! what is done.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for each of `items`, at most `workers` at a time, begun in their order. The results
/// are in the order of the items; `seen` is told of each as it comes, on the calling thread. Once
/// `after` a result says [`ControlFlow::Break`], nothing more is begun; what was not begun is `None`.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    work: impl Fn(&T) -> R + Sync,
    after: impl Fn(&R) -> ControlFlow<()> + Sync,
    mut seen: impl FnMut(&R),
) -> Vec<Option<R>> {
    let numbered: Vec<(usize, &T)> = items.iter().enumerate().collect();
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let Ok(()) = run(
        &numbered,
        workers,
        |(number, item), report| {
            let result = work(item);
            let flow = after(&result);
            report((*number, result));
            flow
        },
        |batch| {
            for (number, result) in batch {
                seen(&result);
                if let Some(place) = results.get_mut(number) {
                    *place = Some(result);
                }
            }
            Ok::<(), Infallible>(())
        },
    );
    results
}

/// Does `work` for each of `items`, at most `workers` at a time, begun in their order. `work` is
/// told a way to report; what was reported meanwhile is handed to `sink` in one piece, on the
/// calling thread. After an error of `sink` nothing more is begun.
///
/// # Errors
/// The first of `sink`.
pub(crate) fn for_each<T: Sync, M: Send, E>(
    items: &[T],
    workers: usize,
    work: impl Fn(&T, &dyn Fn(M)) + Sync,
    sink: impl FnMut(Vec<M>) -> Result<(), E>,
) -> Result<(), E> {
    let work = |item: &T, report: &dyn Fn(M)| {
        work(item, report);
        ControlFlow::Continue(())
    };
    run(items, workers, work, sink)
}

/// The pool itself. Nothing more is begun after an error of `sink`, or a [`ControlFlow::Break`] of
/// `work`.
fn run<T: Sync, M: Send, E>(
    items: &[T],
    workers: usize,
    work: impl Fn(&T, &dyn Fn(M)) -> ControlFlow<()> + Sync,
    mut sink: impl FnMut(Vec<M>) -> Result<(), E>,
) -> Result<(), E> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let worker = |sender: mpsc::Sender<M>| {
        // Nobody listens any more only after an error, which ends the work.
        let report = |message| drop(sender.send(message));
        while !stopped.load(Ordering::Relaxed) {
            let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            if work(item, &report).is_break() {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1).min(items.len()) {
            let (sender, worker) = (sender.clone(), &worker);
            scope.spawn(move || worker(sender));
        }
        drop(sender);
        let mut result = Ok(());
        while let Ok(first) = receiver.recv() {
            let messages = std::iter::once(first).chain(receiver.try_iter()).collect();
            if result.is_ok() {
                result = sink(messages);
                if result.is_err() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        let mut sum = 0;
        let go_on = |_: &usize| ControlFlow::Continue(());
        let found = map(&items, 4, |n| n * 2, go_on, |n| sum += n);
        assert_eq!(
            found,
            (0..100).map(|n| Some(n * 2)).collect::<Vec<_>>(),
            "each once, in order"
        );
        assert_eq!(sum, 9900);
        assert!(map(&[] as &[usize], 4, |n| *n, go_on, |_| {}).is_empty());
    }

    #[test]
    fn after_a_break_nothing_more_is_begun() {
        let begun = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100).collect();
        let work = |n: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            *n
        };
        let found = map(&items, 4, work, |_| ControlFlow::Break(()), |_| {});
        assert!(begun.into_inner() <= 4);
        assert!(found[0] == Some(0) && found[99].is_none());
    }

    #[test]
    fn all_is_done_once_and_reported() {
        let items: Vec<usize> = (0..500).collect();
        let mut heard = Vec::new();
        let done: Result<(), ()> = for_each(
            &items,
            64,
            |item, tell| {
                tell(*item);
                tell(*item + 1_000);
            },
            |messages| {
                heard.extend(messages);
                Ok(())
            },
        );
        done.unwrap();
        heard.sort_unstable();
        assert_eq!(heard, (0..500).chain(1_000..1_500).collect::<Vec<_>>());
        assert_eq!(
            for_each(&[(); 0], 4, |(), _: &dyn Fn(())| {}, |_| Err("never")),
            Ok(())
        );
    }

    #[test]
    fn as_many_at_a_time_as_was_asked_for() {
        let barrier = std::sync::Barrier::new(8);
        // Ends only if eight work at the same time.
        let done = for_each(
            &[(); 16],
            8,
            |(), tell| {
                barrier.wait();
                tell(());
            },
            |_| Ok::<(), ()>(()),
        );
        assert_eq!(done, Ok(()));
    }

    #[test]
    fn after_an_error_nothing_more_is_begun() {
        let items: Vec<usize> = (0..100_000).collect();
        let begun = AtomicUsize::new(0);
        let work = |_: &usize, tell: &dyn Fn(())| {
            begun.fetch_add(1, Ordering::Relaxed);
            tell(());
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        assert_eq!(for_each(&items, 2, work, |_| Err("full")), Err("full"));
        assert!(begun.into_inner() < items.len());
    }
}
