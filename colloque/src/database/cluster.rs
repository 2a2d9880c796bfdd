//! Creating, starting and stopping the cluster.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, chown};
use thiserror::Error;

use super::binaries::{Binaries, Missing};
use super::orphan;
use super::trouble::{Trouble, diagnose};
use crate::data_folder::is_full;

/// Role that owns the database; the platform's migrations make lesser ones.
const OWNER: &str = "colloque";

/// Folder of the sockets, in the data folder.
const SOCKETS: &str = "socket";

/// Name of the database.
const DATABASE: &str = "colloque";

/// How long a start may take: replaying the journal of a crash takes the longest.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long a stop may take before the server is told to leave at once.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Pause between two looks at the server.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(40);

/// Size at which the server's log begins anew. It and the one before take twice that at most, and what is written in two seconds.
const MOST_LOG_BYTES: u64 = 16 * 1024 * 1024;

/// Longest path of a unix socket's folder: the kernel takes 107 bytes, the server adds 20.
const SOCKET_FOLDER_BYTES: usize = 87;

/// A running private cluster. Stops when dropped.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    url: String,
    log: PathBuf,
}

/// Why the private cluster does not run. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum StartClusterError {
    /// A program is missing.
    #[error("{}", missing_text(.0))]
    Missing(Missing),
    /// The user that the server runs as cannot enter the folder.
    #[error(
        "PostgreSQL ne peut pas entrer dans {0} : choisissez un autre dossier avec --data, par exemple /var/lib/colloque"
    )]
    Unreachable(PathBuf),
    /// The folder's path is too long for a socket.
    #[error("le chemin {0} est trop long : choisissez un dossier plus court avec --data")]
    PathTooLong(PathBuf),
    /// A file operation failed.
    #[error("impossible de préparer {path}")]
    Prepare {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("le disque est plein : libérez de la place là où se trouve {0}")]
    DiskFull(PathBuf),
    /// The files are of another version.
    #[error(
        "la base de données de {0} vient d'une autre version de PostgreSQL : voir docs/operate.md, « Change of version »"
    )]
    OtherVersion(PathBuf),
    /// An earlier server does not end.
    #[error("une autre base de données travaille encore dans {0} : attendez une minute et recommencez")]
    Busy(PathBuf),
    /// The files are damaged.
    #[error(
        "la base de données de {folder} est endommagée ({sentence}) : rétablissez une sauvegarde, voir docs/operate.md"
    )]
    Damaged {
        /// The cluster.
        folder: PathBuf,
        /// The server's own sentence.
        sentence: String,
    },
    /// The server refuses for a reason that says nothing of damage.
    #[error("la base de données de {folder} ne démarre pas ({sentence}) : voir {}", log.display())]
    Refused {
        /// The cluster.
        folder: PathBuf,
        /// The server's own sentence.
        sentence: String,
        /// Where the server writes.
        log: PathBuf,
    },
    /// It did not answer in time.
    #[error("la base de données ne répond pas après {} s : voir {}", START_LIMIT.as_secs(), log.display())]
    Silent {
        /// Where the server writes.
        log: PathBuf,
    },
}

impl StartClusterError {
    /// Says what a failed file operation means.
    fn of(path: &Path, source: io::Error) -> Self {
        if is_full(&source) { Self::DiskFull(path.to_owned()) } else { Self::Prepare { path: path.to_owned(), source } }
    }
}

impl Cluster {
    /// Creates the cluster in `data` if there is none, and starts it.
    ///
    /// `password` is the owner's, letters and digits only; `progress` is told of long steps.
    ///
    /// # Errors
    ///
    /// [`StartClusterError`] says in one sentence what the operator has to do.
    pub fn start(data: &Path, password: &str, progress: impl Fn(&str)) -> Result<Self, StartClusterError> {
        let folder = data.join("postgres");
        let sockets = data.join(SOCKETS);
        let log = data.join("log").join("postgresql.log");
        if sockets.as_os_str().len() > SOCKET_FOLDER_BYTES {
            return Err(StartClusterError::PathTooLong(data.to_owned()));
        }
        let binaries = Binaries::find(&folder).map_err(StartClusterError::Missing)?;
        if !binaries.can_reach(data) {
            return Err(StartClusterError::Unreachable(data.to_owned()));
        }
        for path in [&sockets, &data.join("log")] {
            make_private_folder(path, &binaries)?;
        }
        if !folder.exists() {
            progress("Création de la base de données (une seule fois)…");
            create(&binaries, data, &folder, password)?;
        }
        if !folder.join("PG_VERSION").exists() {
            return Err(StartClusterError::Damaged { folder, sentence: "no PG_VERSION".to_owned() });
        }
        if !orphan::stop(&folder, STOP_LIMIT) {
            return Err(StartClusterError::Busy(folder));
        }
        progress("Démarrage de la base de données…");
        let server = launch(&binaries, &folder, &sockets, &log)?;
        Ok(Self { server, url: Self::address(data, password), log })
    }

