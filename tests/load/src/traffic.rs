//! What each participant sends, and what arrives of it: 30 frames of 5 packets of 1200 bytes and 50 packets of 80 bytes a
//! second, sealed end to end, with the instant of sending inside what the hop encrypts.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_congestion::ArrivalLog;
use colloque_sealing::e2ee::frame::MAX_OVERHEAD_BYTES as MAX_SEALING_BYTES;
use colloque_sfu::io::{BATCH, ReceiveBatch, SendBatch, UdpPort, Waker, wait_readable};
use colloque_sfu_core::{Path, SendArena};

use crate::client::{MAX_OVERHEAD_BYTES, MediaClient, NUMBER_EXTENSION, OPUS, Received, VP8};
use crate::histogram::Histogram;
use crate::keys::{FrameCounts, Keys};

/// Packets of one video frame.
const FRAME_PACKETS: u64 = 5;
/// Bytes of one video packet's payload.
const VIDEO_BYTES: usize = 1200;
/// Bytes of one audio packet's payload.
const AUDIO_BYTES: usize = 80;
/// Bytes of a video frame that fill the same packets once it is sealed.
const SEALED_VIDEO_BYTES: usize = FRAME_PACKETS as usize * (VIDEO_BYTES - 1 - STAMP_BYTES) - MAX_SEALING_BYTES;
/// Bytes of an audio frame; padded and sealed, with the instant, it takes sixteen more than one that is not.
const SEALED_AUDIO_BYTES: usize = 60;
/// A new participant's frames that all read as keyframes, so that a subscriber can begin with any of them; after that one in
/// thirty is: a server treats keyframes apart.
const FIRST_KEYFRAMES: u32 = 60;
const FRAMES_PER_KEYFRAME: u32 = 30;
/// Pause between two frames of one participant.
const FRAME_PERIOD: Duration = Duration::from_nanos(33_333_333);
/// Pause between two audio packets of one participant.
const AUDIO_PERIOD: Duration = Duration::from_millis(20);
/// Where the instant of sending stands in a payload; the number of the window follows it.
const STAMP_AT: usize = 8;
/// Bytes of both; behind what is sealed, where something is.
const STAMP_BYTES: usize = 12;

/// Packets that one participant sends in a second.
pub const PACKETS_PER_SECOND: u64 = 200;

/// One transport of a participant, at an address of its own.
pub struct Transport {
    /// The client.
    pub client: MediaClient,
    /// Where the server is reached, and from which address.
    pub path: Path,
    audio_index: u64,
    video_index: u64,
    frames: u32,
    /// Number of the next packet on the transport.
    number: u16,
    arrivals: ArrivalLog,
    checked_at: Instant,
}

impl Transport {
    /// The number of the next packet, where packets are numbered.
    fn take_number(&mut self) -> Option<u16> {
        let number = self.client.has_numbers().then_some(self.number);
        self.number = self.number.wrapping_add(1);
        number
    }
}

/// All transports of a run, on one socket.
pub struct Fleet {
    /// The transports; those that publish come first, in the order in which they are switched on.
    pub transports: Vec<Transport>,
    /// What became of sealed frames.
    pub frames: FrameCounts,
    /// End-to-end keys of the participants; none where nothing is sealed.
    keys: Vec<Keys>,
    port: UdpPort,
    first_address: Ipv4Addr,
    received: Box<ReceiveBatch>,
    sending: SendBatch,
    arena: SendArena,
    waker: Waker,
    windows: u32,
    by_address: HashMap<IpAddr, usize>,
    began_at: Instant,
}

/// What one window measured.
#[derive(Debug, Clone)]
pub struct Window {
    /// Packets sent in the window.
    pub sent: u64,
    /// Those of them that arrived, in the window or after it.
    pub arrived: u64,
    /// Time from sending to arrival.
    pub latency: Histogram,
    /// How long the window was.
    pub lasted: Duration,
}

