use crate::ice::Ufrag;
use crate::random::ICE_CHARACTERS;
use crate::stun;

/// Workers that the first character of a user name can tell apart.
pub const MAX_MARKS: u8 = 64;

/// The first character of every user name of a worker.
pub(crate) fn character_of(mark: u8) -> u8 {
    ICE_CHARACTERS[usize::from(mark % MAX_MARKS)]
}

/// The mark of the worker that a client's check is for; none when the bytes are no check of ours.
///
/// For the shell, which must bring a connection's datagrams to the right worker before anybody is known. It proves nothing.
#[must_use]
pub fn mark_in_check(datagram: &[u8]) -> Option<u8> {
    let request = stun::BindingRequest::parse(datagram).ok()?;
    let ufrag: Ufrag = request.to_ufrag.try_into().ok()?;
    ICE_CHARACTERS.iter().position(|character| *character == ufrag[0]).map(|mark| mark as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ice::{IceAgent, RemoteCredentials};
    use crate::random::Random;

    #[test]
    fn a_check_names_its_worker_before_and_after_a_restart() {
        let mut random = Random::from_seed([1; 32]);
        let mut agent = IceAgent::new(5, RemoteCredentials::new("client", "password"), &mut random);
        let key = stun::integrity_key(b"whatever");
        let check = |agent: &IceAgent| stun::write_binding_request([1; 12], &agent.ufrag(), b"somebody", false, &key);
        assert_eq!(mark_in_check(&check(&agent)), Some(5));
        agent.restart(RemoteCredentials::new("again", "password"), &mut random);
        assert_eq!(mark_in_check(&check(&agent)), Some(5));
        assert_eq!(mark_in_check(b"no check"), None);
    }
}
