//! Writing a file whole or not at all.
//!
//! The bytes go to a new file in the same folder, which is flushed, synced and then renamed over the old one. A full disk, a
//! folder that may not be written or a kill at any instant leaves the previous file as it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// Writes the file at `path` through a buffer, whole or not at all.
///
/// An existing file keeps its permissions, and a symbolic link keeps pointing to the file that is replaced. What is no
/// regular file, such as `/dev/null` or a pipe, is written to directly.
///
/// # Errors
/// [`Error::Write`] if `write` or the system fails; the previous file, if any, is then whole.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ranks.tsv");
/// gasworks_engine::input::write_atomically(&path, |writer| writeln!(writer, "1\t0.25"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "1\t0.25\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomically<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<T, Error> {
    write_whole(path, write).map_err(|source| cannot_write(path, source))
}

/// Whether [`write_atomically`] could begin to write at `path`, to be asked before long work. Leaves nothing behind.
///
/// # Errors
/// [`Error::Write`] as `write_atomically` would give it.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let outcome = match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // Opening a pipe would wait for its reader.
        Ok(metadata) if !metadata.is_file() => Ok(()),
        _ => Draft::beside(&target).map(drop),
    };
    outcome.map_err(|source| cannot_write(path, source))
}

fn write_whole<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let previous = fs::metadata(&target).ok();
    if let Some(metadata) = &previous {
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return write_through(OpenOptions::new().write(true).open(&target)?, write)
                .map(|(value, _)| value);
        }
    }
    let (file, draft) = Draft::beside(&target)?;
    if let Some(metadata) = previous {
        file.set_permissions(metadata.permissions())?;
    }
    let (value, file) = write_through(file, write)?;
    file.sync_all()?;
    drop(file);
    draft.replace(&target)?;
    Ok(value)
}

fn write_through<T>(
    file: File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<(T, File)> {
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    let value = write(&mut writer)?;
    writer.flush()?;
    Ok((value, writer.into_inner().map_err(io::IntoInnerError::into_error)?))
}

/// A file under a name of its own, removed unless it takes its place.
struct Draft {
    path: PathBuf,
    is_placed: bool,
}

impl Draft {
    fn beside(target: &Path) -> io::Result<(File, Self)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        loop {
            let mut draft = OsString::from(".");
            draft.push(name);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            draft.push(format!(".{}-{count}.part", std::process::id()));
            let path = target.with_file_name(draft);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, Draft { path, is_placed: false })),
                // Left behind by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn replace(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_placed = true;
        // The name is only safe once its folder is; not every file system can sync one.
        if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty())
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn cannot_write(path: &Path, source: io::Error) -> Error {
    let (found, advice) = match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            ("its folder does not exist", "create the folder or name another")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ("its folder may not be written", "allow it or name another folder")
        }
        io::ErrorKind::IsADirectory => ("it is a directory", "name a file in it"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ("the disk is full", "free space or name another folder")
        }
        io::ErrorKind::BrokenPipe => ("the reader of the pipe is gone", "check the command that reads it"),
        _ => ("the system refused", "see the cause"),
    };
    Error::Write { path: path.into(), found: found.into(), advice: advice.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn files(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_failure_leaves_the_previous_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write_atomically(&path, |writer| writer.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |writer| {
            writer.write_all(&[b'x'; 1 << 20])?;
            Err::<(), _>(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.to_string().ends_with("found that the disk is full; free space or name another folder")
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(files(folder.path()), ["model"]);
        write_atomically(&path, |writer| writer.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(files(folder.path()), ["model"]);
    }

    #[test]
    fn a_panic_leaves_the_previous_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::write(&path, "old").unwrap();
        let writing = std::panic::AssertUnwindSafe(|| {
            write_atomically(&path, |_| -> io::Result<()> { panic!("stop") })
        });
        assert!(std::panic::catch_unwind(writing).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(files(folder.path()), ["model"]);
    }

    #[test]
    fn what_hinders_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |path: &Path| write_atomically(path, |writer| writer.write_all(b"x")).unwrap_err().to_string();
        let missing = folder.path().join("none/model");
        assert!(write(&missing).ends_with("its folder does not exist; create the folder or name another"));
        assert!(write(folder.path()).ends_with("it is a directory; name a file in it"));
        for path in [missing.as_path(), folder.path()] {
            assert_eq!(check_writable(path).unwrap_err().to_string(), write(path));
        }
        assert!(check_writable(&folder.path().join("model")).is_ok() && files(folder.path()).is_empty());
        let error = cannot_write(Path::new("out/model"), io::ErrorKind::PermissionDenied.into());
        assert_eq!(
            error.to_string(),
            "out/model: expected to write the file, found that its folder may not be written; \
             allow it or name another folder"
        );
        assert!(std::error::Error::source(&error).is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_written_directly() {
        write_atomically(Path::new("/dev/null"), |writer| writer.write_all(b"x")).unwrap();
        let error = write_atomically(Path::new("/dev/full"), |writer| writer.write_all(b"x")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/dev/full: expected to write the file, found that the disk is full")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("model"), folder.path().join("latest"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_atomically(&link, |writer| writer.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
