//! The aio module, on temporary files.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::rc::Rc;

use app_common::host::{Host, end_thread};
use app_common::io::{Disk, Outcome};
use spdk_sys::*;
use tempfile::NamedTempFile;

const BLOCKS: u64 = 1024;

/// A file of 1024 blocks of 512 bytes, all zero.
fn file() -> NamedTempFile {
    let file = NamedTempFile::new().expect("a temporary file");
    file.as_file().set_len(BLOCKS * 512).expect("a file can grow");
    file
}

fn path(file: &NamedTempFile) -> CString {
    CString::new(file.path().to_str().expect("a path in UTF-8")).expect("no NUL")
}

fn options(file: &NamedTempFile) -> aio::Options {
    aio::Options::new(c"A", &path(file), 512)
}

/// Creates a bdev and opens it.
fn open(host: &Host, options: &aio::Options) -> Disk {
    host.on_thread(|| aio::create(options)).expect("the options are valid");
    Disk::open(host, &options.name, true)
}

fn pattern(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| seed ^ (at as u8) ^ ((at >> 8) as u8)).collect()
}

#[test]
fn the_bdev_is_what_the_file_is() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let bdev = disk.bdev();
    // SAFETY: the descriptor is open.
    unsafe {
        assert_eq!(CStr::from_ptr(spdk_bdev_get_product_name(bdev)), c"AIO disk");
        assert_eq!(CStr::from_ptr(spdk_bdev_get_module_name(bdev)), c"aio");
        assert_eq!(spdk_bdev_get_num_blocks(bdev), BLOCKS);
        assert_eq!(spdk_bdev_get_block_size(bdev), 512);
        assert_eq!(spdk_bdev_get_buf_align(bdev), 512);
        assert!(spdk_bdev_has_write_cache(bdev));
        assert!(!spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_UNMAP));
        assert!(!spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_ABORT));
        assert!(spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_FLUSH));
    }
    disk.close();
}

#[test]
fn what_is_written_is_in_the_file_and_what_is_in_the_file_is_read() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let data = pattern(1, 4096);
    assert_eq!(disk.write(&host, &data, 1024), Outcome::Success);
    // SAFETY: no buffer is involved.
    let flushed = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_flush_blocks(desc, channel, 0, BLOCKS, cb, ctx)
    });
    assert_eq!(flushed, Outcome::Success);
    let mut content = std::fs::read(file.path()).expect("the file can be read");
    assert_eq!(content.len() as u64, BLOCKS * 512);
    assert_eq!(content[1024..1024 + 4096], data);
    content[0] = 77;
    std::fs::write(file.path(), &content).expect("the file can be written");
    assert_eq!(disk.read(&host, 0, 512), content[..512]);
    disk.close();
}

#[test]
fn buffers_need_not_be_aligned() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let data = pattern(2, 513);
    for shift in [0, 1] {
        let part = &data[shift..shift + 512];
        assert_eq!(disk.write(&host, part, 0), Outcome::Success);
        let mut back = vec![0; 513];
        let read = disk.submit_read(&mut back[shift..shift + 512], 0);
        host.poll_until(|| read.outcome() != Outcome::Pending);
        assert_eq!(&back[shift..shift + 512], part);
    }
    disk.close();
}

#[test]
fn vectors_are_scattered_and_gathered() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let mut data = pattern(3, 2048);
    let (head, tail) = data.split_at_mut(700);
    let iov = |part: &mut [u8]| iovec { iov_base: part.as_mut_ptr().cast(), iov_len: part.len() };
    let mut iovs = [iov(head), iov(tail)];
    // SAFETY: the iovecs and their memory outlive the I/O.
    let written = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_writev_blocks(desc, channel, iovs.as_mut_ptr(), 2, 8, 4, cb, ctx)
    });
    assert_eq!(written, Outcome::Success);
    assert_eq!(disk.read(&host, 8 * 512, 2048), pattern(3, 2048));
    disk.close();
}

