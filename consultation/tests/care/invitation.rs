//! The link: shown, redeemed once, asked for again.

use std::time::Duration;

use colloque_protocol::http::appointment::InvitationSent;
use colloque_protocol::http::patient::{
    CONSENT_TEXT_VERSION, CodeChannel, GiveConsent, InvitationFace, InvitationState, PatientStep, RedeemInvitation,
};

use crate::visit::{Link, Visit};

#[tokio::test]
async fn a_preview_of_the_link_consumes_nothing_and_shows_nothing_of_the_patient() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let path = format!("/api/invitations/{}", link.invitation);
    for _ in 0..5 {
        let answer = visit.stage.client().get(&path).await;
        let face: InvitationFace = answer.json();
        assert_eq!((face.practitioner_name.as_str(), face.state), ("Dre Claire Martin", InvitationState::Usable));
        assert!(!answer.text().contains("Durand") && !answer.text().contains("exemple.fr"));
    }
    link.redeem(&mut visit.stage.client()).await.ok();
    visit.stage.client().get("/api/invitations/00000000-0000-7000-8000-000000000000").await.refused("not_found");
}

#[tokio::test]
async fn the_secret_opens_one_browser_once() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut first = visit.stage.client();
    let step: PatientStep = link.redeem(&mut first).await.json();
    let PatientStep::SecondFactor { channel, destination, .. } = step.clone() else { panic!("{step:?}") };
    assert_eq!((channel, destination.as_str()), (CodeChannel::Email, "j•••@exemple.fr"));
    assert_eq!(link.redeem(&mut first).await.json::<PatientStep>(), step, "the same browser goes on");
    link.redeem(&mut visit.stage.client()).await.refused("invitation_unknown");
    first.get("/api/patient").await.refused("second_factor_needed");
    assert_eq!(visit.stage.count("invitation_redeemed"), 1);
    assert_eq!(visit.stage.count("invitation_refused"), 1);
}

#[tokio::test]
async fn of_two_redeems_at_the_same_time_one_opens() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut clients: Vec<_> = (0..6).map(|_| visit.stage.client()).collect();
    let answers = futures_util::future::join_all(clients.iter_mut().map(|client| link.redeem(client))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
}

#[tokio::test]
async fn wrong_secrets_and_unknown_invitations_look_the_same() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let answers = futures_util::future::join_all(["A".repeat(43), String::new(), "é".repeat(50)].map(|secret| {
        let (mut client, path) = (visit.stage.client(), format!("/api/invitations/{}/redeem", link.invitation));
        async move { client.post(&path, &RedeemInvitation { secret }).await }
    }))
    .await;
    for answer in answers {
        answer.refused("invitation_unknown");
    }
    let unknown = Link { invitation: "00000000-0000-7000-8000-000000000000".to_owned(), secret: link.secret.clone() };
    unknown.redeem(&mut visit.stage.client()).await.refused("invitation_unknown");
    link.redeem(&mut visit.stage.client()).await.ok();
}

#[tokio::test]
async fn a_link_of_a_past_or_cancelled_appointment_says_so_to_its_holder_only() {
    let mut visit = Visit::new().await;
    let past = visit.booked().await;
    let past_link = Link::of(&visit.invite(&past).await.link);
    let cancelled = visit.book(visit.claire.staff, past.patient, 60).await.json();
    let cancelled_link = Link::of(&visit.invite(&cancelled).await.link);
    visit.secretary.act(&format!("/api/appointments/{}/cancel", cancelled.appointment.full())).await.ok();
    visit.pass(Duration::from_secs(90 * 60));
    past_link.redeem(&mut visit.stage.client()).await.refused("invitation_expired");
    cancelled_link.redeem(&mut visit.stage.client()).await.refused("appointment_cancelled");
    let face: InvitationFace =
        visit.stage.client().get(&format!("/api/invitations/{}", past_link.invitation)).await.json();
    assert_eq!(face.state, InvitationState::Expired);
    let stranger = Link { secret: "A".repeat(43), ..past_link };
    stranger.redeem(&mut visit.stage.client()).await.refused("invitation_unknown");
}

