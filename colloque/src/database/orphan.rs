//! A server left behind by a run that was killed.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Pause between two looks at a process that is ending.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Stops the server that still runs on `cluster`, if one does, and removes a stale pid file.
///
/// Returns whether the cluster is free; a server that does not end within `patience` keeps it.
pub fn stop(cluster: &Path, patience: Duration) -> bool {
    let pid_file = cluster.join("postmaster.pid");
    let Some(pid) = fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.trim().parse().ok()) else {
        return true;
    };
    if runs_on(pid, cluster) {
        // It may already be ending on its own, in which case the signal changes nothing.
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        let given_up_at = Instant::now() + patience;
        while runs_on(pid, cluster) {
            if Instant::now() > given_up_at {
                return false;
            }
            thread::sleep(LOOK_AGAIN_AFTER);
        }
    }
    // The number may belong to a stranger by now, which would make PostgreSQL refuse to start.
    let _ = fs::remove_file(pid_file);
    true
}

/// Says whether process `pid` is a PostgreSQL server working in `cluster`.
fn runs_on(pid: i32, cluster: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let is_server = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "postgres");
    let works_here = fs::read_link(process.join("cwd")).is_ok_and(|cwd| {
        let here = fs::canonicalize(cluster).unwrap_or_else(|_| cluster.to_owned());
        cwd == here
    });
    is_server && works_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_naming_a_stranger_is_removed_and_the_stranger_left_alone() {
        let folder = std::env::temp_dir().join(format!("colloque-orphan-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let me = std::process::id();
        fs::write(folder.join("postmaster.pid"), format!("{me}\n{}\n", folder.display())).unwrap();
        assert!(stop(&folder, Duration::ZERO));
        assert!(!folder.join("postmaster.pid").exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_cluster_without_pid_file_is_free() {
        assert!(stop(Path::new("/nonexistent"), Duration::ZERO));
    }
}
