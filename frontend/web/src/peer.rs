//! The one WebRTC transport of this page: microphone, camera and screen, and the voice and camera of a third person; always the same media
//! lines.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use colloque_call::LinkSample;
use js_sys::{Array, JSON, JsString, Map, Promise, Reflect};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    MediaStream, MediaStreamTrack, RtcBundlePolicy, RtcConfiguration, RtcOfferOptions, RtcPeerConnection,
    RtcPeerConnectionState, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType,
    RtcSessionDescriptionInit, RtcSignalingState,
};

use crate::dom::{Listener, settle};
use crate::keys::{Keys, is_led};

/// One of the three media lines, in the order of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Sound.
    Microphone,
    /// Picture of the person.
    Camera,
    /// Picture of their screen.
    Screen,
}

/// How the transport is, in the browser's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// Nothing was negotiated yet.
    New,
    /// Looking for a way.
    Connecting,
    /// Media can flow.
    Connected,
    /// The way is interrupted; the browser looks again by itself.
    Disconnected,
    /// The browser gave up.
    Failed,
    /// Closed.
    Closed,
}

/// The browser did not make a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the browser did not open a peer connection")]
pub struct OpenPeerError;

/// A negotiation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the browser did not take the description")]
pub struct NegotiateError;

/// What is asked of the voice and of the camera on a weak link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Care {
    /// The camera is sent small.
    pub small_camera: bool,
    /// Longest shorter side of the camera, in pixels: more of it is not seen.
    pub side_px: Option<u16>,
    /// The voice takes as little as it can.
    pub slim_voice: bool,
}

/// Most that a small camera takes, in bits per second.
///
/// # Source
///
/// The table of media policies.
const SMALL_CAMERA_BPS: u32 = 136_000;

/// Shorter side of a small camera, in pixels. Sides are compared by the shorter one everywhere: a telephone that is turned, or held
/// upright, gives the same picture in other words.
///
/// # Source
///
/// EN 301 549 section 6.5: at least 320 by 240.
const SMALL_CAMERA_SIDE: u16 = 240;

/// Shorter side of the first pictures of a camera that begins, in pixels, and for how long.
///
/// Larger: the other waits longer for the first picture, which a browser sends no faster than its link is known to carry. Smaller, or
/// longer: it is blurred.
const FIRST_SIDE: u16 = 360;
pub(crate) const FIRST_FOR: Duration = Duration::from_secs(1);

/// Most that a slim voice takes, in bits per second, before it is repeated.
///
/// Higher: it is cut where little passes. Lower: it is harder to understand on every weak link.
const SLIM_VOICE_BPS: u32 = 16_000;

/// What an answer says to make packets of a voice longer: 60 ms each, a third of the headers of 20 ms.
///
/// # Source
///
/// RFC 7587 section 6.1. The server has no part in it: it forwards packets of any length.
const SLIM_VOICE_LINE: &str = "a=ptime:60\r\nm=video";

/// How the worker calls what is sent and received on each line.
const WAYS: [[&str; 2]; 3] = [["o0", "i0"], ["o1", "i1"], ["o2", "i2"]];

/// The lines of a third person, after the others: their kinds, and how the worker calls what is received.
const MORE: [[&str; 2]; 2] = [["audio", "j0"], ["video", "j1"]];

/// Where the line after the voice begins.
const VIDEO_LINE: &str = "m=video";

/// The transport. Dropped, it is closed.
pub struct Peer {
    connection: RtcPeerConnection,
    lines: [RtcRtpTransceiver; 3],
    /// Of a third person; none between two browsers.
    more_lines: Option<[RtcRtpTransceiver; 2]>,
    voice: MediaStream,
    picture: MediaStream,
    screen: MediaStream,
    /// Voice and picture of a third person.
    more: [MediaStream; 2],
    /// The server's last answer.
    answer: RefCell<Option<String>>,
    care: Cell<Care>,
    /// The camera has just begun.
    begins: Cell<bool>,
    _listener: Option<Listener>,
}

