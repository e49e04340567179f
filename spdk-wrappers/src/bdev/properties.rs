//! What a bdev is: its name, its geometry, what it can do.

use core::ffi::{CStr, c_char, c_int};

use spdk_sys::spdk_bdev;

use super::IoType;
use super::descriptor::c_name;
use crate::error::{Error, ErrorKind, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// The properties of a bdev, copied while it was there.
///
/// ```no_run
/// use spdk_async::bdev::{Bdev, IoType};
///
/// # async fn example() -> spdk_async::Result<()> {
/// for bdev in Bdev::all()? {
///     eprintln!("{}: {} blocks of {} bytes", bdev.name(), bdev.num_blocks(), bdev.block_size());
/// }
/// assert!(Bdev::lookup("Malloc0")?.supports(IoType::Unmap));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bdev {
    name: String,
    product_name: String,
    module_name: String,
    uuid: [u8; 16],
    block_size: u32,
    physical_block_size: u32,
    num_blocks: u64,
    buf_align: usize,
    optimal_io_boundary: u32,
    write_unit_size: u32,
    atomic_compare_and_write_blocks: u16,
    max_copy_blocks: u32,
    has_write_cache: bool,
    supported: Vec<IoType>,
}

impl Bdev {
    /// Copies the properties of a bdev.
    ///
    /// # Safety
    ///
    /// - `bdev` is open, or visited by a walk.
    pub(super) unsafe fn read(bdev: *mut spdk_bdev) -> Self {
        let supports = |io_type: &IoType| {
            // SAFETY: the caller's promise.
            unsafe { spdk_sys::spdk_bdev_io_type_supported(bdev, io_type.to_c()) }
        };
        let supported = IoType::ALL.into_iter().filter(supports).collect();
        // SAFETY: the caller's promise.
        let uuid = unsafe { spdk_sys::spdk_bdev_get_uuid(bdev) };
        Self {
            // SAFETY: the caller's promise: the bdev stays while it is read.
            name: unsafe { text(spdk_sys::spdk_bdev_get_name, bdev) },
            // SAFETY: the caller's promise.
            product_name: unsafe { text(spdk_sys::spdk_bdev_get_product_name, bdev) },
            // SAFETY: the caller's promise.
            module_name: unsafe { text(spdk_sys::spdk_bdev_get_module_name, bdev) },
            // SAFETY: a UUID is sixteen bytes, and lives as long as the bdev.
            uuid: unsafe { uuid.cast::<[u8; 16]>().read() },
            // SAFETY: the caller's promise.
            block_size: unsafe { spdk_sys::spdk_bdev_get_block_size(bdev) },
            // SAFETY: the caller's promise.
            physical_block_size: unsafe { spdk_sys::spdk_bdev_get_physical_block_size(bdev) },
            // SAFETY: the caller's promise.
            num_blocks: unsafe { spdk_sys::spdk_bdev_get_num_blocks(bdev) },
            // SAFETY: the caller's promise.
            buf_align: unsafe { spdk_sys::spdk_bdev_get_buf_align(bdev) },
            // SAFETY: the caller's promise.
            optimal_io_boundary: unsafe { spdk_sys::spdk_bdev_get_optimal_io_boundary(bdev) },
            // SAFETY: the caller's promise.
            write_unit_size: unsafe { spdk_sys::spdk_bdev_get_write_unit_size(bdev) },
            // SAFETY: the caller's promise.
            atomic_compare_and_write_blocks: unsafe { spdk_sys::spdk_bdev_get_acwu(bdev) },
            // SAFETY: the caller's promise.
            max_copy_blocks: unsafe { spdk_sys::spdk_bdev_get_max_copy(bdev) },
            // SAFETY: the caller's promise.
            has_write_cache: unsafe { spdk_sys::spdk_bdev_has_write_cache(bdev) },
            supported,
        }
    }

    /// Looks a bdev up by its name or an alias (`spdk_for_each_bdev_by_name`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchBdev`], and if no `spdk_thread` with a runtime is current.
    pub fn lookup(name: &str) -> Result<Self> {
        const OPERATION: &str = "spdk_for_each_bdev_by_name";
        Runtime::current(OPERATION)?;
        let c_name = c_name(OPERATION, name)?;
        let mut names = [c_name.as_ptr()];
        let mut found = Vec::new();
        // SAFETY: an spdk_thread is current; the names are read during the call.
        let rc = unsafe {
            raw::spdk_for_each_bdev_by_name(visitor(&mut found), names.as_mut_ptr(), names.len())
        };
        match (rc, found.pop()) {
            (0, Some(bdev)) => Ok(bdev),
            (0, None) => Err(Error::new(OPERATION, ErrorKind::NoSuchBdev(name.to_owned()))),
            (rc, _) if rc == -libc::ENODEV => {
                Err(Error::new(OPERATION, ErrorKind::NoSuchBdev(name.to_owned())))
            }
            (rc, _) => Err(Error::errno_of(OPERATION, crate::adapter::Errno::from_status(rc))),
        }
    }

