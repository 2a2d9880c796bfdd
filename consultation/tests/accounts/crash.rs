//! A process killed at any moment loses nothing that it acknowledged.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use colloque_protocol::http::journal::JournalPage;
use colloque_test_support::TestDatabase;

use crate::stage::Stage;

/// Names the database for the process that will be killed.
const VICTIM: &str = "COLLOQUE_TEST_VICTIM_DATABASE";

/// Counts the processes killed before it.
const ROUND: &str = "COLLOQUE_TEST_VICTIM_ROUND";

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_entry() {
    if let Ok(url) = std::env::var(VICTIM) {
        return write_until_killed(TestDatabase { url, name: String::new() }).await;
    }
    let stage = Stage::new().await;
    stage.people().await;
    let mut acknowledged = 0;
    for round in 0..3 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_killed_process_loses_no_acknowledged_entry", "--nocapture"])
            .env(VICTIM, &stage.database.url)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let wanted = acknowledged + 20 + round * 7;
        while acknowledged < wanted {
            let line = lines.next().unwrap().unwrap();
            acknowledged += usize::from(line.contains("acknowledged"));
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        acknowledged += lines.map_while(Result::ok).filter(|line| line.contains("acknowledged")).count();
        assert!(stage.count("journal_read") >= acknowledged, "{} of {acknowledged}", stage.count("journal_read"));
    }
    let sequences =
        stage.psql("SELECT count(*) FROM journal.event e JOIN journal.event f USING (event) WHERE e.leaf <> f.leaf");
    assert_eq!(sequences.trim(), "0");
}

async fn write_until_killed(database: TestDatabase) {
    let stage = Stage::in_database(database).await;
    let [.., paul] = stage.people().await;
    // Each process signs in an hour after the one before: a code serves once.
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    stage.clock.advance(std::time::Duration::from_secs((round + 1) * 3_600));
    let mut administrator = stage.signed_in(&paul).await;
    for _ in 0..100_000 {
        let _: JournalPage = administrator.get("/api/journal?limit=1").await.json();
        println!("acknowledged");
        // A browser asks at a pace, or is held back.
        stage.clock.advance(std::time::Duration::from_millis(200));
    }
}
