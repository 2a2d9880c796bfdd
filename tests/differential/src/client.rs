//! A participant that does what its script says, and writes down what it sent, was asked for, and received.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use colloque_congestion::ArrivalLog;
use colloque_load::client::{MediaClient, NUMBER_EXTENSION, OPUS, RTX, Received, VP8};
use colloque_sfu_core::rtcp::{Feedback, read_compound};
use colloque_sfu_core::rtp::RtpHeader;

use crate::script::{Fate, Name, Script, TALK};

/// Lines of every participant: voice and picture.
pub const LINES: usize = 2;
/// Time for the handshake, which takes a server as many turns as it likes: nobody talks before.
pub const SILENCE: Duration = Duration::from_millis(400);
const VOICE: Duration = Duration::from_millis(20);
const PICTURE: Duration = Duration::from_millis(40);
/// Between two requests for one packet, and how many there are at most.
const ASK_PAUSE: Duration = Duration::from_millis(60);
const MAX_ASKED: u32 = 6;
/// Between two answers to requests for one packet.
const REPEAT_PAUSE: Duration = Duration::from_millis(20);
const REPORT_PAUSE: Duration = Duration::from_millis(500);

/// One copy of a packet that reached a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// What it is.
    pub name: Name,
    /// Number that it has in the subscriber's stream.
    pub sequence: u16,
    /// Timestamp that it has there.
    pub timestamp: u32,
    /// Whether it ends a picture.
    pub is_marked: bool,
    /// Whether it came on the retransmission stream.
    pub is_repair: bool,
    /// When.
    pub at: Duration,
}

/// What one line's publisher was told of it.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Indices that the server asked for again.
    pub asked: BTreeSet<u64>,
    /// When it asked for keyframes.
    pub keyframes: Vec<Duration>,
    /// The last report on the stream: packets lost in all, and the extended highest number.
    pub reported: Option<(i32, u32)>,
}

/// A packet that was sent, and can be sent again.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its timestamp.
    pub timestamp: u32,
    /// Whether it ends a picture.
    pub is_marked: bool,
    /// Whether it begins a keyframe.
    pub is_keyframe: bool,
    /// When it was sent.
    pub at: Duration,
    payload: Vec<u8>,
    copies: u64,
    repeated_at: Option<Instant>,
}

/// One participant.
pub struct Participant {
    /// Which of the two.
    pub number: usize,
    /// The client's transport.
    pub client: MediaClient,
    /// What it published, by line and index.
    pub sent: [BTreeMap<u64, Sent>; LINES],
    /// What it was told of its lines.
    pub told: [Told; LINES],
    /// What it received of the other, by line.
    pub arrivals: [Vec<Arrival>; LINES],
    /// Sequence numbers that it asked for, by line, with how often.
    pub asked: [BTreeMap<u16, u32>; LINES],
    /// Numbers of its packets on the transport that the server says it received.
    pub reported_numbers: BTreeSet<u16>,
    /// Numbers of its packets on the transport that reached the server.
    pub arrived_numbers: BTreeSet<u16>,
    began_at: Instant,
    joined_at: Instant,
    log: ArrivalLog,
    number_of_next: u16,
    rtx_index: u64,
    voice_at: Instant,
    picture_at: Instant,
    pictures: u64,
    is_keyframe_wanted: bool,
    has_asked: bool,
    reported_at: Instant,
    streams: HashMap<u32, Stream>,
    copies: HashMap<Name, u64>,
    retried_at: Instant,
}

/// A stream that arrives, by its first number, without wrap-around.
struct Stream {
    line: usize,
    highest: u64,
    missing: BTreeMap<u64, (u32, Instant)>,
}

/// A datagram and what the network does with it.
pub struct Outgoing {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its fate.
    pub fate: Fate,
}

impl Participant {
    /// A participant that joins at `now`.
    #[must_use]
    pub fn new(number: usize, script: &Script, began_at: Instant, now: Instant) -> Self {
        let client = MediaClient::new(number as u32, true, now);
        Self {
            number,
            client: if script.has_numbers { client.with_numbers() } else { client },
            sent: Default::default(),
            told: Default::default(),
            arrivals: Default::default(),
            asked: Default::default(),
            reported_numbers: BTreeSet::new(),
            arrived_numbers: BTreeSet::new(),
            began_at,
            joined_at: now,
            log: ArrivalLog::new(began_at),
            number_of_next: 0,
            rtx_index: 1,
            voice_at: now + SILENCE,
            picture_at: now + SILENCE,
            pictures: 0,
            is_keyframe_wanted: true,
            has_asked: false,
            reported_at: now,
            streams: HashMap::new(),
            copies: HashMap::new(),
            retried_at: now,
        }
    }