    /// Lists every bdev that is not going away, in the order of registration (`spdk_for_each_bdev`).
    ///
    /// # Errors
    ///
    /// If no `spdk_thread` with a runtime is current.
    pub fn all() -> Result<Vec<Self>> {
        const OPERATION: &str = "spdk_for_each_bdev";
        Runtime::current(OPERATION)?;
        let mut found = Vec::new();
        // SAFETY: an spdk_thread is current.
        let rc = unsafe { raw::spdk_for_each_bdev(visitor(&mut found)) };
        listed(OPERATION, rc, found)
    }

    /// Lists the bdevs that no module has claimed (`spdk_for_each_bdev_leaf`).
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn leaves() -> Result<Vec<Self>> {
        const OPERATION: &str = "spdk_for_each_bdev_leaf";
        Runtime::current(OPERATION)?;
        let mut found = Vec::new();
        // SAFETY: an spdk_thread is current.
        let rc = unsafe { raw::spdk_for_each_bdev_leaf(visitor(&mut found)) };
        listed(OPERATION, rc, found)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the module calls its product, such as `Malloc disk`.
    #[must_use]
    pub fn product_name(&self) -> &str {
        &self.product_name
    }

    /// The name of the module.
    #[must_use]
    pub fn module_name(&self) -> &str {
        &self.module_name
    }

    /// The UUID's bytes.
    #[must_use]
    pub const fn uuid(&self) -> [u8; 16] {
        self.uuid
    }

    /// The size of a block, in bytes, with interleaved metadata.
    #[must_use]
    pub const fn block_size(&self) -> u32 {
        self.block_size
    }

    /// The size of the device's own block, in bytes.
    #[must_use]
    pub const fn physical_block_size(&self) -> u32 {
        self.physical_block_size
    }

    /// The number of blocks.
    #[must_use]
    pub const fn num_blocks(&self) -> u64 {
        self.num_blocks
    }

    /// The alignment that buffers must have to be used without a copy, in bytes.
    #[must_use]
    pub const fn buf_align(&self) -> usize {
        self.buf_align
    }

    /// The boundary that I/O should not cross, in blocks; zero if there is none.
    #[must_use]
    pub const fn optimal_io_boundary(&self) -> u32 {
        self.optimal_io_boundary
    }

    /// The unit that writes should be multiples of, in blocks.
    #[must_use]
    pub const fn write_unit_size(&self) -> u32 {
        self.write_unit_size
    }

    /// The most that one compare-and-write can take, in blocks.
    #[must_use]
    pub const fn atomic_compare_and_write_blocks(&self) -> u16 {
        self.atomic_compare_and_write_blocks
    }

    /// The most that the device copies in one step, in blocks; zero for no limit.
    #[must_use]
    pub const fn max_copy_blocks(&self) -> u32 {
        self.max_copy_blocks
    }

    /// Whether writes are durable only after a flush.
    #[must_use]
    pub const fn has_write_cache(&self) -> bool {
        self.has_write_cache
    }

    /// Whether the bdev can do this kind of I/O (`spdk_bdev_io_type_supported`).
    #[must_use]
    pub fn supports(&self, io_type: IoType) -> bool {
        self.supported.contains(&io_type)
    }
}

fn visitor(found: &mut Vec<Bdev>) -> impl FnMut(*mut spdk_bdev) -> c_int {
    |bdev| {
        // SAFETY: the walk holds a descriptor open during the visit.
        found.push(unsafe { Bdev::read(bdev) });
        0
    }
}

fn listed(operation: &'static str, rc: c_int, found: Vec<Bdev>) -> Result<Vec<Bdev>> {
    match rc {
        0 => Ok(found),
        rc => Err(Error::errno_of(operation, crate::adapter::Errno::from_status(rc))),
    }
}

/// A string of a bdev, copied.
///
/// # Safety
///
/// - `bdev` is open, or visited by a walk.
/// - `get` answers null, or a string that ends in NUL and lives as long as the bdev.
unsafe fn text(
    get: unsafe extern "C" fn(*const spdk_bdev) -> *const c_char,
    bdev: *mut spdk_bdev,
) -> String {
    // SAFETY: the caller's promise.
    let text = unsafe { get(bdev) };
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
