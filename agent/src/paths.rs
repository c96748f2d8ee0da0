//! Where things lie, per operating system.
//!
//! A service has no home: its configuration and data lie where the system keeps those of all users, so that the
//! command line of an administrator finds the same files. Only what belongs to a person, such as the demo's folder,
//! follows the person's own directories.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tillpost_shared::config::Config;

/// The environment variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "TILLPOST_CONFIG";
/// The configuration file's name.
const CONFIG_FILE: &str = "tillpost.toml";

/// The configuration file when nobody names one.
pub fn config_file_default() -> PathBuf {
    if cfg!(windows) {
        program_data().join(CONFIG_FILE)
    } else {
        Path::new("/etc/tillpost").join(CONFIG_FILE)
    }
}

/// The folder of one's own profiles, beside the configuration file.
pub fn profile_dir(config_file: &Path) -> PathBuf {
    parent(config_file).join("profiles")
}

/// The data folder when the configuration names none.
pub fn data_dir_default() -> PathBuf {
    if cfg!(windows) {
        program_data().join("data")
    } else {
        PathBuf::from("/var/lib/tillpost")
    }
}

/// The data folder of a configuration.
pub fn data_dir(config: &Config) -> PathBuf {
    match &config.data.dir {
        Some(dir) => PathBuf::from(dir),
        None => data_dir_default(),
    }
}

/// The folder of the log files.
pub fn log_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("log")
}

/// The file into which the service writes its address, for when it took a free port.
pub fn address_file(data_dir: &Path) -> PathBuf {
    data_dir.join("address")
}

/// The file that holds the command line's key.
pub fn cli_key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("cli.key")
}

/// The outbox's file.
pub fn outbox_file(data_dir: &Path) -> PathBuf {
    data_dir.join(crate::store::FILE_NAME)
}

/// Where the demo makes its folders: the person's own cache, which is on a real disk where `/tmp` often is not.
pub fn demo_root() -> PathBuf {
    directories::ProjectDirs::from("", "", "tillpost").map_or_else(
        || std::env::temp_dir().join("tillpost-demo"),
        |dirs| dirs.cache_dir().join("demo"),
    )
}

/// Bytes that may still be written to the disk on which `path` lies.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    fs4::available_space(path)
}

/// The name under which a file is written: one that nobody takes for complete.
pub fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

/// Writes a small file that appears whole and is there after a power cut: under another name first, synced, renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole_as(path, bytes, |part| File::create(part))
}

/// The same; `create` makes the file under its other name, with rights of its own, say.
pub fn write_whole_as(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> io::Result<()> {
    let part = part_of(path);
    // What a crash left behind may have other rights.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&part, path)?;
    sync_dir(parent(path))
}

/// Syncs a folder, so that a file renamed into it is there after a power cut. Windows syncs names by itself.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        // A file system that cannot sync folders, such as a network share, has said all it can.
        match File::open(dir)?.sync_all() {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            done => done,
        }
    } else {
        Ok(())
    }
}

/// The folder a file lies in.
pub fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn program_data() -> PathBuf {
    let root =
        std::env::var_os("ProgramData").map_or_else(|| r"C:\ProgramData".into(), PathBuf::from);
    root.join("Tillpost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_the_data_folder() {
        let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n";
        let plain = tillpost_shared::config::read(text).unwrap();
        assert_eq!(data_dir(&plain), data_dir_default());
        let named = format!("{text}[data]\ndir = \"/srv/tillpost\"\n");
        let named = tillpost_shared::config::read(&named).unwrap();
        assert_eq!(data_dir(&named), Path::new("/srv/tillpost"));
    }

    #[test]
    fn a_bare_file_name_lies_in_the_current_folder() {
        assert_eq!(parent(Path::new("a.db")), Path::new("."));
        assert_eq!(parent(Path::new("/b/a.db")), Path::new("/b"));
    }

    #[test]
    fn a_file_is_written_whole_over_what_lay_there_and_leaves_no_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("address");
        fs::write(part_of(&path), "what a crash left").unwrap();
        for text in ["first", "second"] {
            write_whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
        let failed = write_whole_as(&path, b"third", |_| Err(io::Error::other("no room")));
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_disk_of_a_folder_has_room() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()).unwrap() > 0);
        sync_dir(dir.path()).unwrap();
    }
}
