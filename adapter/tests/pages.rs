//! Records in numbers: more than one page, reused slots, pages that pass from pool to pool.

use std::collections::HashSet;
use std::task::Waker;

use callback_adapter::Kept;

use crate::common::library::{Context, Library, Script, elsewhere};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};

/// More than three pages of 84 records.
const MANY: usize = 300;

for_both_storages!(many_calls_at_once, filled_and_emptied_again);

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
        addresses.insert(context.cb_arg.addr() & 0x0000_ffff_ffff_ffc0);
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
