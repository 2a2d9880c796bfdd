//! Who lost the right to work decides nothing, and what a session opened is closed with it.

use std::time::Duration;

use colloque_consultation::{AdmitPatientError, EndRoomError};
use colloque_protocol::Role;
use colloque_protocol::http::admin::ChangeStaff;
use colloque_protocol::http::appointment::InvitationSent;
use colloque_protocol::http::consultation::{ConsultationStage, ConsultationView};
use colloque_protocol::http::patient::{CONSENT_TEXT_VERSION, GiveConsent, PatientStatus, PatientView};

use crate::stage::Told;
use crate::visit::{Link, Visit, ticket_request};

const UNCHANGED: ChangeStaff = ChangeStaff { role: None, active: None, practitioner: None };

async fn change_claire(visit: &Visit, change: &ChangeStaff) {
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    administrator.post(&format!("/api/admin/staff/{}", visit.claire.staff.full()), change).await.ok();
}

#[tokio::test]
async fn who_lost_the_right_to_work_admits_nobody() {
    for change in
        [ChangeStaff { active: Some(false), ..UNCHANGED }, ChangeStaff { role: Some(Role::Secretary), ..UNCHANGED }]
    {
        let mut visit = Visit::new().await;
        let (mut jeanne, entry) = visit.verified().await;
        jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
        let scope = visit.room(&entry).await;
        change_claire(&visit, &change).await;
        assert_eq!(visit.stage.heard.take(), [Told::StaffEnded(visit.claire.staff)]);
        let records = visit.stage.service.records();
        let admitted = records.admit(&scope, visit.claire.staff, visit.now()).await;
        assert!(matches!(admitted, Err(AdmitPatientError::NotPractising { .. })), "{admitted:?}");
        assert_eq!(visit.stage.count("consultation_admitted"), 0);
        assert_eq!(visit.stage.psql("SELECT count(admitted_at) FROM health.consultation").trim(), "0");
    }
}

#[tokio::test]
async fn who_lost_the_right_to_work_ends_nothing() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.admitted().await;
    let scope = visit.room(&entry).await;
    change_claire(&visit, &ChangeStaff { active: Some(false), ..UNCHANGED }).await;
    let records = visit.stage.service.records();
    let ended = records.end(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(ended, Err(EndRoomError::NotPractising { .. })), "{ended:?}");
    let view: PatientView = jeanne.get("/api/patient").await.json();
    assert_eq!((view.status, visit.stage.count("consultation_ended")), (PatientStatus::InProgress, 0));
}

#[tokio::test]
async fn an_invitation_anew_by_the_practice_ends_the_patients_sessions() {
    let mut visit = Visit::new().await;
    let (mut forgotten, entry) = visit.verified().await;
    forgotten.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    visit.pass(Duration::from_secs(1));
    let link = Link::of(&visit.invite(&entry).await.link);
    assert_eq!(visit.stage.heard.take(), [Told::PatientSignedOut(entry.consultation)]);
    forgotten.get("/api/patient").await.refused("not_signed_in");
    forgotten.post("/api/patient/ticket", &ticket_request()).await.refused("not_signed_in");
    assert_eq!(visit.stage.count("session_ended"), 1);
    link.redeem(&mut visit.stage.client()).await.ok();
}

#[tokio::test]
async fn a_link_sent_again_to_a_patient_who_lost_the_connection_ends_no_session() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    visit.pass(Duration::from_secs(1));
    let path = format!("/api/appointments/{}/invitation/again", entry.appointment.full());
    let sent: InvitationSent = visit.practitioner.act(&path).await.json();
    assert_eq!(sent.to, "jeanne.durand@exemple.fr");
    jeanne.get("/api/patient").await.ok();
    assert_eq!(visit.stage.heard.take(), []);
    Link::of(&sent.link).redeem(&mut visit.stage.client()).await.ok();
    jeanne.get("/api/patient").await.ok();
}

