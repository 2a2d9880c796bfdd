//! What went wrong in a call is kept with its consultation: once, within bounds, and out of the journal.

use std::time::Duration;

use colloque_ids::{ConsultationId, Timestamp};
use colloque_protocol::connection::{ConnectionEvent, ConnectionFact, IncidentKind, Side};
use colloque_protocol::ticket::RoomScope;

use crate::visit::Visit;

fn incident(room: &RoomScope, began_at: Timestamp, lasted: Duration) -> ConnectionEvent {
    incident_of(IncidentKind::LossReceived, room, began_at, lasted)
}

fn incident_of(what: IncidentKind, room: &RoomScope, began_at: Timestamp, lasted: Duration) -> ConnectionEvent {
    let fact = ConnectionFact::Incident { what, side: Side::Patient, began_at };
    let occurred_at = began_at.after(lasted);
    ConnectionEvent { fact, occurred_at, connection: None, from: None, who: None, room: Some(room.clone()) }
}

#[tokio::test]
async fn an_incident_is_kept_once_with_its_consultation_and_not_in_the_journal() {
    let mut visit = Visit::new().await;
    let (_patient, entry) = visit.admitted().await;
    let room = visit.room(&entry).await;
    let records = visit.stage.service.records();
    let journaled = visit.stage.journal().len();
    let event = incident(&room, visit.now(), Duration::from_secs(30));
    // Signaling asks again when it has not learnt of a success.
    for _ in 0..2 {
        records.record(event.clone()).await.unwrap();
    }
    let rows = visit.stage.psql("SELECT side, kind, ended_at - began_at, consultation FROM health.call_incident");
    let consultation = entry.consultation.uuid();
    assert_eq!(rows.trim(), format!("patient\tloss_received\t30000\t{consultation}"));
    assert_eq!(visit.stage.journal().len(), journaled);
}

#[tokio::test]
async fn a_consultation_keeps_a_bounded_number_and_takes_nothing_from_another() {
    let mut visit = Visit::new().await;
    let (_patient, entry) = visit.admitted().await;
    let room = visit.room(&entry).await;
    let records = visit.stage.service.records();
    let began_at = |number: u32| visit.now().after(Duration::from_secs(2) * number);
    for number in 0..130 {
        records.record(incident(&room, began_at(number), Duration::from_secs(1))).await.unwrap();
    }
    let kept = "SELECT count(*), min(began_at), max(began_at) FROM health.call_incident";
    let (first, last) = (began_at(0).as_millis(), began_at(99).as_millis());
    assert_eq!(visit.stage.psql(kept).trim(), format!("100\t{first}\t{last}"));

    let nobodys = RoomScope { consultation: ConsultationId::from_parts(visit.now(), [7; 10]), ..room };
    records.record(incident(&nobodys, visit.now(), Duration::from_secs(5))).await.unwrap_err();
    assert_eq!(visit.stage.psql("SELECT count(*) FROM health.call_incident").trim(), "100");
}

#[tokio::test]
async fn each_kind_is_kept_and_what_a_browser_says_leaves_room_for_what_the_server_sees() {
    let mut visit = Visit::new().await;
    let (_patient, entry) = visit.admitted().await;
    let room = visit.room(&entry).await;
    let records = visit.stage.service.records();
    let began_at = |number: u32| visit.now().after(Duration::from_secs(2) * number);
    for number in 0..80 {
        let freeze = incident_of(IncidentKind::Frozen, &room, began_at(number), Duration::from_secs(1));
        records.record(freeze).await.unwrap();
    }
    for kind in IncidentKind::ALL {
        records.record(incident_of(kind, &room, began_at(100), Duration::from_secs(1))).await.unwrap();
    }
    let kinds = "SELECT kind, count(*) FROM health.call_incident GROUP BY kind ORDER BY kind";
    let kept = ["cut\t1", "fallback\t1", "frozen\t50", "loss_received\t1", "loss_sent\t1", "narrow_link\t1"];
    assert_eq!(visit.stage.psql(kinds).lines().collect::<Vec<_>>(), kept);
}