impl Peer {
    /// Opens a transport with its media lines; nothing is sent before an answer is applied. Without keys nothing ever is: the browser
    /// has no way to seal, and this transport shows only that somebody is there.
    ///
    /// # Errors
    ///
    /// [`OpenPeerError`] when the browser refuses.
    pub(crate) fn open(keys: Option<&Keys>, on_state: impl Fn(PeerState) + 'static) -> Result<Self, OpenPeerError> {
        let configuration = configuration();
        // Chromium sends frames as they are where a transform comes a moment too late, unless it was told to expect one.
        Reflect::set(&configuration, &"encodedInsertableStreams".into(), &true.into()).ok();
        let connection = RtcPeerConnection::new_with_configuration(&configuration).map_err(|_| OpenPeerError)?;
        let line = |kind: &str, direction| {
            let init = RtcRtpTransceiverInit::new();
            init.set_direction(direction);
            connection.add_transceiver_with_str_and_init(kind, &init)
        };
        let lines = ["audio", "video", "video"].map(|kind| line(kind, RtcRtpTransceiverDirection::Sendrecv));
        let more_lines = MORE.map(|[kind, _]| line(kind, RtcRtpTransceiverDirection::Recvonly));
        let is_led = keys.is_none_or(|keys| {
            let is_led = lines.iter().zip(WAYS).all(|(line, [sent, received])| {
                keys.attach(&line.sender(), sent).and_then(|()| keys.attach(&line.receiver(), received)).is_some()
            });
            is_led && more_lines.iter().zip(MORE).all(|(line, [_, way])| keys.attach(&line.receiver(), way).is_some())
        });
        if !is_led {
            connection.close();
            return Err(OpenPeerError);
        }
        let watched = connection.clone();
        let listener = Listener::new(&connection, "connectionstatechange", move |_| on_state(state_of(&watched)));
        Self::with_lines(connection, lines, Some(more_lines), Some(listener))
    }

    /// Takes a connection between two browsers, of three lines, which somebody else negotiates and watches.
    pub(crate) fn of(connection: RtcPeerConnection) -> Result<Self, OpenPeerError> {
        let there = connection.get_transceivers();
        if there.length() != 3 {
            return Err(OpenPeerError);
        }
        let lines = [0, 1, 2].map(|line| there.get(line).unchecked_into());
        Self::with_lines(connection, lines, None, None)
    }

    fn with_lines(
        connection: RtcPeerConnection,
        lines: [RtcRtpTransceiver; 3],
        more_lines: Option<[RtcRtpTransceiver; 2]>,
        listener: Option<Listener>,
    ) -> Result<Self, OpenPeerError> {
        let stream = |line: &RtcRtpTransceiver| {
            let tracks = Array::of1(&line.receiver().track());
            MediaStream::new_with_tracks(&tracks).map_err(|_| OpenPeerError)
        };
        let (voice, picture, screen) = (stream(&lines[0])?, stream(&lines[1])?, stream(&lines[2])?);
        let more = match &more_lines {
            Some([voice, picture]) => [stream(voice)?, stream(picture)?],
            None => [MediaStream::new().map_err(|_| OpenPeerError)?, MediaStream::new().map_err(|_| OpenPeerError)?],
        };
        let (answer, care, begins) = (RefCell::default(), Cell::default(), Cell::default());
        Ok(Self {
            connection,
            lines,
            more_lines,
            voice,
            picture,
            screen,
            more,
            answer,
            care,
            begins,
            _listener: listener,
        })
    }

    /// The sound of the first and of the second other person, their cameras, and a screen: streams that stay the same as long as the
    /// transport.
    pub(crate) const fn remote(&self) -> [&MediaStream; 5] {
        [&self.voice, &self.more[0], &self.picture, &self.more[1], &self.screen]
    }

    /// How the transport is.
    #[must_use]
    pub fn state(&self) -> PeerState {
        state_of(&self.connection)
    }

    /// Whether everything that is sent and received is still led through the worker.
    pub(crate) fn is_led(&self) -> bool {
        self.lines.iter().all(|line| is_led(&line.sender()) && is_led(&line.receiver()))
            && self.more_lines.iter().flatten().all(|line| is_led(&line.receiver()))
    }

