use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use colloque_congestion::ArrivalLog;
use colloque_load::client::{MediaClient, NUMBER_EXTENSION, OPUS, RED, RTX, Received};
use colloque_sfu_core::red::Redundant;
use colloque_sfu_core::rtcp::{Feedback, read_compound};
use colloque_sfu_core::rtp::RtpHeader;

use crate::payload::Stamp;
use crate::picture::Pictures;
use crate::publisher::{Publisher, Sending};
use crate::voice::Voices;

/// How often one packet is asked for.
const MAX_REQUESTS: u8 = 10;
/// Pause between two requests for one packet, and between two for a keyframe.
const NACK_PAUSE: Duration = Duration::from_millis(100);
const PICTURE_LOSS_PAUSE: Duration = Duration::from_millis(500);

/// One person's browser.
pub struct Participant {
    began_at: Instant,
    pub(crate) client: MediaClient,
    pub(crate) publisher: Publisher,
    arrivals: ArrivalLog,
    /// What was heard.
    pub voices: Voices,
    /// What was seen.
    pub pictures: Pictures,
    video: Option<VideoReceived>,
    asked_at: Option<Instant>,
    repeated_at: Option<Instant>,
    /// Bytes of media that arrived, with when.
    bytes: Vec<(Instant, usize)>,
    /// What arrived and nobody looked at yet; none where nobody looks.
    pub(crate) received: Option<Vec<Heard>>,
}

/// One packet of voice or picture that arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// What it says of itself; none when it says nothing that was ever sent.
    pub stamp: Option<Stamp>,
    pub is_voice: bool,
}

/// Sequence numbers of the video that arrives.
struct VideoReceived {
    ssrc: u32,
    highest: u64,
    missing: BTreeMap<u64, (u8, Instant)>,
}

impl Participant {
    pub(crate) fn new(number: u32, began_at: Instant, now: Instant) -> Self {
        Self::of(MediaClient::new(number, true, now), Sending::all(number), began_at, now)
    }

    pub(crate) fn of(client: MediaClient, sending: Sending, began_at: Instant, now: Instant) -> Self {
        Self {
            began_at,
            client: client.with_numbers().with_redundancy(),
            publisher: Publisher::new(sending, began_at, now),
            received: None,
            arrivals: ArrivalLog::new(now),
            voices: Voices::default(),
            pictures: Pictures::default(),
            video: None,
            asked_at: None,
            repeated_at: None,
            bytes: Vec::new(),
        }
    }

    /// What the participant's own link carries on the way to the server, as it believes, in bits per second.
    #[must_use]
    pub fn uplink_bps(&self) -> u64 {
        self.publisher.estimator.estimate_bps()
    }

    /// What the server allows the participant to send, in bits per second.
    #[must_use]
    pub fn allowed_bps(&self) -> u64 {
        self.publisher.cap_bps
    }

    /// Keyframes that the participant made.
    #[must_use]
    pub fn keyframes_made(&self) -> usize {
        self.publisher.keyframes
    }

    /// Bits a second that arrived in a span, repairs and padding included.
    #[must_use]
    pub fn arrived_bps(&self, since: Instant, until: Instant) -> u64 {
        let bytes: usize =
            self.bytes.iter().filter(|(at, _)| (since..until).contains(at)).map(|(_, bytes)| bytes).sum();
        (bytes as f64 * 8.0 / (until - since).as_secs_f64()) as u64
    }

    pub(crate) fn receive(&mut self, now: Instant, datagram: &mut [u8], send: &mut impl FnMut(Vec<u8>)) {
        let length = datagram.len();
        match self.client.handle_datagram(now, datagram) {
            Received::Media(header, end) => {
                self.bytes.push((now, length + 28));
                self.take_media(now, &header, datagram, end);
            }
            Received::Report(length) => self.take_report(now, &datagram[..length], send),
            Received::Handled | Received::Ignored => {}
        }
        while let Some(datagram) = self.client.poll_transmit() {
            send(datagram);
        }
    }

    fn take_media(&mut self, now: Instant, header: &RtpHeader, datagram: &[u8], end: usize) {
        if let Some(number) = header.transport_number(datagram, NUMBER_EXTENSION) {
            self.arrivals.note_arrival(number, now);
        }
        let Some(payload) = header.without_padding(&datagram[header.header_bytes..end]) else { return };
        let (sequence, payload) = if header.payload_type == RTX {
            let Some((original, payload)) = payload.split_first_chunk::<2>() else { return };
            (u16::from_be_bytes(*original), payload)
        } else {
            (header.sequence, payload)
        };
        if header.payload_type == RED {
            let Some(redundant) = Redundant::parse(payload, OPUS) else { return };
            let repeated = redundant.repeated.iter().flatten().map(|(_, payload)| *payload);
            repeated.chain([redundant.primary]).for_each(|payload| self.hear(payload, now));
            return;
        }
        if header.payload_type == OPUS {
            self.hear(payload, now);
            return;
        }
        self.note(payload, false);
        let Some(stamp) = Stamp::read(payload, self.began_at) else { return };
        self.note_sequence(header, sequence, now);
        self.pictures.take(&stamp, payload.len(), now);
    }

