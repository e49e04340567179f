//! cpuset.h: a set of up to 1024 CPUs.
//!
//! CPU n is bit n % 8 of byte n / 8. Any OS thread may use a set that is its own.

use core::ffi::{CStr, c_char, c_int, c_void};

/// The number of CPUs a set can hold.
pub const SPDK_CPUSET_SIZE: u32 = 1024;

const BYTES: usize = SPDK_CPUSET_SIZE as usize / 8;
const TEXT: usize = SPDK_CPUSET_SIZE as usize / 4 + 1;

/// A set of CPUs. `str_` is where [`spdk_cpuset_fmt`] writes.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_cpuset {
    /// The text of the last [`spdk_cpuset_fmt`].
    pub str_: [c_char; TEXT],
    /// One bit per CPU, the lowest first.
    pub cpus: [u8; BYTES],
}

impl Default for spdk_cpuset {
    fn default() -> Self {
        Self { str_: [0; TEXT], cpus: [0; BYTES] }
    }
}

impl spdk_cpuset {
    fn combine(&mut self, other: &Self, f: impl Fn(u8, u8) -> u8) {
        for (mine, theirs) in self.cpus.iter_mut().zip(&other.cpus) {
            *mine = f(*mine, *theirs);
        }
    }

    fn has(&self, cpu: u32) -> bool {
        self.cpus[cpu as usize / 8] >> (cpu % 8) & 1 == 1
    }

    fn set(&mut self, cpu: u32, state: bool) {
        let bit = 1 << (cpu % 8);
        let byte = &mut self.cpus[cpu as usize / 8];
        if state { *byte |= bit } else { *byte &= !bit }
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        let cpus = self.cpus;
        (0..SPDK_CPUSET_SIZE).filter(move |&cpu| cpus[cpu as usize / 8] >> (cpu % 8) & 1 == 1)
    }
}

/// Ends the process for a CPU outside the set, where SPDK would touch memory behind it.
fn check(function: &str, cpu: u32) {
    assert!(cpu < SPDK_CPUSET_SIZE, "{function}: CPU {cpu} is outside a set of {SPDK_CPUSET_SIZE}");
}

/// A new empty set; free it with [`spdk_cpuset_free`].
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_cpuset_alloc() -> *mut spdk_cpuset {
    Box::into_raw(Box::default())
}

/// Frees a set; NULL is a no-op.
///
/// # Safety
/// - `set` is NULL or came from [`spdk_cpuset_alloc`] and is not used again.
pub unsafe extern "C" fn spdk_cpuset_free(set: *mut spdk_cpuset) {
    if !set.is_null() {
        // SAFETY: `spdk_cpuset_alloc` made it with `Box::into_raw`.
        drop(unsafe { Box::from_raw(set) });
    }
}

/// Whether both sets hold the same CPUs.
///
/// # Safety
/// - Both point to cpusets.
pub unsafe extern "C" fn spdk_cpuset_equal(
    set1: *const spdk_cpuset,
    set2: *const spdk_cpuset,
) -> bool {
    // SAFETY: the caller vouches for the pointers.
    unsafe { (*set1).cpus == (*set2).cpus }
}

/// Makes `dst` hold what `src` holds.
///
/// # Safety
/// - Both point to cpusets, `dst` to a writable one.
pub unsafe extern "C" fn spdk_cpuset_copy(dst: *mut spdk_cpuset, src: *const spdk_cpuset) {
    // SAFETY: the caller vouches for the pointers, which may be the same.
    unsafe { (*dst).cpus = (*src).cpus }
}

/// Keeps in `dst` what is also in `src`.
///
/// # Safety
/// - Both point to cpusets, `dst` to a writable one.
pub unsafe extern "C" fn spdk_cpuset_and(dst: *mut spdk_cpuset, src: *const spdk_cpuset) {
    // SAFETY: the caller vouches for the pointers; the source is copied, so they may be the same.
    unsafe {
        let src = *src;
        (*dst).combine(&src, |a, b| a & b);
    }
}

/// Adds to `dst` what is in `src`.
///
/// # Safety
/// - Both point to cpusets, `dst` to a writable one.
pub unsafe extern "C" fn spdk_cpuset_or(dst: *mut spdk_cpuset, src: *const spdk_cpuset) {
    // SAFETY: as in `spdk_cpuset_and`.
    unsafe {
        let src = *src;
        (*dst).combine(&src, |a, b| a | b);
    }
}

/// Keeps in `dst` what is in one of the two but not in both.
///
/// # Safety
/// - Both point to cpusets, `dst` to a writable one.
pub unsafe extern "C" fn spdk_cpuset_xor(dst: *mut spdk_cpuset, src: *const spdk_cpuset) {
    // SAFETY: as in `spdk_cpuset_and`.
    unsafe {
        let src = *src;
        (*dst).combine(&src, |a, b| a ^ b);
    }
}

/// Turns every CPU of the set over.
///
/// # Safety
/// - `set` points to a writable cpuset.
pub unsafe extern "C" fn spdk_cpuset_negate(set: *mut spdk_cpuset) {
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*set).cpus = (*set).cpus.map(|byte| !byte) }
}

/// Empties the set.
///
/// # Safety
/// - `set` points to a writable cpuset.
pub unsafe extern "C" fn spdk_cpuset_zero(set: *mut spdk_cpuset) {
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*set).cpus = [0; BYTES] }
}

/// Adds (`true`) or removes (`false`) a CPU below 1024.
///
/// # Safety
/// - `set` points to a writable cpuset.
pub unsafe extern "C" fn spdk_cpuset_set_cpu(set: *mut spdk_cpuset, cpu: u32, state: bool) {
    check("spdk_cpuset_set_cpu", cpu);
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*set).set(cpu, state) }
}

