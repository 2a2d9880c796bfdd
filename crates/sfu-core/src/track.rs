use std::time::{Duration, Instant};

use crate::core::MAX_PEERS_PER_ROOM;
use crate::demand::LayerDemand;
use crate::gaps::Gaps;
use crate::rate::RateMeter;
use crate::reception::{Reception, SenderClock};
use crate::ring::{AUDIO_RING_PACKETS, Packet, Ring, VIDEO_RING_PACKETS};
use crate::sdp::MediaKind;

/// Others whom one participant hears and sees at most.
pub(crate) const PLACES: usize = MAX_PEERS_PER_ROOM - 1;

/// What a participant publishes, by its place in the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// The first audio line.
    Microphone,
    /// The first video line.
    Camera,
    /// The second video line.
    Screen,
}

impl TrackKind {
    /// What the `nth` line of a medium carries, counted from zero, and the place of the other person that it shows; none for lines
    /// beyond the largest room.
    ///
    /// The client publishes on the lines of the first place and on that of the screen, which belongs to no place. Lines of one place
    /// show one person.
    #[must_use]
    pub const fn of_line(media: MediaKind, nth: usize) -> Option<(Self, usize)> {
        match (media, nth) {
            (MediaKind::Audio, place) if place < PLACES => Some((Self::Microphone, place)),
            (MediaKind::Video, 0) => Some((Self::Camera, 0)),
            (MediaKind::Video, 1) => Some((Self::Screen, 0)),
            (MediaKind::Video, nth) if nth <= PLACES => Some((Self::Camera, nth - 1)),
            _ => None,
        }
    }

    pub(crate) const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// Units of a timestamp in one second.
    pub(crate) const fn clock_rate(self) -> u32 {
        match self {
            Self::Microphone => 48_000,
            Self::Camera | Self::Screen => 90_000,
        }
    }

    /// Name of the track in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
        }
    }

    /// Tracks of one stream are played in step: the voice belongs to the face.
    pub(crate) const fn stream(self) -> &'static str {
        match self {
            Self::Microphone | Self::Camera => "participant",
            Self::Screen => "screen",
        }
    }
}

/// Shortest pause between two keyframe requests for one source.
///
/// Higher: a joining viewer waits longer for a picture. Lower: more upstream bandwidth is spent.
pub const KEYFRAME_REQUEST_INTERVAL: Duration = Duration::from_millis(500);
/// How long after its last packet a silent source is still asked for keyframes.
const SOURCE_IS_LIVE_FOR: Duration = Duration::from_secs(2);

/// How long after its last packet a layer can still be chosen: a camera sends several pictures a second, and an encoder drops a
/// layer that its processor or its link does not carry.
///
/// Higher: who watches that layer sees a longer freeze. Lower: one late picture changes the layer.
const LAYER_IS_LIVE_FOR: Duration = Duration::from_millis(1_000);

/// Shortest pause between two changes of the stream behind one track.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Where a packet of a track goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Subscription {
    pub peer: usize,
    pub line: usize,
}

/// Whose line feeds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feed {
    /// Key of the peer.
    pub publisher: usize,
    pub line: usize,
}

/// One published encoding of a source: all of a voice, one layer of a camera's picture.
pub(crate) struct Track {
    pub publisher: usize,
    pub kind: TrackKind,
    /// Tells the track from others that had its key before.
    pub serial: u64,
    /// The stream that feeds the track now.
    pub ssrc: Option<u32>,
    pub subscribers: Vec<Subscription>,
    pub clock: Option<SenderClock>,
    pub gaps: Gaps,
    pub rate: RateMeter,
    /// What subscribers want of the track, where it is one layer of several.
    pub demand: LayerDemand,
    /// When packets began to come, after none for a while.
    began_at: Option<Instant>,
    reception: Reception,
    /// Made with the first packet: a screen that is never shared costs nothing.
    ring: Option<Ring>,
    is_keyframe_wanted: bool,
    keyframe_requested_at: Option<Instant>,
    last_packet_at: Option<Instant>,
    restarted_at: Option<Instant>,
    /// The publisher's refused packets when this track's last packet passed.
    refused: u32,
}

impl Track {
    pub(crate) fn new(publisher: usize, kind: TrackKind, serial: u64) -> Self {
        Self {
            publisher,
            kind,
            serial,
            ssrc: None,
            subscribers: Vec::new(),
            clock: None,
            gaps: Gaps::default(),
            rate: RateMeter::default(),
            demand: LayerDemand::default(),
            began_at: None,
            reception: Reception::default(),
            ring: None,
            is_keyframe_wanted: false,
            keyframe_requested_at: None,
            last_packet_at: None,
            restarted_at: None,
            refused: 0,
        }
    }

