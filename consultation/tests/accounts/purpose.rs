//! A database serves invented people or real ones, never both.

use colloque_consultation::{OpenStorageError, Purpose, StartConsultationError};
use colloque_test_support::{TestCluster, TestDatabase};

use crate::stage::Stage;

const PURPOSE: &str = "SELECT purpose FROM administrative.purpose";

fn psql(database: &TestDatabase, sql: &str) -> String {
    TestCluster::shared().psql(&database.name, sql).trim().to_owned()
}

/// A database with people, and somebody in a room.
async fn used() -> TestDatabase {
    let stage = Stage::new().await;
    stage.people().await;
    stage.service.stop().await;
    let somebody = "INSERT INTO professionals.room_presence
                    SELECT gen_random_uuid(), staff, 0 FROM professionals.staff LIMIT 1";
    let _ = psql(&stage.database, somebody);
    stage.database
}

/// What a start changes.
fn content(database: &TestDatabase) -> [String; 3] {
    [
        "SELECT string_agg(name, ',' ORDER BY name) FROM administrative.migration",
        "SELECT string_agg(email, ',' ORDER BY email) FROM professionals.staff",
        "SELECT count(*) FROM professionals.room_presence",
    ]
    .map(|sql| psql(database, sql))
}

async fn refused_as(database: &TestDatabase) -> Purpose {
    match Stage::try_in_database(database.clone()).await {
        Err(StartConsultationError::Storage(OpenStorageError::OtherPurpose { kept })) => kept,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("the demonstration started"),
    }
}

#[tokio::test]
async fn an_empty_database_becomes_a_demonstration_and_stays_one() {
    let database = used().await;
    assert_eq!(psql(&database, PURPOSE), "demonstration");
    assert!(Stage::try_in_database(database).await.is_ok());
}

#[tokio::test]
async fn a_demonstration_leaves_a_production_database_as_it_is() {
    let database = used().await;
    let _ = psql(&database, "UPDATE administrative.purpose SET purpose = 'production'");
    let before = content(&database);
    assert_eq!(refused_as(&database).await, Purpose::Production);
    assert_eq!(content(&database), before);
}

#[tokio::test]
async fn a_production_database_from_before_the_mark_is_recognised_by_its_people() {
    let database = used().await;
    let _ = psql(&database, "DROP TABLE administrative.purpose");
    let _ =
        psql(&database, "UPDATE professionals.staff SET email = replace(email, '@tilleuls.example', '@tilleuls.fr')");
    let before = content(&database);
    assert_eq!(refused_as(&database).await, Purpose::Production);
    assert_eq!(content(&database), before);
}

#[tokio::test]
async fn a_real_practice_beside_an_invented_one_makes_a_database_real() {
    let stage = Stage::new().await;
    stage.other_practice().await;
    stage.people().await;
    let database = stage.database.clone();
    let _ = psql(&database, "DELETE FROM administrative.purpose");
    assert_eq!(refused_as(&database).await, Purpose::Production);
}

#[tokio::test]
async fn a_demonstration_from_before_the_mark_goes_on_and_is_marked() {
    let database = used().await;
    let _ = psql(&database, "DELETE FROM administrative.purpose");
    assert!(Stage::try_in_database(database.clone()).await.is_ok());
    assert_eq!(psql(&database, PURPOSE), "demonstration");
}
