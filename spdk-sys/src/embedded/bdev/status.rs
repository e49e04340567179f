//! How an I/O ended: translating between the statuses of NVMe, SCSI and Linux AIO.

use core::ffi::{c_int, c_uint};

use super::io::{ErrorStatus, int};
use super::module_types::{
    SPDK_BDEV_IO_STATUS_ABORTED, SPDK_BDEV_IO_STATUS_AIO_ERROR,
    SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED, SPDK_BDEV_IO_STATUS_MISCOMPARE,
    SPDK_BDEV_IO_STATUS_NVME_ERROR, SPDK_BDEV_IO_STATUS_SCSI_ERROR, SPDK_BDEV_IO_STATUS_SUCCESS,
    spdk_bdev_io_status,
};
use super::types::values;
use super::{SPDK_BDEV_IO_TYPE_ABORT, spdk_bdev_io};

/// A SCSI status code.
pub type spdk_scsi_status = c_uint;
values! { spdk_scsi_status;
    /// Success.
    SPDK_SCSI_STATUS_GOOD = 0x00;
    /// The sense data tell more.
    SPDK_SCSI_STATUS_CHECK_CONDITION = 0x02;
}

/// A SCSI sense key.
pub type spdk_scsi_sense = c_uint;
values! { spdk_scsi_sense;
    /// No sense.
    SPDK_SCSI_SENSE_NO_SENSE = 0x00;
    /// Medium error.
    SPDK_SCSI_SENSE_MEDIUM_ERROR = 0x03;
    /// Not ready.
    SPDK_SCSI_SENSE_NOT_READY = 0x02;
    /// Hardware error.
    SPDK_SCSI_SENSE_HARDWARE_ERROR = 0x04;
    /// Illegal request.
    SPDK_SCSI_SENSE_ILLEGAL_REQUEST = 0x05;
    /// Write protected.
    SPDK_SCSI_SENSE_DATA_PROTECT = 0x07;
    /// Aborted command.
    SPDK_SCSI_SENSE_ABORTED_COMMAND = 0x0b;
    /// Miscompare.
    SPDK_SCSI_SENSE_MISCOMPARE = 0x0e;
}

/// Additional sense code of a miscompare.
const ASC_MISCOMPARE: c_int = 0x1d;

/// NVMe: status code type and status code.
type NvmeStatus = (c_int, c_int);
const NVME_SUCCESS: NvmeStatus = (0, 0x00);
const NVME_INTERNAL_ERROR: NvmeStatus = (0, 0x06);
const NVME_ABORTED_BY_REQUEST: NvmeStatus = (0, 0x07);
const NVME_ABORTED_FAILED_FUSED: NvmeStatus = (0, 0x09);
const NVME_COMPARE_FAILURE: NvmeStatus = (2, 0x85);

/// Notes an NVMe status on an I/O; returns the status to complete it with.
///
/// # Safety
/// - `bdev_io` is valid and in the hands of the caller.
pub unsafe extern "C" fn spdk_bdev_io_set_nvme_status(
    bdev_io: *mut spdk_bdev_io,
    cdw0: u32,
    sct: c_int,
    sc: c_int,
) -> spdk_bdev_io_status {
    // SAFETY: by contract.
    unsafe { int(bdev_io) }.error.set(ErrorStatus { word: cdw0, sct: sct as u8, sc: sc as u8 });
    match (sct, sc) {
        NVME_SUCCESS => SPDK_BDEV_IO_STATUS_SUCCESS,
        NVME_ABORTED_BY_REQUEST => SPDK_BDEV_IO_STATUS_ABORTED,
        _ => SPDK_BDEV_IO_STATUS_NVME_ERROR,
    }
}

/// Notes a SCSI status on an I/O; returns the status to complete it with.
///
/// # Safety
/// - `bdev_io` is valid and in the hands of the caller.
pub unsafe extern "C" fn spdk_bdev_io_set_scsi_status(
    bdev_io: *mut spdk_bdev_io,
    sc: spdk_scsi_status,
    sk: spdk_scsi_sense,
    asc: u8,
    ascq: u8,
) -> spdk_bdev_io_status {
    if sc == SPDK_SCSI_STATUS_GOOD {
        return SPDK_BDEV_IO_STATUS_SUCCESS;
    }
    let word = u32::from_ne_bytes([sc as u8, sk as u8, asc, ascq]);
    // SAFETY: by contract.
    unsafe { int(bdev_io) }.error.set(ErrorStatus { word, sct: 0, sc: 0 });
    SPDK_BDEV_IO_STATUS_SCSI_ERROR
}