    /// Gives the address of the database of the cluster in `data`, whoever started it.
    pub fn address(data: &Path, password: &str) -> String {
        format!("postgres://{OWNER}:{password}@localhost/{DATABASE}?host={}", encode(&data.join(SOCKETS)))
    }

    /// Gives the address of the database, with its password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Keeps the server's log within bounds: past the limit it begins anew, and what it held is kept once beside it.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn bound_log(&self) -> io::Result<()> {
        begin_anew_past(&self.log, MOST_LOG_BYTES)
    }

    /// Says whether the server ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.server.id()).expect("the kernel's process numbers fit"));
        // Fast shutdown: open transactions are rolled back, committed ones are on the disk.
        let _ = kill(pid, Signal::SIGINT);
        let given_up_at = Instant::now() + STOP_LIMIT;
        while matches!(self.server.try_wait(), Ok(None)) {
            if Instant::now() > given_up_at {
                let _ = kill(pid, Signal::SIGQUIT);
                let _ = self.server.wait();
                return;
            }
            thread::sleep(LOOK_AGAIN_AFTER);
        }
    }
}

/// Creates the files beside their final place, so that an interrupted first start leaves nothing half made.
fn create(binaries: &Binaries, data: &Path, folder: &Path, password: &str) -> Result<(), StartClusterError> {
    let draft = data.join("postgres.new");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(|source| StartClusterError::of(&draft, source))?;
    }
    make_private_folder(&draft, binaries)?;
    let mut initdb = binaries.command("initdb");
    initdb.args(["--pgdata", &draft.to_string_lossy(), "--username", OWNER, "--auth", "trust"]).args([
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
        "--data-checksums",
    ]);
    run_with_input(&mut initdb, "", folder)?;

    let mut single = binaries.command("postgres");
    single.args(["--single", "-D", &draft.to_string_lossy(), "postgres"]);
    let statements = format!("ALTER ROLE {OWNER} PASSWORD '{password}';\nCREATE DATABASE {DATABASE};\n");
    run_with_input(&mut single, &statements, folder)?;
    // From here on everybody shows the password, also people who reach the socket.
    let access = draft.join("pg_hba.conf");
    fs::write(&access, "local all all scram-sha-256\n").map_err(|source| StartClusterError::of(&access, source))?;
    fs::rename(&draft, folder).map_err(|source| StartClusterError::of(folder, source))
}

fn run_with_input(command: &mut Command, input: &str, folder: &Path) -> Result<(), StartClusterError> {
    let prepare = |source| StartClusterError::of(folder, source);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(prepare)?;
    let mut stdin = child.stdin.take().expect("the input was asked for");
    // A program that ends early says why itself; a broken pipe adds nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().map_err(prepare)?;
    if output.status.success() {
        return Ok(());
    }
    Err(explain(&String::from_utf8_lossy(&output.stderr), folder))
}

/// Starts the server and waits until it takes connections.
fn launch(binaries: &Binaries, folder: &Path, sockets: &Path, log: &Path) -> Result<Child, StartClusterError> {
    let given_up_at = Instant::now() + START_LIMIT;
    loop {
        let mut log_file = open_log(log)?;
        let written_before = log_file.seek(SeekFrom::End(0)).map_err(|source| StartClusterError::of(log, source))?;
        let mut server =
            spawn(binaries, folder, sockets, &log_file).map_err(|source| StartClusterError::of(folder, source))?;
        let ended = wait_until_ready(binaries, &mut server, sockets, given_up_at);
        match ended {
            Readiness::Ready => return Ok(server),
            Readiness::Silent => {
                let _ = server.kill();
                let _ = server.wait();
                return Err(StartClusterError::Silent { log: log.to_owned() });
            }
            Readiness::Ended => {
                let words = read_from(&mut log_file, written_before);
                if diagnose(&words) != Trouble::StillEnding || Instant::now() > given_up_at {
                    return Err(explain(&words, folder));
                }
                thread::sleep(LOOK_AGAIN_AFTER);
            }
        }
    }
}

enum Readiness {
    Ready,
    Ended,
    Silent,
}

fn wait_until_ready(binaries: &Binaries, server: &mut Child, sockets: &Path, until: Instant) -> Readiness {
    while Instant::now() < until {
        if !matches!(server.try_wait(), Ok(None)) {
            return Readiness::Ended;
        }
        let mut probe = binaries.command("pg_isready");
        probe.args(["--quiet", "--username", OWNER, "--host"]).arg(sockets).stdout(Stdio::null()).stderr(Stdio::null());
        if probe.status().is_ok_and(|status| status.success()) {
            return Readiness::Ready;
        }
        thread::sleep(LOOK_AGAIN_AFTER);
    }
    Readiness::Silent
}

