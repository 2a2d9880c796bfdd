//! What a weak link leaves of a consultation, and who decided so. The voice is never paused here.

use colloque_ids::Timestamp;
use colloque_protocol::signaling::{LinkQuality, MediaState, Pictures};

use crate::pictures::PicturePolicy;
use crate::policy::{ADAPTED_FOR, SAMPLE_GAP, SAMPLE_INTERVAL};
use crate::quality::{LinkSample, Measured, Quality};
use crate::shown::{ShownPicture, sent_for};
use crate::view::{CallView, PausedBy};

/// How the shell sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Adaptation {
    /// The camera, if it is switched on.
    pub camera: CameraRate,
    /// Longest shorter side of the camera that the other side can see, in pixels; none for all that it gives. It holds together with
    /// `camera`: the smaller of the two.
    pub side_px: Option<u16>,
    /// Whether the voice takes as little of the link as it can: fewer packets, fewer bits.
    pub voice_is_slim: bool,
}

/// How much of a link a camera takes, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CameraRate {
    /// What the browser's estimate leaves.
    #[default]
    Full,
    /// Little: a small picture that still moves.
    Low,
    /// Nothing at all.
    Nothing,
}

/// Which way sound and picture take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaWay {
    /// None: their keys are awaited. An empty link says nothing.
    None,
    /// By the server, which measures the link too.
    #[default]
    Server,
    /// From browser to browser: what the server measures is of an empty link.
    Direct,
}

#[derive(Debug, Default)]
pub(crate) struct Degradation {
    quality: Quality,
    policy: PicturePolicy,
    shown: ShownPicture,
    measured: Option<Measured>,
    way: MediaWay,
    link: Option<LinkQuality>,
    /// Whether this side's link carries too little, whatever it loses.
    is_narrow: bool,
    sampled_at: Option<Timestamp>,
    judged_at: Option<Timestamp>,
    adaptation: Adaptation,
    adapted_at: Option<Timestamp>,
    /// When the size of the camera changed last.
    sized_at: Option<Timestamp>,
}

impl Degradation {
    /// Forgets the consultation; the shell goes on sending as it was told last.
    pub(crate) fn restart(&mut self) {
        *self = Self { adaptation: self.adaptation, ..Self::default() };
    }

    /// When the next sample is due.
    pub(crate) fn sample_at(&self) -> Option<Timestamp> {
        self.sampled_at.map(|at| at.after(SAMPLE_INTERVAL))
    }

    /// Whether a sample is to be asked for now, if they tell anything.
    pub(crate) fn takes_sample(&mut self, is_sampled: bool, now: Timestamp) -> bool {
        if !is_sampled {
            self.shown.look_away();
            return false;
        }
        let is_due = self.sampled_at.is_none_or(|at| now.since(at) >= SAMPLE_INTERVAL);
        if is_due {
            self.sampled_at = Some(now);
        }
        is_due
    }

    pub(crate) fn sampled(&mut self, sample: LinkSample, view: &CallView, now: Timestamp) {
        let (local, other) = (view.local, view.other_media());
        let is_shown = [self.policy.said(), other.pictures] == [Pictures::Shown; 2];
        if other.camera && is_shown && view.is_other_here() && self.way != MediaWay::None {
            self.shown.look(sample, now);
        } else {
            self.shown.look_away();
        }
        let Some(measured) = self.measured else { return };
        if self.judged_at.is_some_and(|at| now.since(at) > SAMPLE_GAP) {
            self.policy.forget_link();
        }
        self.judged_at = Some(now);
        let verdict = self.quality.judge(sample, measured, self.policy.knows_uplink(now), now);
        self.link = Some(verdict.quality);
        self.is_narrow = verdict.is_narrow;
        let is_moot = pauses(other.pictures) || !(local.camera || other.camera);
        self.policy.judge(verdict.carries, is_moot, now);
        if pauses(other.pictures) || !local.camera {
            self.policy.sends_nothing();
        }
    }

