//! Somebody who is signed in asks at a pace, too; a command beside the platform disturbs nobody.

use std::sync::Arc;
use std::time::Duration;

use colloque_consultation::{Config, Consultation, MasterKey};

use crate::stage::{Silence, Stage};

#[tokio::test]
async fn a_session_that_asks_without_end_is_held_back_and_no_other_is() {
    let stage = Stage::new().await;
    let [claire, youssef, ..] = stage.people().await;
    let mut greedy = stage.signed_in(&claire).await;
    let mut other = stage.signed_in(&youssef).await;
    stage.clock.advance(Duration::from_secs(60));
    let mut answered = 0;
    let refused = loop {
        let answer = greedy.get("/api/session").await;
        if !answer.status.is_success() {
            break answer;
        }
        answered += 1;
        assert!(answered < 1_000, "nothing holds this session back");
    };
    assert_eq!(answered, 40);
    assert_eq!(refused.headers["retry-after"], "1");
    refused.refused("too_many_attempts");
    greedy.get("/api/admin/staff").await.refused("too_many_attempts");
    other.get("/api/session").await.ok();
    assert_eq!(stage.count("access_refused"), 0, "what is held back writes nothing into the journal");
    stage.clock.advance(Duration::from_secs(1));
    for _ in 0..10 {
        greedy.get("/api/session").await.ok();
    }
    greedy.get("/api/session").await.refused("too_many_attempts");
}

#[tokio::test]
async fn a_command_beside_a_running_platform_leaves_its_rooms_alone() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    stage.psql(&format!(
        "INSERT INTO professionals.room_presence (connection, staff, since) VALUES (gen_random_uuid(), '{}', 0)",
        claire.staff.uuid()
    ));
    let config = Config {
        database_url: stage.database.url.clone(),
        database_connections: 2,
        origins: vec!["https://localhost:8443".to_owned()],
        trusted_proxies: vec![],
        master_key: MasterKey::from_bytes([42; 32]),
        messages: Default::default(),
        demonstration: true,
    };
    let command = Consultation::open(config, Arc::new(Silence)).await.unwrap();
    let in_rooms = || stage.psql("SELECT count(*) FROM professionals.room_presence").trim().to_owned();
    assert_eq!(in_rooms(), "1");
    command.stop().await;
    // A platform that starts finds nobody in its rooms.
    Stage::in_database(stage.database.clone()).await;
    assert_eq!(in_rooms(), "0");
}