fn spawn(binaries: &Binaries, folder: &Path, sockets: &Path, log: &File) -> io::Result<Child> {
    let mut command = binaries.command("postgres");
    command.arg("-D").arg(folder);
    for setting in [
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "max_connections=60",
        "shared_buffers=64MB",
        "timezone=UTC",
        "log_timezone=UTC",
        // Statements carry patients' data in their values.
        "log_min_error_statement=panic",
        "log_parameter_max_length=0",
        "log_parameter_max_length_on_error=0",
        "log_error_verbosity=terse",
    ] {
        command.args(["-c", setting]);
    }
    command.arg("-c").arg(format!("unix_socket_directories={}", sockets.display()));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?).spawn()
}

/// The server writes on at the end of the file, wherever that is: the file is copied and emptied, not replaced.
fn begin_anew_past(log: &Path, most_bytes: u64) -> io::Result<()> {
    if fs::metadata(log)?.len() <= most_bytes {
        return Ok(());
    }
    fs::copy(log, log.with_extension("log.1"))?;
    OpenOptions::new().write(true).open(log)?.set_len(0)
}

fn open_log(path: &Path) -> Result<File, StartClusterError> {
    let log = OpenOptions::new().create(true).append(true).read(true).open(path);
    log.map_err(|source| StartClusterError::of(path, source))
}

fn read_from(log: &mut File, position: u64) -> String {
    let mut words = Vec::new();
    // An unreadable log leaves the words empty, which is told as such.
    let _ = log.seek(SeekFrom::Start(position)).and_then(|_| log.read_to_end(&mut words));
    String::from_utf8_lossy(&words).into_owned()
}

fn explain(words: &str, folder: &Path) -> StartClusterError {
    let folder = folder.to_owned();
    match diagnose(words) {
        Trouble::DiskFull => StartClusterError::DiskFull(folder),
        Trouble::OtherVersion => StartClusterError::OtherVersion(folder),
        Trouble::StillEnding => StartClusterError::Busy(folder),
        Trouble::Damaged(sentence) => StartClusterError::Damaged { folder, sentence },
        Trouble::Other(sentence) => {
            let log = folder.with_file_name("log").join("postgresql.log");
            StartClusterError::Refused { folder, sentence, log }
        }
    }
}

/// Makes a folder that only the server's user may enter.
fn make_private_folder(path: &Path, binaries: &Binaries) -> Result<(), StartClusterError> {
    let prepare = |source| StartClusterError::of(path, source);
    fs::create_dir_all(path).map_err(prepare)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(prepare)?;
    if let Some((uid, gid)) = binaries.owner {
        chown(path, Some(uid), Some(gid)).map_err(|errno| prepare(errno.into()))?;
    }
    Ok(())
}

/// Writes a path as a value of a database address.
fn encode(path: &Path) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| if safe(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn missing_text(missing: &Missing) -> String {
    match missing {
        Missing::Server { wanted: None } => {
            "PostgreSQL 15 ou plus récent manque : sudo apt-get install postgresql".to_owned()
        }
        Missing::Server { wanted: Some(version) } => {
            format!("PostgreSQL {version} manque, qui a écrit cette base : sudo apt-get install postgresql-{version}")
        }
        Missing::User => {
            "l'utilisateur « postgres » manque : sudo apt-get install postgresql, ou ne pas lancer en root".to_owned()
        }
        Missing::Setpriv => "l'outil setpriv manque : sudo apt-get install util-linux".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One thread starts and stops: the kernel ties the server to it.
    #[test]
    fn a_damaged_cluster_is_told_as_such_and_missing_rights_are_not() {
        let data = std::env::temp_dir().join(format!("colloque-cluster-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o711)).unwrap();
        let start = || Cluster::start(&data, "abc123", |_| {});
        drop(start().unwrap());

        let folder = data.join("postgres");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = start().unwrap_err();
        assert!(matches!(refused, StartClusterError::Refused { .. }), "{refused}");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        drop(start().unwrap());

        let control = folder.join("global/pg_control");
        let mut bytes = fs::read(&control).unwrap();
        bytes[100] ^= 0xff;
        fs::write(&control, bytes).unwrap();
        let damaged = start().unwrap_err();
        assert!(matches!(damaged, StartClusterError::Damaged { .. }), "{damaged}");
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_log_that_grows_without_end_keeps_its_newest_part_and_the_one_before() {
        let folder = std::env::temp_dir().join(format!("colloque-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let log = folder.join("postgresql.log");
        let mut server = open_log(&log).unwrap();
        for line in 0..1_000 {
            writeln!(server, "ERROR:  line {line}").unwrap();
            begin_anew_past(&log, 4_096).unwrap();
        }
        let sizes = ["postgresql.log", "postgresql.log.1"].map(|name| fs::metadata(folder.join(name)).unwrap().len());
        assert!(sizes.iter().all(|size| *size < 8_192), "{sizes:?}");
        assert!(fs::read_to_string(folder.join("postgresql.log.1")).unwrap().starts_with("ERROR:  line "));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_path_with_blanks_and_accents_is_a_value_of_an_address() {
        assert_eq!(encode(Path::new("/srv/mes données/s")), "/srv/mes%20donn%C3%A9es/s");
    }
}
