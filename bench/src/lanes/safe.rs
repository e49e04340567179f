//! The safe API, with a task for each operation in flight.

use std::rc::Rc;

use spdk_async::DmaBuf;

use super::Round;
use crate::options::Op;
use crate::workload::tasks;

pub(super) async fn run(round: Round<'_>) {
    let Round { target, shape, operations, buffers } = round;
    let task = |mut buffers: Vec<DmaBuf>| {
        let (channel, operations) = (target.channel.clone(), Rc::clone(&operations));
        async move {
            let op = shape.op;
            if op == Op::Readv {
                while let Some(offset) = operations.next() {
                    let (result, back) = channel.readv(buffers, offset).await;
                    result.expect("a read succeeds");
                    buffers = back;
                }
                return;
            }
            let mut buf = buffers.pop().expect("there is one buffer");
            while let Some(offset) = operations.next() {
                let (result, back) = match op {
                    Op::Write => channel.write(buf, offset).await,
                    _ => channel.read(buf, offset).await,
                };
                result.expect("an operation succeeds");
                buf = back;
            }
        }
    };
    tasks(buffers, task).await;
}
