//! Several things done at the same time, while one thread writes down how they end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for each of `units`, at most `jobs` at a time, begun in their order. `work` is told a way to report; what
/// was reported meanwhile is handed to `sink` in one piece, on the calling thread. After an error of `sink` nothing more
/// is begun.
///
/// # Errors
/// The first of `sink`.
pub fn in_parallel<U: Sync, M: Send, E>(
    units: &[U],
    jobs: usize,
    work: impl Fn(&U, &dyn Fn(M)) + Sync,
    mut sink: impl FnMut(Vec<M>) -> Result<(), E>,
) -> Result<(), E> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(units.len()).max(1) {
            let (sender, work, next, stopped) = (sender.clone(), &work, &next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        return;
                    };
                    // Nobody listens any more only after an error, which ends the work.
                    work(unit, &|message| drop(sender.send(message)));
                }
            });
        }
        drop(sender);
        let mut result = Ok(());
        while let Ok(first) = receiver.recv() {
            let messages = std::iter::once(first).chain(receiver.try_iter()).collect();
            if result.is_ok() {
                result = sink(messages);
                stopped.store(result.is_err(), Ordering::Relaxed);
            }
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_reported() {
        let units: Vec<usize> = (0..500).collect();
        let mut heard = Vec::new();
        let done: Result<(), ()> = in_parallel(
            &units,
            64,
            |unit, tell| {
                tell(*unit);
                tell(*unit + 1_000);
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
            in_parallel(&[(); 0], 4, |(), _: &dyn Fn(())| {}, |_| Err("never")),
            Ok(())
        );
    }

    #[test]
    fn as_many_at_a_time_as_was_asked_for() {
        let barrier = std::sync::Barrier::new(8);
        let units = [(); 16];
        // Ends only if eight work at the same time.
        let done = in_parallel(
            &units,
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
        let units: Vec<usize> = (0..100_000).collect();
        let begun = AtomicUsize::new(0);
        let work = |_: &usize, tell: &dyn Fn(())| {
            begun.fetch_add(1, Ordering::Relaxed);
            tell(());
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        assert_eq!(in_parallel(&units, 2, work, |_| Err("full")), Err("full"));
        assert!(begun.into_inner() < units.len());
    }
}
