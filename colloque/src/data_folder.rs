//! The folder that holds everything a site must keep: database, secrets, certificate.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use colloque_consultation::Purpose;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::statvfs::statvfs;
use nix::unistd::Uid;
use thiserror::Error;
use zeroize::Zeroizing;

/// Least free space with which the platform starts, in bytes: a database that meets a full disk stops.
const LEAST_FREE_BYTES: u64 = 200 * 1024 * 1024;

/// Name of the file that says what the folder is for.
const PURPOSE_FILE: &str = "purpose";

/// The folder, held by this process alone.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Released by the kernel when the process ends, however it ends; none for a visitor of a running platform's folder.
    _lock: Option<Flock<File>>,
}

/// Why the folder cannot be used. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum OpenDataFolderError {
    /// A file operation failed.
    #[error("impossible d'utiliser {path}")]
    Access {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process holds it.
    #[error(
        "Colloque tourne déjà avec le dossier {0} : arrêtez-le d'abord, ou choisissez un autre dossier avec --data"
    )]
    Taken(PathBuf),
    /// The disk is nearly full.
    #[error("il reste {free_mib} Mo libres pour {path} : libérez de la place (au moins {} Mo)", LEAST_FREE_BYTES / 1024 / 1024)]
    DiskFull {
        /// The folder.
        path: PathBuf,
        /// Free space.
        free_mib: u64,
    },
    /// The disk became full.
    #[error("le disque est plein : libérez de la place là où se trouve {0}")]
    NoSpace(PathBuf),
    /// It was made for the other purpose.
    #[error("le dossier {path} contient une installation de {} : choisissez un autre dossier avec --data", purpose_text(*.kept))]
    OtherPurpose {
        /// The folder.
        path: PathBuf,
        /// What it is for.
        kept: Purpose,
    },
    /// No folder was named and none can be guessed.
    #[error("aucun dossier de données : nommez-en un avec --data")]
    NoDefault,
}

impl OpenDataFolderError {
    /// Says what a failed file operation means.
    pub fn of(path: &Path, source: io::Error) -> Self {
        if is_full(&source) { Self::NoSpace(path.to_owned()) } else { Self::Access { path: path.to_owned(), source } }
    }
}

