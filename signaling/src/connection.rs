//! One WebSocket: challenge, join, messages, and a bounded queue on the way out.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_ids::ConnectionId;
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{ClientMessage, MAX_CLIENT_MESSAGE_BYTES, ServerMessage};
use colloque_signaling_core::Input;
use colloque_signaling_core::limits::JOIN_LIMIT;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::clock;
use crate::hub::Hub;
use crate::verify::{Presented, TicketKey};

/// Messages that may wait for a slow reader.
///
/// More: a reader that stopped costs more memory. Fewer: a phone in a tunnel is cut off.
pub(crate) const QUEUED_MESSAGES: usize = 64;

/// Longest time for one message to leave.
///
/// Longer: a reader that stopped is noticed later. Shorter: a slow network is cut off in the middle of an answer.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// How long the other side may take to close after we did, so that it reads our last words.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// WebSocket pings and pongs accepted in [`CONTROL_WINDOW`]; browsers send none by themselves.
const CONTROL_FRAMES: u32 = 20;
const CONTROL_WINDOW: Duration = Duration::from_secs(5);

/// Serves a socket until it is closed.
pub(crate) async fn serve(mut socket: WebSocket, from: IpAddr, ticket_key: &TicketKey, hub: &Hub) {
    let mut random = [0; 10 + 32];
    if rand::fill(&mut random).is_err() {
        return;
    }
    let (id, nonce) = random.split_at(10);
    let Ok(id) = id.try_into() else { return };
    let connection = ConnectionId::from_parts(clock::now(), id);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    // Before the hub knows of it, so that the challenge is the first message.
    if write(&mut socket, &ServerMessage::Challenge { nonce: nonce.clone() }).await.is_err() {
        return;
    }
    let (outgoing, queue) = mpsc::channel(QUEUED_MESSAGES);
    let Some(_registration) = hub.open(connection, from, outgoing).await else { return };
    let (sink, stream) = socket.split();
    let mut reader = Reader { stream, connection, hub, control: 0, control_since: Instant::now() };
    let cause = tokio::select! {
        cause = reader.run(ticket_key, &nonce) => cause,
        sink = send_all(sink, queue) => {
            if let Some(sink) = sink {
                say_goodbye(sink, &mut reader.stream).await;
            }
            DisconnectCause::SocketClosed
        }
    };
    debug!(connection.id = %connection, ?cause, "socket of {connection} ended");
    // Says nothing new when the hub itself closed the connection.
    hub.input(Input::Lost { connection, cause }).await;
}

struct Reader<'a> {
    stream: SplitStream<WebSocket>,
    connection: ConnectionId,
    hub: &'a Hub,
    control: u32,
    control_since: Instant,
}

impl Reader<'_> {
    /// Reads until the socket ends; tells why.
    async fn run(&mut self, ticket_key: &TicketKey, nonce: &str) -> DisconnectCause {
        let connection = self.connection;
        let first = match timeout(JOIN_LIMIT, self.next()).await {
            Err(_) => return self.wait_for_close(DisconnectCause::TimedOut).await,
            Ok(Err(cause)) => return self.wait_for_close(cause).await,
            Ok(Ok(message)) => message,
        };
        let ClientMessage::Join { version, ticket, key, proof, take_over } = first else {
            return self.wait_for_close(DisconnectCause::Misbehaved).await;
        };
        let presented = Presented { version, ticket: &ticket, key: &key, proof: &proof };
        let join = match ticket_key.verify(nonce, &presented) {
            Ok(claims) => Input::JoinVerified { connection, claims: Box::new(claims), take_over },
            Err(refusal) => Input::JoinRefused { connection, refusal },
        };
        self.hub.input(join).await;
        loop {
            match self.next().await {
                Ok(message) => self.hub.input(Input::Message { connection, message }).await,
                Err(cause) => return self.wait_for_close(cause).await,
            }
        }
    }

    async fn next(&mut self) -> Result<ClientMessage, DisconnectCause> {
        loop {
            match self.stream.next().await {
                None | Some(Ok(Message::Close(_)) | Err(_)) => return Err(DisconnectCause::SocketClosed),
                Some(Ok(Message::Text(text))) if text.len() > MAX_CLIENT_MESSAGE_BYTES => {
                    return Err(DisconnectCause::Misbehaved);
                }
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(text.as_str()).map_err(|_| DisconnectCause::Misbehaved);
                }
                Some(Ok(Message::Binary(_))) => return Err(DisconnectCause::Misbehaved),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.count_control_frame()?,
            }
        }
    }

    fn count_control_frame(&mut self) -> Result<(), DisconnectCause> {
        if self.control_since.elapsed() > CONTROL_WINDOW {
            self.control = 0;
            self.control_since = Instant::now();
        }
        self.control += 1;
        if self.control > CONTROL_FRAMES { Err(DisconnectCause::Misbehaved) } else { Ok(()) }
    }

    /// Lets the hub say its last words to a client that is still there; the writer ends the connection.
    async fn wait_for_close(&mut self, cause: DisconnectCause) -> DisconnectCause {
        match cause {
            DisconnectCause::Misbehaved | DisconnectCause::TimedOut => {
                self.hub.input(Input::Lost { connection: self.connection, cause }).await;
                tokio::time::sleep(CLOSE_LIMIT + WRITE_LIMIT).await;
            }
            DisconnectCause::Left
            | DisconnectCause::Ended
            | DisconnectCause::SocketClosed
            | DisconnectCause::Replaced
            | DisconnectCause::ServerStopped
            | DisconnectCause::SignedOut => {}
        }
        cause
    }
}

/// Sends what is queued until the hub closes the queue; gives the socket back if it still works.
async fn send_all(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<ServerMessage>,
) -> Option<SplitSink<WebSocket, Message>> {
    while let Some(message) = queue.recv().await {
        write(&mut sink, &message).await.ok()?;
    }
    Some(sink)
}

async fn write<S: SinkExt<Message> + Unpin>(sink: &mut S, message: &ServerMessage) -> Result<(), ()> {
    let text = serde_json::to_string(message).map_err(|_| ())?;
    match timeout(WRITE_LIMIT, sink.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}

/// Closes, then reads until the other side has closed: a socket dropped with unread bytes loses what was sent last.
async fn say_goodbye(mut sink: SplitSink<WebSocket, Message>, stream: &mut SplitStream<WebSocket>) {
    let goodbye = CloseFrame { code: axum::extract::ws::close_code::NORMAL, reason: "".into() };
    let closing = async {
        if sink.send(Message::Close(Some(goodbye))).await.is_ok() {
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    let _ = timeout(CLOSE_LIMIT, closing).await;
}
