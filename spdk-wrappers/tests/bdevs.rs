//! Finding and opening bdevs.

mod common;

use core::ptr;
use std::sync::mpsc;

use common::*;
use spdk_async::bdev::{Bdev, IoType};
use spdk_async::{ErrorKind, spawn_local};

#[test]
fn lookup_reads_every_property() {
    with_app(malloc_and_null(), async || {
        let malloc = Bdev::lookup("Malloc0").unwrap();
        assert_eq!(malloc.name(), "Malloc0");
        assert_eq!(malloc.product_name(), "Malloc disk");
        assert_eq!(malloc.module_name(), "malloc");
        assert_eq!((malloc.block_size(), malloc.num_blocks()), (512, 2048));
        assert_eq!(malloc.physical_block_size(), 512);
        assert!(malloc.buf_align().is_power_of_two());
        assert_eq!(malloc.optimal_io_boundary(), 0);
        assert_eq!(malloc.write_unit_size(), 1);
        assert_eq!(malloc.atomic_compare_and_write_blocks(), 1);
        assert_eq!(malloc.max_copy_blocks(), 0);
        assert!(malloc.has_write_cache());
        assert_ne!(malloc.uuid(), [0; 16]);

        let null = Bdev::lookup("Null0").unwrap();
        assert_eq!(null.product_name(), "Null disk");
        assert_ne!(null.uuid(), malloc.uuid());
        assert_eq!(null, null.clone());
        assert_ne!(null, malloc);
    });
}

#[test]
fn bdevs_say_which_io_they_support() {
    with_app(malloc_and_null(), async || {
        let supported = |name| {
            let bdev = Bdev::lookup(name).unwrap();
            IoType::ALL.into_iter().filter(|io_type| bdev.supports(*io_type)).collect::<Vec<_>>()
        };
        let malloc = supported("Malloc0");
        for io_type in [
            IoType::Read,
            IoType::Write,
            IoType::Unmap,
            IoType::Flush,
            IoType::Reset,
            IoType::WriteZeroes,
            IoType::ZeroCopy,
            IoType::Abort,
            IoType::Copy,
        ] {
            assert!(malloc.contains(&io_type), "malloc: {io_type:?}");
        }
        assert!(!malloc.contains(&IoType::NvmeAdmin) && !malloc.contains(&IoType::SeekData));
        let null = supported("Null0");
        for io_type in
            [IoType::Read, IoType::Write, IoType::WriteZeroes, IoType::Reset, IoType::Abort]
        {
            assert!(null.contains(&io_type), "null: {io_type:?}");
        }
        for io_type in [IoType::Unmap, IoType::Flush, IoType::ZeroCopy, IoType::Copy] {
            assert!(!null.contains(&io_type), "null: {io_type:?}");
        }
    });
}

#[test]
fn lookup_by_alias_and_of_unknown_names() {
    with_app(malloc_and_null(), async || {
        let malloc = Bdev::lookup("Malloc0").unwrap();
        // A bdev's UUID is its alias.
        let hex: String = malloc.uuid().iter().map(|byte| format!("{byte:02x}")).collect();
        let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        assert_eq!(Bdev::lookup(&uuid).unwrap(), malloc);

        let unknown = ErrorKind::NoSuchBdev("Nothing0".into());
        assert_eq!(kind_of(Bdev::lookup("Nothing0")), unknown);
        assert_eq!(kind_of(Bdev::open("Nothing0").await), unknown);
        assert_eq!(kind_of(Bdev::open_read_only("Nothing0").await), unknown);
        assert_eq!(kind_of(Bdev::lookup("")), ErrorKind::NoSuchBdev(String::new()));
        assert_invalid(Bdev::lookup("Malloc\0"), "NUL");
        assert_invalid(Bdev::open("Malloc\0").await, "NUL");
        assert_eq!(errno_of(Bdev::open("Nothing0").await), Some(libc::ENODEV));
    });
}

#[test]
fn all_lists_in_the_order_of_registration() {
    let bdevs = [null("B", 8), malloc("A", 2048), null("C", 16)];
    with_app(config(&bdevs), async || {
        let names = |bdevs: Vec<Bdev>| -> Vec<String> {
            bdevs.iter().map(|bdev| bdev.name().to_owned()).collect()
        };
        assert_eq!(names(Bdev::all().unwrap()), ["B", "A", "C"]);
        assert_eq!(names(Bdev::leaves().unwrap()), ["B", "A", "C"]);
        assert_eq!(Bdev::all().unwrap()[1], Bdev::lookup("A").unwrap());
    });
}

