//! Every route, of every area, refuses who may not use it. A new route is covered the day it is written.

use axum::http::{Method, StatusCode};
use colloque_consultation::{Access, RouteFace, route_faces};
use colloque_protocol::Role;
use colloque_protocol::http::guest::GuestInvited;
use colloque_protocol::http::prescription::PrescriptionIssued;
use colloque_test_support::Client;
use serde_json::{Value, json};

use crate::stage::{START, Stage};
use crate::visit::Visit;

/// An identifier that names nothing.
fn nothing() -> String {
    colloque_ids::StaffId::from_parts(START, [0xee; 10]).full()
}

fn path(face: &RouteFace) -> String {
    face.path.replace("{id}", &nothing())
}

async fn send(client: &mut Client, face: &RouteFace) -> (StatusCode, Option<String>) {
    let body = (face.method != Method::GET).then(|| json!({}));
    let answer = client.send(face.method.clone(), &path(face), body).await;
    (answer.status, answer.refusal())
}

#[tokio::test]
async fn without_a_session_only_the_open_routes_answer() {
    let stage = Stage::new().await;
    stage.people().await;
    for face in route_faces() {
        if face.access == Access::Anyone {
            continue;
        }
        let refused = (StatusCode::UNAUTHORIZED, Some("not_signed_in".to_owned()));
        assert_eq!(send(&mut stage.client(), &face).await, refused, "{face:?}");
        let mut forger = stage.client();
        for cookie in ["__Host-colloque-staff", "__Host-colloque-patient"] {
            forger.cookies.insert(cookie.to_owned(), "A".repeat(43));
        }
        assert_eq!(send(&mut forger, &face).await, refused, "{face:?}");
    }
}

#[tokio::test]
async fn the_open_routes_are_these_and_no_others() {
    let mut open: Vec<String> = route_faces()
        .iter()
        .filter(|face| face.access == Access::Anyone)
        .map(|face| format!("{} {}", face.method, face.path))
        .collect();
    open.sort();
    let expected = [
        "GET /api/health",
        "GET /api/invitations/{id}",
        "GET /api/mailbox",
        "POST /api/activation/redeem",
        "POST /api/guests/{id}/face",
        "POST /api/guests/{id}/ticket",
        "POST /api/invitations/{id}/redeem",
        "POST /api/invitations/{id}/resend",
        "POST /api/session/passkey/finish",
        "POST /api/session/passkey/start",
        "POST /api/session/password",
    ];
    assert_eq!(open, expected);
}

#[tokio::test]
async fn a_wrong_role_is_told_the_same_as_for_what_does_not_exist() {
    let stage = Stage::new().await;
    let [claire, _, nadia, paul] = stage.people().await;
    let unknown = stage.client().get("/api/unknown").await;
    for person in [claire, nadia, paul] {
        let mut client = stage.signed_in(&person).await;
        for face in route_faces() {
            let Access::Staff(roles) = face.access else { continue };
            if roles.contains(&person.role) {
                continue;
            }
            let (status, code) = send(&mut client, &face).await;
            assert_eq!((status, code), (unknown.status, unknown.refusal()), "{:?} {face:?}", person.role);
        }
    }
    assert!(stage.count("access_refused") > 0);
}

