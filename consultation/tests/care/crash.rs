//! A process killed at any moment loses no note and no prescription that it acknowledged.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use colloque_protocol::http::consultation::{NotesSaved, SaveNotes};
use colloque_protocol::http::prescription::{PrescriptionForm, PrescriptionIssued, PrescriptionLineForm};
use colloque_test_support::{Client, TestDatabase};

use crate::stage::Stage;
use crate::visit::Visit;

/// Names the database, the consultation and the cookie for the process that will be killed.
const VICTIM: &str = "COLLOQUE_TEST_CARE_VICTIM";

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_note_or_prescription() {
    if let Ok(victim) = std::env::var(VICTIM) {
        return write_until_killed(&victim).await;
    }
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    let (cookie, token) = visit.practitioner.cookies.iter().find(|(name, _)| name.ends_with("-staff")).unwrap();
    let mut notes = 0;
    let mut prescriptions = 0;
    for round in 0..3_u32 {
        let described = [&visit.stage.database.url, &entry.consultation.full(), cookie, token, &notes.to_string()]
            .map(String::as_str)
            .join("\n");
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_killed_process_loses_no_acknowledged_note_or_prescription", "--nocapture"])
            .env(VICTIM, described)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut read = |line: &str| {
            if let Some(revision) = line.split("note ").nth(1) {
                notes = revision.trim().parse().unwrap();
            }
            prescriptions += usize::from(line.contains("prescription"));
            notes
        };
        let wanted = 10 * (round + 1) + round;
        while read(&lines.next().unwrap().unwrap()) < wanted {}
        victim.kill().unwrap();
        victim.wait().unwrap();
        lines.map_while(Result::ok).for_each(|line| {
            read(&line);
        });
        let kept: u32 = visit.stage.psql("SELECT revision FROM health.notes").trim().parse().unwrap();
        assert!(kept >= notes, "{kept} of {notes}");
        notes = kept;
        let stored: usize = visit.stage.psql("SELECT count(*) FROM documents.document").trim().parse().unwrap();
        assert!(stored >= prescriptions, "{stored} of {prescriptions}");
        assert_eq!(
            visit.stage.count("document_issued"),
            stored,
            "each document has its entry, each entry its document"
        );
        assert_eq!(visit.stage.count("notes_saved"), usize::try_from(kept).unwrap());
    }
    assert!(prescriptions > 0);
}

async fn write_until_killed(described: &str) {
    let parts: Vec<&str> = described.split('\n').collect();
    let stage = Stage::in_database(TestDatabase { url: parts[0].to_owned(), name: String::new() }).await;
    let mut client: Client = stage.client();
    client.cookies.insert(parts[2].to_owned(), parts[3].to_owned());
    let path = format!("/api/consultations/{}", parts[1]);
    let mut revision: u32 = parts[4].parse().unwrap();
    let line = PrescriptionLineForm {
        name: "Amoxicilline".to_owned(),
        strength: "500 mg".to_owned(),
        dosage: "1 matin et soir".to_owned(),
        units: Some("2".to_owned()),
        ..PrescriptionLineForm::default()
    };
    let mut form = PrescriptionForm { lines: vec![line], ..PrescriptionForm::default() };
    loop {
        let body = SaveNotes { text: format!("révision {revision}"), base_revision: revision };
        let saved: NotesSaved = client.put(&format!("{path}/notes"), &body).await.json();
        revision = saved.revision;
        println!("note {revision}");
        if revision.is_multiple_of(4) {
            // The same words again would be the same prescription.
            form.mentions = Some(format!("révision {revision}"));
            let _: PrescriptionIssued = client.post(&format!("{path}/prescriptions"), &form).await.json();
            println!("prescription");
        }
    }
}