#[test]
fn no_bdevs_make_an_empty_list() {
    with_app(config(&[]), async || {
        assert_eq!(Bdev::all().unwrap(), []);
        assert_eq!(Bdev::leaves().unwrap(), []);
    });
}

#[test]
fn a_bdev_opens_many_times() {
    with_app(malloc_and_null(), async || {
        let first = Bdev::open("Malloc0").await.unwrap();
        let second = Bdev::open("Malloc0").await.unwrap();
        let reader = Bdev::open_read_only("Malloc0").await.unwrap();
        for descriptor in [&first, &second, &reader, &first.clone()] {
            assert_eq!(descriptor.bdev().name(), "Malloc0");
            assert_eq!((descriptor.block_size(), descriptor.num_blocks()), (512, 2048));
            assert_eq!(descriptor.buf_align(), descriptor.bdev().buf_align());
            assert!(format!("{descriptor:?}").contains("Malloc0"));
        }
        drop(first);
        let channel = second.channel().unwrap();
        assert_eq!(channel.descriptor().bdev().name(), "Malloc0");
        assert!(format!("{channel:?}").contains("Malloc0"));
        // The channel keeps the descriptor.
        drop(second);
        channel.write(vec![1_u8; BLOCK], 0).await.0.unwrap();
    });
}

#[test]
fn a_claimed_bdev_opens_for_reading_only() {
    with_app(malloc_and_null(), async || {
        // SAFETY: zeroes are a valid module: null function pointers and an empty list link.
        let mut module: spdk_sys::spdk_bdev_module = unsafe { core::mem::zeroed() };
        module.name = c"claimer".as_ptr();
        // It outlives the claim.
        let module = Box::into_raw(Box::new(module));
        // SAFETY: on an spdk_thread, with a C string.
        let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(c"Malloc0".as_ptr()) };
        // SAFETY: the bdev is registered, and the module stays until the release.
        let rc = unsafe { spdk_sys::spdk_bdev_module_claim_bdev(bdev, ptr::null_mut(), module) };
        assert_eq!(rc, 0);

        assert_eq!(errno_of(Bdev::open("Malloc0").await), Some(libc::EPERM));
        let reader = Bdev::open_read_only("Malloc0").await.unwrap();
        reader.channel().unwrap().read(vec![0_u8; BLOCK], 0).await.0.unwrap();
        let leaves = Bdev::leaves().unwrap();
        assert_eq!(leaves.iter().map(Bdev::name).collect::<Vec<_>>(), ["Null0"]);
        assert_eq!(Bdev::all().unwrap().len(), 2);

        // SAFETY: claimed above.
        unsafe { spdk_sys::spdk_bdev_module_release_bdev(bdev) };
        Bdev::open("Malloc0").await.unwrap();
        // SAFETY: leaked above, and nothing uses it any more.
        drop(unsafe { Box::from_raw(module) });
    });
}

#[test]
fn every_entrance_needs_an_spdk_thread() {
    let no_thread = |result: spdk_async::Result<()>| {
        assert_eq!(kind_of(result), ErrorKind::NoThread);
    };
    no_thread(Bdev::lookup("Malloc0").map(drop));
    no_thread(Bdev::all().map(drop));
    no_thread(Bdev::leaves().map(drop));
    let (sender, receiver) = mpsc::channel();
    with_app(malloc_and_null(), async move || {
        let descriptor = Bdev::open("Malloc0").await.unwrap();
        // A descriptor may go anywhere, but a channel is of an spdk_thread.
        let elsewhere = std::thread::spawn(move || {
            let result = descriptor.channel().map(drop);
            let limits = descriptor.qos_limits().map(drop);
            sender.send((result, limits, descriptor.num_blocks())).unwrap();
            drop(descriptor);
        });
        spawn_local(async move {
            while !elsewhere.is_finished() {
                spdk_async::yield_now().await;
            }
            elsewhere.join().unwrap();
        })
        .await
        .unwrap();
    });
    let (channel, limits, num_blocks) = receiver.recv().unwrap();
    no_thread(channel);
    no_thread(limits);
    assert_eq!(num_blocks, 2048);
}
