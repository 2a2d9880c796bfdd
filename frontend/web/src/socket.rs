//! One WebSocket that ends with its owner.

use std::rc::Rc;

use thiserror::Error;
use wasm_bindgen::JsCast;
use web_sys::{Event, MessageEvent, WebSocket};

use crate::dom::{Listener, window};

/// What a socket tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// Messages may be sent.
    Opened,
    /// A text arrived.
    Message(String),
    /// It is closed; nothing follows.
    Closed,
}

/// The browser did not make a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the browser did not open a socket")]
pub struct OpenSocketError;

/// A WebSocket. Dropped, it is closed and tells nothing any more.
pub struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 3],
}

impl Socket {
    /// Opens `path` on the page's own host.
    ///
    /// # Errors
    ///
    /// [`OpenSocketError`] when the browser refuses at once; a failure on the way is a [`SocketEvent::Closed`].
    pub fn open(path: &str, handler: impl Fn(SocketEvent) + 'static) -> Result<Self, OpenSocketError> {
        let location = window().location();
        let host = location.host().map_err(|_| OpenSocketError)?;
        let scheme = if location.protocol().is_ok_and(|it| it == "http:") { "ws" } else { "wss" };
        let socket = WebSocket::new(&format!("{scheme}://{host}{path}")).map_err(|_| OpenSocketError)?;
        let handler = Rc::new(handler);
        let on = |kind, map: fn(Event) -> Option<SocketEvent>| {
            let handler = Rc::clone(&handler);
            Listener::new(&socket, kind, move |event| {
                if let Some(event) = map(event) {
                    handler(event);
                }
            })
        };
        let listeners = [
            on("open", |_| Some(SocketEvent::Opened)),
            on("message", |event| event.unchecked_ref::<MessageEvent>().data().as_string().map(SocketEvent::Message)),
            on("close", |_| Some(SocketEvent::Closed)),
        ];
        Ok(Self { socket, _listeners: listeners })
    }

    /// Sends a text; lost when the socket is not open, which its events have said or will say.
    pub fn send(&self, text: &str) {
        self.socket.send_with_str(text).ok();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.close().ok();
    }
}
