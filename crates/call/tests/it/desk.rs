use std::time::Duration;

use colloque_call::{Desk, DeskConnection, DeskInput, DeskOutput, LinkInput, LinkOutput, RingCause};
use colloque_ids::{AppointmentId, ConsultationId, Timestamp};
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, Presence, QueueEntry, ServerMessage, Stage};

use crate::world::{START, key};

struct Bench {
    desk: Desk,
    now: Timestamp,
}

fn entry(number: u8, arrived_after_ms: i64) -> QueueEntry {
    let arrived_at = Timestamp::from_millis(START + arrived_after_ms);
    QueueEntry {
        appointment: AppointmentId::from_parts(Timestamp::from_millis(START), [number; 10]),
        consultation: ConsultationId::from_parts(Timestamp::from_millis(START), [number; 10]),
        stage: Stage::Waiting,
        arrived_at,
        presence: Presence::Here { since: arrived_at },
        device_check: None,
        delay_minutes: 0,
    }
}

impl Bench {
    fn new() -> Self {
        let now = Timestamp::from_millis(START);
        let mut bench = Self { desk: Desk::new(3, now), now };
        bench.input(DeskInput::Open);
        bench
    }

    fn input(&mut self, input: DeskInput) -> Vec<DeskOutput> {
        self.desk.handle(input, self.now);
        std::iter::from_fn(|| self.desk.next_output()).collect()
    }

    fn hears(&mut self, message: ServerMessage) -> Vec<AppointmentId> {
        let outputs = self.input(DeskInput::Link(LinkInput::SocketMessage(message)));
        outputs
            .into_iter()
            .filter_map(|output| match output {
                DeskOutput::Ring { appointment, cause: RingCause::Arrived } => Some(appointment),
                DeskOutput::Ring { .. } | DeskOutput::Link(_) => None,
            })
            .collect()
    }

    fn joins(&mut self, queue: Vec<QueueEntry>) -> Vec<AppointmentId> {
        self.input(DeskInput::Link(LinkInput::TicketFetched { ticket: "ticket".to_owned() }));
        self.hears(ServerMessage::Challenge { nonce: "nonce".to_owned() });
        let (nonce, proof) = ("nonce".to_owned(), "proof".to_owned());
        self.input(DeskInput::Link(LinkInput::JoinSigned { nonce, key: key(), proof }));
        self.hears(ServerMessage::DeskJoined { queue })
    }
}

#[test]
fn the_queue_is_sorted_by_arrival_and_rings_once_for_each_arrival() {
    let mut bench = Bench::new();
    assert_eq!(bench.joins(vec![entry(2, 20), entry(1, 10)]).len(), 2);
    assert_eq!(bench.hears(ServerMessage::QueueChanged { entry: entry(3, 15) }), [entry(3, 15).appointment]);
    let order: Vec<_> = bench.desk.view().queue.iter().map(|entry| entry.arrived_at.as_millis() - START).collect();
    assert_eq!(order, [10, 15, 20]);
    let checked = QueueEntry { delay_minutes: 5, ..entry(3, 15) };
    assert_eq!(bench.hears(ServerMessage::QueueChanged { entry: checked }), []);
}

#[test]
fn somebody_who_was_cut_off_for_a_moment_does_not_ring_again() {
    let mut bench = Bench::new();
    bench.joins(vec![entry(1, 0)]);
    let lost = QueueEntry { presence: Presence::Lost { since: bench.now }, ..entry(1, 0) };
    assert_eq!(bench.hears(ServerMessage::QueueChanged { entry: lost }), []);
    assert_eq!(bench.hears(ServerMessage::QueueChanged { entry: entry(1, 0) }), []);
    bench.hears(ServerMessage::QueueLeft { appointment: entry(1, 0).appointment });
    assert!(bench.desk.view().queue.is_empty());
    assert_eq!(bench.hears(ServerMessage::QueueChanged { entry: entry(1, 9) }).len(), 1, "a new arrival");
}

#[test]
fn an_arrival_during_a_loss_rings_on_return_and_the_others_do_not() {
    let mut bench = Bench::new();
    bench.joins(vec![entry(1, 0)]);
    bench.input(DeskInput::Link(LinkInput::SocketClosed));
    assert_eq!(bench.desk.view().connection, DeskConnection::Reconnecting { since: bench.now });
    assert_eq!(bench.desk.view().queue.len(), 1, "kept as last known");
    bench.now = bench.now.after(Duration::from_secs(1));
    bench.input(DeskInput::Tick);
    assert_eq!(bench.joins(vec![entry(1, 0), entry(2, 5)]), [entry(2, 5).appointment]);
    assert_eq!(bench.desk.view().connection, DeskConnection::Live);
}

#[test]
fn a_patient_who_asks_again_rings() {
    let mut bench = Bench::new();
    bench.joins(vec![entry(1, 0)]);
    let appointment = entry(1, 0).appointment;
    let message = ServerMessage::PatientCallsAgain { appointment };
    let outputs = bench.input(DeskInput::Link(LinkInput::SocketMessage(message)));
    assert_eq!(outputs, [DeskOutput::Ring { appointment, cause: RingCause::CallsAgain }]);
}

#[test]
fn a_delay_is_sent_or_said_not_to_be() {
    let mut bench = Bench::new();
    let appointment = entry(1, 0).appointment;
    bench.input(DeskInput::AnnounceDelay { appointment, minutes: 10 });
    assert_eq!(bench.desk.view().not_done, Some(ActionRefusal::NotRecorded));
    bench.joins(vec![entry(1, 0)]);
    let outputs = bench.input(DeskInput::AnnounceDelay { appointment, minutes: 10 });
    let sent = ClientMessage::AnnounceDelay { appointment: Some(appointment), minutes: 10 };
    assert_eq!(outputs, [DeskOutput::Link(LinkOutput::Send(sent))]);
    assert_eq!(bench.desk.view().not_done, None);
}

#[test]
fn a_closed_desk_shows_nothing_of_anybody() {
    let mut bench = Bench::new();
    bench.joins(vec![entry(1, 0)]);
    bench.input(DeskInput::Close);
    assert_eq!(bench.desk.view(), &colloque_call::DeskView::default());
    assert_eq!(bench.desk.deadline(), None);
}