    /// Takes an opened packet; false when it is a duplicate or too old, and must not be forwarded.
    pub(crate) fn insert(&mut self, packet: Packet<'_>, is_keyframe: bool, is_repaired: bool, now: Instant) -> bool {
        let packets = if self.kind.is_video() { VIDEO_RING_PACKETS } else { AUDIO_RING_PACKETS };
        let ring = self.ring.get_or_insert_with(|| Ring::with_packets(packets));
        if !ring.insert(packet, is_repaired) {
            if !is_repaired && ring.note_original(packet.index) {
                self.reception.note_overtaken();
            }
            return false;
        }
        self.reception.note_arrival(packet.index, packet.timestamp, self.kind.clock_rate(), now, is_repaired);
        self.gaps.note_arrival(packet.index, now);
        if self.kind.is_video() {
            self.rate.note(packet.payload.len(), now);
        }
        if !self.is_live(now) {
            self.began_at = Some(now);
        }
        self.last_packet_at = Some(now);
        if is_keyframe {
            self.is_keyframe_wanted = false;
        }
        true
    }

    /// Records how many packets of the publisher were refused before the packet `index` passed.
    ///
    /// The gap before it may be of this server's own making: asking for it would bring a publisher that sends too much to
    /// send more. What was truly lost there is replaced by the keyframe that subscribers ask for.
    pub(crate) fn note_refused(&mut self, refused: u32, index: u64) {
        if self.refused != refused {
            self.refused = refused;
            self.gaps.forget_before(index);
        }
    }

    pub(crate) fn find(&self, index: u64) -> Option<Packet<'_>> {
        self.ring.as_ref()?.find(index)
    }

    pub(crate) fn highest(&self) -> Option<u64> {
        self.ring.as_ref()?.highest()
    }

    pub(crate) fn ring_packets(&self) -> usize {
        self.ring.as_ref().map_or(0, Ring::packets)
    }

    /// The publisher changed the stream behind the track: nothing of the old one is comparable.
    ///
    /// False when the last change is too recent: a client that alternates between streams must not cost more than others.
    pub(crate) fn restart(&mut self, ssrc: u32, now: Instant) -> bool {
        if is_within(self.restarted_at, RESTART_PAUSE, now) {
            return false;
        }
        self.restarted_at = Some(now);
        self.ssrc = Some(ssrc);
        self.ring = None;
        self.reception = Reception::default();
        self.gaps = Gaps::default();
        self.clock = None;
        true
    }

    pub(crate) fn report(&mut self, now: Instant) -> Option<crate::rtcp::ReportBlock> {
        self.reception.report(self.ssrc?, self.clock, now)
    }

    /// Records that a subscriber needs a keyframe; requests of all subscribers merge into one.
    pub(crate) fn want_keyframe(&mut self) {
        self.is_keyframe_wanted = self.kind.is_video();
    }

    pub(crate) fn is_keyframe_wanted(&self) -> bool {
        self.is_keyframe_wanted
    }

    /// When packets began to come, after none for a while.
    pub(crate) fn began_at(&self) -> Option<Instant> {
        self.began_at
    }

    /// Whether packets came a moment ago.
    pub(crate) fn is_flowing(&self, now: Instant) -> bool {
        is_within(self.last_packet_at, LAYER_IS_LIVE_FOR, now)
    }

    /// Whether packets came lately.
    pub(crate) fn is_live(&self, now: Instant) -> bool {
        is_within(self.last_packet_at, SOURCE_IS_LIVE_FOR, now)
    }

    /// Decides whether the publisher is asked for a keyframe now; [`KeyframeRequest::Send`] counts as asked.
    ///
    /// A silent source is not asked: when it resumes, its first packet is a keyframe or brings the request.
    pub(crate) fn take_keyframe_request(&mut self, now: Instant) -> KeyframeRequest {
        let Some(ssrc) = self.ssrc.filter(|_| self.is_keyframe_wanted) else { return KeyframeRequest::None };
        if !self.is_live(now) {
            return KeyframeRequest::None;
        }
        if is_within(self.keyframe_requested_at, KEYFRAME_REQUEST_INTERVAL, now) {
            return KeyframeRequest::Wait;
        }
        self.keyframe_requested_at = Some(now);
        KeyframeRequest::Send(ssrc)
    }
}

pub(crate) fn is_within(instant: Option<Instant>, span: Duration, now: Instant) -> bool {
    instant.is_some_and(|instant| now.saturating_duration_since(instant) < span)
}

/// What to do about a keyframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyframeRequest {
    /// Nobody wants one, or nobody could send one.
    None,
    /// One is wanted, but the last request is too recent.
    Wait,
    /// Ask for one of this stream.
    Send(u32),
}
