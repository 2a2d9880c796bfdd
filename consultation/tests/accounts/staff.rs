//! Administration of a practice's people.

use axum::http::Method;
use colloque_protocol::Role;
use colloque_protocol::http::admin::{ActivationSent, ChangeStaff, StaffEntry, StaffForm};
use colloque_protocol::http::session::PractitionerDetails;
use serde_json::json;

use crate::stage::{Stage, Told, password};

const UNCHANGED: ChangeStaff = ChangeStaff { role: None, active: None, practitioner: None };

fn path(staff: colloque_ids::StaffId) -> String {
    format!("/api/admin/staff/{}", staff.full())
}

#[tokio::test]
async fn the_last_administrator_keeps_the_practice() {
    let stage = Stage::new().await;
    let [.., nadia, paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let demotion = ChangeStaff { role: Some(Role::Secretary), ..UNCHANGED };
    let departure = ChangeStaff { active: Some(false), ..UNCHANGED };
    administrator.post(&path(paul.staff), &demotion).await.refused("wrong_state");
    administrator.post(&path(paul.staff), &departure).await.refused("wrong_state");
    administrator.get("/api/session").await.ok();

    let promotion = ChangeStaff { role: Some(Role::Administrator), ..UNCHANGED };
    administrator.post(&path(nadia.staff), &promotion).await.ok();
    administrator.post(&path(paul.staff), &demotion).await.ok();
    administrator.get("/api/session").await.refused("not_signed_in");
}

#[tokio::test]
async fn an_administrator_who_never_came_does_not_count() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let form = StaffForm {
        family_name: "Roux".to_owned(),
        given_name: "Lou".to_owned(),
        email: "lou.roux@tilleuls.example".to_owned(),
        role: Role::Administrator,
        practitioner: None,
    };
    administrator.post("/api/admin/staff", &form).await.ok();
    let departure = ChangeStaff { active: Some(false), ..UNCHANGED };
    administrator.post(&path(paul.staff), &departure).await.refused("wrong_state");
}

#[tokio::test]
async fn a_change_of_rights_ends_the_sessions_of_the_person() {
    let stage = Stage::new().await;
    let [claire, _, nadia, paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let (mut doctor, mut secretary) = (stage.signed_in(&claire).await, stage.signed_in(&nadia).await);
    let off = ChangeStaff { active: Some(false), ..UNCHANGED };
    administrator.post(&path(claire.staff), &off).await.ok();
    doctor.get("/api/session").await.refused("not_signed_in");
    secretary.get("/api/session").await.ok();
    stage.client().post("/api/session/password", &password(&claire)).await.refused("wrong_credentials");
    administrator.act(&format!("{}/reset", path(nadia.staff))).await.ok();
    secretary.get("/api/session").await.refused("not_signed_in");
    stage.client().post("/api/session/password", &password(&nadia)).await.refused("wrong_credentials");
    stage.activated(&stage.mailed_link(&nadia.email, 1).await).await;
    assert_eq!(stage.heard.take(), [Told::StaffEnded(claire.staff), Told::StaffEnded(nadia.staff)]);
    assert_eq!((stage.count("staff_changed"), stage.count("staff_reset"), stage.count("session_ended")), (1, 1, 2));
}

#[tokio::test]
async fn a_refused_change_of_rights_closes_nobodys_room() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let departure = ChangeStaff { active: Some(false), ..UNCHANGED };
    administrator.post(&path(paul.staff), &departure).await.refused("wrong_state");
    administrator.act(&format!("{}/reset", path(paul.staff))).await.refused("wrong_state");
    assert_eq!(stage.heard.take(), []);
}