#[test]
fn more_than_the_depth_waits_its_turn_and_all_of_it_ends() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let data: Vec<Vec<u8>> = (0..500).map(|number| pattern(number as u8, 512)).collect();
    let submit = |(number, data): (usize, &Vec<u8>)| disk.submit_write(data, number as u64 * 512);
    let writes: Vec<_> = data.iter().enumerate().map(submit).collect();
    host.poll_until(|| writes.iter().all(|write| write.outcome() != Outcome::Pending));
    assert!(writes.iter().all(|write| write.outcome() == Outcome::Success));
    let content = std::fs::read(file.path()).expect("the file can be read");
    assert_eq!(content[..500 * 512], data.concat());
    disk.close();
}

#[test]
fn a_reset_waits_for_what_is_in_flight() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let data = pattern(4, 65536);
    let writes: Vec<_> = (0..8).map(|number| disk.submit_write(&data, number * 65536)).collect();
    // SAFETY: no buffer is involved.
    let reset =
        disk.submit(|desc, channel, cb, ctx| unsafe { spdk_bdev_reset(desc, channel, cb, ctx) });
    host.poll_until(|| reset.outcome() != Outcome::Pending);
    assert_eq!(reset.outcome(), Outcome::Success);
    assert!(writes.iter().all(|write| write.outcome() == Outcome::Success));
    assert_eq!(disk.write(&host, &data, 0), Outcome::Success);
    disk.close();
}

#[test]
fn unmap_and_write_zeroes_need_fallocate() {
    let host = Host::start("");
    let (plain, punched) = (file(), file());
    let disk = open(&host, &options(&plain));
    // SAFETY: no buffer is involved, here and below.
    let refused = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_unmap_blocks(desc, channel, 0, 8, cb, ctx)
    });
    assert_eq!(refused, Outcome::Failed(-libc::ENOTSUP));
    let name = c"B".to_owned();
    let other = open(&host, &aio::Options { name, fallocate: true, ..options(&punched) });
    assert_eq!(other.write(&host, &[5; 8192], 0), Outcome::Success);
    // SAFETY: as above.
    let unmapped = other.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_unmap_blocks(desc, channel, 0, 8, cb, ctx)
    });
    // A filesystem that cannot punch holes says so, and the errno arrives.
    match unmapped {
        Outcome::Success => assert_eq!(other.read(&host, 0, 8192), [[0; 4096], [5; 4096]].concat()),
        refused => assert_eq!(refused, Outcome::Failed(-libc::EOPNOTSUPP)),
    }
    // SAFETY: as above.
    let zeroed = other.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_write_zeroes_blocks(desc, channel, 8, 8, cb, ctx)
    });
    match zeroed {
        Outcome::Success => assert_eq!(other.read(&host, 4096, 4096), [0; 4096]),
        refused => assert_eq!(refused, Outcome::Failed(-libc::EOPNOTSUPP)),
    }
    disk.close();
    other.close();
}

#[test]
fn a_readonly_bdev_reads_and_fails_writes() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &aio::Options { readonly: true, ..options(&file) });
    assert_eq!(disk.read(&host, 0, 512), [0; 512]);
    assert_eq!(disk.write(&host, &[1; 512], 0), Outcome::Failed(-libc::EIO));
    disk.close();
}

#[test]
fn a_file_that_shrinks_fails_reads_and_one_that_is_gone_removes_the_bdev() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let last = (BLOCKS - 1) * 512;
    file.as_file().set_len(512).expect("a file can shrink");
    let mut data = vec![0; 512];
    let read = disk.submit_read(&mut data, last);
    host.poll_until(|| read.outcome() != Outcome::Pending);
    assert_eq!(read.outcome(), Outcome::Failed(-libc::EIO));
    assert_eq!(disk.events.get(), (0, 0));

    file.as_file().set_len(0).expect("a file can shrink");
    let read = disk.submit_read(&mut data, last);
    host.poll_until(|| read.outcome() != Outcome::Pending);
    assert_eq!(read.outcome(), Outcome::Failed(-libc::ENODEV));
    host.poll_until(|| disk.events.get() == (1, 0));
    disk.close();
    host.poll_until(|| host.bdev(c"A").is_null());
}

