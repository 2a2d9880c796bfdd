//! A process killed at any moment loses nothing that it acknowledged, and leaves no half of a change behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use colloque_protocol::http::admin::ActivationSent;
use colloque_test_support::TestDatabase;
use serde_json::json;

use crate::stage::Stage;

/// Names the database for the process that will be killed.
const VICTIM: &str = "COLLOQUE_TEST_VICTIM_DATABASE";

/// Counts the processes killed before it.
const ROUND: &str = "COLLOQUE_TEST_VICTIM_ROUND";

/// People invited by the processes that were killed.
const INVITED: &str = "FROM professionals.staff s WHERE s.email LIKE 'invited-%'";

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_change_and_no_entry_of_one() {
    if let Ok(url) = std::env::var(VICTIM) {
        return write_until_killed(TestDatabase { url, name: String::new() }).await;
    }
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::a_killed_process_loses_no_acknowledged_change_and_no_entry_of_one",
                "--nocapture",
            ])
            .env(VICTIM, &stage.database.url)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let wanted = acknowledged.len() + 20 + round * 7;
        while acknowledged.len() < wanted {
            acknowledged.extend(invited_in(&lines.next().unwrap().unwrap()));
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| invited_in(&line)));

        let lost = stage.psql(&format!(
            "SELECT count(*) FROM unnest('{{{}}}'::uuid[]) AS acknowledged (staff)
             WHERE NOT EXISTS (SELECT {INVITED} AND s.staff = acknowledged.staff)",
            acknowledged.join(",")
        ));
        assert_eq!(lost.trim(), "0", "round {round}: people who were acknowledged are lost");
        let without_one_entry = stage.psql(&format!(
            "SELECT count(*) {INVITED} AND 1 <> (
                 SELECT count(*) FROM journal.event e
                 WHERE e.kind = 'staff_invited' AND position(uuid_send(s.staff) IN e.leaf) > 0
             )"
        ));
        assert_eq!(without_one_entry.trim(), "0", "each person has exactly one entry");
        // Each person has one entry, so as many entries as people leave none without its person.
        let (people, entries) = (
            format!("SELECT count(*) {INVITED}"),
            format!(
                "SELECT count(*) FROM journal.event WHERE kind = 'staff_invited' AND actor = '{}'",
                paul.staff.full()
            ),
        );
        let counted = stage.psql(&format!("SELECT ({people}), ({entries})"));
        let (people, entries) = counted.trim().split_once('\t').unwrap();
        assert_eq!(people, entries);
        assert!(people.parse::<usize>().unwrap() >= acknowledged.len(), "{people} of {}", acknowledged.len());
    }
}

fn invited_in(line: &str) -> Option<String> {
    Some(line.split("invited ").nth(1)?.trim().to_owned())
}

async fn write_until_killed(database: TestDatabase) {
    let stage = Stage::in_database(database).await;
    let [.., paul] = stage.people().await;
    // Each process signs in an hour after the one before: a code serves once.
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    stage.clock.advance(std::time::Duration::from_secs((round + 1) * 3_600));
    let mut administrator = stage.signed_in(&paul).await;
    for person in 0..100_000 {
        let email = format!("invited-{round}-{person}@tilleuls.example");
        let form = json!({ "family_name": "Roche", "given_name": "Anne", "email": email, "role": "secretary" });
        let sent: ActivationSent = administrator.post("/api/admin/staff", &form).await.json();
        println!("invited {}", sent.staff.full());
        // A browser asks at a pace, or is held back.
        stage.clock.advance(std::time::Duration::from_millis(200));
    }
}