/// Whoever holds an activation link becomes the person: an administrator who held one would read what practitioners write.
#[tokio::test]
async fn no_answer_gives_an_activation_link_to_the_administrator() {
    let stage = Stage::new().await;
    let [claire, .., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let form = StaffForm {
        family_name: "Roux".to_owned(),
        given_name: "Lou".to_owned(),
        email: "lou.roux@tilleuls.example".to_owned(),
        role: Role::Secretary,
        practitioner: None,
    };
    let invited = administrator.post("/api/admin/staff", &form).await;
    let reset = administrator.act(&format!("{}/reset", path(claire.staff))).await;
    for (answer, email) in [(&invited, &form.email), (&reset, &claire.email)] {
        let sent: ActivationSent = answer.json();
        assert_eq!(&sent.email, email);
        let secret = stage.mailed_link(email, 1).await.split_once('#').unwrap().1.to_owned();
        assert!(!answer.text().contains(&secret) && !answer.text().contains('#'), "{}", answer.text());
    }
    let people = administrator.get("/api/admin/staff").await;
    assert!(!people.text().contains('#'));
}

#[tokio::test]
async fn a_reset_goes_to_the_address_on_file_which_no_administrator_changes() {
    let stage = Stage::new().await;
    let [claire, .., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let elsewhere = json!({ "active": true, "email": "paul.prive@exemple.fr" });
    administrator.post(&path(claire.staff), &elsewhere).await.ok();
    let reset = administrator.send(Method::POST, &format!("{}/reset", path(claire.staff)), Some(elsewhere)).await;
    assert_eq!(reset.ok().json::<ActivationSent>().email, claire.email);
    let chose_own = stage.people().await.map(|person| person.chose_own);
    assert_eq!(chose_own, [true, false, false, false], "what the demonstration prints serves no more");
    let mail = stage.mails_with_link(&claire.email, 1).await.remove(0);
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("réinitialisé par une personne qui gère les comptes"), "{text}");
    assert!(text.contains("02 61 91 00 12"), "whom to ask: {text}");
    let mailbox = stage.client().get("/api/mailbox").await.text();
    assert!(!mailbox.contains("paul.prive"), "{mailbox}");
    for canary in ["claire", "martin", "paul", "girard", "médec", "générale", "tilleuls", "santé", "patient"] {
        let said = format!("{} {text}", mail["subject"]).to_lowercase();
        assert!(!said.contains(canary), "{canary} in: {said}");
    }
}

#[tokio::test]
async fn a_practitioner_is_named_in_full() {
    let stage = Stage::new().await;
    let [.., nadia, paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let bare = ChangeStaff { role: Some(Role::Practitioner), ..UNCHANGED };
    administrator.post(&path(nadia.staff), &bare).await.refused("invalid");
    let details = PractitionerDetails {
        title: "Dre".to_owned(),
        profession: "Sage-femme".to_owned(),
        specialty: "Maïeutique".to_owned(),
        rpps: "12345678901".to_owned(),
    };
    let wrong_key = ChangeStaff { practitioner: Some(details.clone()), ..bare.clone() };
    assert!(
        administrator
            .post(&path(nadia.staff), &wrong_key)
            .await
            .refused("invalid")
            .text()
            .contains("practitioner.rpps")
    );
    let right = PractitionerDetails { rpps: "10003456786".to_owned(), ..details };
    administrator.post(&path(nadia.staff), &ChangeStaff { practitioner: Some(right), ..bare }).await.ok();
    let people: Vec<StaffEntry> = administrator.get("/api/admin/staff").await.json();
    assert!(people.iter().any(|person| person.display_name == "Dre Nadia Petit"));
    for role in Role::GUESTS.into_iter().chain([Role::Patient]) {
        let change = ChangeStaff { role: Some(role), ..UNCHANGED };
        administrator.post(&path(nadia.staff), &change).await.refused("invalid");
    }
}

#[tokio::test]
async fn the_people_of_another_practice_do_not_exist() {
    let stage = Stage::new().await;
    let mut stranger = stage.other_practice().await;
    let [claire, ..] = stage.people().await;
    let people: Vec<StaffEntry> = stranger.get("/api/admin/staff").await.json();
    assert_eq!(people.len(), 1);
    let off = ChangeStaff { active: Some(false), ..UNCHANGED };
    let other = stranger.post(&path(claire.staff), &off).await.refused("not_found");
    let nobody = stranger.post(&path(claire.staff.same_as()), &off).await.refused("not_found");
    assert_eq!(other.status, nobody.status);
    stranger.act(&format!("{}/reset", path(claire.staff))).await.refused("not_found");
    assert_eq!((stage.count("staff_changed"), stage.count("staff_reset")), (0, 0));
    assert!(stage.count("access_refused") >= 3);
    stage.signed_in(&claire).await;
}

#[tokio::test]
async fn an_address_has_one_account_and_a_second_first_practice_is_refused() {
    let stage = Stage::new().await;
    let mut administrator = stage.other_practice().await;
    let [claire, ..] = stage.people().await;
    let form = StaffForm {
        family_name: "Martin".to_owned(),
        given_name: "Claire".to_owned(),
        email: claire.email.to_uppercase(),
        role: Role::Secretary,
        practitioner: None,
    };
    assert!(administrator.post("/api/admin/staff", &form).await.refused("invalid").text().contains("email"));
    let again = stage.service.create_practice(
        colloque_consultation::NewPractice {
            name: "Autre cabinet".to_owned(),
            address: "1 rue Haute".to_owned(),
            postal_code: "35000".to_owned(),
            city: "Rennes".to_owned(),
            phone: "+33261910050".to_owned(),
            finess: None,
        },
        colloque_consultation::FirstAdministrator {
            family_name: "X".to_owned(),
            given_name: "X".to_owned(),
            email: "x@x.fr".to_owned(),
        },
    );
    assert!(matches!(again.await, Err(colloque_consultation::CreatePracticeError::Exists)));
}
