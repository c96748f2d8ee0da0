//! A disk of a test's own: ext4 in a file, mounted by a loop device, whose power can be cut, that can fill up and fail.
//!
//! The cut is `FS_IOC_SHUTDOWN` without flushing the journal: the kernel's file system stops at once, and whatever was
//! not synced is gone when it is mounted again. It shows whether a program synced before it said yes; it does not show
//! torn sectors or disks that lie.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::wait;

/// Waits for a line, then kills the process and stops the file system that holds the file: FS_IOC_SHUTDOWN, NOLOGFLUSH.
/// The process first: nothing runs on after a power cut, but here it would, and a sync that waits for the disk at the
/// very moment of the stop can come back without an error (seen: a yes 20 ms after the cut, its document gone).
const CUTTER: &str = r#"open(my $file, "<", $ARGV[0]) or die "open: $!"; $| = 1; print "ready\n"; <STDIN>;
my $how = pack("L", 2); kill("KILL", $ARGV[1]); ioctl($file, 0x8004587D, $how) or die "FS_IOC_SHUTDOWN: $!";"#;
/// What lies on a disk that can be written.
const PROBE: &str = ".probe";
/// What fills it up.
const BALLAST: &str = "ballast";

/// A file system in a file, mounted on a folder.
pub struct Disk {
    image: PathBuf,
    folder: PathBuf,
    options: String,
}

/// A process that will cut the power, at a higher priority than whatever it cuts off.
pub struct Cutter(Child);

impl Disk {
    /// Makes a disk of so many MiB in the file `image` and mounts it on `folder`. Only inside a
    /// [`crate::namespace`].
    pub fn new(image: &Path, folder: &Path, mebibytes: u64) -> Self {
        Self::with_options(image, folder, mebibytes, "loop")
    }

    /// A disk that turns read-only when something is wrong with it.
    pub fn read_only_on_errors(image: &Path, folder: &Path, mebibytes: u64) -> Self {
        Self::with_options(image, folder, mebibytes, "loop,errors=remount-ro")
    }

    fn with_options(image: &Path, folder: &Path, mebibytes: u64, options: &str) -> Self {
        let file = std::fs::File::create(image).unwrap();
        file.set_len(mebibytes << 20).unwrap();
        Self::on(image, folder, options)
    }

    /// A new file system on an image that is there.
    pub(crate) fn on(image: &Path, folder: &Path, options: &str) -> Self {
        run(
            "mkfs.ext4",
            &["-q", "-F", "-m", "0", path(image)],
            "e2fsprogs",
        );
        std::fs::create_dir_all(folder).unwrap();
        let disk = Self {
            image: image.to_owned(),
            folder: folder.to_owned(),
            options: options.to_owned(),
        };
        disk.mount();
        disk
    }

    /// Mounts it, and shows that it can be written: else a trial on it would show nothing.
    pub fn mount(&self) {
        let words = ["-o", &self.options, path(&self.image), path(&self.folder)];
        run(
            "mount",
            &words,
            "mount, and a kernel with loop devices and ext4",
        );
        let probe = self.folder.join(PROBE);
        let mut file = std::fs::File::create(&probe).unwrap_or_else(void);
        file.write_all(b"probe").unwrap_or_else(void);
        file.sync_all().unwrap_or_else(void);
        assert_eq!(std::fs::read(&probe).unwrap_or_else(void), b"probe");
    }

    /// Unmounts it. Whoever used it must have ended.
    pub fn unmount(&self) {
        wait::until("the disk to be free for unmounting", || {
            let umount = Command::new("umount").arg(&self.folder).output().unwrap();
            umount.status.success().then_some(())
        });
    }

    /// Makes ready to cut the power under a process.
    pub fn cutter(&self, process: u32) -> Cutter {
        let mut child = Command::new("nice")
            .args(["-n", "-20", "perl", "-e", CUTTER])
            .arg(self.folder.join(PROBE))
            .arg(process.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run nice and perl (perl-base): {error}"));
        let mut ready = [0; 6];
        let said = child.stdout.as_mut().unwrap();
        std::io::Read::read_exact(said, &mut ready).unwrap();
        Cutter(child)
    }

    /// Has the kernel find an error on it, as it would on a failing disk.
    pub fn fail(&self) {
        let find = Command::new("findmnt")
            .args(["-n", "-o", "SOURCE", path(&self.folder)])
            .output()
            .unwrap();
        let device = String::from_utf8(find.stdout).unwrap();
        let device = Path::new(device.trim()).file_name().unwrap().to_owned();
        let trigger = Path::new("/sys/fs/ext4")
            .join(device)
            .join("trigger_fs_error");
        std::fs::write(&trigger, "x")
            .unwrap_or_else(|error| panic!("{}: {error}", trigger.display()));
    }

    /// Fills it with a file until only so many MiB are free.
    pub fn fill(&self, free_mebibytes: u64) {
        let said = Command::new("df")
            .args(["--output=avail", "-B1", path(&self.folder)])
            .output()
            .unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        let free: u64 = text.lines().nth(1).unwrap().trim().parse().unwrap();
        let bytes = free.saturating_sub(free_mebibytes << 20);
        let written = std::fs::File::create(self.folder.join(BALLAST)).and_then(|mut file| {
            std::io::copy(
                &mut std::io::Read::take(std::io::repeat(7), bytes),
                &mut file,
            )
        });
        assert!(
            written.is_ok() || free_mebibytes == 0,
            "{bytes}: {written:?}"
        );
    }

    /// Leaves so many MiB free of what was filled to the last byte.
    pub fn leave(&self, mebibytes: u64) {
        let ballast = std::fs::File::options()
            .write(true)
            .open(self.folder.join(BALLAST))
            .unwrap();
        let bytes = ballast.metadata().unwrap().len();
        ballast.set_len(bytes - (mebibytes << 20)).unwrap();
    }

    /// Lets nobody write to it, or again everybody. Nobody may have a file of it open for writing.
    pub fn set_read_only(&self, read_only: bool) {
        let how = if read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        run("mount", &["-o", how, path(&self.folder)], "mount");
    }

    /// Takes the file away with which it was filled.
    pub fn make_room(&self) {
        std::fs::remove_file(self.folder.join(BALLAST)).unwrap();
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Cutter {
    /// Cuts the power: the process is gone and nothing reaches the disk any more.
    pub fn cut(mut self) {
        self.0.stdin.take().unwrap().write_all(b"now\n").unwrap();
        let status = self.0.wait().unwrap();
        assert!(
            status.success(),
            "FS_IOC_SHUTDOWN is not possible here: it needs root and ext4 on a loop device"
        );
    }
}

fn void<T>(error: std::io::Error) -> T {
    panic!("the trial is void: the disk cannot be written after it was mounted: {error}")
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, words: &[&str], needs: &str) {
    let output = Command::new(program).args(words).output();
    let output =
        output.unwrap_or_else(|error| panic!("cannot run {program} (needs {needs}): {error}"));
    assert!(
        output.status.success(),
        "{program} {words:?} failed (needs {needs}): {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
