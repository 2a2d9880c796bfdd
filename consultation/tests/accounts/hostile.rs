//! What a hostile stranger or member of the staff sends is refused in our words, and changes nothing.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use colloque_protocol::Role;
use colloque_protocol::http::admin::StaffForm;
use colloque_protocol::http::error::ErrorBody;
use colloque_protocol::http::session::{Activation, PasswordSignIn, SignInStep, TotpCode, TotpEnrolment};
use colloque_test_support::{Client, TestCluster};
use serde_json::json;

use crate::authenticator::Telephone;
use crate::stage::{GOOD_PASSWORD, Stage, code_of, password};

/// Runs SQL that holds something for a second and a half, and returns once it holds it.
async fn hold(stage: &Stage, sql: &str) -> std::thread::JoinHandle<String> {
    let (name, sql) = (stage.database.name.clone(), sql.to_owned());
    let held = std::thread::spawn(move || TestCluster::shared().psql(&name, &sql));
    let is_held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while stage.psql(is_held).trim() == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    held
}

#[tokio::test]
async fn an_address_that_no_text_of_postgresql_holds_is_an_unknown_address() {
    let stage = Stage::new().await;
    stage.people().await;
    let mut answers = Vec::new();
    for email in ["nobody@tilleuls.example", "claire\0@tilleuls.example", "\u{7}\u{1b}[2J", "\0"] {
        let form = PasswordSignIn { email: email.to_owned(), password: "Wrong-pass-1234".to_owned() };
        let answer = stage.client().post("/api/session/password", &form).await.refused("wrong_credentials");
        let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap();
        answers.push((answer.status, ErrorBody { request: String::new(), ..body }));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(stage.count("sign_in_failed"), 4);
    let mut held_back = 0;
    for _ in 0..8 {
        let form = PasswordSignIn { email: "\0".to_owned(), password: "Wrong-pass-1234".to_owned() };
        let answer = stage.client().post("/api/session/password", &form).await;
        held_back += usize::from(answer.refusal().as_deref() == Some("too_many_attempts"));
    }
    assert!(held_back > 0, "such attempts count like any other");
}

#[tokio::test]
async fn no_control_character_of_anybody_is_a_failure_of_ours() {
    let stage = Stage::new().await;
    let [claire, .., paul] = stage.people().await;
    let doctor = stage.signed_in(&claire).await;
    let administrator = stage.signed_in(&paul).await;
    let nul = "a\0b";
    let staff = json!({ "family_name": nul, "given_name": nul, "email": "a\0@b.fr", "role": "secretary" });
    let patient = json!({ "birth_name": nul, "used_name": nul, "first_names": nul, "birth_date": nul, "sex": "female",
        "email": nul, "phone": nul });
    let activation = json!({ "secret": nul, "password": nul });
    let redeem = "/api/invitations/00000000-0000-7000-8000-000000000000/redeem";
    let stranger = stage.client();
    for (who, method, path, body) in [
        (&administrator, Method::POST, "/api/admin/staff", Some(staff)),
        (&doctor, Method::POST, "/api/patients", Some(patient)),
        (&doctor, Method::POST, "/api/patients/search", Some(json!({ "query": nul }))),
        (&stranger, Method::POST, "/api/activation/redeem", Some(activation)),
        (&stranger, Method::POST, redeem, Some(json!({ "secret": nul }))),
        (&doctor, Method::GET, "/api/day?date=2026%00", None),
        (&administrator, Method::GET, "/api/journal?person=%00", None),
        (&administrator, Method::GET, "/api/journal?kind=%00", None),
        (&administrator, Method::GET, "/api/journal?cursor=%00", None),
        (&administrator, Method::GET, "/api/journal/export?person=a%00", None),
    ] {
        let mut client = who.clone();
        let answer = client.send(method, path, body).await;
        assert!(answer.status.as_u16() < 500, "{path}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_held_back_asks_storage_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut known = stage.signed_in(&claire).await;
    known.delete("/api/session").await.ok();
    stage.next_code();
    let guess = |number: usize| json!({ "email": format!("guess{number}@tilleuls.example"), "password": "Wrong-1" });
    for number in 0..45 {
        stage.client().post("/api/session/password", &guess(number)).await;
    }
    let held =
        hold(&stage, "BEGIN; LOCK TABLE professionals.staff IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); COMMIT")
            .await;
    let mut stranger = stage.client();
    let body = guess(50);
    let answer = tokio::time::timeout(Duration::from_secs(1), stranger.post("/api/session/password", &body)).await;
    answer.expect("storage is not waited for").refused("too_many_attempts");
    held.join().unwrap();
    stage.sign_in(&mut known, &claire).await;
}

#[tokio::test]
async fn strangers_send_small_bodies_only() {
    let stage = Stage::new().await;
    for path in ["/api/session/password", "/api/session/passkey/finish", "/api/activation/redeem"] {
        let answer = stage.client().post(path, &json!({ "email": "a@b.fr", "password": "a".repeat(9_000) })).await;
        answer.refused("too_large");
    }
    let [claire, ..] = stage.people().await;
    let mut doctor = stage.signed_in(&claire).await;
    doctor.post("/api/patients/search", &json!({ "query": "a".repeat(200_000) })).await.ok();
}

#[tokio::test]
async fn what_a_page_asks_by_itself_keeps_nobody_signed_in() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let by_itself = async |client: &mut Client| {
        let request = Request::get("/api/day").header("x-colloque-background", "1").body(Body::empty()).unwrap();
        client.raw(request).await
    };
    for _ in 0..3 {
        stage.clock.advance(Duration::from_secs(29 * 60));
        by_itself(&mut client).await.ok();
        client.get("/api/session").await.ok();
    }
    for _ in 0..2 {
        stage.clock.advance(Duration::from_secs(14 * 60));
        by_itself(&mut client).await.ok();
    }
    stage.clock.advance(Duration::from_secs(2 * 60));
    by_itself(&mut client).await.refused("not_signed_in");
}

/// Of two browsers that know a password alone, the one that enrols codes first keeps them.
#[tokio::test]
async fn codes_just_enrolled_are_not_replaced_from_another_browser_that_knows_the_password() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let email = "lou.roux@tilleuls.example";
    let form = StaffForm {
        family_name: "Roux".to_owned(),
        given_name: "Lou".to_owned(),
        email: email.to_owned(),
        role: Role::Secretary,
        practitioner: None,
    };
    administrator.post("/api/admin/staff", &form).await.ok();
    let link = stage.mailed_link(email, 1).await;
    let (_, secret) = link.split_once('#').unwrap();
    let (mut lou, mut thief) = (stage.client(), stage.client());
    let form = Activation { secret: secret.to_owned(), password: GOOD_PASSWORD.to_owned() };
    lou.post("/api/activation/redeem", &form).await.ok();
    let form = PasswordSignIn { email: email.to_owned(), password: GOOD_PASSWORD.to_owned() };
    let step: SignInStep = thief.post("/api/session/password", &form).await.json();
    assert_eq!(step, SignInStep::EnrolTotp);
    let enrolment: TotpEnrolment = lou.act("/api/account/totp/start").await.json();
    let code = TotpCode { code: code_of(&enrolment.secret, stage.clock.now()) };
    lou.post("/api/account/totp/finish", &code).await.ok();
    thief.act("/api/account/totp/start").await.refused("not_signed_in");
    lou.get("/api/session").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_being_judged_while_an_administrator_takes_it_away_opens_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let held = hold(
        &stage,
        "BEGIN; SELECT FROM professionals.staff FOR UPDATE; SELECT pg_sleep(1.5);
         UPDATE professionals.staff SET password_hash = NULL; COMMIT",
    )
    .await;
    let answer = stage.client().post("/api/session/password", &password(&claire)).await;
    held.join().unwrap();
    answer.refused("wrong_credentials");
    assert_eq!(stage.psql("SELECT count(*) FROM professionals.session").trim(), "0");
    assert_eq!(stage.count("sign_in_failed"), 1);
}

#[tokio::test]
async fn a_passkey_made_while_an_administrator_resets_the_account_is_not_kept() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut thief = stage.signed_in(&claire).await;
    let answer = Telephone::default().create(&mut thief, "").await;
    // What a reset does, in its order.
    let held = hold(
        &stage,
        "BEGIN; SELECT FROM professionals.staff FOR UPDATE; DELETE FROM professionals.passkey; SELECT pg_sleep(1.5);
         DELETE FROM professionals.session; COMMIT",
    )
    .await;
    thief.post("/api/account/passkeys/finish", &answer).await.refused("not_signed_in");
    held.join().unwrap();
    assert_eq!(stage.psql("SELECT count(*) FROM professionals.passkey").trim(), "0");
    assert_eq!(stage.count("passkey_registered"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_exports_the_journal_once_at_a_time() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    administrator.get("/api/session").await.ok();
    let held =
        hold(&stage, "BEGIN; LOCK TABLE journal.event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); COMMIT").await;
    let exports: Vec<_> = (0..5)
        .map(|_| {
            let mut client = administrator.clone();
            tokio::spawn(async move { client.get("/api/journal/export").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM journal.event%'";
    assert_eq!(stage.psql(waiting).trim(), "1");
    held.join().unwrap();
    for export in exports {
        assert_eq!(export.await.unwrap(), StatusCode::OK);
    }
}

/// What a statement that somebody smuggled in could do.
#[tokio::test]
async fn the_service_signs_in_to_postgresql_as_somebody_who_owns_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    stage.signed_in(&claire).await;
    let logins = stage.psql(
        "SELECT DISTINCT usename FROM pg_stat_activity
         WHERE application_name = 'colloque consultation' AND datname = current_database()",
    );
    let login = logins.trim();
    assert!(login.starts_with("colloque_service_") && !login.contains('\n'), "{login}");
    for statement in [
        "DELETE FROM journal.event",
        "SET ROLE colloque_journal_owner",
        "SET ROLE colloque",
        "ALTER TABLE journal.event DISABLE TRIGGER refuse_change",
        "SELECT * FROM professionals.staff",
    ] {
        let refused = stage.try_psql(&format!("SET SESSION AUTHORIZATION {login}; RESET ROLE; {statement}"));
        let words = refused.unwrap_err();
        assert!(words.contains("permission denied") || words.contains("must be owner"), "{statement}: {words}");
    }
    let read = "SET ROLE colloque_application; SELECT count(*) > 0 FROM journal.event";
    assert_eq!(stage.psql(&format!("SET SESSION AUTHORIZATION {login}; {read}")).trim(), "t");
}

#[tokio::test]
async fn where_the_owner_may_make_no_login_the_service_works_as_the_owner_and_shows_no_password() {
    Stage::new().await;
    let mut database = TestCluster::shared().database();
    let roles = [
        "application",
        "administrative_owner",
        "documents_owner",
        "health_owner",
        "identity_owner",
        "journal_owner",
        "professionals_owner",
    ]
    .map(|role| format!("colloque_{role}"))
    .join(", ");
    let sql = format!(
        "CREATE ROLE plain_owner LOGIN PASSWORD 'plain'; GRANT {roles} TO plain_owner;
         GRANT CREATE ON DATABASE {} TO plain_owner",
        database.name
    );
    let _ = TestCluster::shared().psql(&database.name, &sql);
    let url = database.url.clone();
    database.url = url.replace("colloque@", "plain_owner:plain@");
    // An installation whose login nobody made before.
    let stage = Stage::with_key(database, [41; 32]).await.unwrap();
    let [claire, ..] = stage.people().await;
    stage.signed_in(&claire).await;
    let logins = "SELECT DISTINCT usename FROM pg_stat_activity
        WHERE application_name = 'colloque consultation' AND datname = current_database()";
    assert_eq!(stage.psql(logins).trim(), "plain_owner");
    let log = TestCluster::shared().log();
    let statement = log.rsplit_once("CREATE ROLE colloque_service_").map(|(_, statement)| statement).unwrap();
    assert!(statement.contains("PASSWORD 'SCRAM-SHA-256$4096:"), "{statement}");
}
