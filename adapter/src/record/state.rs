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
//! | 8 | Done -> Bare | `Record::take_result`: the report was taken (a future dropped unread goes to 9) |
//! | 9 | Bare -> Free | `release`: the payload was taken or dropped |
//!
//! A callback in any other state (edge 10) is a stray: it is reported and changes nothing.

/// Where a record is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nobody's: the record waits in its pool.
    Free = 0,
    /// The C function is running; nobody knows yet whether it accepts.
    Submitting = 1,
    /// The result is in the record, for the future to take.
    Done = 2,
    /// C has the record until its callback.
    InFlight = 3,
    /// Only the payload is left: C has refused the call, or the report has been taken, or nobody will.
    Bare = 4,
    /// C has the record, and the future is gone.
    Orphaned = 5,
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
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Submitting,
            2 => Self::Done,
            3 => Self::InFlight,
            4 => Self::Bare,
            5 => Self::Orphaned,
            _ => Self::Free,
        }
    }

    /// Whether a callback is expected: such states have odd numbers.
    #[inline]
    pub(crate) const fn is_waited_for(bits: u8) -> bool {
        bits & 1 == 1
    }

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

    #[test]
    fn bits_survive() {
        use State::{Bare, Done, Free, InFlight, Orphaned, Submitting};
        for state in [Free, Submitting, InFlight, Done, Orphaned, Bare] {
            assert_eq!(State::from_bits(state as u8), state);
            let waited_for = !matches!(state, Free | Done | Bare);
            assert_eq!(State::is_waited_for(state as u8), waited_for);
        }
    }
}