#[test]
fn rescan_takes_the_size_of_the_file() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    let rescan = || host.on_thread(|| aio::rescan(c"A")).map_err(|refusal| refusal.code);
    assert_eq!(rescan(), Ok(()));
    file.as_file().set_len(2 * BLOCKS * 512).expect("a file can grow");
    assert_eq!(rescan(), Ok(()));
    host.poll_until(|| disk.events.get() == (0, 1));
    // SAFETY: the descriptor is open.
    assert_eq!(unsafe { spdk_bdev_get_num_blocks(disk.bdev()) }, 2 * BLOCKS);
    assert_eq!(disk.write(&host, &[6; 512], (2 * BLOCKS - 1) * 512), Outcome::Success);
    file.as_file().set_len(512).expect("a file can shrink");
    assert_eq!(rescan(), Err(-libc::EBUSY));
    file.as_file().set_len(0).expect("a file can shrink");
    assert_eq!(rescan(), Ok(()));
    host.poll_until(|| disk.events.get() == (1, 1));
    disk.close();
    host.poll_until(|| host.bdev(c"A").is_null());
    assert_eq!(rescan(), Err(-libc::ENODEV));
}

#[test]
fn two_bdevs_on_two_threads_do_not_mix() {
    let host = Host::start("");
    let (first, second) = (file(), file());
    // SAFETY: the name is NUL-terminated; a null mask allows every core.
    let other = unsafe { spdk_thread_create(c"other".as_ptr(), std::ptr::null_mut()) };
    let here = open(&host, &options(&first));
    let name = c"B".to_owned();
    host.on_thread(|| aio::create(&aio::Options { name, ..options(&second) })).expect("valid");
    let there = Disk::open_on(other, c"B", true);
    let (ones, twos) = (vec![1; 512], vec![2; 512]);
    let writes: Vec<_> = (0..BLOCKS)
        .flat_map(|at| [here.submit_write(&ones, at * 512), there.submit_write(&twos, at * 512)])
        .collect();
    host.poll_until(|| {
        // SAFETY: the thread is alive and not current.
        unsafe { spdk_thread_poll(other, 0, 0) };
        writes.iter().all(|write| write.outcome() != Outcome::Pending)
    });
    assert!(writes.iter().all(|write| write.outcome() == Outcome::Success));
    let read = |file: &NamedTempFile| std::fs::read(file.path()).expect("the file can be read");
    assert!(read(&first).iter().all(|&byte| byte == 1));
    assert!(read(&second).iter().all(|&byte| byte == 2));
    here.close();
    there.close();
    end_thread(other);
}

#[test]
fn what_is_not_valid_is_refused() {
    let host = Host::start("");
    let file = file();
    let refused = |change: &dyn Fn(&mut aio::Options)| {
        let mut options = options(&file);
        change(&mut options);
        host.on_thread(|| aio::create(&options)).map_err(|refusal| refusal.code)
    };
    assert_eq!(refused(&|options| options.block_size = 0), Err(-libc::EINVAL));
    assert_eq!(refused(&|options| options.block_size = 256), Err(-libc::EINVAL));
    assert_eq!(refused(&|options| options.block_size = 1536), Err(-libc::EINVAL));
    assert_eq!(refused(&|options| options.block_size = 1 << 20), Err(-libc::EINVAL));
    assert_eq!(refused(&|options| options.nowait = true), Err(-libc::ENOTSUP));
    let missing = |options: &mut aio::Options| options.filename = c"/no/such".to_owned();
    assert_eq!(refused(&missing), Err(-libc::ENOENT));
    assert_eq!(refused(&|_| {}), Ok(()));
    assert_eq!(refused(&|_| {}), Err(-libc::EEXIST));
}

#[test]
fn deleting_keeps_the_file() {
    let host = Host::start("");
    let file = file();
    let disk = open(&host, &options(&file));
    assert_eq!(disk.write(&host, &[8; 512], 0), Outcome::Success);
    disk.close();
    let code = Rc::new(Cell::new(None));
    let seen = Rc::clone(&code);
    host.on_thread(|| aio::delete(c"A", move |code| seen.set(Some(code))));
    host.poll_until(|| code.get().is_some());
    assert_eq!(code.get(), Some(0));
    assert_eq!(std::fs::read(file.path()).expect("the file is there")[..512], [8; 512]);
    let again = open(&host, &options(&file));
    assert_eq!(again.read(&host, 0, 512), [8; 512]);
    again.close();
}
