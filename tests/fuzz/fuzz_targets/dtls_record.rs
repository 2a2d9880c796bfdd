#![no_main]

use std::net::SocketAddr;
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use colloque_ids::{PeerId, RoomId};
use colloque_sfu_core::{Certificate, Core, CoreConfig, Path, SendArena, stun};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("the system gives randomness");
    let made = rcgen::CertificateParams::default().self_signed(&key).expect("default parameters make a certificate");
    Certificate::from_der(made.der().to_vec(), key.serialize_der())
});

fn offer() -> String {
    let fingerprint = ["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\n\
         a=ice-ufrag:client00\r\na=ice-pwd:password-of-the-client\r\na=fingerprint:sha-256 {fingerprint}\r\n\
         a=setup:active\r\na=rtpmap:111 opus/48000/2\r\n"
    )
}

fn attribute<'a>(sdp: &'a str, name: &str) -> &'a str {
    sdp.lines().find_map(|line| line.strip_prefix(name)).expect("every answer has its credentials")
}

// The input says whether the address proves itself, then it is a list of datagrams: one byte of length in units of sixteen, then
// the bytes.
fuzz_target!(|bytes: &[u8]| {
    let Some((proves, bytes)) = bytes.split_first() else { return };
    let now = Instant::now();
    let mut core = Core::new(CoreConfig {
        announced: vec![SocketAddr::from(([192, 0, 2, 1], 4000))],
        announced_tcp: Vec::new(),
        mark: 0,
        certificate: CERTIFICATE.clone(),
        seed: [7; 32],
        publisher_cap_bps: 1,
    });
    // Three megabytes that are made once, not for each input.
    static ARENA: LazyLock<Mutex<SendArena>> = LazyLock::new(Mutex::default);
    let mut arena = ARENA.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    arena.clear();
    let (room, peer) = (RoomId::from_uuid(Uuid::from_u128(1)), PeerId::from_uuid(Uuid::from_u128(1)));
    let other = PeerId::from_uuid(Uuid::from_u128(2));
    core.connect_peer(now, room, other, &offer()).expect("the offer is sound");
    let answer = core.connect_peer(now, room, peer, &offer()).expect("the offer is sound");
    let key = stun::integrity_key(attribute(&answer, "a=ice-pwd:").as_bytes());
    let ufrag = attribute(&answer, "a=ice-ufrag:").as_bytes();
    let from = Path::from(SocketAddr::from(([198, 51, 100, 1], 5000)));
    let mut check = stun::write_binding_request([1; 12], ufrag, b"client00", true, &key);
    core.handle_datagram(now, from, &mut check, &mut arena);
    // The address is challenged first: until something that was sent there came back, it gets no more than it sent.
    let [challenge] = arena.transmits() else { panic!("{} datagrams answer a check", arena.transmits().len()) };
    let transaction = stun::BindingRequest::parse(arena.bytes(challenge)).expect("a challenge is a check").transaction;
    let mut answer = [0; stun::MAX_RESPONSE_BYTES];
    let key = stun::integrity_key(b"password-of-the-client");
    let length = stun::write_binding_success(transaction, from.remote, &key, &mut answer);
    // A check of this length paid for the challenge, and everything that follows for no more than itself.
    let mut owed = check.len() - arena.used_bytes();
    arena.clear();
    if proves & 1 == 1 {
        core.handle_datagram(now, from, &mut answer[..length], &mut arena);
        // Then the check is answered, and from here on the handshake is.
        assert_eq!(arena.transmits().len(), 1);
        arena.clear();
    }

    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(after.len().min(usize::from(*length) * 16));
        core.handle_datagram(now, from, &mut datagram.to_vec(), &mut arena);
        if proves & 1 == 0 {
            owed += datagram.len();
            assert!(arena.used_bytes() <= owed, "an address that proved nothing gets more than it sent");
            owed -= arena.used_bytes();
        }
        arena.clear();
        rest = after;
    }
    // The hostile peer may lose its own place; the other keeps its.
    assert!(core.peer_count() >= 1);
});
