//! Records in numbers: more than one page, reused slots, pages that pass from pool to pool.

use core::pin::Pin;
use std::collections::HashSet;
use std::future::Future;
use std::task::Waker;

use callback_adapter::{Kept, Pool};

use crate::common::library::{Context, Library, Script, elsewhere, slot_of};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};

/// More than three pages of 84 large records, and more than two of 127 small ones.
const MANY: usize = 300;

for_both_storages!(many_calls_at_once, filled_and_emptied_again, payloads_of_any_size_side_by_side);

fn many_calls_at_once(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut futures: Vec<_> = (0..MANY)
        .map(|number| kind.start(&pool, library.call(Script::Later, Kept(number))))
        .collect();
    for future in &mut futures {
        pending(future, Waker::noop());
    }
    let contexts: Vec<Context> = (0..MANY).map(|_| library.next()).collect();
    let distinct: HashSet<_> = contexts.iter().map(|context| context.cb_arg).collect();
    assert_eq!(distinct.len(), MANY);
    contexts.iter().rev().for_each(|context| context.complete(0));
    for (number, future) in futures.iter_mut().enumerate() {
        assert_eq!(ready(future), (Ok(()), number));
    }
    assert_eq!(pool.in_use(), 0);
}

fn filled_and_emptied_again(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    for round in 0..20 {
        let mut futures: Vec<_> = (0..100)
            .map(|number| kind.start(&pool, library.call(Script::Later, Kept(number))))
            .collect();
        for future in &mut futures {
            pending(future, Waker::noop());
        }
        for (number, mut future) in futures.into_iter().enumerate() {
            if number % 3 == round % 3 {
                drop(future);
                library.complete(0);
            } else {
                library.complete(0);
                assert_eq!(ready(&mut future).1, number);
            }
        }
        assert_eq!(pool.in_use(), 0);
    }
}

/// Records of one size never take the places of those of another.
fn payloads_of_any_size_side_by_side(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    for round in 0..4 {
        // Each place is of another size in the next round, so records go back and are taken again.
        let sizes = (0..MANY).map(|number| (number + round) % 3);
        let mut futures: Vec<Pin<Box<dyn Future<Output = bool>>>> = Vec::new();
        for (number, size) in sizes.enumerate() {
            let number = number as u64;
            futures.push(match size {
                0 => Box::pin(comes_back::<1>(kind, &pool, &library, number)),
                1 => Box::pin(comes_back::<10>(kind, &pool, &library, number)),
                _ => Box::pin(comes_back::<100>(kind, &pool, &library, number)),
            });
        }
        for future in &mut futures {
            pending(future, Waker::noop());
        }
        let abandoned = futures.split_off(MANY - 50);
        drop(abandoned);
        (0..MANY).for_each(|_| library.complete(0));
        assert!(futures.iter_mut().all(ready), "a payload has changed");
        assert_eq!(pool.in_use(), 0);
    }
}

/// Keeps so many words; whether they come back.
fn comes_back<const WORDS: usize>(
    kind: Kind,
    pool: &Pool,
    library: &Library,
    number: u64,
) -> impl Future<Output = bool> + use<WORDS> {
    let future = kind.start(pool, library.call(Script::Later, Kept([number; WORDS])));
    async move { future.await == (Ok(()), [number; WORDS]) }
}

#[test]
fn a_pool_counts_its_records() {
    let (library, pool) = (Library::new(), pool());
    let mut futures: Vec<_> =
        (0..MANY).map(|_| library.call(Script::Later, ()).on(&pool)).collect();
    for (count, future) in futures.iter_mut().enumerate() {
        assert_eq!(pool.in_use(), count);
        pending(future, Waker::noop());
    }
    futures.truncate(MANY / 2);
    assert_eq!(pool.in_use(), MANY, "orphans are in use");
    (0..MANY).for_each(|_| library.complete(0));
    assert_eq!(pool.in_use(), MANY / 2, "unread results are in use");
    drop(futures);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_record_is_reused_at_once() {
    let (library, pool) = (Library::new(), pool());
    let mut addresses = HashSet::new();
    for _ in 0..MANY {
        let mut future = library.call(Script::Later, ()).on(&pool);
        pending(&mut future, Waker::noop());
        let context = library.next();
        addresses.insert(slot_of(context.cb_arg));
        context.complete(0);
        assert_eq!(ready(&mut future), Ok(()));
    }
    assert_eq!(addresses.len(), 1);
}

/// Pools come and go on several threads at once; their pages are recycled.
#[test]
fn pages_pass_from_pool_to_pool() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    many_calls_at_once(Kind::Pooled);
                }
            });
        }
    });
    elsewhere(|| many_calls_at_once(Kind::Pooled));
}
