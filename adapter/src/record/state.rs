//! The life of a pooled record. Where a state has several edges, a method chooses one and says what the
//! caller must do next; edges 1, 8 and 9 have one place each. Nothing else writes a state.
//!
//! ```text
//!                 1                 4               5
//!          Free ----> Submitting ------> InFlight ----> Done
//!           ^             |   \             |            |
//!           |             | 2  \ 3          | 6          | 8
//!           |             |     +---------- | --------> (Done)
//!           |      9      v                 |            |
//!           |<---------- Bare <------------ | -----------+
//!           |                               v
//!           +-------------- 7 ---------- Orphaned
//! ```
//!
//! | # | edge | function |
//! |---|---|---|
//! | 1 | Free -> Submitting | `Pool::begin`, from the future's first poll |
//! | 2 | Submitting -> Bare | [`State::refuse`]: C refused |
//! | 3 | Submitting -> Done | [`State::complete`]: C called back before it returned |
//! | 4 | Submitting -> InFlight | [`State::accept`]: C accepted |
//! | 5 | InFlight -> Done | [`State::complete`]: the callback |
//! | 6 | InFlight -> Orphaned | [`State::abandon`]: the future was dropped |
//! | 7 | Orphaned -> Bare -> Free | [`State::complete`], then `release`: the callback throws the result away |
//! | 8 | Done -> Bare | `Record::take_result`, or `Record::take` for a future that is dropped unread |
//! | 9 | Bare -> Free | `release`: the payload was taken or dropped |
//!
//! A callback in any other state, or one that comes while the first reads its report (edge 10), is a stray: it
//! is reported and changes nothing. The ticket says so (`slot`, invariant 5).

/// Where a record is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody's: the record waits in its pool.
    Free,
    /// The C function is running; nobody knows yet whether it accepts.
    Submitting,
    /// The result is in the record, for the future to take.
    Done,
    /// C has the record until its callback.
    InFlight,
    /// Only the payload is left: C has refused the call, or the report has been taken, or nobody will.
    Bare,
    /// C has the record, and the future is gone.
    Orphaned,
}

/// What a callback must do with its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Completion {
    /// Store it; the future is inside its own poll and will see it.
    Store,
    /// Store it and wake the task.
    StoreAndWake,
    /// Nobody takes it: drop it, then the payload, then release the record.
    Discard,
    /// The record is not waiting for a callback.
    Stray,
}

/// What the future must do after C returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Acceptance {
    /// Wait for the callback.
    Wait,
    /// The callback came already: take the result.
    Take,
}

/// What a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Refusal {
    /// Nothing but that.
    Clean,
    /// C has called back, and refused then.
    AfterStray,
}

/// What a dropped future must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Abandonment {
    /// Leave the record to the callback.
    Leave,
    /// Take the result out, drop it, and release the record.
    TakeAndDrop,
}

impl State {
    /// Edges 3, 5 and 7: C called back.
    #[inline]
    pub(crate) const fn complete(self) -> (Self, Completion) {
        match self {
            Self::InFlight => (Self::Done, Completion::StoreAndWake),
            Self::Submitting => (Self::Done, Completion::Store),
            Self::Orphaned => (Self::Bare, Completion::Discard),
            Self::Free | Self::Done | Self::Bare => (self, Completion::Stray),
        }
    }

    /// Edge 4: C accepted, unless it has called back by now.
    pub(crate) const fn accept(self) -> (Self, Acceptance) {
        match self {
            Self::Submitting => (Self::InFlight, Acceptance::Wait),
            _ => (self, Acceptance::Take),
        }
    }

    /// Edge 2: C refused, and will not call back; if it has, that was a stray.
    pub(crate) const fn refuse(self) -> (Self, Refusal) {
        match self {
            Self::Submitting => (Self::Bare, Refusal::Clean),
            _ => (self, Refusal::AfterStray),
        }
    }

    /// Edge 6, or 8 and 9.
    pub(crate) const fn abandon(self) -> (Self, Abandonment) {
        match self {
            Self::Done | Self::Bare => (self, Abandonment::TakeAndDrop),
            _ => (Self::Orphaned, Abandonment::Leave),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Abandonment, Acceptance, Completion, Refusal, State};

    #[test]
    fn every_edge_and_no_other() {
        use State::{Bare, Done, Free, InFlight, Orphaned, Submitting};
        assert_eq!(Submitting.complete(), (Done, Completion::Store));
        assert_eq!(InFlight.complete(), (Done, Completion::StoreAndWake));
        assert_eq!(Orphaned.complete(), (Bare, Completion::Discard));
        assert_eq!(Free.complete(), (Free, Completion::Stray));
        assert_eq!(Done.complete(), (Done, Completion::Stray));
        assert_eq!(Bare.complete(), (Bare, Completion::Stray));
        assert_eq!(Submitting.refuse(), (Bare, Refusal::Clean));
        assert_eq!(Done.refuse(), (Done, Refusal::AfterStray));
        assert_eq!(Submitting.accept(), (InFlight, Acceptance::Wait));
        assert_eq!(Done.accept(), (Done, Acceptance::Take));
        assert_eq!(InFlight.abandon(), (Orphaned, Abandonment::Leave));
        assert_eq!(Done.abandon(), (Done, Abandonment::TakeAndDrop));
        assert_eq!(Bare.abandon(), (Bare, Abandonment::TakeAndDrop));
    }
}
