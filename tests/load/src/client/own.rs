//! What a client decides on its own: a fresh look for paths, and good-bye.

use super::{MediaClient, Received};

impl MediaClient {
    /// Takes fresh ICE credentials for the next offer; keys and streams stay, and the old ones still answer.
    ///
    /// # Source
    ///
    /// RFC 8445 section 9.
    pub fn restart_ice(&mut self, round: u32) {
        self.ufrag = format!("{}-{round}", self.ufrag.split('-').next().unwrap_or_default());
        let password = format!("{}-{round:08}", self.password.split("-r").next().unwrap_or_default());
        self.former_password = Some(std::mem::replace(&mut self.password, password));
    }

    /// Whether the server answered a check on the present path.
    #[must_use]
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// Has the client check its path anew, as after a change of address or of credentials.
    pub fn look_again(&mut self) {
        self.is_validated = false;
    }

    /// Queues a good-bye, so that the server need not wait for silence.
    pub fn close(&mut self) {
        if self.dtls.close().is_ok() {
            self.drain();
        }
    }

    /// Whether a datagram answers one of this client's checks.
    #[must_use]
    pub fn is_answer(datagram: &[u8]) -> bool {
        datagram.starts_with(&[0x01, 0x01])
    }

    /// Whether a datagram was for this client, and sound.
    #[must_use]
    pub fn is_taken(received: &Received) -> bool {
        *received != Received::Ignored
    }
}