    /// Keeps a packet for who looks at it; one without a payload is a probe.
    fn note(&mut self, payload: &[u8], is_voice: bool) {
        let began_at = self.began_at;
        if let Some(received) = &mut self.received
            && !payload.is_empty()
        {
            let stamp = Stamp::read(payload, began_at).filter(|stamp| stamp.is_whole(payload, began_at));
            received.push(Heard { stamp, is_voice });
        }
    }

    fn hear(&mut self, payload: &[u8], now: Instant) {
        self.note(payload, true);
        if let Some(stamp) = Stamp::read(payload, self.began_at) {
            self.voices.take(stamp.frame, stamp.sent_at, now);
        }
    }

    fn note_sequence(&mut self, header: &RtpHeader, sequence: u16, now: Instant) {
        let is_repeat = header.payload_type == RTX;
        let video = match &mut self.video {
            Some(video) => video,
            None if is_repeat => return,
            None => self.video.insert(VideoReceived {
                ssrc: header.ssrc,
                highest: 1 << 16 | u64::from(sequence),
                missing: BTreeMap::new(),
            }),
        };
        let index = video.highest.wrapping_add_signed(i64::from(sequence.wrapping_sub(video.highest as u16) as i16));
        video.missing.remove(&index);
        if index > video.highest {
            for index in video.highest + 1..index {
                video.missing.insert(index, (0, now));
            }
            video.highest = index;
        }
    }

    fn take_report(&mut self, now: Instant, report: &[u8], send: &mut impl FnMut(Vec<u8>)) {
        let Self { client, publisher, .. } = self;
        read_compound(report, |feedback| match feedback {
            Feedback::Transport(report) => publisher.take_report(now, &report),
            Feedback::Remb { bits_per_second } => publisher.cap_bps = bits_per_second,
            Feedback::KeyframeRequest { .. } => publisher.want_keyframe(),
            Feedback::Nack { missing, .. } => {
                for sequence in missing.sequences() {
                    publisher.resend(client, sequence, now, send);
                }
            }
            Feedback::SenderReport { .. } | Feedback::Reception { .. } => {}
        });
    }

    /// Does what is due at `now`.
    pub(crate) fn run(&mut self, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        if !self.client.is_connected() {
            self.connect(now, send);
            return;
        }
        let pause = Duration::from_millis(if self.client.is_validated() { 2_500 } else { 200 });
        if self.repeated_at.is_none_or(|at| now >= at + pause) {
            self.repeated_at = Some(now);
            self.client.check();
            while let Some(datagram) = self.client.poll_transmit() {
                send(datagram);
            }
        }
        self.publisher.run(&self.client, now, send);
        if self.arrivals.is_due(now) {
            send(self.client.sealed_arrivals(&mut self.arrivals, now));
        }
        self.ask(now, send);
    }

    /// Repeats what the handshake needs, once in a while.
    pub(crate) fn connect(&mut self, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        if self.repeated_at.is_none_or(|at| now >= at + Duration::from_millis(200)) {
            self.repeated_at = Some(now);
            self.client.handle_timeout(now);
            while let Some(datagram) = self.client.poll_transmit() {
                send(datagram);
            }
        }
    }

    fn ask(&mut self, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        let Some(video) = &mut self.video else { return };
        let ssrc = video.ssrc.to_be_bytes();
        let mut due = Vec::new();
        let is_hopeless = video.missing.len() > 300;
        video.missing.retain(|index, (requests, due_at)| {
            if *due_at <= now {
                due.push(*index as u16);
                *requests += 1;
                *due_at = now + NACK_PAUSE;
            }
            *requests < MAX_REQUESTS
        });
        if is_hopeless {
            video.missing.clear();
        }
        for part in due.chunks(60) {
            let words = (part.len() + 2) as u16;
            let mut nack = vec![0x81, 205, (words >> 8) as u8, words as u8, 0, 0, 0, 1];
            nack.extend_from_slice(&ssrc);
            for sequence in part {
                nack.extend_from_slice(&sequence.to_be_bytes());
                nack.extend_from_slice(&[0, 0]);
            }
            send(self.client.sealed_rtcp(&nack));
        }
        let may_ask = self.asked_at.is_none_or(|at| now >= at + PICTURE_LOSS_PAUSE);
        if (self.pictures.is_stuck() || is_hopeless) && may_ask {
            self.asked_at = Some(now);
            let mut pli = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
            pli.extend_from_slice(&ssrc);
            send(self.client.sealed_rtcp(&pli));
        }
    }
}
