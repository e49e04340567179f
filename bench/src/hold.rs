//! The switch that keeps completions back, so that any number of operations are in flight at once.

/// Keeps completions back until it is dropped. An installed SPDK cannot do that.
pub(crate) struct Hold(());

impl Hold {
    /// Whether completions can be kept back.
    pub(crate) const WORKS: bool = cfg!(not(feature = "system"));

    pub(crate) fn start() -> Self {
        hold(true);
        Self(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        hold(false);
    }
}

fn hold(on: bool) {
    #[cfg(not(feature = "system"))]
    spdk_async::spdk_sys::hold_completions(on);
    #[cfg(feature = "system")]
    let _ = on;
}