/// Notes the result of a Linux AIO request on an I/O; returns the status to complete it with.
///
/// # Safety
/// - `bdev_io` is valid and in the hands of the caller.
pub unsafe extern "C" fn spdk_bdev_io_set_aio_status(
    bdev_io: *mut spdk_bdev_io,
    aio_result: c_int,
) -> spdk_bdev_io_status {
    let word = aio_result.cast_unsigned();
    // SAFETY: by contract.
    unsafe { int(bdev_io) }.error.set(ErrorStatus { word, sct: 0, sc: 0 });
    if aio_result == 0 { SPDK_BDEV_IO_STATUS_SUCCESS } else { SPDK_BDEV_IO_STATUS_AIO_ERROR }
}

/// The status of a completed I/O as NVMe says it. For an abort, `cdw0` is 0 on success and 1
/// otherwise.
///
/// # Safety
/// - `bdev_io` has completed and was not freed; the pointers are writable.
pub unsafe extern "C" fn spdk_bdev_io_get_nvme_status(
    bdev_io: *const spdk_bdev_io,
    cdw0: *mut u32,
    sct: *mut c_int,
    sc: *mut c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(bdev_io.cast_mut());
        let (status, error) = (fields.status(), fields.error.get());
        if u32::from((*bdev_io).type_) == SPDK_BDEV_IO_TYPE_ABORT {
            (*sct, *sc) = NVME_SUCCESS;
            *cdw0 = u32::from(status != SPDK_BDEV_IO_STATUS_SUCCESS);
            return;
        }
        (*sct, *sc) = nvme_of(status, error);
        *cdw0 = error.word;
    }
}

fn nvme_of(status: spdk_bdev_io_status, error: ErrorStatus) -> NvmeStatus {
    match status {
        SPDK_BDEV_IO_STATUS_SUCCESS => NVME_SUCCESS,
        SPDK_BDEV_IO_STATUS_NVME_ERROR => (c_int::from(error.sct), c_int::from(error.sc)),
        SPDK_BDEV_IO_STATUS_ABORTED => NVME_ABORTED_BY_REQUEST,
        SPDK_BDEV_IO_STATUS_MISCOMPARE => NVME_COMPARE_FAILURE,
        _ => NVME_INTERNAL_ERROR,
    }
}

/// The statuses of the two halves of a completed compare and write, as NVMe says them.
///
/// # Safety
/// - As [`spdk_bdev_io_get_nvme_status`].
pub unsafe extern "C" fn spdk_bdev_io_get_nvme_fused_status(
    bdev_io: *const spdk_bdev_io,
    cdw0: *mut u32,
    first_sct: *mut c_int,
    first_sc: *mut c_int,
    second_sct: *mut c_int,
    second_sc: *mut c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(bdev_io.cast_mut());
        let error = fields.error.get();
        let (first, second) = match fields.status() {
            SPDK_BDEV_IO_STATUS_NVME_ERROR => match nvme_of(fields.status(), error) {
                NVME_COMPARE_FAILURE => (NVME_COMPARE_FAILURE, NVME_ABORTED_FAILED_FUSED),
                other => (NVME_SUCCESS, other),
            },
            SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED => {
                (NVME_INTERNAL_ERROR, NVME_ABORTED_FAILED_FUSED)
            }
            SPDK_BDEV_IO_STATUS_MISCOMPARE => (NVME_COMPARE_FAILURE, NVME_ABORTED_FAILED_FUSED),
            other => (nvme_of(other, error), nvme_of(other, error)),
        };
        (*first_sct, *first_sc) = first;
        (*second_sct, *second_sc) = second;
        *cdw0 = error.word;
    }
}

