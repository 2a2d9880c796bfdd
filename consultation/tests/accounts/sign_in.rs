//! Password and code.

use std::time::Duration;

use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorBody;
use colloque_protocol::http::session::{Me, PasswordSignIn, TotpCode};

use crate::stage::{Stage, password};

#[tokio::test]
async fn a_password_and_a_code_sign_a_practitioner_in() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let me: Me = client.get("/api/session").await.json();
    assert_eq!(me.display_name, "Dre Claire Martin");
    assert_eq!(me.practice_name, "Cabinet des Tilleuls");
    assert_eq!(me.verified_by, [AuthenticationMethod::Password, AuthenticationMethod::Totp]);
    assert_eq!(me.practitioner.unwrap().specialty, "Médecine générale");
    assert!(me.demonstration);
    assert_eq!(&stage.journal()[stage.journal().len() - 2..], ["first_factor_accepted", "sign_in_succeeded"]);
}

#[tokio::test]
async fn a_password_alone_opens_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.client();
    stage.give_password(&mut client, &claire).await;
    for path in ["/api/session", "/api/account/passkeys"] {
        client.get(path).await.refused("second_factor_needed");
    }
    client.act("/api/account/totp/start").await.refused("second_factor_needed");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer_and_both_are_journaled() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut answers = vec![];
    for email in [claire.email.as_str(), "nobody@tilleuls.example"] {
        let form = PasswordSignIn { email: email.to_owned(), password: "Wrong-pass-1234".to_owned() };
        let answer = stage.client().post("/api/session/password", &form).await.refused("wrong_credentials");
        assert!(answer.headers.get("set-cookie").is_none());
        let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap();
        answers.push((answer.status, ErrorBody { request: String::new(), ..body }));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(stage.count("sign_in_failed"), 2);
    assert_eq!(
        stage.psql("SELECT count(*) FROM journal.event WHERE kind = 'sign_in_failed' AND practice IS NOT NULL").trim(),
        "1"
    );
}

#[tokio::test]
async fn a_code_serves_once() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let code = TotpCode { code: stage.code(&claire) };
    stage.signed_in(&claire).await;
    let mut thief = stage.client();
    stage.give_password(&mut thief, &claire).await;
    thief.post("/api/session/totp", &code).await.refused("wrong_credentials");
    thief.get("/api/session").await.refused("second_factor_needed");
    stage.next_code();
    thief.post("/api/session/totp", &code).await.refused("wrong_credentials");
    let fresh = TotpCode { code: stage.code(&claire) };
    thief.post("/api/session/totp", &fresh).await.ok();
}

#[tokio::test]
async fn the_same_code_given_twice_at_once_serves_once() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let (mut one, mut other) = (stage.client(), stage.client());
    stage.give_password(&mut one, &claire).await;
    stage.give_password(&mut other, &claire).await;
    let code = TotpCode { code: stage.code(&claire) };
    let (one, other) = tokio::join!(one.post("/api/session/totp", &code), other.post("/api/session/totp", &code));
    assert_eq!([one.status, other.status].iter().filter(|status| status.is_success()).count(), 1);
}

#[tokio::test]
async fn five_wrong_codes_end_the_session() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.client();
    stage.give_password(&mut client, &claire).await;
    let wrong = TotpCode { code: wrong_code(&stage.code(&claire)) };
    for _ in 0..4 {
        client.post("/api/session/totp", &wrong).await.refused("wrong_credentials");
    }
    client.post("/api/session/totp", &wrong).await.refused("not_signed_in");
    stage.clock.advance(Duration::from_secs(60));
    client.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.refused("not_signed_in");
}

#[tokio::test]
async fn a_person_switched_off_is_answered_like_a_stranger() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    stage.psql(&format!("UPDATE professionals.staff SET active = false WHERE email = '{}'", claire.email));
    stage.client().post("/api/session/password", &password(&claire)).await.refused("wrong_credentials");
}

#[tokio::test]
async fn hostile_bodies_are_refused_in_our_words() {
    let stage = Stage::new().await;
    let mut client = stage.client();
    client.post("/api/session/password", &serde_json::json!({ "email": 5 })).await.refused("malformed");
    client.post("/api/session/password", &serde_json::json!([])).await.refused("malformed");
    let endless = PasswordSignIn { email: "a@b.fr".to_owned(), password: "a".repeat(5_000) };
    client.post("/api/session/password", &endless).await.refused("malformed");
    let enormous = PasswordSignIn { email: "a@b.fr".to_owned(), password: "a".repeat(300_000) };
    client.post("/api/session/password", &enormous).await.refused("too_large");
    client.get("/api/nowhere").await.refused("not_found");
    client.get("/api/session/password").await.refused("not_found");
}

/// Another code than this one.
pub fn wrong_code(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}
