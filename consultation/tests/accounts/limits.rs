//! Limits hold attackers back, and nobody else.

use std::time::Duration;

use colloque_protocol::http::session::{PasswordSignIn, TotpCode};

use crate::stage::{Stage, password};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doctor_signs_in_from_their_own_browser_while_an_attacker_floods_the_account() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut own_browser = stage.signed_in(&claire).await;
    stage.next_code();
    own_browser.delete("/api/session").await.ok();

    let guess = PasswordSignIn { email: claire.email.clone(), password: "Wrong-guess-1234".to_owned() };
    let flood = (0..200_u32).map(|index| {
        let mut attacker = stage.client().from(&format!("10.{}.{}.9", index % 7, index % 100));
        let guess = PasswordSignIn { email: guess.email.clone(), password: guess.password.clone() };
        tokio::spawn(async move {
            let mut refused = 0;
            for _ in 0..10 {
                if attacker.post("/api/session/password", &guess).await.refusal().as_deref()
                    == Some("too_many_attempts")
                {
                    refused += 1;
                }
            }
            refused
        })
    });
    let flood: Vec<_> = flood.collect();
    stage.sign_in(&mut own_browser, &claire).await;
    own_browser.get("/api/session").await.ok();

    let mut refused = 0;
    for attacker in flood {
        refused += attacker.await.unwrap();
    }
    assert!(refused > 1_500, "{refused} of 2,000 guesses were held back");
    // A browser that nobody knows, in a network that did nothing, gets in as soon as the flood leaves room; until then it is
    // told for how long to wait.
    let mut stranger = stage.client().from("198.51.100.1");
    for _ in 0..100 {
        let answer = stranger.post("/api/session/password", &password(&claire)).await;
        if answer.status.is_success() {
            break;
        }
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        answer.refused("too_many_attempts");
        stage.clock.advance(Duration::from_secs(wait));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stage.next_code();
    stranger.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
    // What was held back is in the journal as a number for each of two hundred networks and two limits, not as a line each.
    let throttled = stage.count("sign_in_throttled");
    assert!((1..=400).contains(&throttled), "{throttled}");
}

#[tokio::test]
async fn an_account_under_attack_opens_again_within_a_minute() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let guess = PasswordSignIn { email: claire.email.clone(), password: "Wrong-guess-1234".to_owned() };
    let mut attacker = stage.client();
    for _ in 0..5 {
        attacker.post("/api/session/password", &guess).await.refused("wrong_credentials");
    }
    attacker.post("/api/session/password", &guess).await.refused("too_many_attempts");
    stage.clock.advance(Duration::from_secs(60));
    stage.signed_in(&claire).await;
}

#[tokio::test]
async fn an_attacker_who_never_stops_holds_back_no_new_browser_elsewhere() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let guess = PasswordSignIn { email: claire.email.clone(), password: "Wrong-guess-1234".to_owned() };
    let mut attacker = stage.client().from("192.0.2.44");
    for _ in 0..15 {
        attacker.post("/api/session/password", &guess).await.refused("wrong_credentials");
        stage.clock.advance(Duration::from_secs(60));
    }
    for _ in 0..3 {
        attacker.post("/api/session/password", &guess).await.refused("wrong_credentials");
        attacker.post("/api/session/password", &guess).await.refused("too_many_attempts");
        stage.signed_in(&claire).await;
        stage.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_sent_all_at_once_are_judged_like_passwords_sent_one_after_the_other() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let guesses: Vec<_> = (0..25)
        .map(|_| {
            let mut attacker = stage.client();
            let guess = PasswordSignIn { email: claire.email.clone(), password: "Wrong-guess-1234".to_owned() };
            tokio::spawn(async move { attacker.post("/api/session/password", &guess).await.refusal() })
        })
        .collect();
    let mut judged = 0;
    for guess in guesses {
        judged += usize::from(guess.await.unwrap().as_deref() == Some("wrong_credentials"));
    }
    assert_eq!((judged, stage.count("sign_in_failed")), (5, 5));
}

#[tokio::test]
async fn one_network_is_held_back_whatever_it_types() {
    let stage = Stage::new().await;
    let mut held_back = 0;
    for index in 0..45 {
        let form = PasswordSignIn { email: format!("guess{index}@tilleuls.example"), password: "Wrong-1".to_owned() };
        let mut attacker = stage.client().from("192.0.2.44");
        if attacker.post("/api/session/password", &form).await.refusal().as_deref() == Some("too_many_attempts") {
            held_back += 1;
        }
    }
    assert!(held_back >= 5, "{held_back}");
    let [claire, ..] = stage.people().await;
    stage.signed_in(&claire).await;
}
