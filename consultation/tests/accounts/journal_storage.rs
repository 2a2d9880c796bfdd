//! What the database itself refuses to do to the journal.

use crate::stage::Stage;

const INSERT: &str = "INSERT INTO journal.event (event, occurred_at, kind, outcome, actor_role, leaf)
    VALUES (gen_random_uuid(), 1, 'disconnected', 'success', '', '\\x01')";

#[tokio::test]
async fn the_application_adds_rows_and_reads_them_and_nothing_else() {
    let stage = Stage::new().await;
    stage.as_application(INSERT).unwrap();
    assert_eq!(stage.as_application("SELECT count(*) FROM journal.event").unwrap().trim(), "1");
    for forbidden in [
        "UPDATE journal.event SET kind = 'x'",
        "DELETE FROM journal.event",
        "TRUNCATE journal.event",
        "DROP TABLE journal.event",
        "ALTER TABLE journal.event DISABLE TRIGGER ALL",
        "CREATE TABLE journal.other (a int)",
        "UPDATE journal.migration SET number = 9",
    ] {
        let refusal = stage.as_application(forbidden).unwrap_err();
        assert!(refusal.contains("permission denied") || refusal.contains("must be owner"), "{forbidden}: {refusal}");
    }
}

#[tokio::test]
async fn the_application_cannot_forge_the_sequence_the_transaction_or_the_hour_of_record() {
    let stage = Stage::new().await;
    for (column, value) in [("sequence", "99"), ("xid", "'1'"), ("recorded_at", "5")] {
        let forged = INSERT
            .replace("(event,", &format!("({column}, event,"))
            .replace("VALUES (", &format!("OVERRIDING SYSTEM VALUE VALUES ({value}, "));
        let refusal = stage.as_application(&forged).unwrap_err();
        assert!(refusal.contains("permission denied"), "{column}: {refusal}");
    }
    let refusal =
        stage.as_application(&format!("SELECT setval('journal.event_sequence_seq', 1000); {INSERT}")).unwrap_err();
    assert!(refusal.contains("permission denied"), "{refusal}");
}

#[tokio::test]
async fn triggers_hold_even_for_who_has_the_rights_and_pretends_to_replicate() {
    let stage = Stage::new().await;
    stage.as_application(INSERT).unwrap();
    for forbidden in ["UPDATE journal.event SET kind = 'x'", "DELETE FROM journal.event", "TRUNCATE journal.event"] {
        for session in ["", "SET session_replication_role = replica;"] {
            let refusal = stage.try_psql(&format!("{session} {forbidden}")).unwrap_err();
            assert!(refusal.contains("the journal is insert-only"), "{forbidden}: {refusal}");
        }
    }
    assert_eq!(stage.psql("SELECT count(*) FROM journal.event").trim(), "1");
}

#[tokio::test]
async fn owners_cannot_log_in_and_the_application_owns_nothing() {
    let stage = Stage::new().await;
    let roles = stage.psql(
        "SELECT count(*) FILTER (WHERE rolcanlogin), count(*) FROM pg_roles
         WHERE rolname LIKE 'colloque\\_%' AND rolname NOT LIKE 'colloque\\_service\\_%'",
    );
    assert_eq!(roles.trim(), "0\t7");
    let owned = stage.psql("SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = 'colloque_application'");
    assert_eq!(owned.trim(), "0");
}

#[tokio::test]
async fn a_second_start_finds_its_data_and_a_changed_migration_is_refused() {
    let stage = Stage::new().await;
    stage.as_application(INSERT).unwrap();
    let again = Stage::in_database(stage.database.clone()).await;
    assert_eq!(again.psql("SELECT count(*) FROM journal.event").trim(), "1");
    stage.psql("UPDATE journal.migration SET checksum = '\\x00'");
    let refused = Stage::try_in_database(stage.database.clone()).await;
    assert!(refused.is_err());
}