    /// Gives what the participant sends at `now`.
    pub fn run(&mut self, script: &Script, now: Instant, send: &mut impl FnMut(Outgoing)) {
        if !self.client.is_connected() && now >= self.retried_at {
            self.client.handle_timeout(now);
            self.retried_at = now + Duration::from_millis(100);
        }
        while let Some(bytes) = self.client.poll_transmit() {
            send(Outgoing { bytes, fate: Fate::Late(Duration::ZERO) });
        }
        if !self.client.is_connected() {
            return;
        }
        let talks = now < self.began_at + TALK;
        while talks && self.voice_at <= now {
            self.voice_at += VOICE;
            self.speak(script, now, send);
        }
        while talks && self.picture_at <= now {
            self.picture_at += PICTURE;
            self.show(script, now, send);
        }
        self.ask(script, now, send);
        if now >= self.reported_at + REPORT_PAUSE {
            self.reported_at = now;
            self.report(now, send);
        }
        if self.log.is_due(now) {
            let bytes = self.client.sealed_arrivals(&mut self.log, now);
            send(Outgoing { bytes, fate: Fate::Late(Duration::ZERO) });
        }
    }

    fn speak(&mut self, script: &Script, now: Instant, send: &mut impl FnMut(Outgoing)) {
        let (first, timestamp) = script.begins[self.number][0];
        let spoken = self.sent[0].len() as u64;
        let name = Name { publisher: self.number, line: 0, index: first + spoken };
        let timestamp = timestamp.wrapping_add(spoken as u32 * 960);
        self.publish(script, name, timestamp, true, false, vec![0x5a; 12], now, send);
    }

    fn show(&mut self, script: &Script, now: Instant, send: &mut impl FnMut(Outgoing)) {
        let (first, timestamp) = script.begins[self.number][1];
        let packets = script.packets_of_picture(self.number, self.pictures);
        let timestamp = timestamp.wrapping_add(self.pictures as u32 * 3_600);
        let is_keyframe = std::mem::take(&mut self.is_keyframe_wanted);
        for packet in 0..packets {
            let name = Name { publisher: self.number, line: 1, index: first + self.sent[1].len() as u64 };
            // VP8 descriptor of one byte; the first packet's payload header tells a keyframe, RFC 7741 section 4.3.
            let start = if packet == 0 { 0x10 } else { 0 };
            let payload = vec![start, u8::from(!is_keyframe), 0x9d, 0x01, 0x2a];
            self.publish(
                script,
                name,
                timestamp,
                packet + 1 == packets,
                is_keyframe && packet == 0,
                payload,
                now,
                send,
            );
        }
        self.pictures += 1;
    }

    fn publish(
        &mut self,
        script: &Script,
        name: Name,
        timestamp: u32,
        is_marked: bool,
        is_keyframe: bool,
        mut payload: Vec<u8>,
        now: Instant,
        send: &mut impl FnMut(Outgoing),
    ) {
        payload.extend_from_slice(&name.index.to_be_bytes());
        let number = self.take_number();
        let payload_type = if name.line == 0 { OPUS } else { VP8 };
        let ssrc = self.client.ssrcs[name.line];
        let bytes =
            self.client.sealed_with_number(ssrc, payload_type, is_marked, name.index, timestamp, number, &payload);
        let fate = script.fate_up(name, 0);
        self.note_number(number, fate);
        let at = now - self.began_at;
        let sent = Sent { timestamp, is_marked, is_keyframe, at, payload, copies: 1, repeated_at: None };
        self.sent[name.line].insert(name.index, sent);
        send(Outgoing { bytes, fate });
    }

    /// The number of the next packet, where packets are numbered.
    fn take_number(&mut self) -> Option<u16> {
        let number = self.client.has_numbers().then_some(self.number_of_next);
        self.number_of_next = self.number_of_next.wrapping_add(1);
        number
    }

    fn note_number(&mut self, number: Option<u16>, fate: Fate) {
        if fate != Fate::Lost {
            self.arrived_numbers.extend(number);
        }
    }