#[tokio::test]
async fn a_first_factor_opens_no_route_of_a_signed_in_person_and_no_staff_opens_a_patients() {
    let stage = Stage::new().await;
    let [claire, youssef, ..] = stage.people().await;
    let mut halfway = stage.client();
    stage.give_password(&mut halfway, &claire).await;
    let mut doctor = stage.signed_in(&youssef).await;
    for face in route_faces() {
        match face.access {
            Access::Staff(_) => {
                let refused = (StatusCode::FORBIDDEN, Some("second_factor_needed".to_owned()));
                assert_eq!(send(&mut halfway, &face).await, refused, "{face:?}");
            }
            Access::Arriving | Access::Patient => {
                let refused = (StatusCode::UNAUTHORIZED, Some("not_signed_in".to_owned()));
                assert_eq!(send(&mut doctor, &face).await, refused, "{face:?}");
            }
            Access::Anyone | Access::FirstFactor => {}
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_by_those_who_may_ask() {
    let stage = Stage::new().await;
    let [claire, _, nadia, paul] = stage.people().await;
    let mut clients = [
        (Role::Practitioner, stage.signed_in(&claire).await),
        (Role::Secretary, stage.signed_in(&nadia).await),
        (Role::Administrator, stage.signed_in(&paul).await),
    ];
    for face in route_faces() {
        let Access::Staff(roles) = face.access else { continue };
        if !face.path.contains("{id}") {
            continue;
        }
        for (role, client) in &mut clients {
            if !roles.contains(role) {
                continue;
            }
            let body = body_of(&face);
            let answer = client.send(face.method.clone(), &path(&face), body).await;
            assert_eq!(answer.refusal().as_deref(), Some("not_found"), "{role:?} {face:?} {}", answer.text());
            let nonsense = face.path.replace("{id}", "..%2F..%2Fetc");
            let answer = client.send(face.method.clone(), &nonsense, body_of(&face)).await;
            assert_eq!(answer.refusal().as_deref(), Some("not_found"), "{role:?} {face:?} {}", answer.text());
        }
    }
}

#[tokio::test]
async fn the_objects_of_another_practice_do_not_exist() {
    let stage = Stage::new().await;
    let mut administrator = stage.other_practice().await;
    invite_practitioner(&mut administrator).await;
    let mut stranger = stage.activated(&stage.mailed_link("yves.kerjean@port.example", 1).await).await;
    let mut visit = Visit::on(stage).await;
    let (_, entry) = visit.admitted().await;
    let prescriptions = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let issued: PrescriptionIssued = visit.practitioner.post(&prescriptions, &one_line()).await.json();
    let document = issued.document.full();
    let guests = format!("/api/appointments/{}/guests", entry.appointment.full());
    let guest: GuestInvited = visit.practitioner.post(&guests, &interpreter()).await.json();
    visit.practitioner.get(&format!("/api/documents/{document}")).await.ok();
    let of_claire = format!("FROM journal.event WHERE actor = '{}'", visit.claire.staff.full());
    let event = visit.stage.psql(&format!("SELECT event {of_claire} ORDER BY sequence LIMIT 1")).trim().to_owned();
    assert!(!event.is_empty());
    let state = "SELECT (SELECT string_agg(a::text, '|' ORDER BY appointment) FROM administrative.appointment a),
        (SELECT string_agg(s::text, '|' ORDER BY staff) FROM professionals.staff s),
        (SELECT string_agg(g::text, '|' ORDER BY guest) FROM administrative.guest g),
        (SELECT string_agg(concat(document, withdrawn_at, read_by_patient_at), '|') FROM documents.document)";
    let before = visit.stage.psql(state);
    let mut walked = 0;
    for face in route_faces() {
        let Access::Staff(roles) = face.access else { continue };
        if !face.path.contains("{id}") {
            continue;
        }
        let id = match face.path.split('/').nth(2) {
            Some("appointments") => entry.appointment.full(),
            Some("consultations") => entry.consultation.full(),
            Some("patients") => entry.patient.full(),
            Some("documents") => document.clone(),
            Some("guests") => guest.guest.full(),
            Some("prescriptions") => issued.prescription.full(),
            Some("journal") => event.clone(),
            Some("admin") => visit.paul.staff.full(),
            // One's own keys, whatever the practice: the tests of passkeys take somebody else's.
            Some("account") => continue,
            other => panic!("{other:?} is a new area: say which object of another practice is asked for"),
        };
        let client = if roles.contains(&Role::Administrator) { &mut administrator } else { &mut stranger };
        let answer = client.send(face.method.clone(), &face.path.replace("{id}", &id), body_of(&face)).await;
        assert_eq!(answer.refusal().as_deref(), Some("not_found"), "{face:?} {}", answer.text());
        walked += 1;
    }
    assert!(walked >= 20, "{walked}");
    assert_eq!(visit.stage.psql(state), before);
}

fn one_line() -> Value {
    json!({ "lines": [{
        "name": "Paracétamol", "strength": "500 mg, comprimé", "dosage": "1 matin et soir", "duration": "3 jours"
    }] })
}

fn interpreter() -> Value {
    json!({ "name": "Amina Haddad", "role": "interpreter" })
}

async fn invite_practitioner(administrator: &mut Client) {
    let form = json!({
        "family_name": "Kerjean", "given_name": "Yves", "email": "yves.kerjean@port.example", "role": "practitioner",
        "practitioner": {
            "title": "Dr", "profession": "Médecin", "specialty": "Médecine générale", "rpps": "10009876540"
        }
    });
    administrator.post("/api/admin/staff", &form).await.ok();
}

/// A body that a route takes, so that the refusal is about the object and not about the body.
fn body_of(face: &RouteFace) -> Option<Value> {
    if matches!(face.method, Method::GET | Method::DELETE) {
        return None;
    }
    let key = format!("B{}", "A".repeat(86));
    Some(match face.path {
        "/api/admin/staff/{id}" => json!({ "active": true }),
        "/api/appointments/{id}/move" => json!({ "starts_at": START.as_millis() + 86_400_000, "duration_min": 20 }),
        "/api/appointments/{id}/guests" => interpreter(),
        "/api/consultations/{id}/ticket" => json!({ "key": key }),
        "/api/consultations/{id}/notes" => json!({ "text": "", "base_revision": 0 }),
        "/api/consultations/{id}/prescriptions" | "/api/consultations/{id}/prescriptions/check" => one_line(),
        "/api/prescriptions/{id}/cancel" => json!({ "reason": "Erreur de saisie" }),
        _ => json!({}),
    })
}
