//! uuid.h: 16 bytes and their text.
//!
//! Plain data; any OS thread may call in here.

use core::ffi::{CStr, c_char, c_int};

/// Bytes of a UUID's text with the closing NUL.
pub const SPDK_UUID_STRING_LEN: u32 = 37;

/// A UUID.
#[repr(C)]
#[derive(Default, Copy, Clone)]
pub struct spdk_uuid {
    /// Its bytes, in the order of the text.
    pub u: spdk_uuid__bindgen_ty_1,
}

/// The one view of a UUID.
#[repr(C)]
#[derive(Copy, Clone)]
pub union spdk_uuid__bindgen_ty_1 {
    /// Its bytes, in the order of the text.
    pub raw: [u8; 16],
}

impl Default for spdk_uuid__bindgen_ty_1 {
    fn default() -> Self {
        Self { raw: [0; 16] }
    }
}

impl spdk_uuid {
    fn bytes(&self) -> [u8; 16] {
        // SAFETY: every bit pattern is a valid array of bytes.
        unsafe { self.u.raw }
    }
}

/// Bytes of the text before which a dash stands.
const DASHES: [usize; 4] = [4, 6, 8, 10];

fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let mut rest = text;
    let mut raw = [0; 16];
    for (at, byte) in raw.iter_mut().enumerate() {
        if DASHES.contains(&at) {
            rest = rest.strip_prefix(b"-")?;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let high = char::from(digits[0]).to_digit(16)?;
        let low = char::from(digits[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
        rest = after;
    }
    rest.is_empty().then_some(raw)
}

/// Reads a text of 36 characters, in either case. Returns 0 or `-EINVAL`.
///
/// # Safety
/// - `uuid` points to a writable UUID, `uuid_str` is a C string.
pub unsafe extern "C" fn spdk_uuid_parse(uuid: *mut spdk_uuid, uuid_str: *const c_char) -> c_int {
    // SAFETY: the caller vouches for the string.
    let Some(raw) = parse(unsafe { CStr::from_ptr(uuid_str) }.to_bytes()) else {
        return -libc::EINVAL;
    };
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*uuid).u.raw = raw };
    0
}

/// Writes the lower-case text. Returns 0, or `-EINVAL` when it does not fit in `uuid_str_size` bytes.
///
/// # Safety
/// - `uuid_str` points to `uuid_str_size` writable bytes, `uuid` to a UUID.
pub unsafe extern "C" fn spdk_uuid_fmt_lower(
    uuid_str: *mut c_char,
    uuid_str_size: usize,
    uuid: *const spdk_uuid,
) -> c_int {
    if uuid_str_size < SPDK_UUID_STRING_LEN as usize {
        return -libc::EINVAL;
    }
    let mut text = String::new();
    // SAFETY: the caller vouches for the pointer.
    for (at, byte) in unsafe { (*uuid).bytes() }.iter().enumerate() {
        if DASHES.contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\0');
    // SAFETY: 36 characters and a NUL fit, as checked.
    unsafe { core::ptr::copy_nonoverlapping(text.as_ptr().cast(), uuid_str, text.len()) };
    0
}

/// -1, 0 or 1 for the order of two UUIDs.
///
/// # Safety
/// - Both point to UUIDs.
pub unsafe extern "C" fn spdk_uuid_compare(u1: *const spdk_uuid, u2: *const spdk_uuid) -> c_int {
    // SAFETY: the caller vouches for the pointers.
    let order = unsafe { (*u1).bytes().cmp(&(*u2).bytes()) };
    order as c_int
}

/// Makes a random UUID (version 4).
///
/// # Safety
/// - `uuid` points to a writable UUID.
pub unsafe extern "C" fn spdk_uuid_generate(uuid: *mut spdk_uuid) {
    let mut raw = [0_u8; 16];
    // SAFETY: the buffer is writable for its length.
    let got = unsafe { libc::getrandom(raw.as_mut_ptr().cast(), raw.len(), 0) };
    assert!(got == raw.len() as isize, "spdk_uuid_generate: the kernel gives no random bytes");
    raw[6] = raw[6] & 0x0f | 0x40;
    raw[8] = raw[8] & 0x3f | 0x80;
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*uuid).u.raw = raw };
}

/// Copies a UUID.
///
/// # Safety
/// - Both point to UUIDs, `dst` to a writable one.
pub unsafe extern "C" fn spdk_uuid_copy(dst: *mut spdk_uuid, src: *const spdk_uuid) {
    // SAFETY: the caller vouches for the pointers, which may be the same.
    unsafe { *dst = *src }
}

/// Whether every byte is 0.
///
/// # Safety
/// - `uuid` points to a UUID.
pub unsafe extern "C" fn spdk_uuid_is_null(uuid: *const spdk_uuid) -> bool {
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*uuid).bytes() == [0; 16] }
}

/// Sets every byte to 0.
///
/// # Safety
/// - `uuid` points to a writable UUID.
pub unsafe extern "C" fn spdk_uuid_set_null(uuid: *mut spdk_uuid) {
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*uuid).u.raw = [0; 16] }
}