    /// Asks for what is missing, and for a keyframe when the script says so.
    fn ask(&mut self, script: &Script, now: Instant, send: &mut impl FnMut(Outgoing)) {
        let mut reports = Vec::new();
        for (ssrc, stream) in self.streams.iter_mut().filter(|(_, stream)| stream.line == 1) {
            if !self.has_asked && now >= self.began_at + script.asks_at[self.number] {
                self.has_asked = true;
                reports.push(picture_loss(*ssrc));
            }
            let mut due = Vec::new();
            for (index, (times, due_at)) in &mut stream.missing {
                if *due_at <= now && *times < MAX_ASKED {
                    *times += 1;
                    *due_at = now + ASK_PAUSE;
                    due.push(*index as u16);
                    *self.asked[1].entry(*index as u16).or_default() += 1;
                }
            }
            if !due.is_empty() {
                reports.push(nack(*ssrc, &due));
            }
        }
        for plain in reports {
            let bytes = self.client.sealed_rtcp(&plain);
            send(Outgoing { bytes, fate: Fate::Late(Duration::ZERO) });
        }
    }

    /// Ties the clocks of its streams together and says how the other's arrive.
    fn report(&mut self, now: Instant, send: &mut impl FnMut(Outgoing)) {
        let elapsed = now - self.began_at;
        let ntp = (0xe000_0000u64 << 32) + ((elapsed.as_nanos() as u64) << 32) / 1_000_000_000;
        let mut plain = Vec::new();
        for line in 0..LINES {
            let Some((_, last)) = self.sent[line].last_key_value() else { continue };
            plain.extend_from_slice(&[0x80, 200, 0, 6]);
            plain.extend_from_slice(&self.client.ssrcs[line].to_be_bytes());
            plain.extend_from_slice(&ntp.to_be_bytes());
            plain.extend_from_slice(&last.timestamp.to_be_bytes());
            plain.extend_from_slice(&(self.sent[line].len() as u32).to_be_bytes());
            plain.extend_from_slice(&[0; 4]);
        }
        for (ssrc, stream) in &self.streams {
            plain.extend_from_slice(&[0x81, 201, 0, 7, 0, 0, 0, 1]);
            plain.extend_from_slice(&ssrc.to_be_bytes());
            plain.extend_from_slice(&[0; 4]);
            plain.extend_from_slice(&(stream.highest as u32).to_be_bytes());
            plain.extend_from_slice(&[0; 12]);
        }
        if !plain.is_empty() {
            let bytes = self.client.sealed_rtcp(&plain);
            send(Outgoing { bytes, fate: Fate::Late(Duration::ZERO) });
        }
    }

    /// Takes a datagram from the server, unless the network takes it: only an opened packet has a name to decide by.
    pub fn take(&mut self, script: &Script, now: Instant, mut datagram: Vec<u8>, send: &mut impl FnMut(Outgoing)) {
        match self.client.handle_datagram(now, &mut datagram) {
            Received::Media(header, end) => self.take_media(script, now, &header, &datagram[..end]),
            Received::Report(length) => self.take_report(script, now, &datagram[..length], send),
            Received::Handled | Received::Ignored => {}
        }
        while let Some(bytes) = self.client.poll_transmit() {
            send(Outgoing { bytes, fate: Fate::Late(Duration::ZERO) });
        }
    }

