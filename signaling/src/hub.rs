//! The task that decides for all rooms. It never waits for a socket, for storage, or for the media plane.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::rand;
use colloque_ids::{ConnectionId, PeerId, RoomId};
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::end_to_end::FromOthers;
use colloque_protocol::signaling::{OfferRefusal, ServerMessage};
use colloque_signaling_core::limits::TICK_INTERVAL;
use colloque_signaling_core::{Input, Limits, Output, Record, Signaling, TurnServer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{debug, error, info, warn};

use crate::clock;
use crate::meter::Meter;
use crate::ports::{Attestor, ConnectMediaError, MediaPlane, Records};
use crate::recorder::{Lane, Recorder, Work, Written};

/// Longest time to stop: to say goodbye and to write what is left.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(8);

/// Inputs of sockets that may wait; a socket whose input does not fit reads no more until it does.
const QUEUED_INPUTS: usize = 4_096;

/// Longest time for the media plane to answer an offer.
const MEDIA_LIMIT: Duration = Duration::from_secs(5);

/// Way to the deciding task.
pub(crate) struct Hub {
    inputs: mpsc::Sender<Command>,
    notices: mpsc::UnboundedSender<Notice>,
    stopping: Arc<AtomicBool>,
    meter: Arc<Meter>,
}

enum Command {
    Open { connection: ConnectionId, from: IpAddr, outgoing: mpsc::Sender<ServerMessage> },
    Input(Input),
}

/// A socket's place at the hub, given back when its task ends, however it ends.
pub(crate) struct Registration {
    connection: ConnectionId,
    notices: mpsc::UnboundedSender<Notice>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _ = self.notices.send(Notice::SocketEnded(self.connection));
    }
}

/// What comes from inside the process: few, and never to be refused.
enum Notice {
    Input(Input),
    Written(Lane, Written),
    SocketEnded(ConnectionId),
    Stop(oneshot::Sender<()>),
}

struct Driver {
    signaling: Signaling,
    recorder: Recorder,
    media: Arc<dyn MediaPlane>,
    attestor: Arc<dyn Attestor>,
    meter: Arc<Meter>,
    /// How long the patients waited whose admission is being written.
    admitting: HashMap<u64, Duration>,
    /// Every socket whose task runs; without a queue once it is told to close.
    sockets: HashMap<ConnectionId, Option<mpsc::Sender<ServerMessage>>>,
    notices: mpsc::UnboundedSender<Notice>,
    stopping: Option<Stopping>,
}

struct Stopping {
    until: Instant,
    done: Vec<oneshot::Sender<()>>,
}

impl Hub {
    pub(crate) fn start(
        limits: Limits,
        turn: Option<TurnServer>,
        records: Arc<dyn Records>,
        media: Arc<dyn MediaPlane>,
        attestor: Arc<dyn Attestor>,
    ) -> Self {
        let (inputs, received_inputs) = mpsc::channel(QUEUED_INPUTS);
        let (notices, received_notices) = mpsc::unbounded_channel();
        let meter = Arc::new(Meter::new());
        let driver = Driver {
            signaling: Signaling::new(limits, seed(), clock::now()).with_turn(turn),
            recorder: Recorder::new(records, Arc::clone(&meter)),
            media,
            attestor,
            meter: Arc::clone(&meter),
            admitting: HashMap::new(),
            sockets: HashMap::new(),
            notices: notices.clone(),
            stopping: None,
        };
        tokio::spawn(driver.run(received_inputs, received_notices));
        Self { inputs, notices, stopping: Arc::new(AtomicBool::new(false)), meter }
    }

    /// Registers a socket, unless the hub has stopped.
    pub(crate) async fn open(
        &self,
        connection: ConnectionId,
        from: IpAddr,
        outgoing: mpsc::Sender<ServerMessage>,
    ) -> Option<Registration> {
        self.inputs.send(Command::Open { connection, from, outgoing }).await.ok()?;
        Some(Registration { connection, notices: self.notices.clone() })
    }

