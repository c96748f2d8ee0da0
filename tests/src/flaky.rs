//! A block device that fails reads and writes now and then: nbdkit with its error filter, brought in by FUSE, under a
//! loop device with ext4. The kernels of test machines seldom have device-mapper, and this needs none.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::disk::Disk;
use crate::wait;

/// The device, and the file system on it.
pub struct Flaky {
    disk: Disk,
    server: Child,
    /// Where the device lies as a file.
    nbd: PathBuf,
    /// As long as this file is there, requests fail.
    switch: PathBuf,
}

impl Flaky {
    /// A device of so many MiB, mounted on `folder`; `dir` is for what it needs. Of its requests `rate` fail, as in `2%`,
    /// while it is told to. Only inside a [`crate::namespace`].
    pub fn new(dir: &Path, folder: &Path, mebibytes: u64, rate: &str) -> Self {
        let (nbd, switch) = (dir.join("nbd"), dir.join("failing"));
        std::fs::create_dir_all(&nbd).unwrap();
        let server = Command::new("nbdfuse")
            .arg(nbd.join("disk"))
            .args(["--command", "nbdkit", "-s", "--exit-with-parent", "memory"])
            .arg(format!("{mebibytes}M"))
            .arg("--filter=error")
            .arg(format!("error-rate={rate}"))
            .arg(format!("error-file={}", switch.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run nbdfuse (libnbd-bin, nbdkit, fuse3): {error}")
            });
        let image = nbd.join("disk");
        wait::until("nbdfuse to show the device", || {
            image.exists().then_some(())
        });
        let disk = Disk::on(&image, folder, "loop,errors=remount-ro");
        Self {
            disk,
            server,
            nbd,
            switch,
        }
    }

    /// From now on some of its requests fail.
    pub fn fails(&self) {
        std::fs::write(&self.switch, "").unwrap();
    }

    /// From now on none does.
    pub fn is_well(&self) {
        std::fs::remove_file(&self.switch).unwrap();
    }

    /// Unmounts it, repairs the file system as at every start of a PC, and mounts it again.
    pub fn put_in_again(&self) {
        self.disk.unmount();
        let device = self.nbd.join("disk");
        let check = Command::new("e2fsck").args(["-fy"]).arg(&device).output();
        let check = check.unwrap();
        // 1: errors were corrected.
        assert!(
            matches!(check.status.code(), Some(0 | 1)),
            "e2fsck: {}",
            String::from_utf8_lossy(&check.stdout)
        );
        self.disk.mount();
    }

    /// Takes it away. Whoever used it must have ended.
    pub fn take_out(mut self) {
        self.disk.unmount();
        let gone = Command::new("umount").arg(&self.nbd).status().unwrap();
        assert!(gone.success(), "umount {}", self.nbd.display());
        self.server.wait().unwrap();
    }
}

impl Drop for Flaky {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