    pub(crate) const fn measured(&mut self, measured: Measured) {
        if matches!(self.way, MediaWay::Server) {
            self.measured = Some(measured);
        }
    }

    /// Sound and picture take another way: from browser to browser what the browser itself says is all that there is; else nothing is
    /// known yet.
    pub(crate) fn take_way(&mut self, way: MediaWay) {
        if self.way != way {
            self.way = way;
            self.measured = (way == MediaWay::Direct).then_some(Measured::NOTHING_AMISS);
        }
    }

    pub(crate) fn choose(&mut self, shown: bool, now: Timestamp) {
        self.policy.choose(shown, now);
    }

    /// Adds to what is switched on what the other side must know.
    pub(crate) const fn complete(&self, local: MediaState) -> MediaState {
        let (shown_side_px, frozen) = (self.shown.side_px(), self.shown.is_frozen());
        MediaState { pictures: self.policy.said(), link: self.link, shown_side_px, frozen, ..local }
    }

    /// Why pictures pause, as a screen says it; what this side decided comes first, because it can be undone here.
    pub(crate) fn paused_by(&self, other: MediaState, now: Timestamp) -> Option<PausedBy> {
        match (self.policy.said(), other.pictures) {
            (Pictures::PausedByPerson, _) => Some(PausedBy::You),
            (Pictures::PausedByLink | Pictures::Tried, _) => Some(PausedBy::Link { returns: self.policy.returns(now) }),
            (Pictures::Shown, Pictures::PausedByPerson) => Some(PausedBy::Other),
            (Pictures::Shown, Pictures::PausedByLink | Pictures::Tried) => Some(PausedBy::OtherLink),
            (Pictures::Shown, Pictures::Shown) => None,
        }
    }

    /// Says how to send, when that changed.
    ///
    /// Less is sent at once, more only a while after the last change, and another size only a while after the last one, because no link
    /// waits for it: the other side's word may alternate as it likes.
    pub(crate) fn adapt(&mut self, other: MediaState, now: Timestamp) -> Option<Adaptation> {
        let own = self.policy.said();
        let is_weak = |pictures| matches!(pictures, Pictures::PausedByLink | Pictures::Tried);
        let camera = if pauses(own) || pauses(other.pictures) {
            CameraRate::Nothing
        } else if self.policy.is_careful() || other.pictures == Pictures::Tried {
            CameraRate::Low
        } else {
            CameraRate::Full
        };
        let side_px = sent_for(other.shown_side_px);
        let before = self.adaptation;
        // A link that only loses carries the usual packets: each long one that is lost is more of the voice. What was begun stays until the
        // link is good, because a change costs a pause of its own.
        let is_narrow = self.is_narrow || self.measured.is_some_and(|measured| measured.leaves_little());
        let voice_is_slim = (is_weak(own) || is_weak(other.pictures)) && (is_narrow || before.voice_is_slim);
        let lasts = |since: Option<Timestamp>| since.is_some_and(|at| now.since(at) < ADAPTED_FOR);
        let (camera, voice_is_slim) = if lasts(self.adapted_at) {
            (camera.max(before.camera), voice_is_slim || before.voice_is_slim)
        } else {
            (camera, voice_is_slim)
        };
        let side_px = if lasts(self.sized_at) { before.side_px } else { side_px };
        let adaptation = Adaptation { camera, side_px, voice_is_slim };
        if adaptation == before {
            return None;
        }
        if (camera, voice_is_slim) != (before.camera, before.voice_is_slim) {
            self.adapted_at = Some(now);
        }
        if side_px != before.side_px {
            self.sized_at = Some(now);
        }
        self.adaptation = adaptation;
        Some(adaptation)
    }
}

const fn pauses(pictures: Pictures) -> bool {
    match pictures {
        Pictures::Shown | Pictures::Tried => false,
        Pictures::PausedByLink | Pictures::PausedByPerson => true,
    }
}
