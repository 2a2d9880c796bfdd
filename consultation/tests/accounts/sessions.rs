//! What a session survives and what it does not.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use colloque_ids::{AppointmentId, ConnectionId, ConsultationId, PatientId, PracticeId, RoomId};
use colloque_protocol::connection::{ConnectedPerson, ConnectionEvent, ConnectionFact, DisconnectCause};
use colloque_protocol::http::session::{Me, TotpCode};
use colloque_protocol::ticket::{Person, RoomScope};
use colloque_protocol::{AuthenticationMethod, Role};

use crate::stage::{START, Stage};

const STAFF_COOKIE: &str = "__Host-colloque-staff";

#[tokio::test]
async fn the_token_changes_with_each_step_and_the_one_before_opens_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.client();
    stage.give_password(&mut client, &claire).await;
    let mut eavesdropper = client.clone();
    let before = client.cookies[STAFF_COOKIE].clone();
    client.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
    assert_ne!(client.cookies[STAFF_COOKIE], before);
    eavesdropper.get("/api/session").await.refused("not_signed_in");
    client.get("/api/session").await.ok();
}

#[tokio::test]
async fn a_planted_token_is_not_adopted() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let planted = "A".repeat(43);
    let mut client = stage.client();
    client.cookies.insert(STAFF_COOKIE.to_owned(), planted.clone());
    stage.sign_in(&mut client, &claire).await;
    assert_ne!(client.cookies[STAFF_COOKIE], planted);
    let mut attacker = stage.client();
    attacker.cookies.insert(STAFF_COOKIE.to_owned(), planted);
    attacker.get("/api/session").await.refused("not_signed_in");
}

#[tokio::test]
async fn cookies_are_host_bound_and_storage_keeps_their_hash_only() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.client();
    stage.give_password(&mut client, &claire).await;
    let answer = client.post("/api/session/totp", &TotpCode { code: stage.code(&claire) }).await.ok();
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2);
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age="] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(answer.headers["cache-control"], "no-store");
    let dump = stage
        .psql("SELECT s::text FROM professionals.session s UNION ALL SELECT d::text FROM professionals.known_device d");
    for token in client.cookies.values() {
        assert!(!dump.contains(token.as_str()));
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere_the_token_is() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let mut copy = client.clone();
    client.delete("/api/session").await.ok();
    assert!(!client.cookies.contains_key(STAFF_COOKIE));
    copy.get("/api/session").await.refused("not_signed_in");
    assert_eq!(stage.journal().last().unwrap(), "session_ended");
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let forged = |headers: &[(&str, &str)]| {
        let mut request = Request::delete("/api/session");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    for headers in [
        vec![],
        vec![("x-colloque", "1"), ("sec-fetch-site", "cross-site")],
        vec![("x-colloque", "1"), ("sec-fetch-site", "same-site")],
        vec![("x-colloque", "1"), ("origin", "https://evil.example")],
        vec![("x-colloque", "1"), ("origin", "null")],
    ] {
        client.raw(forged(&headers)).await.refused("foreign_request");
    }
    client.get("/api/session").await.ok();
}

#[tokio::test]
async fn half_an_hour_without_a_request_ends_the_session() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    for _ in 0..4 {
        stage.clock.advance(Duration::from_secs(29 * 60));
        client.get("/api/session").await.ok();
    }
    stage.clock.advance(Duration::from_secs(31 * 60));
    client.get("/api/session").await.refused("not_signed_in");
    assert_eq!(stage.journal().last().unwrap(), "session_ended");
    client.get("/api/session").await.refused("not_signed_in");
    assert_eq!(stage.count("session_ended"), 1);
}

