//! Nothing unwinds into C.

use core::mem;

/// Runs `body`; if it unwinds, ends the process with a message that names the frame C entered.
///
/// The message goes to standard error, after the panic's own.
#[inline]
pub fn guard<R>(frame: &str, body: impl FnOnce() -> R) -> R {
    guard_named(|| frame, body)
}

/// [`guard`], with a name that is only asked for when it is needed.
#[inline]
pub fn guard_named<'a, R>(frame: impl Fn() -> &'a str, body: impl FnOnce() -> R) -> R {
    struct Abort<'a, F: Fn() -> &'a str>(F);
    impl<'a, F: Fn() -> &'a str> Drop for Abort<'a, F> {
        #[cold]
        fn drop(&mut self) {
            eprintln!("{}: a panic reached the border to C; the process ends here", (self.0)());
            std::process::abort();
        }
    }
    let abort = Abort(frame);
    let result = body();
    mem::forget(abort);
    result
}

/// Ends the process for a panic of reading a report that no task waits for: nobody would hear of it.
#[cold]
pub(crate) fn unheard(callback: &str) -> ! {
    eprintln!(
        "{callback}: reading a report panicked, and no task waits for it; the process ends here"
    );
    std::process::abort()
}
