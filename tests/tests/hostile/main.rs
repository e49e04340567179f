//! A hostile C library against what the macros generate: every edge of a record's life, with both
//! storages and every shape of call. README.md says which module plays what.

mod case;
mod death;
mod sweep;

mod edge_completed;
mod edge_dropped_unread;
mod edge_elsewhere;
mod edge_in_flight;
mod edge_inline;
mod edge_orphaned;
mod edge_refused;
mod edge_stray;
mod edge_unstarted;
mod panics;
mod recursion;
mod streams;
mod table;
mod visits;

use sweep::{Scenario, every, failing, in_a_pool, keeping, on_the_heap, refusable};

/// Lists the scenarios of the table, and makes each a test.
macro_rules! scenarios {
    ($($module:ident::$name:ident: edges $edges:expr, $applies:path, strays $strays:expr;)+) => {
        /// Every scenario that is played for each cell it applies to.
        pub(crate) static SCENARIOS: &[Scenario] = &[$(Scenario {
            edges: &$edges,
            name: concat!(stringify!($module), "::", stringify!($name)),
            applies: $applies,
            strays: $strays,
            play: $module::$name,
        }),+];

        mod every_shape {
            $(#[test]
            fn $name() {
                let name = concat!(stringify!($module), "::", stringify!($name));
                let scenario = super::SCENARIOS.iter().find(|scenario| scenario.name == name);
                assert!(scenario.expect("it is listed").sweep() > 0);
            })+
        }
    };
}

scenarios! {
    edge_unstarted::is_not_called: edges [1], every, strays 0;
    edge_refused::gives_everything_back: edges [1, 2, 9], refusable, strays 0;
    edge_refused::is_made_again_until_accepted: edges [1, 2, 3, 9], refusable, strays 0;
    edge_inline::is_ready_at_once: edges [1, 3, 8, 9], every, strays 0;
    edge_inline::fails_at_once: edges [1, 3, 8, 9], failing, strays 0;
    edge_in_flight::keeps_the_latest_waker: edges [4, 5, 8, 9], every, strays 0;
    edge_in_flight::waits_for_ever: edges [4, 6, 7], every, strays 0;
    edge_completed::wakes_last: edges [4, 5, 8, 9], every, strays 0;
    edge_completed::reports_a_failure: edges [4, 5, 8, 9], failing, strays 0;
    edge_elsewhere::wakes_from_there: edges [4, 5, 8, 9], on_the_heap, strays 0;
    edge_elsewhere::is_done_before_the_call_returns: edges [3, 8, 9], on_the_heap, strays 0;
    edge_elsewhere::races_with_the_call: edges [3, 4, 5, 8, 9], on_the_heap, strays 0;
    edge_elsewhere::races_with_the_drop: edges [4, 5, 6, 7, 8, 9], on_the_heap, strays 0;
    edge_elsewhere::frees_an_orphan_there: edges [6, 7], on_the_heap, strays 0;
    edge_orphaned::is_freed_by_the_callback: edges [4, 6, 7], every, strays 0;
    edge_orphaned::a_failure_is_thrown_away: edges [4, 6, 7], failing, strays 0;
    edge_orphaned::outlives_its_pool: edges [4, 6, 7], in_a_pool, strays 0;
    edge_dropped_unread::drops_the_result_and_the_payload: edges [5, 8, 9], every, strays 0;
    edge_dropped_unread::inline_or_submitted: edges [3, 8, 9], every, strays 0;
    edge_dropped_unread::on_another_thread: edges [5, 8, 9], on_the_heap, strays 0;
    edge_stray::twice_while_unread: edges [5, 8, 9, 10], every, strays 1;
    edge_stray::twice_inline: edges [3, 8, 9, 10], every, strays 1;
    edge_stray::twice_for_an_orphan: edges [6, 7, 10], every, strays 1;
    edge_stray::again_after_the_end: edges [5, 8, 9, 10], every, strays 1;
    edge_stray::again_for_a_record_in_use: edges [5, 8, 9, 10], every, strays 1;
    edge_stray::again_on_another_thread: edges [5, 8, 9, 10], every, strays 1;
    edge_stray::after_a_refusal: edges [2, 9, 10], refusable, strays 1;
    edge_stray::before_a_refusal: edges [2, 9, 10], refusable, strays 1;
    edge_stray::from_inside_the_release: edges [5, 8, 9, 10], edge_stray::freeing, strays 1;
    edge_stray::from_inside_the_release_inline: edges [3, 8, 9, 10], edge_stray::freeing, strays 1;
    edge_stray::from_inside_the_release_for_an_orphan: edges [6, 7, 10], edge_stray::releasing, strays 1;
    recursion::from_inside_a_wake: edges [5, 8, 9], every, strays 0;
    recursion::from_inside_a_payloads_drop: edges [5, 6, 7, 8, 9], keeping, strays 0;
    recursion::from_inside_a_release: edges [5, 8, 9], edge_stray::releasing, strays 0;
    recursion::calls_again_from_inside_a_wake: edges [1, 3, 5, 8, 9], every, strays 0;
}
