//! Finding PostgreSQL and running it under a user who is not root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, User};

/// Oldest major version that the migrations are written for.
const OLDEST_VERSION: u32 = 15;

/// Where Debian and Ubuntu install each major version.
const VERSIONS_FOLDER: &str = "/usr/lib/postgresql";

/// User that Debian's package creates; the server refuses to run as root.
const SERVER_USER: &str = "postgres";

/// An installed PostgreSQL and the user it runs as.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
    /// Owner of the cluster's files when the platform runs as root.
    pub owner: Option<(Uid, Gid)>,
}

/// Why PostgreSQL cannot be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No version is installed that would do.
    Server {
        /// The only version that can read the existing files, if there are any.
        wanted: Option<u32>,
    },
    /// The platform runs as root and the user that the package creates does not exist.
    User,
    /// `setpriv` of util-linux is not installed.
    Setpriv,
}

impl Binaries {
    /// Finds the version that wrote the files in `cluster`, or the newest when there are none.
    pub fn find(cluster: &Path) -> Result<Self, Missing> {
        let wanted = written_by(cluster);
        let (_, folder) = installed()
            .into_iter()
            .filter(|(version, _)| wanted.is_none_or(|wanted| wanted == *version))
            .max_by_key(|(version, _)| *version)
            .ok_or(Missing::Server { wanted })?;
        if !Path::new("/usr/bin/setpriv").exists() {
            return Err(Missing::Setpriv);
        }
        let owner = if Uid::effective().is_root() {
            let user = User::from_name(SERVER_USER).ok().flatten().ok_or(Missing::User)?;
            Some((user.uid, user.gid))
        } else {
            None
        };
        Ok(Self { folder, owner })
    }

    /// Prepares a PostgreSQL program that ends when this thread ends.
    ///
    /// It gets a process group of its own: a Ctrl-C in the terminal goes to the platform, which stops it last.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Some((uid, gid)) = self.owner {
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
        }
        command.arg("--").arg(self.folder.join(program)).current_dir("/");
        command.env_remove("PGDATA").env_remove("PGHOST").env_remove("PGPORT").env("LC_ALL", "C");
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// Says whether the user that PostgreSQL runs as can reach a folder.
    pub fn can_reach(&self, folder: &Path) -> bool {
        let Some((uid, gid)) = self.owner else { return true };
        Command::new("/usr/bin/setpriv")
            .arg(format!("--reuid={uid}"))
            .arg(format!("--regid={gid}"))
            .args(["--clear-groups", "--", "test", "-x"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Gives the major version that wrote a cluster's files.
fn written_by(cluster: &Path) -> Option<u32> {
    fs::read_to_string(cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
}

fn installed() -> Vec<(u32, PathBuf)> {
    let folders = fs::read_dir(VERSIONS_FOLDER).into_iter().flatten().flatten();
    folders
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, folder)| *version >= OLDEST_VERSION && folder.join("initdb").exists())
        .collect()
}