    /// Makes an offer and takes it as the local description; `restart` looks for a new way. `ice_servers` are used from now on: a text
    /// of JSON, as the server gave it.
    ///
    /// The server waits for no candidate of ours: it learns the path from the first check.
    ///
    /// # Errors
    ///
    /// [`NegotiateError`] when the browser refuses.
    pub async fn prepare_offer(&self, restart: bool, ice_servers: Option<String>) -> Result<String, NegotiateError> {
        if let Some(servers) = ice_servers.and_then(|text| JSON::parse(&text).ok()) {
            let configuration = configuration();
            configuration.set_ice_servers(&servers);
            // A browser that takes none of them still has its other ways.
            self.connection.set_configuration_with_configuration(&configuration).ok();
        }
        self.make_offer(restart).await.map_err(|_| NegotiateError)
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    ///
    /// [`NegotiateError`] when the browser refuses it.
    pub async fn apply_answer(&self, sdp: &str) -> Result<(), NegotiateError> {
        self.answer.replace(Some(sdp.to_owned()));
        settle(self.take_answer(sdp)).await.map_err(|_| NegotiateError)?;
        self.shape().await;
        Ok(())
    }

    /// Sends as carefully as asked, now and after later answers.
    pub async fn take_care(&self, care: Care) {
        let before = self.care.replace(care);
        // A size is a part of what the camera gives, and another camera may give another size.
        if before == care && care.side_px.is_none() {
            return;
        }
        // The length of packets is between this browser and its encoder: an offer that the server need not see, answered by its
        // last answer. Both are queued at once, so that no other negotiation comes between.
        if before.slim_voice != care.slim_voice
            && self.connection.signaling_state() == RtcSignalingState::Stable
            && let Some(answer) = &*self.answer.borrow()
        {
            let offered = self.connection.set_local_description(JsValue::UNDEFINED.unchecked_ref());
            let answered = self.take_answer(answer);
            crate::dom::spawn(async move {
                // Refused by a browser that closes the connection: there is nothing left to shape.
                settle(offered).await.ok();
                settle(answered).await.ok();
            });
        }
        self.shape().await;
    }

    /// Sends on each line, in the order of [`Slot`], the track that there is at that moment, or nothing; no negotiation is needed.
    ///
    /// All lines begin at once: a camera does not wait until the microphone has begun. One that begins is small for a moment, so that its
    /// first picture is there sooner; tells whether it does: [`Self::has_begun`], after [`FIRST_FOR`], ends that.
    pub async fn send(&self, tracks: impl Fn() -> [Option<MediaStreamTrack>; 3]) -> bool {
        let camera = tracks()[1].clone();
        let begins = camera.is_some() && self.camera().is_none();
        if begins {
            self.begins.set(true);
            self.shape_camera(camera.as_ref()).await;
        }
        // What was to be sent may be held back since.
        let tracks = tracks();
        let replaced = [0, 1, 2].map(|line| self.lines[line].sender().replace_track(tracks[line].as_ref()));
        for replaced in replaced {
            // It rejects only for a closed connection or a track of another kind; neither leaves anything to do.
            settle(replaced).await.ok();
        }
        begins
    }

    /// Sends a camera that began as large as it is.
    pub async fn has_begun(&self) {
        self.begins.set(false);
        self.shape_camera(self.camera().as_ref()).await;
    }

    /// Reads what the browser counts of the link, and of the other's camera; and how many frames it has sent on each line, separated by
    /// commas.
    pub(crate) async fn sample(&self) -> Option<(LinkSample, String)> {
        let mids = self.lines.each_ref().map(|line| Reflect::get(line, &"mid".into()).unwrap_or_default());
        let report: Map = settle(self.connection.get_stats()).await.ok()?.unchecked_into();
        let mut sample = LinkSample::default();
        let sent = Array::new_with_length(3);
        report.for_each(&mut |entry, _| {
            let value = |name: &str| Reflect::get(&entry, &name.into()).unwrap_or_default();
            let number = |name, scale| value(name).as_f64().map(|number| whole(number * scale));
            let kind = value("type");
            if kind == "inbound-rtp" && value("mid") == mids[1] {
                sample.frames = number("framesDecoded", 1.0);
            } else if kind == "outbound-rtp" {
                // A voice has a packet for each frame.
                let again = value("retransmittedPacketsSent").as_f64().unwrap_or(0.0);
                let frames = value("framesSent").as_f64().or_else(|| Some(value("packetsSent").as_f64()? - again));
                if let (Some(line), Some(frames)) = (mids.iter().position(|mid| *mid == value("mid")), frames) {
                    sent.set(line as u32, frames.into());
                }
            } else if kind == "candidate-pair" && value("state") == "succeeded" {
                sample.round_trip_ms = number("currentRoundTripTime", 1_000.0).unwrap_or(0);
                sample.uplink_kbps = number("availableOutgoingBitrate", 0.001).or(sample.uplink_kbps);
            }
        });
        Some((sample, sent.join(",").into()))
    }

    const fn line(&self, slot: Slot) -> &RtcRtpTransceiver {
        match slot {
            Slot::Microphone => &self.lines[0],
            Slot::Camera => &self.lines[1],
            Slot::Screen => &self.lines[2],
        }
    }

    async fn make_offer(&self, restart: bool) -> Result<String, JsValue> {
        let options = RtcOfferOptions::new();
        options.set_ice_restart(restart);
        let offer = settle(self.connection.create_offer_with_rtc_offer_options(&options)).await?;
        let offer: RtcSessionDescriptionInit = offer.unchecked_into();
        settle(self.connection.set_local_description(&offer)).await?;
        offer.get_sdp().ok_or(JsValue::NULL)
    }

    fn camera(&self) -> Option<MediaStreamTrack> {
        self.line(Slot::Camera).sender().track()
    }

    /// Tells each encoder its limits and what it gives up first.
    async fn shape(&self) {
        let slim_voice = self.care.get().slim_voice;
        self.shape_line(Slot::Microphone, slim_voice.then_some(SLIM_VOICE_BPS), 1.0).await;
        self.shape_camera(self.camera().as_ref()).await;
        self.shape_line(Slot::Screen, None, 1.0).await;
    }

    async fn shape_camera(&self, track: Option<&MediaStreamTrack>) {
        let Care { small_camera, side_px, .. } = self.care.get();
        let side = track.and_then(|track| {
            let settings = track.get_settings();
            Some(settings.get_width()?.min(settings.get_height()?))
        });
        let largest = match (small_camera, self.begins.get()) {
            (true, _) => SMALL_CAMERA_SIDE,
            (false, true) => FIRST_SIDE,
            (false, false) => u16::MAX,
        };
        let scale = f64::from(side.unwrap_or(0)) / f64::from(largest.min(side_px.unwrap_or(u16::MAX)));
        self.shape_line(Slot::Camera, small_camera.then_some(SMALL_CAMERA_BPS), scale.max(1.0)).await;
    }

    /// Limits a line to bits per second and to a fraction of its size, or lifts the limits.
    async fn shape_line(&self, slot: Slot, most: Option<u32>, scale: f64) {
        let sender = self.line(slot).sender();
        let parameters = sender.get_parameters();
        let set = |place: &JsValue, name: &str, value: JsValue| Reflect::set(place, &name.into(), &value).ok();
        let most = most.map_or(JsValue::UNDEFINED, JsValue::from);
        for encoding in Array::from(&Reflect::get(&parameters, &"encodings".into()).unwrap_or_default()) {
            set(&encoding, "maxBitrate", most.clone());
            if slot == Slot::Camera {
                set(&encoding, "scaleResolutionDownBy", scale.into());
            }
        }
        // A face loses resolution before it loses movement (EN 301 549 section 6.5: 20 pictures a second); a screen the other way.
        if slot != Slot::Microphone {
            let preference = if slot == Slot::Camera { "maintain-framerate" } else { "maintain-resolution" };
            set(&parameters, "degradationPreference", preference.into());
        }
        // Browsers that do not know the preference reject it, and keep their balanced way.
        settle(sender.set_parameters_with_parameters(&parameters)).await.ok();
    }

    fn take_answer(&self, sdp: &str) -> Promise {
        let answer = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
        let line = if self.care.get().slim_voice { SLIM_VOICE_LINE } else { VIDEO_LINE };
        answer.set_sdp(&String::from(JsString::from(sdp).replace(VIDEO_LINE, line)));
        self.connection.set_remote_description(&answer)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub(crate) const fn whole(number: f64) -> u32 {
    number as u32
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.close();
    }
}

fn configuration() -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    configuration.set_bundle_policy(RtcBundlePolicy::MaxBundle);
    configuration
}

fn state_of(connection: &RtcPeerConnection) -> PeerState {
    match connection.connection_state() {
        RtcPeerConnectionState::Connecting => PeerState::Connecting,
        RtcPeerConnectionState::Connected => PeerState::Connected,
        RtcPeerConnectionState::Disconnected => PeerState::Disconnected,
        RtcPeerConnectionState::Failed => PeerState::Failed,
        RtcPeerConnectionState::Closed => PeerState::Closed,
        // `New`, and the marker that the binding keeps for words of the future.
        _ => PeerState::New,
    }
}
