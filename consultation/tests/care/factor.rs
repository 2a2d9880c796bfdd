//! The second factor.

use std::time::Duration;

use colloque_protocol::http::appointment::PatientTotp;
use colloque_protocol::http::patient::{CodeChannel, PatientStep, SecondFactor};
use colloque_protocol::http::session::{TotpCode, TotpEnrolment};
use colloque_test_support::{Answer, Client};

use crate::stage::{Told, code_of};
use crate::visit::{Link, Visit};

async fn arrived(visit: &mut Visit) -> Client {
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut client = visit.stage.client();
    link.redeem(&mut client).await.ok();
    client
}

async fn try_code(client: &mut Client, code: &str) -> Answer {
    client.post("/api/patient/second-factor", &SecondFactor { code: code.to_owned() }).await
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn five_wrong_codes_burn_the_right_one_and_each_try_waits_longer() {
    let mut visit = Visit::new().await;
    let mut client = arrived(&mut visit).await;
    let code = visit.code(2).await;
    for pause_s in [1, 2, 4, 8] {
        try_code(&mut client, &wrong(&code)).await.refused("wrong_credentials");
        let held = try_code(&mut client, &code).await.refused("too_many_attempts");
        assert_eq!(held.headers["retry-after"], pause_s.to_string());
        visit.pass(Duration::from_secs(pause_s));
    }
    try_code(&mut client, &wrong(&code)).await.refused("code_expired");
    visit.pass(Duration::from_secs(60));
    try_code(&mut client, &code).await.refused("code_expired");
    assert_eq!(visit.stage.count("patient_verified"), 0);
    assert_eq!(visit.stage.count("code_refused"), 6);
}

#[tokio::test]
async fn many_guesses_at_the_same_time_are_counted_one_by_one() {
    let mut visit = Visit::new().await;
    let client = arrived(&mut visit).await;
    let code = visit.code(2).await;
    let mut clients: Vec<_> = (0..20).map(|_| client.clone()).collect();
    let wrong = wrong(&code);
    let answers = futures_util::future::join_all(clients.iter_mut().map(|client| try_code(client, &wrong))).await;
    let judged = answers.iter().filter(|answer| answer.refusal().as_deref() == Some("wrong_credentials")).count();
    assert_eq!(judged, 1, "the others came too soon");
}

#[tokio::test]
async fn a_code_is_over_after_ten_minutes_and_another_one_serves() {
    let mut visit = Visit::new().await;
    let mut client = arrived(&mut visit).await;
    let first = visit.code(2).await;
    client.act("/api/patient/second-factor/resend").await.refused("too_many_attempts");
    visit.pass(Duration::from_secs(600));
    try_code(&mut client, &first).await.refused("code_expired");
    let step: PatientStep = client.act("/api/patient/second-factor/resend").await.json();
    assert!(matches!(step, PatientStep::SecondFactor { channel: CodeChannel::Email, .. }));
    let second = visit.code(3).await;
    assert_eq!(try_code(&mut client, &second).await.json::<PatientStep>(), PatientStep::Done);
}

#[tokio::test]
async fn no_more_than_five_codes_are_sent() {
    let mut visit = Visit::new().await;
    let mut client = arrived(&mut visit).await;
    for _ in 0..4 {
        visit.pass(Duration::from_secs(600));
        client.act("/api/patient/second-factor/resend").await.ok();
    }
    visit.pass(Duration::from_secs(600));
    client.act("/api/patient/second-factor/resend").await.refused("too_many_attempts");
    assert_eq!(visit.stage.count("code_sent"), 5);
}

#[tokio::test]
async fn the_token_of_before_the_code_opens_nothing_after_it() {
    let mut visit = Visit::new().await;
    let mut client = arrived(&mut visit).await;
    let mut stolen = client.clone();
    let code = visit.code(2).await;
    try_code(&mut client, &code).await.ok();
    client.get("/api/patient").await.ok();
    stolen.get("/api/patient").await.refused("not_signed_in");
    try_code(&mut stolen, &code).await.refused("not_signed_in");
    assert_eq!(try_code(&mut client, "000000").await.json::<PatientStep>(), PatientStep::Done);
}

#[tokio::test]
async fn a_patient_with_an_application_is_asked_for_its_code_and_a_code_serves_once() {
    let mut visit = Visit::new().await;
    let (mut client, entry) = visit.verified().await;
    let enrolment: TotpEnrolment = client.act("/api/patient/totp/start").await.json();
    client.post("/api/patient/totp/finish", &TotpCode { code: "000000".to_owned() }).await.refused("wrong_credentials");
    let code = code_of(&enrolment.secret, visit.now());
    client.post("/api/patient/totp/finish", &TotpCode { code: code.clone() }).await.ok();
    client.act("/api/patient/totp/start").await.refused("wrong_state");
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut phone = visit.stage.client();
    let step: PatientStep = link.redeem(&mut phone).await.json();
    assert!(matches!(step, PatientStep::SecondFactor { channel: CodeChannel::Totp, .. }), "{step:?}");
    try_code(&mut phone, &code).await.refused("wrong_credentials");
    visit.pass(Duration::from_secs(30));
    let code = code_of(&enrolment.secret, visit.now());
    assert_eq!(try_code(&mut phone, &code).await.json::<PatientStep>(), PatientStep::Done);
    let view = phone.get("/api/patient").await;
    assert!(view.text().contains(r#"["invitation_link","totp"]"#), "{}", view.text());
}

async fn enrolled(visit: &Visit, client: &mut Client) {
    let enrolment: TotpEnrolment = client.act("/api/patient/totp/start").await.json();
    let code = code_of(&enrolment.secret, visit.now());
    client.post("/api/patient/totp/finish", &TotpCode { code }).await.ok();
}

#[tokio::test]
async fn the_practice_takes_an_application_away_and_codes_come_by_message_again() {
    let mut visit = Visit::new().await;
    let (mut stranger, entry) = visit.verified().await;
    let path = format!("/api/patients/{}/totp", entry.patient.full());
    assert!(!visit.secretary.get(&path).await.json::<PatientTotp>().enrolled);
    visit.secretary.act(&format!("{path}/reset")).await.refused("wrong_state");
    enrolled(&visit, &mut stranger).await;
    assert!(visit.practitioner.get(&path).await.json::<PatientTotp>().enrolled);

    visit.secretary.act(&format!("{path}/reset")).await.ok();
    assert!(!visit.secretary.get(&path).await.json::<PatientTotp>().enrolled);
    visit.secretary.act(&format!("{path}/reset")).await.refused("wrong_state");
    assert_eq!(visit.stage.count("patient_totp_reset"), 1);
    let mails = visit.mail(4).await;
    let told = mails.iter().find(|mail| mail["subject"] == "Vos codes").unwrap();
    assert_eq!(told["to"], "jeanne.durand@exemple.fr");
    assert!(told["text"].as_str().unwrap().contains("02 61 91 00 12"), "{told}");
    assert_eq!(visit.stage.heard.take(), [Told::PatientSignedOut(entry.consultation)]);
    stranger.act("/api/patient/totp/start").await.refused("not_signed_in");

    let link = Link::of(&visit.invite(&entry).await.link);
    let mut phone = visit.stage.client();
    let step: PatientStep = link.redeem(&mut phone).await.json();
    assert!(matches!(step, PatientStep::SecondFactor { channel: CodeChannel::Email, .. }), "{step:?}");
}

#[tokio::test]
async fn a_patient_who_lost_the_application_goes_on_where_they_were_asked_for_its_code() {
    let mut visit = Visit::new().await;
    let (mut client, entry) = visit.verified().await;
    enrolled(&visit, &mut client).await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut phone = visit.stage.client();
    link.redeem(&mut phone).await.ok();
    visit.practitioner.act(&format!("/api/patients/{}/totp/reset", entry.patient.full())).await.ok();
    visit.pass(Duration::from_secs(60));
    let step: PatientStep = phone.act("/api/patient/second-factor/resend").await.json();
    assert!(matches!(step, PatientStep::SecondFactor { channel: CodeChannel::Email, .. }), "{step:?}");
    let code = visit.code(6).await;
    assert_eq!(try_code(&mut phone, &code).await.json::<PatientStep>(), PatientStep::Done);
}

#[tokio::test]
async fn an_administrator_and_another_practice_take_no_application_away() {
    let stage = crate::stage::Stage::new().await;
    let mut stranger = stage.other_practice().await;
    let mut visit = Visit::on(stage).await;
    let (mut client, entry) = visit.verified().await;
    enrolled(&visit, &mut client).await;
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    let path = format!("/api/patients/{}/totp", entry.patient.full());
    for outsider in [&mut administrator, &mut stranger] {
        outsider.get(&path).await.refused("not_found");
        outsider.act(&format!("{path}/reset")).await.refused("not_found");
    }
    assert_eq!(visit.stage.count("patient_totp_reset"), 0);
}

#[tokio::test]
async fn hostile_codes_are_wrong_and_nothing_more() {
    let mut visit = Visit::new().await;
    let mut client = arrived(&mut visit).await;
    for code in ["", "é", "' OR 1=1 --"] {
        try_code(&mut client, code).await.refused("wrong_credentials");
        visit.pass(Duration::from_secs(10));
    }
    try_code(&mut client, &"1".repeat(200_000)).await.refused("wrong_credentials");
}
