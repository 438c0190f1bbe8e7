//! Work on groups of lanes, on as many threads as wanted, with a result that does not depend on
//! them.

use std::sync::Mutex;

/// Runs `work` on every item, on up to `threads` threads. Items are split before, never by the
/// number of threads, so each is computed in the same way whoever takes it.
pub fn each<T: Send>(threads: usize, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    if threads <= 1 || items.len() <= 1 {
        items
            .iter_mut()
            .enumerate()
            .for_each(|(index, item)| work(index, item));
        return;
    }
    let threads = threads.min(items.len());
    let queue = Mutex::new(items.iter_mut().enumerate());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, item)) = next() {
                    work(index, item);
                }
            });
        }
    });
}
