//! What a lane is given, and which function it is.

use std::rc::Rc;

use spdk_async::{DmaBuf, Result};

use super::callback::Unit;
use super::{awaited, callback, oneshot, promise, safe};
use crate::options::Lane;
use crate::target::Target;
use crate::workload::{Operations, Shape};

/// A round to run.
pub(crate) struct Round<'a> {
    pub(crate) target: &'a Target,
    pub(crate) shape: Shape,
    pub(crate) operations: Rc<Operations>,
    /// For each operation in flight.
    pub(crate) buffers: Vec<Vec<DmaBuf>>,
}

impl<'a> Round<'a> {
    /// One of `count` operations. Its buffers are fresh.
    pub(crate) fn new(target: &'a Target, shape: Shape, count: u64) -> Result<Self> {
        let operations = Operations::new(count, shape, target.len);
        Ok(Self { target, shape, operations, buffers: shape.buffers()? })
    }
}

/// Runs a round through a lane.
pub(crate) async fn run(lane: Lane, round: Round<'_>) {
    match lane {
        Lane::Callback => callback::run(round, Unit::Bytes).await,
        Lane::Blocks => callback::run(round, Unit::Blocks).await,
        Lane::Safe => safe::run(round).await,
        Lane::Raw => awaited::pooled(round).await,
        Lane::Boxed => awaited::boxed(round).await,
        Lane::Oneshot => oneshot::run(round).await,
        Lane::Promise => promise::run(round).await,
    }
}