/// Says whether a file operation failed for want of space.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl DataFolder {
    /// Opens the folder, making it if it does not exist, and keeps every other process out.
    ///
    /// # Errors
    ///
    /// [`OpenDataFolderError`] says in one sentence what the operator has to do.
    pub fn open(path: &Path, purpose: Purpose) -> Result<Self, OpenDataFolderError> {
        let named = path.to_owned();
        let access = |source| OpenDataFolderError::of(&named, source);
        fs::create_dir_all(path).map_err(access)?;
        let path = fs::canonicalize(path).map_err(access)?;
        // As root, PostgreSQL runs as a lesser user who has to pass through; every file inside has its own lock.
        let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(access)?;
        check_free_space(&path)?;

        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path.join("lock")).map_err(access)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, _)| OpenDataFolderError::Taken(path.clone()))?;
        check_purpose(&path, purpose)?;
        Ok(Self { path, _lock: Some(lock) })
    }

    /// Opens the folder of a platform that is running.
    ///
    /// # Errors
    ///
    /// [`OpenDataFolderError::OtherPurpose`] when it was made for the other purpose.
    pub fn visit(path: &Path, purpose: Purpose) -> Result<Self, OpenDataFolderError> {
        check_purpose(path, purpose)?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Gives the folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file `name`, made at the first start from what `make` gives, readable by nobody else.
    ///
    /// # Errors
    ///
    /// [`OpenDataFolderError::Access`] when it can be neither read nor written.
    pub fn keep(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, OpenDataFolderError> {
        let path = self.path.join(name);
        let access = |source| OpenDataFolderError::of(&path, source);
        if path.exists() {
            return fs::read(&path).map_err(access);
        }
        let content = make();
        write_private(&path, &content).map_err(access)?;
        Ok(content)
    }

    /// Gives the password of the private database's owner, drawn at the first start: hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`OpenDataFolderError::Access`] when it can be neither read nor written.
    pub fn database_password(&self) -> Result<Zeroizing<String>, OpenDataFolderError> {
        let kept = self.keep("database.key", || {
            let mut bytes = [0_u8; 32];
            aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness to a running process");
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()
        })?;
        let text = String::from_utf8_lossy(&kept);
        Ok(Zeroizing::new(text.chars().filter(char::is_ascii_hexdigit).collect()))
    }
}

/// Gives the folder used when none is named.
///
/// # Errors
///
/// [`OpenDataFolderError::NoDefault`] without a home folder.
pub fn default_path(purpose: Purpose) -> Result<PathBuf, OpenDataFolderError> {
    let name = match purpose {
        Purpose::Demonstration => "colloque-demonstration",
        Purpose::Production => "colloque",
    };
    if Uid::effective().is_root() {
        return Ok(Path::new("/var/lib").join(name));
    }
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .map(|folder| folder.join(name))
        .ok_or(OpenDataFolderError::NoDefault)
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// Refuses a disk on which a database would soon stop.
///
/// # Errors
///
/// [`OpenDataFolderError::DiskFull`] when less than 200 MiB are free.
pub fn check_free_space(path: &Path) -> Result<(), OpenDataFolderError> {
    // A file system that does not say how much is free is not a reason to stop.
    let Ok(status) = statvfs(path) else { return Ok(()) };
    let free = status.blocks_available().saturating_mul(status.fragment_size());
    if free >= LEAST_FREE_BYTES {
        return Ok(());
    }
    Err(OpenDataFolderError::DiskFull { path: path.to_owned(), free_mib: free / 1024 / 1024 })
}

fn check_purpose(path: &Path, purpose: Purpose) -> Result<(), OpenDataFolderError> {
    let file = path.join(PURPOSE_FILE);
    let access = |source| OpenDataFolderError::of(&file, source);
    if !file.exists() {
        return write_private(&file, purpose.word().as_bytes()).map_err(access);
    }
    let kept = fs::read_to_string(&file).map_err(access)?;
    let kept = Purpose::of(kept.trim());
    if kept == purpose { Ok(()) } else { Err(OpenDataFolderError::OtherPurpose { path: path.to_owned(), kept }) }
}

const fn purpose_text(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Demonstration => "démonstration",
        Purpose::Production => "production",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("colloque-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn two_processes_never_share_a_folder() {
        let path = folder("taken");
        let held = DataFolder::open(&path, Purpose::Demonstration).unwrap();
        assert!(matches!(DataFolder::open(&path, Purpose::Demonstration), Err(OpenDataFolderError::Taken(_))));
        drop(held);
        assert!(DataFolder::open(&path, Purpose::Demonstration).is_ok());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_production_folder_never_serves_a_demonstration() {
        let path = folder("purpose");
        drop(DataFolder::open(&path, Purpose::Production).unwrap());
        let refused = DataFolder::open(&path, Purpose::Demonstration);
        assert!(matches!(refused, Err(OpenDataFolderError::OtherPurpose { kept: Purpose::Production, .. })));
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_full_disk_is_told_from_other_troubles() {
        // The kernel's own device for this purpose.
        let full = fs::write("/dev/full", "x").unwrap_err();
        let text = OpenDataFolderError::of(Path::new("/srv/colloque"), full).to_string();
        assert_eq!(text, "le disque est plein : libérez de la place là où se trouve /srv/colloque");
        let missing = fs::read("/nonexistent").unwrap_err();
        assert!(matches!(OpenDataFolderError::of(Path::new("/a"), missing), OpenDataFolderError::Access { .. }));
    }

    #[test]
    fn a_kept_file_is_made_once_and_private() {
        let path = folder("keep");
        let data = DataFolder::open(&path, Purpose::Production).unwrap();
        assert_eq!(data.keep("key", || vec![1]).unwrap(), [1]);
        assert_eq!(data.keep("key", || vec![2]).unwrap(), [1]);
        let mode = fs::metadata(data.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(data);
        fs::remove_dir_all(path).unwrap();
    }
}
