//! The kinds of I/O that a bdev may support.

use spdk_sys::spdk_bdev_io_type;

macro_rules! io_types {
    ($($(#[$doc:meta])* $name:ident = $c:ident,)*) => {
        /// A kind of I/O.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum IoType { $($(#[$doc])* $name,)* }

        impl IoType {
            /// Every kind.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            pub(crate) const fn to_c(self) -> spdk_bdev_io_type {
                match self { $(Self::$name => spdk_sys::$c,)* }
            }

            pub(crate) const fn from_c(io_type: spdk_bdev_io_type) -> Option<Self> {
                match io_type { $(spdk_sys::$c => Some(Self::$name),)* _ => None }
            }
        }
    };
}

io_types! {
    /// Reads.
    Read = SPDK_BDEV_IO_TYPE_READ,
    /// Writes.
    Write = SPDK_BDEV_IO_TYPE_WRITE,
    /// Tells the device that blocks are no longer needed.
    Unmap = SPDK_BDEV_IO_TYPE_UNMAP,
    /// Makes writes durable.
    Flush = SPDK_BDEV_IO_TYPE_FLUSH,
    /// Resets the device.
    Reset = SPDK_BDEV_IO_TYPE_RESET,
    /// NVMe admin commands.
    NvmeAdmin = SPDK_BDEV_IO_TYPE_NVME_ADMIN,
    /// NVMe I/O commands.
    NvmeIo = SPDK_BDEV_IO_TYPE_NVME_IO,
    /// Writes zeroes without a buffer.
    WriteZeroes = SPDK_BDEV_IO_TYPE_WRITE_ZEROES,
    /// Borrows the device's own buffers.
    ZeroCopy = SPDK_BDEV_IO_TYPE_ZCOPY,
    /// Compares without reading into a buffer.
    Compare = SPDK_BDEV_IO_TYPE_COMPARE,
    /// Compares and writes in one step.
    CompareAndWrite = SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE,
    /// Aborts other I/O.
    Abort = SPDK_BDEV_IO_TYPE_ABORT,
    /// Finds the next hole.
    SeekHole = SPDK_BDEV_IO_TYPE_SEEK_HOLE,
    /// Finds the next data.
    SeekData = SPDK_BDEV_IO_TYPE_SEEK_DATA,
    /// Copies within the device.
    Copy = SPDK_BDEV_IO_TYPE_COPY,
}
