//! Codes under attack: whoever has the password alone tries few, however they ask, and holds the owner back nowhere they were
//! before.

use std::time::Duration;

use colloque_consultation::demo::DemoPerson;
use colloque_protocol::http::session::{Me, SignInStep, TotpCode, TotpEnrolment};
use colloque_test_support::{Client, TestCluster};

use crate::authenticator::{Telephone, is_done, origin};
use crate::sign_in::wrong_code;
use crate::stage::{Stage, code_of, password};

/// Browsers that gave the right password, each from a network of its own.
async fn halfway(stage: &Stage, person: &DemoPerson, count: u8) -> Vec<Client> {
    let mut browsers = vec![];
    for index in 0..count {
        let mut browser = stage.client().from(&format!("10.9.{index}.9"));
        stage.give_password(&mut browser, person).await;
        browsers.push(browser);
    }
    browsers
}

/// Sends five wrong codes from each browser, all at once, and counts those that were judged.
async fn judged_at_once(stage: &Stage, person: &DemoPerson, browsers: &[Client]) -> usize {
    let code = wrong_code(&stage.code(person));
    let tries: Vec<_> = browsers
        .iter()
        .flat_map(|browser| std::iter::repeat_n(browser.clone(), 5))
        .map(|mut browser| {
            let code = TotpCode { code: code.clone() };
            tokio::spawn(async move { browser.post("/api/session/totp", &code).await.refusal() })
        })
        .collect();
    for tried in tries {
        let refusal = tried.await.unwrap();
        let refusal = refusal.as_deref();
        assert!(matches!(refusal, Some("wrong_credentials" | "too_many_attempts" | "not_signed_in")), "{refusal:?}");
    }
    stage.count("sign_in_failed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_sent_all_at_once_from_one_network_are_judged_like_codes_sent_one_after_the_other() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let browsers: Vec<Client> =
        halfway(&stage, &claire, 20).await.into_iter().map(|browser| browser.from("192.0.2.44")).collect();
    assert_eq!(judged_at_once(&stage, &claire, &browsers).await, 5);
    // The owner is elsewhere, in a browser that nobody knows.
    stage.signed_in(&claire).await.get("/api/session").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_from_everywhere_hold_back_new_browsers_only_and_not_for_good() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut own_browser = stage.signed_in(&claire).await;
    let mut telephone = Telephone::default();
    telephone.register(&mut own_browser, "Mon téléphone").await.ok();
    stage.next_code();
    let browsers = halfway(&stage, &claire, 30).await;
    assert_eq!(judged_at_once(&stage, &claire, &browsers).await, 40, "of 150");

    stage.sign_in(&mut own_browser, &claire).await;
    let (answer, _) = telephone.sign_in(&mut stage.client().from("198.51.100.1"), &origin()).await;
    assert!(is_done(&answer), "{}", answer.text());
    stage.next_code();
    let mut new_browser = stage.client().from("198.51.100.1");
    stage.give_password(&mut new_browser, &claire).await;
    let code = TotpCode { code: stage.code(&claire) };
    let refused = new_browser.post("/api/session/totp", &code).await.refused("too_many_attempts");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=240).contains(&wait), "{wait}");
    stage.clock.advance(Duration::from_secs(wait));
    new_browser.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
}

#[tokio::test]
async fn a_restart_gives_no_new_codes() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let wrong = TotpCode { code: wrong_code(&stage.code(&claire)) };
    let mut attacker = halfway(&stage, &claire, 1).await.remove(0);
    for _ in 0..5 {
        attacker.post("/api/session/totp", &wrong).await;
    }
    let restarted = Stage::in_database(stage.database.clone()).await;
    let mut attacker = halfway(&restarted, &claire, 1).await.remove(0);
    attacker.post("/api/session/totp", &wrong).await.refused("too_many_attempts");
    restarted.clock.advance(Duration::from_secs(1));
    attacker.post("/api/session/totp", &wrong).await.refused("wrong_credentials");
}

#[tokio::test]
async fn a_right_code_forgives_the_wrong_ones_of_its_network() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    for _ in 0..3 {
        let mut browser = stage.client();
        stage.give_password(&mut browser, &claire).await;
        for _ in 0..4 {
            let wrong = TotpCode { code: wrong_code(&stage.code(&claire)) };
            browser.post("/api/session/totp", &wrong).await.refused("wrong_credentials");
        }
        browser.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
        assert_eq!(stage.psql("SELECT count(*) FROM professionals.wrong_code").trim(), "0");
        stage.next_code();
    }
}

#[tokio::test]
async fn a_right_password_alone_opens_few_sessions() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    for _ in 0..5 {
        stage.give_password(&mut stage.client(), &claire).await;
    }
    stage.client().post("/api/session/password", &password(&claire)).await.refused("too_many_attempts");
    assert_eq!(stage.psql("SELECT count(*) FROM professionals.session").trim(), "5");
}

/// Ends every session in a transaction that lasts until the request under way waits for it.
async fn while_sessions_end<T>(stage: &Stage, request: impl Future<Output = T>) -> T {
    let database = stage.database.name.clone();
    let ending = std::thread::spawn(move || {
        let sql = "BEGIN; DELETE FROM professionals.session; SELECT pg_sleep(2); COMMIT";
        TestCluster::shared().psql(&database, sql)
    });
    let deleting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    while stage.psql(deleting).trim() == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let answer = request.await;
    ending.join().unwrap();
    answer
}

#[tokio::test]
async fn a_right_code_for_a_session_that_ends_meanwhile_signs_nobody_in_and_still_serves() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut browser = stage.client();
    stage.give_password(&mut browser, &claire).await;
    let code = TotpCode { code: stage.code(&claire) };
    while_sessions_end(&stage, browser.post("/api/session/totp", &code)).await.refused("not_signed_in");
    assert_eq!(stage.count("sign_in_succeeded"), 0);
    stage.give_password(&mut browser, &claire).await;
    let step: SignInStep = browser.post("/api/session/totp", &code).await.json();
    assert_eq!(step, SignInStep::Done);
    let _: Me = browser.get("/api/session").await.json();
}

#[tokio::test]
async fn codes_enrolled_by_a_session_that_ends_meanwhile_do_not_replace_the_others() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut browser = stage.signed_in(&claire).await;
    let enrolment: TotpEnrolment = browser.act("/api/account/totp/start").await.json();
    let code = TotpCode { code: code_of(&enrolment.secret, stage.clock.now()) };
    let enrolled = stage.count("totp_enrolled");
    while_sessions_end(&stage, browser.post("/api/account/totp/finish", &code)).await.refused("not_signed_in");
    assert_eq!(stage.count("totp_enrolled"), enrolled);
    stage.next_code();
    stage.signed_in(&claire).await;
}
