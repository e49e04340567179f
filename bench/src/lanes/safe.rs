//! The safe API, with a task for each operation in flight.

use std::rc::Rc;

use spdk_async::DmaBuf;

use super::Round;
use crate::options::Op;
use crate::workload::tasks;

/// The body of a task, which does nothing but this operation.
macro_rules! task {
    ($round:expr, $operation:ident, $buf:expr) => {{
        let Round { target, operations, buffers, .. } = $round;
        tasks(buffers, |buffers: Vec<DmaBuf>| {
            let (channel, operations) = (target.channel.clone(), Rc::clone(&operations));
            async move {
                let mut buf = $buf(buffers);
                while let Some(offset) = operations.next() {
                    let (result, back) = channel.$operation(buf, offset).await;
                    result.expect("an operation succeeds");
                    buf = back;
                }
            }
        })
        .await
    }};
}

pub(super) async fn run(round: Round<'_>) {
    let only = |mut buffers: Vec<DmaBuf>| buffers.pop().expect("there is one buffer");
    match round.shape.op {
        Op::Read => task!(round, read, only),
        Op::Write => task!(round, write, only),
        Op::Readv => task!(round, readv, |buffers| buffers),
    }
}
