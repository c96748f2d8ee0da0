//! Writing into the outbox beside a running service: a few rows in a short transaction of its own. SQLite makes the
//! service and us wait for each other; the service's lock file is not touched.

use rusqlite::Connection;

use crate::cli::context::Loaded;
use crate::cli::report::Failure;
use crate::paths;
use crate::store::{StoreError, connection};

/// Whether there is an outbox.
pub fn exists(loaded: &Loaded) -> bool {
    paths::outbox_file(&loaded.data_dir).exists()
}

/// Does `work` in one transaction; the outbox is made when it is not there.
pub fn write<T>(
    loaded: &Loaded,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let file = make(loaded)?;
    let connection = connection::open_writer(&file)?;
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(StoreError::from)?;
    let done = work(&connection)?;
    // Whatever failed before here is rolled back when the connection closes.
    connection
        .execute_batch("COMMIT")
        .map_err(StoreError::from)?;
    Ok(done)
}

/// Makes folder and file where they are missing, for the account that owns the folder they lie in: an administrator
/// who adds a till before the first start must not leave files that the service cannot write.
fn make(loaded: &Loaded) -> Result<std::path::PathBuf, Failure> {
    let dir = &loaded.data_dir;
    let failed = |error| {
        Failure::no(format!("cannot write to the data folder {}", dir.display()))
            .because(error)
            .hint("run it as administrator, or as the service's own account")
    };
    if !dir.exists() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    let file = paths::outbox_file(dir);
    if !file.exists() {
        std::fs::File::create_new(&file).map_err(failed)?;
        same_owner(dir, &file).map_err(failed)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn same_owner(dir: &std::path::Path, file: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (owner, own) = (dir.metadata()?, file.metadata()?);
    if (owner.uid(), owner.gid()) == (own.uid(), own.gid()) {
        return Ok(());
    }
    std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid()))
}

#[cfg(not(unix))]
fn same_owner(_: &std::path::Path, _: &std::path::Path) -> std::io::Result<()> {
    // Windows: rights are inherited from the folder.
    Ok(())
}