/// The status of a completed I/O as SCSI says it: status code, sense key, additional sense code and
/// its qualifier.
///
/// # Safety
/// - As [`spdk_bdev_io_get_nvme_status`].
pub unsafe extern "C" fn spdk_bdev_io_get_scsi_status(
    bdev_io: *const spdk_bdev_io,
    sc: *mut c_int,
    sk: *mut c_int,
    asc: *mut c_int,
    ascq: *mut c_int,
) {
    const CHECK: c_int = SPDK_SCSI_STATUS_CHECK_CONDITION.cast_signed();
    // SAFETY: by contract.
    unsafe {
        let fields = int(bdev_io.cast_mut());
        let error = fields.error.get();
        let bytes = error.word.to_ne_bytes().map(c_int::from);
        (*sc, *sk, *asc, *ascq) = match fields.status() {
            SPDK_BDEV_IO_STATUS_SUCCESS => (0, 0, 0, 0),
            SPDK_BDEV_IO_STATUS_SCSI_ERROR => (bytes[0], bytes[1], bytes[2], bytes[3]),
            SPDK_BDEV_IO_STATUS_MISCOMPARE => {
                (CHECK, SPDK_SCSI_SENSE_MISCOMPARE.cast_signed(), ASC_MISCOMPARE, bytes[3])
            }
            SPDK_BDEV_IO_STATUS_NVME_ERROR => {
                scsi_of_nvme(c_int::from(error.sct), c_int::from(error.sc))
            }
            _ => (CHECK, SPDK_SCSI_SENSE_ABORTED_COMMAND.cast_signed(), 0, 0),
        };
    }
}

/// SCSI status code, sense key, additional sense code and qualifier of an NVMe status.
fn scsi_of_nvme(sct: c_int, sc: c_int) -> (c_int, c_int, c_int, c_int) {
    const CHECK: c_int = SPDK_SCSI_STATUS_CHECK_CONDITION.cast_signed();
    const CONFLICT: c_int = 0x18;
    const TASK_ABORTED: c_int = 0x40;
    let (status, key, asc, ascq) = match (sct, sc) {
        NVME_SUCCESS => (0, SPDK_SCSI_SENSE_NO_SENSE, 0, 0),
        // Invalid opcode; invalid field or conflicting attributes; LBA out of range.
        (0, 0x01) => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0x20, 0),
        (0, 0x02) | (1, 0x80) => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0x24, 0),
        (0, 0x80) => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0x21, 0),
        // Data transfer error, capacity exceeded.
        (0, 0x04 | 0x81) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0, 0),
        // Power loss; internal error; the kinds of abort.
        (0, 0x05) => (TASK_ABORTED, SPDK_SCSI_SENSE_ABORTED_COMMAND, 0x0b, 0x08),
        (0, 0x06) => (CHECK, SPDK_SCSI_SENSE_HARDWARE_ERROR, 0x44, 0),
        (0, 0x07..=0x0a) => (TASK_ABORTED, SPDK_SCSI_SENSE_ABORTED_COMMAND, 0, 0),
        // Invalid namespace, not ready, reservation conflict.
        (0, 0x0b) => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0x20, 0x09),
        (0, 0x82) => (CHECK, SPDK_SCSI_SENSE_NOT_READY, 0x04, 0),
        (0, 0x83) => (CONFLICT, SPDK_SCSI_SENSE_NO_SENSE, 0, 0),
        // Invalid format, write to a read-only range.
        (1, 0x0a) => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0x31, 0x01),
        (1, 0x82) => (CHECK, SPDK_SCSI_SENSE_DATA_PROTECT, 0x27, 0),
        // Write fault; unrecovered read; guard, application tag and reference tag checks.
        (2, 0x80) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0x03, 0),
        (2, 0x81) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0x11, 0),
        (2, 0x82) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0x10, 0x01),
        (2, 0x83) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0x10, 0x02),
        (2, 0x84) => (CHECK, SPDK_SCSI_SENSE_MEDIUM_ERROR, 0x10, 0x03),
        NVME_COMPARE_FAILURE => (CHECK, SPDK_SCSI_SENSE_MISCOMPARE, ASC_MISCOMPARE, 0),
        (2, 0x86) => (CHECK, SPDK_SCSI_SENSE_DATA_PROTECT, 0x20, 0x02),
        _ => (CHECK, SPDK_SCSI_SENSE_ILLEGAL_REQUEST, 0, 0),
    };
    (status, key.cast_signed(), asc, ascq)
}

/// The status of a completed I/O as Linux AIO says it: 0, the module's negative errno, or -EIO.
///
/// # Safety
/// - As [`spdk_bdev_io_get_nvme_status`].
pub unsafe extern "C" fn spdk_bdev_io_get_aio_status(
    bdev_io: *const spdk_bdev_io,
    aio_result: *mut c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(bdev_io.cast_mut());
        *aio_result = match fields.status() {
            SPDK_BDEV_IO_STATUS_AIO_ERROR => fields.error.get().word.cast_signed(),
            SPDK_BDEV_IO_STATUS_SUCCESS => 0,
            _ => -libc::EIO,
        };
    }
}
