//! A private PostgreSQL cluster on a unix socket, in a temporary folder, gone with the process that started it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The login of the cluster: its superuser, as an embedded cluster has.
const LOGIN: &str = "colloque";

/// A private PostgreSQL cluster.
#[derive(Debug)]
pub struct TestCluster {
    folder: PathBuf,
    databases: AtomicU32,
    keeper: Child,
}

/// One database of a cluster.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Address for a client.
    pub url: String,
    /// Its name.
    pub name: String,
}

impl TestCluster {
    /// Gives the cluster of this test binary, started at the first call.
    ///
    /// # Panics
    ///
    /// When PostgreSQL 15 or later is not installed or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestCluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a cluster of one's own.
    ///
    /// # Panics
    ///
    /// When PostgreSQL 15 or later is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").subsec_nanos();
        let folder = std::env::temp_dir().join(format!("colloque-pg-{}-{started}", std::process::id()));
        fs::create_dir(&folder).expect("the temporary folder takes a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("the folder is ours");
        if let Some((uid, gid)) = unprivileged() {
            chown(&folder, Some(uid), Some(gid)).expect("root may give a folder away");
        }
        let (data, log) = (folder.join("data"), folder.join("log"));
        run(postgres("initdb")
            .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", LOGIN, "-D"])
            .arg(&data));
        // Everybody but the superuser shows a password, so that a wrong one fails a test.
        let access = format!("local all {LOGIN} trust\nlocal all all scram-sha-256\n");
        fs::write(data.join("pg_hba.conf"), access).expect("initdb wrote the file");
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c full_page_writes=off \
             -c max_connections=300 -c log_min_messages=warning",
            folder.display()
        );
        run(postgres("pg_ctl")
            .args(["start", "-w", "-s", "-l"])
            .arg(&log)
            .arg("-D")
            .arg(&data)
            .args(["-o", &settings]));
        Self { keeper: keep(&folder, &data), folder, databases: AtomicU32::new(0) }
    }

    /// What the cluster wrote into its log.
    ///
    /// # Panics
    ///
    /// When the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).expect("the cluster writes a log")
    }

    /// Creates an empty database.
    ///
    /// # Panics
    ///
    /// When the cluster does not answer.
    #[must_use]
    pub fn database(&self) -> TestDatabase {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        let _ = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        TestDatabase { url: self.url(&name), name }
    }

    /// Runs SQL as the superuser and gives what it prints: rows by line, columns by tab.
    ///
    /// # Panics
    ///
    /// When the statement fails.
    #[must_use]
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.try_psql(database, sql).expect("the statement is right")
    }

    /// Runs SQL as the superuser and gives what it prints.
    ///
    /// # Errors
    ///
    /// What PostgreSQL says when it refuses.
    ///
    /// # Panics
    ///
    /// When `psql` is not installed.
    pub fn try_psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = postgres("psql")
            .args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", LOGIN, "-d", database, "-c", sql])
            .arg("-h")
            .arg(&self.folder)
            .output()
            .expect("PostgreSQL is installed");
        let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(printed(&output.stdout)) } else { Err(printed(&output.stderr)) }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{LOGIN}@localhost/{database}?host={socket}")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Starts the process that stops the cluster when ours ends, however it ends: it waits for the pipe from us to close.
fn keep(folder: &Path, data: &Path) -> Child {
    const SCRIPT: &str = r#"trap "" HUP INT TERM; cat >/dev/null; "$1" -D "$2" -m immediate -s stop; rm -rf "$3""#;
    let mut command = as_unprivileged(Path::new("/bin/sh"));
    command.args(["-c", SCRIPT, "keeper"]).arg(binary("pg_ctl")).arg(data).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").spawn().expect("a shell can be started")
}

fn postgres(name: &str) -> Command {
    as_unprivileged(&binary(name))
}

/// PostgreSQL refuses to run as root: root runs it as the user that Debian's package made, or as nobody.
fn as_unprivileged(program: &Path) -> Command {
    let mut command = match unprivileged() {
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// The user and group to run as, when we are root.
fn unprivileged() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let find = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = versions.max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    newest.map_or_else(|| PathBuf::from(name), |version| version.path().join("bin").join(name))
}

fn run(command: &mut Command) -> String {
    // `pg_ctl` leaves the server behind with our pipes: it writes to its log file instead.
    let detached = command.get_args().any(|argument| argument == "start");
    if detached {
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("PostgreSQL is installed");
        assert!(status.success(), "{command:?} failed");
        return String::new();
    }
    let output = command.output().expect("PostgreSQL is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_answers_and_leaves_nothing_behind() {
        let cluster = TestCluster::start();
        let folder = cluster.folder.clone();
        let database = cluster.database();
        assert_eq!(cluster.psql(&database.name, "SELECT current_database()").trim(), database.name);
        drop(cluster);
        assert!(!folder.exists());
    }
}
