//! Does for an engine what its connection asks: tickets, sockets, signatures.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use colloque_call::{LinkInput, LinkOutput, TicketFailure};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::TicketIssued;
use colloque_protocol::key::BrowserKey;
use colloque_protocol::signaling::JoinRefusal;

use crate::browser_key::{BrowserKeyPair, UseBrowserKeyError};
use crate::dom::{Listener, on_network, spawn};
use crate::http::{self, SendRequestError};
use crate::json;
use crate::socket::{Socket, SocketEvent};

/// Where the server listens for sockets.
const SIGNALING_PATH: &str = "/ws";

/// Takes what happened to the engine. Holds the engine weakly, so that nothing here keeps a call alive.
pub(crate) type Feed = Rc<dyn Fn(LinkInput)>;

/// How a request for a ticket begins that names nothing but the browser's key.
pub(crate) const KEY_ALONE: &str = "{\"key\":";

pub(crate) struct LinkShell {
    ticket_path: String,
    /// The text of a request up to the key, which comes last.
    ticket_opening: String,
    feed: Feed,
    key: Rc<RefCell<Option<BrowserKeyPair>>>,
    socket: RefCell<Option<Socket>>,
    /// Counts attempts: an answer of an earlier one says nothing about this one.
    attempt: Rc<Cell<u32>>,
    _network: [Listener; 2],
}

impl LinkShell {
    pub(crate) fn new(ticket_path: String, ticket_opening: String, feed: Feed) -> Self {
        let told = Rc::clone(&feed);
        let network = on_network(move |online| {
            told(if online { LinkInput::NetworkOnline } else { LinkInput::NetworkOffline });
        });
        Self {
            ticket_path,
            ticket_opening,
            feed,
            key: Rc::default(),
            socket: RefCell::default(),
            attempt: Rc::default(),
            _network: network,
        }
    }

    pub(crate) fn run(&self, output: LinkOutput) {
        match output {
            LinkOutput::FetchTicket => self.fetch_ticket(),
            LinkOutput::OpenSocket => self.open_socket(),
            LinkOutput::CloseSocket => drop(self.socket.take()),
            LinkOutput::SignJoin { nonce, ticket } => self.sign(nonce, ticket),
            LinkOutput::Send(message) => {
                let text = json::to_string(&message).expect("messages hold no map, so they have a JSON form");
                if let Some(socket) = &*self.socket.borrow() {
                    socket.send(&text);
                }
            }
        }
    }

    fn fetch_ticket(&self) {
        let attempt = self.attempt.get().wrapping_add(1);
        self.attempt.set(attempt);
        let (feed, key, latest) = (Rc::clone(&self.feed), Rc::clone(&self.key), Rc::clone(&self.attempt));
        let (path, opening) = (self.ticket_path.clone(), self.ticket_opening.clone());
        spawn(async move {
            let input = match ticket(&key, &path, &opening).await {
                Ok(ticket) => LinkInput::TicketFetched { ticket },
                Err(NoTicket::NoKey) => LinkInput::SignFailed,
                Err(NoTicket::Request(error)) => LinkInput::TicketFailed(class_of(&error)),
            };
            if latest.get() == attempt {
                feed(input);
            }
        });
    }

    fn open_socket(&self) {
        drop(self.socket.take());
        let feed = Rc::clone(&self.feed);
        let socket = Socket::open(SIGNALING_PATH, move |event| {
            let input = match event {
                SocketEvent::Opened => LinkInput::SocketOpened,
                SocketEvent::Closed => LinkInput::SocketClosed,
                // A message of a newer server may be unknown here; the ones that matter are versioned by the join.
                SocketEvent::Message(text) => match json::from_str(&text) {
                    Ok(message) => LinkInput::SocketMessage(message),
                    Err(_) => return,
                },
            };
            feed(input);
        });
        match socket {
            Ok(socket) => drop(self.socket.replace(Some(socket))),
            Err(_) => (self.feed)(LinkInput::SocketClosed),
        }
    }