#[tokio::test]
async fn an_invitation_anew_leaves_the_sessions_of_other_appointments() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    let other = visit.book(visit.youssef.staff, entry.patient, 60).await.json();
    visit.invite(&other).await;
    jeanne.get("/api/patient").await.ok();
    assert_eq!(visit.stage.heard.take(), []);
}

#[tokio::test]
async fn a_link_asked_for_by_anybody_ends_no_session() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    let invitation = visit
        .stage
        .psql("SELECT invitation FROM administrative.invitation ORDER BY issued_at LIMIT 1")
        .trim()
        .to_owned();
    visit.stage.client().act(&format!("/api/invitations/{invitation}/resend")).await.ok();
    assert_eq!(visit.stage.count("invitation_requested"), 1);
    jeanne.get("/api/patient").await.ok();
    assert_eq!(visit.stage.heard.take(), []);
    drop(entry);
}

#[tokio::test]
async fn consent_is_withdrawn_as_easily_as_it_is_given() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    let consent = GiveConsent { text_version: CONSENT_TEXT_VERSION };
    jeanne.post("/api/patient/consent", &consent).await.ok();
    jeanne.post("/api/patient/ticket", &ticket_request()).await.ok();
    jeanne.act("/api/patient/consent/withdraw").await.ok();
    assert_eq!(visit.stage.heard.take(), [Told::ConsentWithdrawn(entry.consultation)]);
    let view: PatientView = jeanne.get("/api/patient").await.json();
    assert_eq!((view.consent_given_at, view.status), (None, PatientStatus::Ready));
    jeanne.post("/api/patient/ticket", &ticket_request()).await.refused("wrong_state");
    let scope = visit.room(&entry).await;
    let admitted = visit.stage.service.records().admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(admitted, Err(AdmitPatientError::NoConsent { .. })), "{admitted:?}");

    jeanne.post("/api/patient/consent", &consent).await.ok();
    jeanne.post("/api/patient/ticket", &ticket_request()).await.ok();
    assert_eq!((visit.stage.count("consent_given"), visit.stage.count("consent_withdrawn")), (2, 1));
}

#[tokio::test]
async fn consent_withdrawn_during_the_consultation_keeps_the_patient_out_until_it_is_given_again() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.admitted().await;
    jeanne.act("/api/patient/consent/withdraw").await.ok();
    assert_eq!(visit.stage.heard.take(), [Told::ConsentWithdrawn(entry.consultation)]);
    jeanne.post("/api/patient/ticket", &ticket_request()).await.refused("wrong_state");
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let view: ConsultationView = visit.practitioner.get(&path).await.json();
    assert_eq!((view.stage, view.consent_given_at), (ConsultationStage::Open, None));
    visit.practitioner.act(&format!("{path}/end")).await.ok();
    jeanne.act("/api/patient/consent/withdraw").await.refused("wrong_state");
}

/// A withdrawal and an admission at the same moment: whichever comes second sees the first.
#[tokio::test]
async fn an_admission_that_waited_for_a_withdrawal_sees_it() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    let scope = visit.room(&entry).await;
    let (database, consultation) = (visit.stage.database.name.clone(), entry.consultation.uuid());
    let withdrawal = std::thread::spawn(move || {
        colloque_test_support::TestCluster::shared().psql(
            &database,
            &format!(
                "BEGIN;
                 SELECT FROM administrative.appointment WHERE consultation = '{consultation}' FOR UPDATE;
                 SELECT FROM health.consultation WHERE consultation = '{consultation}' FOR UPDATE;
                 SELECT pg_sleep(1);
                 UPDATE health.consent SET withdrawn_at = given_at WHERE consultation = '{consultation}';
                 COMMIT"
            ),
        )
    });
    let is_held = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%' AND state = 'active'
        AND wait_event = 'PgSleep'";
    while visit.stage.psql(is_held).trim() == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let admitted = visit.stage.service.records().admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(admitted, Err(AdmitPatientError::NoConsent { .. })), "{admitted:?}");
    withdrawal.join().unwrap();
}
