//! A file appears whole or not at all.
//!
//! The bytes go to a new file in the same folder, are forced to the disk, and take the name by one rename: who
//! reads sees the old file or the new one, also after a crash or on a full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::FactorizationError;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path` by `bytes`; where this fails, the previous file stays as it was.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FactorizationError> {
    let failed = |source| FactorizationError::Io {
        action: "write",
        path: path.to_owned(),
        advice: "check that its folder exists, may be written and has space; a previous file is unchanged",
        source,
    };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{number}.partial", std::process::id()));
    let temporary = Temporary(folder.join(temporary));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary.0).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    drop(file);
    fs::rename(&temporary.0, path).map_err(failed)?;
    // The rename itself is durable once the folder is; not every file system can sync one, and the content is whole either way.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removed when dropped; after the rename there is nothing left to remove.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn failures_keep_the_previous_file_and_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        assert!(write_atomically(&inner, b"x").unwrap_err().to_string().contains("inner"));
        assert!(write_atomically(&folder.path().join("absent/model"), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