/// Whether a CPU below 1024 is in the set.
///
/// # Safety
/// - `set` points to a cpuset.
pub unsafe extern "C" fn spdk_cpuset_get_cpu(set: *const spdk_cpuset, cpu: u32) -> bool {
    check("spdk_cpuset_get_cpu", cpu);
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*set).has(cpu) }
}

/// Calls `fn_(ctx, cpu)` for each CPU of the set, the lowest first.
///
/// # Safety
/// - `set` points to a cpuset; `fn_` may be called with `ctx`, and does not unwind.
pub unsafe extern "C" fn spdk_cpuset_for_each_cpu(
    set: *const spdk_cpuset,
    fn_: Option<unsafe extern "C" fn(ctx: *mut c_void, cpu: u32)>,
    ctx: *mut c_void,
) {
    let function = fn_.expect("spdk_cpuset_for_each_cpu: the function must not be NULL");
    // SAFETY: the caller vouches for the pointer; the set is copied before the calls.
    let cpus = unsafe { (*set).iter() };
    for cpu in cpus {
        // SAFETY: the caller vouches for the call.
        unsafe { function(ctx, cpu) };
    }
}

/// The number of CPUs in the set.
///
/// # Safety
/// - `set` points to a cpuset.
pub unsafe extern "C" fn spdk_cpuset_count(set: *const spdk_cpuset) -> u32 {
    // SAFETY: the caller vouches for the pointer.
    unsafe { (*set).cpus }.iter().map(|byte| byte.count_ones()).sum()
}

/// The set as a lower-case hexadecimal mask without prefix ("0" for an empty one), kept in the set
/// until the next call.
///
/// # Safety
/// - `set` points to a writable cpuset.
pub unsafe extern "C" fn spdk_cpuset_fmt(set: *mut spdk_cpuset) -> *const c_char {
    // SAFETY: the caller vouches for the pointer.
    let set = unsafe { &mut *set };
    let last = set.iter().last().unwrap_or(0) as usize / 8;
    let mut text = format!("{:x}", set.cpus[last]);
    for byte in set.cpus[..last].iter().rev() {
        text.push_str(&format!("{byte:02x}"));
    }
    for (slot, digit) in set.str_.iter_mut().zip(text.bytes().chain([0])) {
        *slot = digit as c_char;
    }
    set.str_.as_ptr()
}

/// Reads a mask (`0x3`, `3`, commas allowed) or a list (`[0,2-5]`) into the set. Returns 0, or -1 for
/// NULL, an empty text, a wrong character or a CPU outside the set.
///
/// # Safety
/// - `set` is NULL or points to a writable cpuset; `mask` is NULL or a C string.
pub unsafe extern "C" fn spdk_cpuset_parse(set: *mut spdk_cpuset, mask: *const c_char) -> c_int {
    if set.is_null() || mask.is_null() {
        return -1;
    }
    // SAFETY: the caller vouches for the string.
    let text = unsafe { CStr::from_ptr(mask) }.to_bytes();
    let text = text.trim_ascii();
    let parsed = match text.strip_prefix(b"[") {
        _ if text.is_empty() => Err("it is empty".into()),
        Some(list) => parse_list(list),
        None => parse_mask(text),
    };
    match parsed {
        Ok(cpus) => {
            // SAFETY: the caller vouches for the pointer.
            unsafe { (*set).cpus = cpus.cpus };
            0
        }
        Err(why) => {
            let text = String::from_utf8_lossy(text);
            tracing::error!("spdk_cpuset_parse: the core mask '{text}' is wrong: {why}");
            -1
        }
    }
}

fn parse_mask(text: &[u8]) -> Result<spdk_cpuset, String> {
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text);
    let mut set = spdk_cpuset::default();
    let mut cpu = 0;
    for &digit in digits.iter().rev().filter(|&&digit| digit != b',') {
        let value = char::from(digit)
            .to_digit(16)
            .ok_or_else(|| format!("'{}' is no hexadecimal digit", char::from(digit)))?;
        for bit in (0..4).filter(|bit| value >> bit & 1 == 1) {
            // Bits beyond the size are dropped, as SPDK does.
            if cpu + bit < SPDK_CPUSET_SIZE {
                set.set(cpu + bit, true);
            }
        }
        cpu += 4;
    }
    Ok(set)
}

fn parse_list(text: &[u8]) -> Result<spdk_cpuset, String> {
    let end = text.iter().position(|&c| c == b']').ok_or("the list does not end with ']'")?;
    let mut set = spdk_cpuset::default();
    for item in text[..end].split(|&c| c == b',') {
        let mut ends = item.splitn(2, |&c| c == b'-').map(parse_cpu);
        let first = ends.next().unwrap_or_else(|| parse_cpu(b""))?;
        let last = ends.next().unwrap_or(Ok(first))?;
        if first > last {
            return Err(format!("the range {first}-{last} is empty"));
        }
        (first..=last).for_each(|cpu| set.set(cpu, true));
    }
    Ok(set)
}

fn parse_cpu(text: &[u8]) -> Result<u32, String> {
    let text = String::from_utf8_lossy(text.trim_ascii());
    let cpu: u32 = text.parse().map_err(|_| format!("'{text}' is no CPU number"))?;
    if cpu >= SPDK_CPUSET_SIZE {
        return Err(format!("CPU {cpu} is outside a set of {SPDK_CPUSET_SIZE}"));
    }
    Ok(cpu)
}
