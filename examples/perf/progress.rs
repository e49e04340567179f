//! The progress bar, with what completes per second meanwhile. Where standard error is no terminal
//! there is none.
//!
//! It has an OS thread of its own, so that a slow terminal is not part of what is measured.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::stream::Done;
use crate::window::Window;

/// Between two drawings.
const PERIOD: Duration = Duration::from_millis(250);

/// What the bar is about.
pub(crate) struct Scene {
    pub(crate) window: Arc<Window>,
    pub(crate) done: Vec<Arc<Done>>,
    /// Bytes of an operation.
    pub(crate) size: usize,
}

/// The end of the bar that the run has; dropped, it ends the bar.
pub(crate) struct Progress(Option<SyncSender<Scene>>);

/// The bar itself.
pub(crate) struct Bar(Option<JoinHandle<()>>);

impl Progress {
    /// A bar that waits for the run to begin.
    pub(crate) fn start() -> (Self, Bar) {
        if !stderr().is_terminal() {
            return (Self(None), Bar(None));
        }
        let (begin, scenes) = sync_channel(1);
        (Self(Some(begin)), Bar(Some(thread::spawn(move || draw(&scenes)))))
    }

    /// The run begins.
    pub(crate) fn begin(&self, scene: Scene) {
        if let Some(begin) = &self.0 {
            // A bar that is gone is not missed.
            let _ = begin.send(scene);
        }
    }
}

impl Bar {
    /// Waits until the bar is off the terminal. The run has ended.
    pub(crate) fn join(self) {
        if let Some(thread) = self.0 {
            // It ends by itself; if it panicked, that was on the terminal.
            let _ = thread.join();
        }
    }
}

fn draw(scenes: &Receiver<Scene>) {
    let Ok(scene) = scenes.recv() else { return };
    let style = ProgressStyle::with_template("{bar:30} {msg}").expect("the template is valid");
    let bar = ProgressBar::new(millis(scene.window.progress()[2])).with_style(style);
    let mut before = (Instant::now(), 0);
    while let Err(RecvTimeoutError::Timeout) = scenes.recv_timeout(PERIOD) {
        let now = (Instant::now(), scene.done.iter().map(|done| done.get()).sum());
        let rate = (now.1 - before.1) as f64 / (now.0 - before.0).as_secs_f64();
        before = now;
        let [gone, warm_up, end] = scene.window.progress();
        bar.set_position(millis(gone));
        bar.set_message(message(gone, warm_up, end, rate, scene.size));
    }
    bar.finish_and_clear();
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1e3) as u64
}

fn message(gone: f64, warm_up: f64, end: f64, rate: f64, size: usize) -> String {
    let mib = rate * size as f64 / f64::from(1 << 20);
    let phase = if gone < warm_up { ", warm-up" } else { "" };
    format!("{gone:.1} of {end:.1} s{phase}: {rate:.0} IOPS, {mib:.1} MiB/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_completes_per_second() {
        assert_eq!(
            message(3.0, 1.0, 6.0, 256_000.4, 4096),
            "3.0 of 6.0 s: 256000 IOPS, 1000.0 MiB/s"
        );
        assert_eq!(message(0.0, 1.0, 6.0, 0.0, 4096), "0.0 of 6.0 s, warm-up: 0 IOPS, 0.0 MiB/s");
    }
}