    fn sign(&self, nonce: String, ticket: String) {
        let (feed, key) = (Rc::clone(&self.feed), self.key.borrow().clone());
        spawn(async move {
            let Some(key) = key else { return feed(LinkInput::SignFailed) };
            feed(match key.sign_join(&nonce, &ticket).await {
                Ok(proof) => LinkInput::JoinSigned { nonce, key: key.public().clone(), proof },
                Err(UseBrowserKeyError::CannotMake | UseBrowserKeyError::CannotSign) => LinkInput::SignFailed,
            });
        });
    }
}

enum NoTicket {
    NoKey,
    Request(SendRequestError),
}

async fn ticket(key: &RefCell<Option<BrowserKeyPair>>, path: &str, opening: &str) -> Result<String, NoTicket> {
    let known = key.borrow().clone();
    let pair = match known {
        Some(pair) => pair,
        None => BrowserKeyPair::load_or_make().await.map_err(|_| NoTicket::NoKey)?,
    };
    key.replace(Some(pair.clone()));
    // Connections come back by themselves; presence in a room counts for itself.
    let asked: Result<TicketIssued, _> = http::post_in_background(path, request(opening, pair.public())).await;
    Ok(asked.map_err(NoTicket::Request)?.ticket)
}

/// Gives how a guest's request for a ticket begins.
pub(crate) fn opening_with(secret: &str) -> String {
    let secret = json::to_string(secret).expect("a text has a JSON form");
    ["{\"secret\":", &secret, ",\"key\":"].concat()
}

fn request(opening: &str, key: &BrowserKey) -> String {
    let key = json::to_string(key).expect("a key is a text");
    [opening, &key, "}"].concat()
}

const fn class_of(error: &SendRequestError) -> TicketFailure {
    let SendRequestError::Refused { body } = error else { return TicketFailure::Unreachable };
    match body.code {
        ErrorCode::NotSignedIn | ErrorCode::SecondFactorNeeded => TicketFailure::SignedOut,
        ErrorCode::TooEarly => TicketFailure::Refused(JoinRefusal::TooEarly),
        ErrorCode::InvitationExpired => TicketFailure::Refused(JoinRefusal::TooLate),
        ErrorCode::NotFound
        | ErrorCode::WrongState
        | ErrorCode::Conflict
        | ErrorCode::AppointmentCancelled
        | ErrorCode::InvitationUnknown => TicketFailure::Refused(JoinRefusal::ConsultationOver),
        ErrorCode::Malformed
        | ErrorCode::TooLarge
        | ErrorCode::Invalid
        | ErrorCode::WrongCredentials
        | ErrorCode::TooManyAttempts
        | ErrorCode::CodeExpired
        | ErrorCode::SecuredPrescription
        | ErrorCode::ForeignRequest
        | ErrorCode::ServerFailed
        | ErrorCode::Unavailable => TicketFailure::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use colloque_protocol::http::guest::GuestTicketRequest;
    use colloque_protocol::http::patient::TicketRequest;

    use super::*;

    fn some_key() -> BrowserKey {
        BrowserKey::from_raw(&[4; 65]).unwrap()
    }

    #[test]
    fn a_request_for_a_ticket_is_what_the_service_reads() {
        let text = request(KEY_ALONE, &some_key());
        assert_eq!(text, serde_json::to_string(&TicketRequest { key: some_key() }).unwrap());
    }

    #[test]
    fn a_guests_request_carries_the_secret_whatever_stands_in_it() {
        for secret in ["c2VjcmV0", "", "\",\"key\":\"", "é\n"] {
            let read: GuestTicketRequest = serde_json::from_str(&request(&opening_with(secret), &some_key())).unwrap();
            assert_eq!((read.secret.as_str(), read.key), (secret, some_key()));
        }
    }
}
