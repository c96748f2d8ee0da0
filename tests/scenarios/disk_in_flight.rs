//! A disk that fails while tills ring up: what that costs, held against a yardstick.
//!
//! A kernel that shuts a file system down in the middle of an `fdatasync` may answer it as done (`disk` therefore fails the
//! disk between two sales). No program can know better, but it must not cost more: at most the commit that was being
//! synced, so at most the last yes of each till. Method: beside the agent, on the same disk, a bare log appends numbered
//! blocks and syncs each before it counts as kept; the kernel then finds an error on the file system; after it is mounted
//! again both are counted.
//!
//! The second test has a block device that fails reads and writes now and then (nbdkit over FUSE). There ext4 itself loses
//! what it said was synced: a block whose first write failed is gone after the next mount, although it was written and
//! synced once more (seen with a bare log that writes it again: a block for nearly each error that did not stop the file
//! system). So what is gone is printed beside the bare log's, and what is asserted is what a program can promise.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tillpost_tests::disk::Disk;
use tillpost_tests::flaky::Flaky;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, namespace, wait};

const DISK_MEBIBYTES: u64 = 160;
const TILLS: usize = 3;
const TRIALS: usize = 6;
/// Bytes of a block of the bare log.
const BLOCK: usize = 4_096;

/// Appends numbered blocks, each synced before the next, until the disk says no; answers how many were kept.
fn bare_log(file: &Path, stop: &AtomicBool) -> u64 {
    let mut log = std::fs::File::create(file).unwrap();
    let mut kept = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        if log
            .write_all(&block(kept + 1))
            .and_then(|()| log.sync_data())
            .is_err()
        {
            break;
        }
        kept += 1;
    }
    kept
}

/// Blocks that the stubborn log writes where nothing stops it, and tries of one that fails.
const STUBBORN_BLOCKS: u64 = 100;
const STUBBORN_TRIES: u32 = 5;

/// As the bare log, but after an error it opens the file anew and writes the block again.
fn stubborn_log(file: &Path) -> u64 {
    let (mut kept, mut tries) = (0, 0);
    while kept < STUBBORN_BLOCKS && tries < STUBBORN_TRIES {
        let mut options = std::fs::File::options();
        let opened = options.create(true).truncate(false).write(true).open(file);
        let written = opened.and_then(|log| {
            log.write_all_at(&block(kept + 1), kept * BLOCK as u64)?;
            log.sync_data()
        });
        (kept, tries) = if written.is_ok() {
            (kept + 1, 0)
        } else {
            (kept, tries + 1)
        };
    }
    kept
}

fn block(number: u64) -> Vec<u8> {
    let mut block = vec![7; BLOCK];
    block[..8].copy_from_slice(&number.to_be_bytes());
    block
}

/// The numbers of the blocks that are there.
fn numbers(file: &Path) -> Vec<u64> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let blocks = bytes.chunks_exact(BLOCK);
    blocks
        .map(|block| u64::from_be_bytes(block[..8].try_into().unwrap()))
        .collect()
}

/// How many blocks in a row are there.
fn there(file: &Path) -> u64 {
    (1..)
        .zip(numbers(file))
        .take_while(|(expected, found)| expected == found)
        .count() as u64
}

#[test]
fn a_disk_that_fails_in_mid_flight_costs_no_more_than_a_bare_log() {
    namespace::inside(
        "disk_in_flight::a_disk_that_fails_in_mid_flight_costs_no_more_than_a_bare_log",
        mid_flight,
    );
}

fn mid_flight() {
    let mut random = Random::new(9);
    let (mut kept, mut gone, mut yes, mut lost_in_all) = (0, 0, 0, 0);
    for _ in 0..TRIALS {
        let home = Home::new(&Setup::bare());
        let disk =
            Disk::read_only_on_errors(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
        let mut tills = Till::add(&home, TILLS);
        let mut agent = home.start();
        let (log, stop) = (home.data().join("yardstick"), AtomicBool::new(false));
        let moment = Duration::from_millis(random.between(200, 900));
        let appended = thread::scope(|scope| {
            let bare = scope.spawn(|| bare_log(&log, &stop));
            tills::all_ring_up(&mut tills, &agent.url, || {
                thread::sleep(moment);
                disk.fail();
            });
            stop.store(true, Ordering::Relaxed);
            bare.join().unwrap()
        });
        assert!(!agent.ended(), "the agent ended: {}", agent.said());
        agent.kill();
        disk.unmount();
        disk.mount();
        let agent = home.start();
        let lost = tills::lost(&tills, &home.data().join("outbox.db"));
        agent.stop();
        let last: Vec<&String> = tills.iter().flat_map(|till| &till.last).collect();
        assert!(
            lost.iter().all(|key| last.contains(&key)),
            "more was lost than the commit in flight: {lost:?}, last {last:?}"
        );
        (kept, gone) = (kept + appended, gone + appended - there(&log).min(appended));
        yes += tills::promised(&tills).len();
        lost_in_all += lost.len();
        disk.unmount();
    }
    println!("bare log: {kept} synced, {gone} gone after {TRIALS} failures");
    println!("agent: {yes} acknowledged, {lost_in_all} gone, all of the commit in flight");
    assert!(kept > 100 && yes > 100, "hardly anything was written");
}

/// Of so many reads and writes of the block device one fails.
const FAILS: &str = "2%";
/// How often it begins to fail.
const SPELLS: usize = 3;

#[test]
fn a_block_device_that_fails_now_and_then_ends_nobody_and_work_goes_on_once_it_is_well() {
    namespace::inside(
        "disk_in_flight::a_block_device_that_fails_now_and_then_ends_nobody_and_work_goes_on_once_it_is_well",
        flaky_device,
    );
}

fn flaky_device() {
    let home = Home::new(&Setup::folder());
    let device = Flaky::new(home.path(), &home.data(), DISK_MEBIBYTES, FAILS);
    let mut tills = Till::add(&home, TILLS);
    let mut agent = home.start();
    let (mut kept, mut left) = (0, 0);
    for spell in 0..SPELLS {
        for till in &mut tills {
            assert!((0..5).all(|_| till.ring_up(&agent.url)));
        }
        let log = home.data().join(format!("yardstick-{spell}"));
        device.fails();
        // Each till goes on until it hears a no.
        tills::all_ring_up(&mut tills, &agent.url, || ());
        kept += stubborn_log(&log);
        assert!(!agent.ended(), "the agent ended: {}", agent.said());
        device.is_well();
        agent.kill();
        device.put_in_again();
        left += numbers(&log)
            .into_iter()
            .filter(|number| *number != 0)
            .count() as u64;
        agent = home.start();
        for till in &mut tills {
            wait::until("a yes once the device is well", || {
                till.ring_up(&agent.url).then_some(())
            });
        }
    }
    let outbox = home.data().join("outbox.db");
    let gone = tills::lost(&tills, &outbox);
    let yes = tills::promised(&tills).len();
    println!(
        "{yes} acknowledged, {} gone after {SPELLS} spells of errors",
        gone.len()
    );
    println!("a bare log beside it: {kept} synced, {} gone", kept - left);
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    for key in tills::promised(&tills)
        .into_keys()
        .filter(|key| !gone.contains(key))
    {
        assert_eq!(
            there.get(key),
            Some(&1),
            "{key} is in the outbox and arrives"
        );
    }
    agent.stop();
    device.take_out();
}