    fn take_media(&mut self, script: &Script, now: Instant, header: &RtpHeader, packet: &[u8]) {
        let number = header.transport_number(packet, NUMBER_EXTENSION);
        let payload = header.without_padding(&packet[header.header_bytes..]).unwrap_or_default();
        let is_repair = header.payload_type == RTX;
        let (sequence, payload) = match payload.split_first_chunk::<2>() {
            Some((original, payload)) if is_repair => (u16::from_be_bytes(*original), payload),
            Some(_) => (header.sequence, payload),
            // Padding, which fills a link for a measurement.
            None => {
                number.into_iter().for_each(|number| self.log.note_arrival(number, now));
                return;
            }
        };
        let line = usize::from(header.payload_type != OPUS);
        let Some(index) = payload.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)) else { return };
        let name = Name { publisher: 1 - self.number, line, index };
        let copies = self.copies.entry(name).or_default();
        *copies += 1;
        if script.is_lost_down(name, *copies) {
            return;
        }
        number.into_iter().for_each(|number| self.log.note_arrival(number, now));
        let (timestamp, is_marked) = (header.timestamp, header.is_marked);
        let at = now - self.began_at;
        self.arrivals[line].push(Arrival { name, sequence, timestamp, is_marked, is_repair, at });
        self.note_sequence(header.ssrc, line, sequence, is_repair, now);
    }

    fn note_sequence(&mut self, ssrc: u32, line: usize, sequence: u16, is_repair: bool, now: Instant) {
        if is_repair {
            for stream in self.streams.values_mut().filter(|stream| stream.line == line) {
                stream.missing.retain(|index, _| *index as u16 != sequence);
            }
            return;
        }
        let fresh = Stream { line, highest: u64::from(sequence) + (1 << 16), missing: BTreeMap::new() };
        let stream = self.streams.entry(ssrc).or_insert(fresh);
        let ahead = sequence.wrapping_sub(stream.highest as u16) as i16;
        let index = stream.highest.wrapping_add_signed(ahead.into());
        stream.missing.remove(&index);
        for missing in stream.highest + 1..index {
            stream.missing.insert(missing, (0, now));
        }
        stream.highest = stream.highest.max(index);
    }

    fn take_report(&mut self, script: &Script, now: Instant, plain: &[u8], send: &mut impl FnMut(Outgoing)) {
        let at = now - self.began_at;
        let mut wanted: Vec<(usize, u16)> = Vec::new();
        let ssrcs = self.client.ssrcs;
        let line_of = |ssrc: u32| ssrcs.iter().take(LINES).position(|own| *own == ssrc);
        read_compound(plain, |feedback| match feedback {
            Feedback::Nack { ssrc, missing } => {
                wanted
                    .extend(line_of(ssrc).into_iter().flat_map(|line| missing.sequences().map(move |one| (line, one))));
            }
            Feedback::KeyframeRequest { ssrc } => {
                if let Some(line) = line_of(ssrc) {
                    self.is_keyframe_wanted = true;
                    self.told[line].keyframes.push(at);
                }
            }
            Feedback::Transport(report) => {
                let received = report.packets().filter(|(_, delta)| delta.is_some()).map(|(number, _)| number);
                self.reported_numbers.extend(received);
            }
            Feedback::SenderReport { .. } | Feedback::Reception { .. } | Feedback::Remb { .. } => {}
        });
        for (ssrc, lost, highest) in crate::compare::report_blocks(plain) {
            if let Some(line) = line_of(ssrc) {
                self.told[line].reported = Some((lost, highest));
            }
        }
        for (line, sequence) in wanted {
            self.repeat(script, line, sequence, now, send);
        }
    }

    /// Sends again what the server misses, unless that was done a moment ago.
    fn repeat(&mut self, script: &Script, line: usize, sequence: u16, now: Instant, send: &mut impl FnMut(Outgoing)) {
        let Some((index, sent)) = self.sent[line].iter_mut().find(|(index, _)| **index as u16 == sequence) else {
            return;
        };
        let index = *index;
        self.told[line].asked.insert(index);
        if line == 0 || sent.repeated_at.is_some_and(|at| now < at + REPEAT_PAUSE) {
            return;
        }
        sent.repeated_at = Some(now);
        let fate = script.fate_up(Name { publisher: self.number, line, index }, sent.copies);
        sent.copies += 1;
        let payload = [&sequence.to_be_bytes()[..], &sent.payload].concat();
        let (timestamp, is_marked) = (sent.timestamp, sent.is_marked);
        let number = self.take_number();
        let (ssrc, rtx_index) = (self.client.rtx_ssrcs[line], self.rtx_index);
        self.rtx_index += 1;
        let bytes = self.client.sealed_with_number(ssrc, RTX, is_marked, rtx_index, timestamp, number, &payload);
        self.note_number(number, fate);
        send(Outgoing { bytes, fate });
    }

    /// Whether the participant could not send when it should.
    #[must_use]
    pub fn is_late(&self, now: Instant) -> bool {
        !self.client.is_connected() && now >= self.joined_at + SILENCE
    }

    /// When the participant joined, from the call's beginning.
    #[must_use]
    pub fn joined_at(&self) -> Duration {
        self.joined_at - self.began_at
    }
}

fn picture_loss(ssrc: u32) -> Vec<u8> {
    let mut plain = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
    plain.extend_from_slice(&ssrc.to_be_bytes());
    plain
}

fn nack(ssrc: u32, sequences: &[u16]) -> Vec<u8> {
    let mut plain = vec![0x81, 205, 0, 2 + sequences.len() as u8, 0, 0, 0, 1];
    plain.extend_from_slice(&ssrc.to_be_bytes());
    for sequence in sequences {
        plain.extend_from_slice(&sequence.to_be_bytes());
        plain.extend_from_slice(&[0, 0]);
    }
    plain
}