#[tokio::test]
async fn a_consultation_keeps_its_practitioner_signed_in_until_the_absolute_limit() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let me: Me = client.get("/api/session").await.json();
    let records = stage.service.records();
    let fact = |fact, minutes: u64| ConnectionEvent {
        fact,
        occurred_at: START.after(Duration::from_secs(minutes * 60)),
        connection: Some(ConnectionId::from_parts(START, [1; 10])),
        from: Some("198.51.100.9".parse().unwrap()),
        who: Some(ConnectedPerson {
            practice: me.practice,
            person: Person::Staff(me.staff),
            role: Role::Practitioner,
            verified_by: vec![AuthenticationMethod::Password, AuthenticationMethod::Totp],
        }),
        room: Some(room(me.staff)),
    };
    records.record(fact(ConnectionFact::Joined, 1)).await.unwrap();
    stage.clock.advance(Duration::from_secs(90 * 60));
    client.get("/api/session").await.ok();
    stage.clock.advance(Duration::from_secs(90 * 60));
    let left = ConnectionFact::Disconnected { cause: DisconnectCause::Left };
    records.record(fact(left, 180)).await.unwrap();
    stage.clock.advance(Duration::from_secs(20 * 60));
    client.get("/api/session").await.ok();
    stage.clock.advance(Duration::from_secs(31 * 60));
    client.get("/api/session").await.refused("not_signed_in");

    stage.next_code();
    let mut client = stage.signed_in(&claire).await;
    records.record(fact(ConnectionFact::Resumed, 240)).await.unwrap();
    stage.clock.advance(Duration::from_secs(12 * 3_600));
    client.get("/api/session").await.refused("not_signed_in");
}

#[tokio::test]
async fn a_connection_of_a_patient_is_journaled_under_a_pseudonym_and_a_prefix() {
    let stage = Stage::new().await;
    let [claire, ..] = stage.people().await;
    let mut client = stage.signed_in(&claire).await;
    let me: Me = client.get("/api/session").await.json();
    let patient = PatientId::from_parts(START, [9; 10]);
    let event = ConnectionEvent {
        fact: ConnectionFact::Joined,
        occurred_at: START,
        connection: None,
        from: Some("2001:db8:1:2:3:4:5:6".parse().unwrap()),
        who: Some(ConnectedPerson {
            practice: me.practice,
            person: Person::Patient(patient),
            role: Role::Patient,
            verified_by: vec![AuthenticationMethod::InvitationLink, AuthenticationMethod::EmailCode],
        }),
        room: Some(room(me.staff)),
    };
    stage.service.records().record(event).await.unwrap();
    let row = stage.psql(
        "SELECT actor, actor_role, origin, consultation IS NOT NULL FROM journal.event ORDER BY sequence DESC LIMIT 1",
    );
    let columns: Vec<_> = row.trim().split('\t').collect();
    assert!(columns[0].starts_with("P-"), "{row}");
    assert_eq!(&columns[1..], ["patient", "2001:db8:1::/48", "t"]);
    let dump = stage.psql("SELECT e::text FROM journal.event e");
    assert!(!dump.contains(&patient.full()) && !dump.contains(&patient.uuid().simple().to_string()));
}

#[tokio::test]
async fn a_request_cut_off_leaves_no_transaction_behind() {
    let stage = Stage::new().await;
    let [claire, _, _, paul] = stage.people().await;
    let client = stage.signed_in(&paul).await;
    for round in 0..60 {
        let mut cut = client.clone();
        let request = tokio::spawn(async move { cut.get("/api/journal?limit=5").await.status });
        for _ in 0..round % 20 {
            tokio::task::yield_now().await;
        }
        request.abort();
        let _ = request.await;
        // A browser asks at a pace, or is held back.
        stage.clock.advance(Duration::from_millis(200));
    }
    for _ in 0..20 {
        client.clone().get("/api/journal?limit=1").await.ok();
    }
    let stuck = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
    assert_eq!(stage.psql(stuck).trim(), "0");
    stage.signed_in(&claire).await;
}

fn room(practitioner: colloque_ids::StaffId) -> RoomScope {
    let practice = PracticeId::from_parts(START, [3; 10]);
    RoomScope {
        room: RoomId::from_parts(START, [4; 10]),
        consultation: ConsultationId::from_parts(START, [5; 10]),
        appointment: practice.same_as::<colloque_ids::kind::Appointment>() as AppointmentId,
        practitioner,
        patient: PatientId::from_parts(START, [9; 10]),
        consent_given_at: None,
        admitted_at: None,
        opens_at: START,
        closes_at: START.after(Duration::from_secs(3_600)),
    }
}