#[tokio::test]
async fn a_link_after_the_consultation_leads_to_its_documents_and_says_so() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    let sent: InvitationSent = visit
        .practitioner
        .act(&format!("/api/appointments/{}/invitation/again", entry.appointment.full()))
        .await
        .json();
    let link = Link::of(&sent.link);
    let (scope, records) = (visit.room(&entry).await, visit.stage.service.records());
    records.admit(&scope, visit.claire.staff, visit.now()).await.unwrap();
    records.end(&scope, visit.claire.staff, visit.now()).await.unwrap();
    let face: InvitationFace = visit.stage.client().get(&format!("/api/invitations/{}", link.invitation)).await.json();
    assert_eq!(face.state, InvitationState::Over);
    visit.pass(Duration::from_secs(120));
    let before = visit.mail(0).await.len();
    visit.stage.client().act(&format!("/api/invitations/{}/resend", link.invitation)).await;
    let mail = visit.mail(before + 1).await.remove(0);
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("est terminée") && !text.contains("Vous avez un rendez-vous"), "{text}");
}

#[tokio::test]
async fn a_new_invitation_of_the_practice_replaces_the_one_before() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let first = Link::of(&visit.invite(&entry).await.link);
    let second = visit.invite(&entry).await;
    assert!(second.sent);
    first.redeem(&mut visit.stage.client()).await.refused("invitation_unknown");
    Link::of(&second.link).redeem(&mut visit.stage.client()).await.ok();
}

#[tokio::test]
async fn asking_again_answers_the_same_whatever_there_is_and_is_limited() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    link.redeem(&mut visit.stage.client()).await.ok();
    let path = format!("/api/invitations/{}/resend", link.invitation);
    visit.pass(Duration::from_secs(1));
    let (known, again) = (visit.stage.client().act(&path).await, visit.stage.client().act(&path).await);
    let unknown = visit.stage.client().act("/api/invitations/00000000-0000-7000-8000-000000000000/resend").await;
    for answer in [&known, &again, &unknown] {
        assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (202, &b""[..]));
    }
    // Invitation, code, and one fresh link: the second request came too soon.
    let messages = visit.mail(3).await;
    assert_eq!(messages.len(), 3);
    Link::of(messages[0]["link"].as_str().unwrap()).redeem(&mut visit.stage.client()).await.ok();
    assert_eq!(visit.stage.count("invitation_requested"), 1);
}

#[tokio::test]
async fn who_uses_up_the_links_that_may_be_asked_for_does_so_for_a_day_only() {
    let mut visit = Visit::new().await;
    let patient = visit.patient().await;
    let entry = visit.book(visit.claire.staff, patient, 4 * 24 * 60).await.json();
    let link = Link::of(&visit.invite(&entry).await.link);
    let path = format!("/api/invitations/{}/resend", link.invitation);
    for day in 1..=3 {
        for _ in 0..8 {
            visit.pass(Duration::from_secs(60));
            visit.stage.client().act(&path).await.ok();
        }
        assert_eq!(visit.stage.count("invitation_requested"), 5 * day);
        visit.pass(Duration::from_secs(24 * 3_600));
    }
}

#[tokio::test]
async fn a_dump_of_the_database_holds_no_secret_of_a_link_and_no_code() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    link.redeem(&mut visit.stage.client()).await.ok();
    let code = visit.code(2).await;
    for table in ["administrative.invitation", "administrative.message", "administrative.patient_code"] {
        let dump = visit.stage.psql(&format!("SELECT t::text FROM {table} t"));
        assert!(!dump.is_empty());
        assert!(!dump.contains(&link.secret), "{table}");
        assert!(!dump.contains(&format!(",{code},")), "{table}");
    }
}
