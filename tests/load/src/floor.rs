//! The raw floor: what any server on this machine must do at least. No ICE, no DTLS, no RTCP, no memory of packets: open,
//! rewrite, seal, send to the partner, with the same batched system calls as the product.

use std::net::SocketAddr;
use std::time::Duration;

use colloque_sfu::io::{BATCH, ReceiveBatch, SendBatch, UdpPort, Waker, wait_readable};
use colloque_sfu_core::rtp::{FIXED_HEADER_BYTES, RtpHeader, write_header};
use colloque_sfu_core::srtp::{InboundStream, MAX_RTP_OVERHEAD_BYTES, Profile, SessionKeys};
use colloque_sfu_core::{Path, SendArena};

/// Keys that both sides of the floor know.
#[must_use]
pub fn fixed_keys(is_from_server: bool) -> SessionKeys {
    let key = [if is_from_server { 0x51 } else { 0x17 }; 32];
    SessionKeys::derive(Profile::AeadAes256Gcm, &key, &[0x2a; 12])
}

/// Numbers of streams begin here; each participant has sixteen.
const FIRST_SSRC: u32 = 0x1000_0000;

struct Participant {
    path: Option<Path>,
    streams: [InboundStream; 16],
}

/// Forwards within rooms of `room_size` participants that follow each other, until the process is ended.
///
/// # Errors
///
/// The system's error if the port cannot be bound or read.
pub fn serve(bind: SocketAddr, participants: usize, room_size: usize) -> std::io::Result<()> {
    let port = UdpPort::bind(bind, 32 << 20)?;
    let waker = Waker::new()?;
    let (inbound, outbound) = (fixed_keys(false), fixed_keys(true));
    let mut table: Vec<Participant> =
        (0..participants).map(|_| Participant { path: None, streams: Default::default() }).collect();
    let mut received = ReceiveBatch::default();
    let mut sending = SendBatch::new(true);
    let mut arena = SendArena::default();
    loop {
        wait_readable(&port, &waker, Some(Duration::from_secs(1)));
        loop {
            let count = received.receive(&port)?;
            for index in 0..count {
                let Some((from, datagram)) = received.datagram(index) else { continue };
                forward(&mut table, room_size, &inbound, &outbound, from, datagram, &mut arena);
            }
            if !arena.transmits().is_empty() {
                sending.send(&port, &arena);
                arena.clear();
            }
            if count < BATCH {
                break;
            }
        }
    }
}

fn forward(
    table: &mut [Participant],
    room_size: usize,
    inbound: &SessionKeys,
    outbound: &SessionKeys,
    from: Path,
    datagram: &mut [u8],
    arena: &mut SendArena,
) {
    let Some(header) = RtpHeader::parse(datagram) else { return };
    let Some(stream) = header.ssrc.checked_sub(FIRST_SSRC) else { return };
    let number = (stream / 16) as usize;
    let Some(participant) = table.get_mut(number) else { return };
    participant.path = Some(from);
    let state = &mut participant.streams[(stream % 16) as usize];
    let opened = inbound.open_rtp(state, header.ssrc, header.sequence, header.header_bytes, datagram);
    let Ok((index, plain_bytes)) = opened else { return };
    let payload = &datagram[header.header_bytes..plain_bytes];
    let plain_bytes = FIXED_HEADER_BYTES + payload.len();
    let ssrc = header.ssrc ^ 0x4000_0000;
    let first = number - number % room_size;
    for other in (first..first + room_size).filter(|other| *other != number) {
        let Some(to) = table.get(other).and_then(|other| other.path) else { continue };
        arena.push(to, other as u32, plain_bytes + MAX_RTP_OVERHEAD_BYTES, |out| {
            let Some((head, rest)) = out.split_first_chunk_mut() else { return 0 };
            write_header(head, header.payload_type, header.is_marked, index as u16, header.timestamp, ssrc);
            rest[..payload.len()].copy_from_slice(payload);
            outbound.seal_rtp(ssrc, index, FIXED_HEADER_BYTES, out, plain_bytes)
        });
    }
}
