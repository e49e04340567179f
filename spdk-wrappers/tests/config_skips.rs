//! Methods that a configuration names and the program does not have: skipped under a subsystem that is
//! not linked, as SPDK does it, and a warning says so where no SPDK has such a subsystem.

mod common;

use std::fmt;
use std::sync::{Arc, Mutex};

use common::*;
use spdk_async::bdev::Bdev;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Keeps what is said of methods that are skipped.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<(Level, String)>>>);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Said {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if message.0.contains(" is skipped") {
            self.0.lock().unwrap().push((*event.metadata().level(), message.0));
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What is said of a method that nobody has, under `subsystem`; the application starts all the same, and
/// the method before it has run.
fn said_of_a_method_under(subsystem: &str) -> Vec<(Level, String)> {
    let entries = [malloc("A", 64), r#"{"method":"no_such_method"}"#.to_owned()];
    let json = config(&entries).replace(r#""bdev""#, &format!(r#""{subsystem}""#));
    let said = Said::default();
    tracing::subscriber::set_global_default(said.clone()).unwrap();
    let bdevs = run(app().json(json), async || Bdev::all().unwrap().len());
    assert_eq!(bdevs.unwrap(), 1);
    std::mem::take(&mut *said.0.lock().unwrap())
}

#[test]
fn a_subsystem_that_no_spdk_has_is_warned_of_once() {
    alone_in_child(|| {
        let said = said_of_a_method_under("bdve");
        let [(level, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!(*level, Level::WARN);
        let words = "subsystems[0].config[1]: no_such_method is skipped, for SPDK has no subsystem \"bdve\"";
        assert!(message.starts_with(words), "{message}");
    });
}

#[test]
fn a_subsystem_of_other_programs_is_none_to_warn_of() {
    alone_in_child(|| {
        let said = said_of_a_method_under("vfio_user_target");
        let [(level, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!(*level, Level::INFO);
        assert!(message.ends_with("is not part of this program"), "{message}");
    });
}