impl Fleet {
    /// Binds one port for clients whose addresses follow `first_address`, one each.
    ///
    /// # Errors
    ///
    /// The system's error if no port can be bound.
    pub fn bind(first_address: Ipv4Addr) -> std::io::Result<Self> {
        Ok(Self {
            transports: Vec::new(),
            frames: FrameCounts::default(),
            keys: Vec::new(),
            port: UdpPort::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), 64 << 20)?,
            first_address,
            received: Box::default(),
            sending: SendBatch::new(true),
            arena: SendArena::default(),
            waker: Waker::new()?,
            windows: 0,
            by_address: HashMap::new(),
            began_at: Instant::now(),
        })
    }

    /// Address and port of the next transport.
    ///
    /// # Errors
    ///
    /// The system's error, which a bound socket does not give.
    pub fn next_address(&self) -> std::io::Result<SocketAddr> {
        let number = u32::try_from(self.transports.len()).unwrap_or(u32::MAX);
        let ip = Ipv4Addr::from(u32::from(self.first_address) + number);
        Ok(SocketAddr::from((ip, self.port.local_addr()?.port())))
    }

    /// Adds a transport that talks to `server`.
    ///
    /// # Errors
    ///
    /// The system's error, which a bound socket does not give.
    pub fn add(&mut self, client: MediaClient, server: SocketAddr) -> std::io::Result<usize> {
        let local = self.next_address()?.ip();
        let number = self.transports.len();
        self.by_address.insert(local, number);
        let path = Path { local: Some(local), ..Path::from(server) };
        let arrivals = ArrivalLog::new(self.began_at);
        self.transports.push(Transport {
            client,
            path,
            audio_index: 1,
            video_index: 1,
            frames: 0,
            checked_at: self.began_at,
            number: 0,
            arrivals,
        });
        Ok(number)
    }

    /// Has participants seal and open with keys, one each, in their order. Where they have a second transport to receive by, those come
    /// after all the first ones, in the same order.
    pub fn use_keys(&mut self, keys: Vec<Keys>) {
        self.keys = keys;
    }

    fn keys_of(&mut self, transport: usize) -> Option<&mut Keys> {
        let participant = transport.checked_rem(self.keys.len())?;
        self.keys.get_mut(participant)
    }

    /// Carries ICE and DTLS until every transport is connected; gives how many are.
    pub fn connect(&mut self, timeout: Duration) -> usize {
        let until = Instant::now() + timeout;
        let mut repeat_at = Instant::now();
        loop {
            let now = Instant::now();
            let connected = self.transports.iter().filter(|transport| transport.client.is_connected()).count();
            if connected == self.transports.len() || now > until {
                return connected;
            }
            if now >= repeat_at {
                // A few at a time: the test is about forwarding, not about a stampede of handshakes.
                let waiting = self.transports.iter_mut().filter(|transport| !transport.client.is_connected());
                for transport in waiting.take(32) {
                    transport.client.handle_timeout(now);
                }
                repeat_at = now + Duration::from_millis(50);
            }
            for number in 0..self.transports.len() {
                self.push_outbox(number);
            }
            self.flush();
            self.receive(&mut |_, _, _| {});
        }
    }

    fn push_outbox(&mut self, number: usize) {
        let transport = &mut self.transports[number];
        while let Some(datagram) = transport.client.poll_transmit() {
            self.arena.push(transport.path, number as u32, datagram.len(), |out| {
                out.copy_from_slice(&datagram);
                datagram.len()
            });
        }
    }

    fn flush(&mut self) {
        if !self.arena.transmits().is_empty() {
            self.sending.send(&self.port, &self.arena);
            self.arena.clear();
        }
    }

    fn receive(&mut self, took: &mut impl FnMut(u64, u32, Instant)) {
        for _ in 0..8 {
            let Ok(count) = self.received.receive(&self.port) else { return };
            let now = Instant::now();
            for index in 0..count {
                let Some((path, datagram)) = self.received.datagram(index) else { continue };
                let Some(number) = path.local.and_then(|local| self.by_address.get(&local)) else { continue };
                let transport = &mut self.transports[*number];
                let Received::Media(header, end) = transport.client.handle_datagram(now, datagram) else { continue };
                if let Some(number) = header.transport_number(datagram, NUMBER_EXTENSION) {
                    transport.arrivals.note_arrival(number, now);
                }
                // Probes are padding, and carry no instant.
                let Some(payload) = header.without_padding(&datagram[header.header_bytes..end]) else { continue };
                let participant = number.checked_rem(self.keys.len());
                let stamp = match participant.and_then(|participant| self.keys.get_mut(participant)) {
                    None => read_stamp(payload.get(STAMP_AT..)),
                    Some(keys) => {
                        let Some((sealed, stamp)) = payload.split_last_chunk::<STAMP_BYTES>() else { continue };
                        keys.take(&header, sealed, &mut self.frames);
                        read_stamp(Some(stamp))
                    }
                };
                if let Some((sent_at, window)) = stamp {
                    took(sent_at, window, now);
                }
            }
            if count < BATCH {
                return;
            }
        }
    }

    /// Has the transports say that they are there and report what arrived, those whose turn it is.
    fn report(&mut self) {
        let now = Instant::now();
        for number in 0..self.transports.len() {
            let transport = &mut self.transports[number];
            if now.saturating_duration_since(transport.checked_at) >= CHECK_PAUSE && !self.arena.should_flush() {
                transport.checked_at = now;
                transport.client.check();
                self.push_outbox(number);
            }
        }
        for (number, transport) in self.transports.iter_mut().enumerate() {
            if transport.arrivals.is_due(now) && !self.arena.should_flush() {
                let sealed = transport.client.sealed_arrivals(&mut transport.arrivals, now);
                self.arena.push(transport.path, number as u32, sealed.len(), |out| {
                    out.copy_from_slice(&sealed);
                    sealed.len()
                });
            }
        }
    }

    /// Has the first `publishers` transports send for `warm` and then for `measure`, and waits for stragglers.
    pub fn run(&mut self, publishers: usize, warm: Duration, measure: Duration) -> Window {
        self.run_beside(publishers, warm, measure, &mut |_| {})
    }

    /// The same, with `beside` called between the packets.
    pub fn run_beside(
        &mut self,
        publishers: usize,
        warm: Duration,
        measure: Duration,
        beside: &mut dyn FnMut(Instant),
    ) -> Window {
        let begin = Instant::now();
        let (open_at, close_at) = (begin + warm, begin + warm + measure);
        let until = close_at + STRAGGLERS;
        let frame_pause = FRAME_PERIOD / publishers as u32;
        let audio_pause = AUDIO_PERIOD / publishers as u32;
        let (mut frames, mut voices) = (0u32, 0u32);
        // Stragglers of an overloaded window may arrive in the next one: each window has a number of its own.
        self.windows += 1;
        let measured = self.windows;
        let mut window = Window { sent: 0, arrived: 0, latency: Histogram::default(), lasted: measure };
        let mut report_at = begin;
        loop {
            let now = Instant::now();
            if now >= until {
                return window;
            }
            let number = if (open_at..close_at).contains(&now) { measured } else { NOT_MEASURED };
            while begin + frame_pause * frames <= now && !self.arena.should_flush() {
                self.send_frame(frames as usize % publishers, number);
                frames += 1;
                window.sent += if number == measured { FRAME_PACKETS } else { 0 };
            }
            while begin + audio_pause * voices <= now && !self.arena.should_flush() {
                self.send_voice(voices as usize % publishers, number);
                voices += 1;
                window.sent += u64::from(number == measured);
            }
            if now >= report_at {
                report_at = now + REPORT_TURN;
                self.report();
            }
            self.flush();
            beside(now);
            let due_at = (begin + frame_pause * frames).min(begin + audio_pause * voices).min(until);
            let pause = due_at.saturating_duration_since(Instant::now());
            if !pause.is_zero() {
                wait_readable(&self.port, &self.waker, Some(pause));
            }
            let began_at = self.began_at;
            self.receive(&mut |sent_at, number, now| {
                if number == measured {
                    window.arrived += 1;
                    let arrived_at = now.saturating_duration_since(began_at).as_nanos() as u64;
                    window.latency.record(arrived_at.saturating_sub(sent_at));
                }
            });
        }
    }

    fn send_frame(&mut self, number: usize, window: u32) {
        if !self.keys.is_empty() {
            return self.send_sealed_frame(number, window);
        }
        let mut payload = [0; VIDEO_BYTES];
        let frames = self.transports[number].frames;
        let is_keyframe = is_keyframe(frames);
        for packet in 0..FRAME_PACKETS {
            write_stamp(&mut payload[STAMP_AT..], self.began_at, window);
            payload[0] = if packet == 0 { 0x10 } else { 0 };
            payload[1] = 0x50 | u8::from(!is_keyframe);
            self.send_packet(number, packet + 1 == FRAME_PACKETS, &payload);
        }
        self.transports[number].frames += 1;
    }

    fn send_sealed_frame(&mut self, number: usize, window: u32) {
        let frames = self.transports[number].frames;
        let mut frame = [0; SEALED_VIDEO_BYTES];
        frame[0] = 0x50 | u8::from(!is_keyframe(frames));
        let Some(keys) = self.keys_of(number) else { return };
        let sealed = keys.seal_picture(&frame);
        let mut payload = Vec::with_capacity(VIDEO_BYTES);
        for (packet, piece) in (0..FRAME_PACKETS).zip(sealed.chunks(sealed.len().div_ceil(FRAME_PACKETS as usize))) {
            payload.clear();
            payload.push(if packet == 0 { 0x10 } else { 0 });
            payload.extend_from_slice(piece);
            let stamp_at = payload.len();
            payload.resize(stamp_at + STAMP_BYTES, 0);
            write_stamp(&mut payload[stamp_at..], self.began_at, window);
            self.send_packet(number, packet + 1 == FRAME_PACKETS, &payload);
        }
        self.transports[number].frames += 1;
    }

    fn send_packet(&mut self, number: usize, is_last: bool, payload: &[u8]) {
        let transport = &mut self.transports[number];
        let number_of_packet = transport.take_number();
        let client = &transport.client;
        let (ssrc, index, timestamp) = (client.ssrcs[1], transport.video_index, transport.frames * 3_000);
        self.arena.push(transport.path, number as u32, MAX_OVERHEAD_BYTES + payload.len(), |out| {
            client.seal(ssrc, VP8, is_last, index, timestamp, number_of_packet, payload, out)
        });
        transport.video_index += 1;
    }

    fn send_voice(&mut self, number: usize, window: u32) {
        let mut payload = match self.keys_of(number) {
            None => vec![0; AUDIO_BYTES],
            Some(keys) => keys.seal_voice(&[0x78; SEALED_AUDIO_BYTES]),
        };
        let stamp_at = if self.keys.is_empty() { STAMP_AT } else { payload.len() };
        payload.resize(payload.len().max(stamp_at + STAMP_BYTES), 0);
        write_stamp(&mut payload[stamp_at..], self.began_at, window);
        let transport = &mut self.transports[number];
        let number_of_packet = transport.take_number();
        let client = &transport.client;
        let (ssrc, index) = (client.ssrcs[0], transport.audio_index);
        self.arena.push(transport.path, number as u32, MAX_OVERHEAD_BYTES + payload.len(), |out| {
            client.seal(ssrc, OPUS, false, index, index as u32 * 960, number_of_packet, &payload, out)
        });
        transport.audio_index += 1;
    }
}

fn write_stamp(payload: &mut [u8], began_at: Instant, window: u32) {
    let stamp = began_at.elapsed().as_nanos() as u64;
    payload[..8].copy_from_slice(&stamp.to_be_bytes());
    payload[8..STAMP_BYTES].copy_from_slice(&window.to_be_bytes());
}

fn read_stamp(stamp: Option<&[u8]>) -> Option<(u64, u32)> {
    let (sent_at, rest) = stamp?.split_first_chunk()?;
    Some((u64::from_be_bytes(*sent_at), u32::from_be_bytes(*rest.first_chunk()?)))
}

const fn is_keyframe(frames: u32) -> bool {
    frames < FIRST_KEYFRAMES || frames.is_multiple_of(FRAMES_PER_KEYFRAME)
}

/// Pause between two checks of a transport: servers give up a silent one after some thirty seconds, and loads take turns.
const CHECK_PAUSE: Duration = Duration::from_secs(5);
/// Pause between two looks at which transports have something to report.
const REPORT_TURN: Duration = Duration::from_millis(10);
/// How long packets of a window are waited for after it; the load goes on meanwhile.
const STRAGGLERS: Duration = Duration::from_millis(600);
const NOT_MEASURED: u32 = 0;
