//! Reading in PostgreSQL's own words why it does not start.

/// What stands between the platform and its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No space left on the disk.
    DiskFull,
    /// The files were written by another major version.
    OtherVersion,
    /// Processes of an earlier run are still ending.
    StillEnding,
    /// The files are damaged; holds the server's own sentence.
    Damaged(String),
    /// Something else, such as missing memory or rights; holds the server's own sentence.
    Other(String),
}

/// Words by which the server tells of damaged files. Whoever reads of damage restores a backup and loses what came after
/// it, so any other sentence is passed on as it is.
const SIGNS_OF_DAMAGE: &[&str] = &[
    "PANIC:",
    "checkpoint record",
    "checksum",
    "control file",
    "contains invalid data",
    "could not read file",
    "invalid page",
    "is not a valid data directory",
    "No such file or directory",
];

/// Finds the cause in what the server wrote, the last severe sentence counting.
pub fn diagnose(log: &str) -> Trouble {
    if log.contains("No space left on device") {
        return Trouble::DiskFull;
    }
    if log.contains("database files are incompatible with server") {
        return Trouble::OtherVersion;
    }
    if log.contains("pre-existing shared memory block") || log.contains("lock file \"postmaster.pid\" already exists") {
        return Trouble::StillEnding;
    }
    let severe = |line: &&str| ["PANIC:", "FATAL:", "initdb: error:"].iter().any(|word| line.contains(word));
    let sentence = log.lines().rev().find(severe).or_else(|| log.lines().next_back()).unwrap_or("no message");
    let is_damaged = SIGNS_OF_DAMAGE.iter().any(|sign| sentence.contains(sign));
    let sentence = sentence.split_once("PANIC:").or_else(|| sentence.split_once("FATAL:")).map_or(sentence, |(_, s)| s);
    let sentence = sentence.trim().to_owned();
    if is_damaged { Trouble::Damaged(sentence) } else { Trouble::Other(sentence) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_damage() {
        let log = "LOG:  starting\nFATAL:  could not write lock file \"postmaster.pid\": No space left on device\n";
        assert_eq!(diagnose(log), Trouble::DiskFull);
    }

    #[test]
    fn damage_is_told_in_the_servers_last_severe_sentence() {
        let log = "LOG:  a\nPANIC:  could not locate a valid checkpoint record\nLOG:  startup process was terminated\n";
        assert_eq!(diagnose(log), Trouble::Damaged("could not locate a valid checkpoint record".to_owned()));
    }

    #[test]
    fn want_of_memory_or_rights_is_not_told_as_damage() {
        let sentence = "could not map anonymous shared memory: Cannot allocate memory";
        assert_eq!(diagnose(&format!("FATAL:  {sentence}\n")), Trouble::Other(sentence.to_owned()));
        let log =
            "FATAL:  data directory \"/a\" has invalid permissions\nDETAIL:  Permissions should be u=rwx (0700).\n";
        assert_eq!(diagnose(log), Trouble::Other("data directory \"/a\" has invalid permissions".to_owned()));
    }

    #[test]
    fn an_empty_log_gives_a_sentence() {
        assert_eq!(diagnose(""), Trouble::Other("no message".to_owned()));
    }
}
