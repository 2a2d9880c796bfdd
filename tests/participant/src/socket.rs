//! The signaling connection, as a browser's socket.

use colloque_protocol::signaling::{ClientMessage, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open connection.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a connection as a page of `origin` would; none when it is refused.
    pub(crate) async fn open(url: &str, origin: &str) -> Option<Self> {
        let mut request = url.into_client_request().ok()?;
        request.headers_mut().insert("origin", origin.parse().ok()?);
        let (socket, _) = connect_async(request).await.ok()?;
        Some(Self(socket))
    }

    /// Gives the next message; none when the connection is over. Messages of a newer server are passed over.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => {
                    if let Ok(message) = serde_json::from_str(text.as_str()) {
                        return Some(message);
                    }
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
            }
        }
    }

    /// Sends a message. What a broken connection loses shows when the next one is read.
    pub(crate) async fn send(&mut self, message: &ClientMessage) {
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.0.send(Message::text(text)).await;
        }
    }

    /// Closes the connection once what was sent has arrived.
    pub(crate) async fn close(mut self) {
        let closed = async {
            let _ = self.0.close(None).await;
            while let Some(Ok(_)) = self.0.next().await {}
        };
        // A server that does not answer the close is left.
        let _ = timeout(CLOSE_PATIENCE, closed).await;
    }
}

const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
