//! From an invitation to a first sign-in.

use std::time::Duration;

use colloque_protocol::Role;
use colloque_protocol::http::admin::{StaffEntry, StaffForm};
use colloque_protocol::http::session::{Activation, Me, SignInStep, TotpCode, TotpEnrolment};

use crate::sign_in::wrong_code;
use crate::stage::{GOOD_PASSWORD, Stage, code_of};

fn secretary() -> StaffForm {
    StaffForm {
        family_name: "Moreau".to_owned(),
        given_name: "Inès".to_owned(),
        email: "Ines.Moreau@tilleuls.example".to_owned(),
        role: Role::Secretary,
        practitioner: None,
    }
}

const INES: &str = "ines.moreau@tilleuls.example";

async fn invited(stage: &Stage) -> String {
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    administrator.post("/api/admin/staff", &secretary()).await.ok();
    let link = stage.mailed_link(INES, 1).await;
    assert!(link.starts_with("https://localhost:8443/activation#"), "{link}");
    link.split_once('#').unwrap().1.to_owned()
}

fn activation(secret: &str, password: &str) -> Activation {
    Activation { secret: secret.to_owned(), password: password.to_owned() }
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_enrols_codes_and_is_in() {
    let stage = Stage::new().await;
    let secret = invited(&stage).await;
    let mut client = stage.client();
    let weak = client.post("/api/activation/redeem", &activation(&secret, "Moreau2026!")).await.refused("invalid");
    assert!(weak.text().contains("password"));
    let step: SignInStep = client.post("/api/activation/redeem", &activation(&secret, GOOD_PASSWORD)).await.json();
    assert_eq!(step, SignInStep::EnrolTotp);
    client.get("/api/session").await.refused("second_factor_needed");

    let enrolment: TotpEnrolment = client.act("/api/account/totp/start").await.json();
    assert!(enrolment.address.starts_with("otpauth://totp/Colloque:ines.moreau"), "{}", enrolment.address);
    assert!(enrolment.qr_svg.contains("<svg"));
    let code = code_of(&enrolment.secret, stage.clock.now());
    client.post("/api/account/totp/finish", &TotpCode { code: wrong_code(&code) }).await.refused("wrong_credentials");
    client.post("/api/account/totp/finish", &TotpCode { code }).await.ok();
    let me: Me = client.get("/api/session").await.json();
    assert_eq!((me.display_name.as_str(), me.role), ("Inès Moreau", Role::Secretary));
    let kinds = stage.journal();
    assert_eq!(&kinds[kinds.len() - 3..], ["account_activated", "totp_enrolled", "sign_in_succeeded"]);
}

#[tokio::test]
async fn a_link_serves_once_for_a_week_and_only_the_newest() {
    let stage = Stage::new().await;
    let secret = invited(&stage).await;
    stage.client().post("/api/activation/redeem", &activation(&secret, GOOD_PASSWORD)).await.ok();
    let again = stage.client().post("/api/activation/redeem", &activation(&secret, GOOD_PASSWORD)).await;
    again.refused("invitation_unknown");

    let [.., paul] = stage.people().await;
    stage.next_code();
    let mut administrator = stage.signed_in(&paul).await;
    let people: Vec<StaffEntry> = administrator.get("/api/admin/staff").await.json();
    let ines = people.iter().find(|person| person.display_name == "Inès Moreau").unwrap();
    assert_eq!(ines.email, INES);
    let reset = format!("/api/admin/staff/{}/reset", ines.staff.full());
    let mut secrets = Vec::new();
    for count in [2, 3] {
        stage.clock.advance(Duration::from_secs(1));
        administrator.act(&reset).await.ok();
        secrets.push(stage.mailed_link(INES, count).await.split_once('#').unwrap().1.to_owned());
    }
    let mut client = stage.client();
    client.post("/api/activation/redeem", &activation(&secrets[0], GOOD_PASSWORD)).await.refused("invitation_unknown");
    stage.clock.advance(Duration::from_secs(7 * 24 * 3_600));
    client.post("/api/activation/redeem", &activation(&secrets[1], GOOD_PASSWORD)).await.refused("invitation_unknown");
    client.post("/api/activation/redeem", &activation("nonsense", GOOD_PASSWORD)).await.refused("invitation_unknown");
}

#[tokio::test]
async fn the_secret_of_codes_is_sealed_in_storage() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let dump =
        stage.psql("SELECT t::text FROM professionals.totp t UNION ALL SELECT p::text FROM professionals.staff p");
    assert!(!dump.contains(&claire.password) && !dump.contains(&claire.totp_secret));
    let secret = stage.psql("SELECT encode(sealed_secret, 'hex') FROM professionals.totp");
    let plain = totp_rs::Secret::try_from_base32(&claire.totp_secret).unwrap();
    let plain: &[u8] = plain.as_ref();
    let plain: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!secret.contains(&plain));
}

#[tokio::test]
async fn the_demonstration_is_the_same_at_each_start() {
    let stage = Stage::new().await;
    let [first, ..] = stage.people().await;
    let lines = stage.journal().len();
    let again = Stage::in_database(stage.database.clone()).await;
    let [second, ..] = again.people().await;
    assert_eq!(
        (first.staff, &first.password, &first.totp_secret),
        (second.staff, &second.password, &second.totp_secret)
    );
    assert_eq!(stage.journal().len(), lines);
}
