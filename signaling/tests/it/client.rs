//! A client that says what a test tells it to say.

use std::time::Duration;

use colloque_protocol::Role;
use colloque_protocol::signaling::{ClientMessage, RoomState, SIGNALING_VERSION, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::{Booking, Browser, ORIGIN, PATIENCE, Server};

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub nonce: String,
}

/// Opens a socket as a page of `origin` would.
pub async fn connect(
    server: &Server,
    origin: Option<&str>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tungstenite::Error> {
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

impl Client {
    /// Opens a socket and takes the challenge.
    pub async fn open(server: &Server) -> Self {
        let socket = connect(server, Some(ORIGIN)).await.unwrap();
        let mut client = Self { socket, nonce: String::new() };
        match client.next().await {
            Some(ServerMessage::Challenge { nonce }) => client.nonce = nonce,
            other => panic!("no challenge but {other:?}"),
        }
        client
    }

    pub async fn present(&mut self, ticket: &str, browser: &Browser, take_over: bool) {
        let join = ClientMessage::Join {
            version: SIGNALING_VERSION,
            ticket: ticket.to_owned(),
            key: browser.key.clone(),
            proof: browser.prove(&self.nonce, ticket),
            take_over,
        };
        self.say(&join).await;
    }

    /// Joins with a good ticket.
    pub async fn join(server: &Server, booking: &Booking, role: Role) -> Self {
        let ticket = server.sign(&booking.claims(server, role));
        let mut client = Self::open(server).await;
        client.present(&ticket, booking.browser(role), false).await;
        client
    }

    /// Joins and waits until it is in.
    pub async fn joined(server: &Server, booking: &Booking, role: Role) -> (Self, RoomState) {
        let mut client = Self::join(server, booking, role).await;
        match client.next().await {
            Some(ServerMessage::Joined { state, .. }) => (client, state),
            other => panic!("not joined but {other:?}"),
        }
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        let text = serde_json::to_string(message).unwrap();
        // A hostile client may be cut off in the middle of what it says.
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// Gives the next message, none once the socket is closed.
    pub async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the server says nothing") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("the server sent {other:?}"),
            }
        }
    }

    /// Waits for a message; gives the ones before up.
    pub async fn wait_for(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        while let Some(message) = self.next().await {
            if wanted(&message) {
                return message;
            }
        }
        panic!("closed before the message came");
    }

    /// Reads to the end; gives the last message.
    pub async fn last(&mut self) -> Option<ServerMessage> {
        let mut last = None;
        while let Some(message) = self.next().await {
            last = Some(message);
        }
        last
    }

    /// Checks that the connection still serves.
    pub async fn is_served(&mut self) -> bool {
        self.say(&ClientMessage::Ping { sequence: 77 }).await;
        let answered = self.wait_for(|message| *message == ServerMessage::Pong { sequence: 77 });
        timeout(Duration::from_secs(5), answered).await.is_ok()
    }
}
