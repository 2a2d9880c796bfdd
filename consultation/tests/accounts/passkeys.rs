//! Passkeys.

use std::time::Duration;

use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::session::{Me, PasskeyAnswer, PasskeyEntry, TotpCode};
use url::Url;

use crate::authenticator::{Telephone, is_done, origin};
use crate::stage::Stage;

#[tokio::test]
async fn a_passkey_is_registered_and_signs_in_alone() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut telephone = Telephone::default();
    let entry: PasskeyEntry = telephone.register(&mut stage.signed_in(&claire).await, "Mon téléphone").await.json();
    assert_eq!(entry.label, "Mon téléphone");

    let mut browser = stage.client();
    let (answer, _) = telephone.sign_in(&mut browser, &origin()).await;
    assert!(is_done(&answer), "{}", answer.text());
    let me: Me = browser.get("/api/session").await.json();
    assert_eq!((me.staff, me.passkeys), (claire.staff, 1));
    assert_eq!(me.verified_by, [AuthenticationMethod::Passkey]);
    let listed: Vec<PasskeyEntry> = browser.get("/api/account/passkeys").await.json();
    assert_eq!(listed[0].used_at, Some(stage.clock.now()));
    assert_eq!((stage.count("passkey_registered"), stage.count("sign_in_succeeded")), (1, 2));
}

#[tokio::test]
async fn an_answer_overheard_serves_nobody_else() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut telephone = Telephone::default();
    telephone.register(&mut stage.signed_in(&claire).await, "").await.ok();
    let mut browser = stage.client();
    let (_, credential) = telephone.sign_in(&mut browser, &origin()).await;
    let replay = PasskeyAnswer { credential, label: None };
    browser.post("/api/session/passkey/finish", &replay).await.refused("wrong_credentials");
    let mut thief = stage.client();
    thief.post("/api/session/passkey/finish", &replay).await.refused("wrong_credentials");
    thief.act("/api/session/passkey/start").await.ok();
    thief.post("/api/session/passkey/finish", &replay).await.refused("wrong_credentials");
    thief.get("/api/session").await.refused("not_signed_in");
}

#[tokio::test]
async fn an_answer_made_for_another_origin_is_refused() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut telephone = Telephone::default();
    telephone.register(&mut stage.signed_in(&claire).await, "").await.ok();
    let other = Url::parse("https://localhost:9443").unwrap();
    let (answer, _) = telephone.sign_in(&mut stage.client(), &other).await;
    answer.refused("wrong_credentials");
}

#[tokio::test]
async fn a_passkey_removed_or_of_a_person_switched_off_opens_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut telephone = Telephone::default();
    let mut browser = stage.signed_in(&claire).await;
    let entry: PasskeyEntry = telephone.register(&mut browser, "").await.json();
    assert_eq!(entry.label, "Clé d’accès");

    stage.psql(&format!("UPDATE professionals.staff SET active = false WHERE email = '{}'", claire.email));
    telephone.sign_in(&mut stage.client(), &origin()).await.0.refused("wrong_credentials");
    stage.psql(&format!("UPDATE professionals.staff SET active = true WHERE email = '{}'", claire.email));

    browser.delete(&format!("/api/account/passkeys/{}", entry.id)).await.ok();
    telephone.sign_in(&mut stage.client(), &origin()).await.0.refused("wrong_credentials");
    assert_eq!(stage.count("passkey_removed"), 1);
}

#[tokio::test]
async fn the_proofs_of_an_account_change_only_after_a_fresh_proof() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut browser = stage.signed_in(&claire).await;
    let entry: PasskeyEntry = Telephone::default().register(&mut browser, "").await.json();
    stage.clock.advance(Duration::from_secs(6 * 60));
    browser.act("/api/account/passkeys/start").await.refused("second_factor_needed");
    browser.act("/api/account/totp/start").await.refused("second_factor_needed");
    browser.delete(&format!("/api/account/passkeys/{}", entry.id)).await.refused("second_factor_needed");
    let before = browser.cookies.clone();
    browser.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
    assert_ne!(browser.cookies, before);
    browser.act("/api/account/passkeys/start").await.ok();
    browser.act("/api/account/totp/start").await.ok();
    assert_eq!(stage.count("second_factor_confirmed"), 1);
}

#[tokio::test]
async fn nobody_removes_the_passkey_of_another() {
    let stage = Stage::new().await;
    let [claire, youssef, ..] = stage.people().await;
    let entry: PasskeyEntry = Telephone::default().register(&mut stage.signed_in(&claire).await, "").await.json();
    let mut other = stage.signed_in(&youssef).await;
    other.delete(&format!("/api/account/passkeys/{}", entry.id)).await.refused("not_found");
    other.delete("/api/account/passkeys/nonsense").await.refused("not_found");
    assert_eq!(stage.count("passkey_removed"), 0);
    assert_eq!(stage.count("access_refused"), 1);
}