    pub(crate) async fn input(&self, input: Input) {
        // Nobody listens any more only once everything is stopped.
        let _ = self.inputs.send(Command::Input(input)).await;
    }

    pub(crate) fn notice(&self, input: Input) {
        let _ = self.notices.send(Notice::Input(input));
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let (done, stopped) = oneshot::channel();
        if self.notices.send(Notice::Stop(done)).is_ok() {
            let _ = timeout(STOP_LIMIT + Duration::from_secs(1), stopped).await;
        }
    }
}

impl Driver {
    async fn run(mut self, mut inputs: mpsc::Receiver<Command>, mut notices: mpsc::UnboundedReceiver<Notice>) {
        let mut abandoned = false;
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(notice) = notices.recv() => self.notice(notice),
                command = inputs.recv(), if !abandoned => match command {
                    Some(command) => self.command(command),
                    None => {
                        // Every handle and socket is gone: nobody can come any more.
                        abandoned = true;
                        self.stop(None);
                    }
                },
                _ = ticks.tick() => {
                    self.handle(Input::Tick);
                    self.meter.note_census(self.signaling.census(), self.recorder.unwritten());
                }
            }
            if self.is_stopped() {
                return;
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Open { connection, from, outgoing } => {
                // A socket that ended meanwhile has said so already, and would never say it again.
                if self.stopping.is_none() && !outgoing.is_closed() {
                    self.sockets.insert(connection, Some(outgoing));
                    self.handle(Input::Opened { connection, from });
                }
            }
            Command::Input(input) => self.handle(input),
        }
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Input(input) => self.handle(input),
            Notice::Written(lane, mut written) => {
                let next = self.recorder.written(lane, &mut written);
                for (lane, work) in next {
                    self.carry_out(lane, work);
                }
                if let Written::Commit { commit, outcome } = written {
                    if let (Some(waited), Ok(_)) = (self.admitting.remove(&commit), outcome) {
                        self.meter.note_admitted(waited);
                    }
                    self.handle(match outcome {
                        Ok(at) => Input::Committed { commit, at },
                        Err(failure) => Input::CommitFailed { commit, failure },
                    });
                }
            }
            // What the socket said last may still wait among the inputs, and its loss behind it.
            Notice::SocketEnded(connection) => {
                self.sockets.remove(&connection);
            }
            Notice::Stop(done) => self.stop(Some(done)),
        }
    }

    fn stop(&mut self, done: Option<oneshot::Sender<()>>) {
        info!("signaling stops: {} connections are told", self.signaling.connections());
        let stopping =
            self.stopping.get_or_insert_with(|| Stopping { until: Instant::now() + STOP_LIMIT, done: Vec::new() });
        stopping.done.extend(done);
        self.handle(Input::Stop);
    }

    fn is_stopped(&self) -> bool {
        let late = match &self.stopping {
            None => return false,
            Some(stopping) => Instant::now() >= stopping.until,
        };
        // A socket's task ends once its goodbye has left.
        if !late && (!self.recorder.is_idle() || !self.sockets.is_empty()) {
            return false;
        }
        let unwritten = self.recorder.unwritten();
        if unwritten > 0 {
            error!(unwritten, "signaling stops with {unwritten} journal entries that storage did not take");
        }
        true
    }

    fn handle(&mut self, input: Input) {
        self.signaling.handle(input, clock::now());
        while let Some(output) = self.signaling.next_output() {
            self.carry_out_output(output);
        }
    }

    fn carry_out_output(&mut self, output: Output) {
        match output {
            Output::Send { connection, message } => self.send(connection, message),
            Output::SendAttestation { connection, statement, makes_group } => {
                let attestation = self.attestor.attest(&statement).bytes().to_vec();
                let message = FromOthers::Attested { attestation, makes_group }.to_text();
                self.send(connection, ServerMessage::EndToEnd { message });
            }
            Output::Close { connection } => self.close(connection),
            Output::Commit { commit, record } => {
                if let Record::Admission(decision) = &record
                    && let Some(waited) = self.signaling.patient_waited(decision.scope.room)
                {
                    self.admitting.insert(commit, waited);
                }
                if let Some((lane, work)) = self.recorder.commit(commit, record) {
                    self.carry_out(lane, work);
                }
            }
            Output::Journal(event) => {
                if let Some((lane, work)) = self.recorder.journal(event) {
                    self.carry_out(lane, work);
                }
            }
            Output::ConnectMedia { room, peer, generation, offer, ice_restart } => {
                self.connect_media(room, peer, generation, offer, ice_restart);
            }
            Output::GateMedia { room, is_open } => self.media.gate(room, is_open),
            Output::DisconnectMedia { room, peer } => self.media.disconnect(room, peer),
        }
    }

    fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.count(connection, &message);
        let Some(Some(queue)) = self.sockets.get(&connection) else { return };
        match queue.try_send(message) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                debug!(connection.id = %connection, "closing {connection}: it reads too slowly");
                self.close(connection);
                self.input_later(Input::Lost { connection, cause: DisconnectCause::Misbehaved });
            }
            // Its task has ended and says so itself.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    fn count(&self, connection: ConnectionId, message: &ServerMessage) {
        match message {
            ServerMessage::Joined { room, .. } => {
                info!(room.id = %room, connection.id = %connection, "{connection} joined {room}");
                self.meter.note_joined();
            }
            ServerMessage::DeskJoined { .. } => self.meter.note_joined(),
            ServerMessage::Refused { code } => self.meter.note_join_refused(*code),
            ServerMessage::OfferRefused { code, .. } => self.meter.note_offer_refused(*code),
            ServerMessage::Challenge { .. }
            | ServerMessage::Room { .. }
            | ServerMessage::QueueChanged { .. }
            | ServerMessage::QueueLeft { .. }
            | ServerMessage::PatientCallsAgain { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::MediaPath { .. }
            | ServerMessage::Link { .. }
            | ServerMessage::DelayAnnounced { .. }
            | ServerMessage::DocumentReady { .. }
            | ServerMessage::EndToEnd { .. }
            | ServerMessage::NotDone { .. }
            | ServerMessage::Ended { .. }
            | ServerMessage::Pong { .. } => {}
        }
    }

    /// Ends a socket's queue: its task sends what is in it, then closes.
    fn close(&mut self, connection: ConnectionId) {
        if let Some(queue) = self.sockets.get_mut(&connection) {
            *queue = None;
        }
    }

    /// Outputs of one input are carried out before another input is taken.
    fn input_later(&self, input: Input) {
        let _ = self.notices.send(Notice::Input(input));
    }

    fn carry_out(&self, lane: Lane, work: Work) {
        let notices = self.notices.clone();
        tokio::spawn(async move {
            let written = work.carry_out().await;
            let _ = notices.send(Notice::Written(lane, written));
        });
    }

    fn connect_media(&self, room: RoomId, peer: PeerId, generation: u32, offer: String, ice_restart: bool) {
        let (connecting, notices) = (self.media.connect(room, peer, offer, ice_restart), self.notices.clone());
        tokio::spawn(async move {
            let connecting = tokio::spawn(connecting);
            let refusal = match timeout(MEDIA_LIMIT, connecting).await {
                Ok(Ok(Ok(sdp))) => {
                    let answered = Input::MediaAnswered { room, peer, generation, sdp };
                    let _ = notices.send(Notice::Input(answered));
                    return;
                }
                Ok(Ok(Err(ConnectMediaError::Unacceptable))) => OfferRefusal::Unacceptable,
                Ok(Ok(Err(ConnectMediaError::Unavailable)) | Err(_)) | Err(_) => OfferRefusal::Unavailable,
            };
            warn!(room.id = %room, peer.id = %peer, "media of {peer} in {room} is refused as {refusal:?}");
            let _ = notices.send(Notice::Input(Input::MediaRefused { peer, generation, refusal }));
        });
    }
}

/// Gives a seed for identifiers; the clock serves where the system has no randomness.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    match rand::fill(&mut bytes) {
        Ok(()) => u64::from_be_bytes(bytes),
        Err(_) => u64::from_be_bytes(clock::now().as_millis().to_be_bytes()),
    }
}
