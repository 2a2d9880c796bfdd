//! The one WebRTC transport of this page: microphone, camera and screen, always the same three media lines.

use js_sys::{Array, JSON, Map, Reflect};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    MediaStream, MediaStreamTrack, RtcBundlePolicy, RtcConfiguration, RtcOfferOptions, RtcPeerConnection,
    RtcPeerConnectionState, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType,
    RtcSessionDescriptionInit,
};

use crate::dom::{Listener, settle};

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

/// Counters of one transport since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PeerStats {
    /// Pictures of the other person's camera that were decoded.
    pub frames_decoded: f64,
    /// Energy of the sound heard so far, in the units of the WebRTC statistics.
    pub audio_energy: f64,
    /// Packets received, all media.
    pub packets_received: f64,
    /// Packets that never came, all media.
    pub packets_lost: f64,
    /// Round trip of the path in use, in milliseconds.
    pub round_trip_ms: Option<f64>,
}

/// The transport. Dropped, it is closed.
pub struct Peer {
    connection: RtcPeerConnection,
    lines: [RtcRtpTransceiver; 3],
    voice: MediaStream,
    picture: MediaStream,
    screen: MediaStream,
    _listener: Listener,
}

impl Peer {
    /// Opens a transport with its three media lines; nothing is sent before an answer is applied.
    ///
    /// # Errors
    ///
    /// [`OpenPeerError`] when the browser refuses.
    pub fn open(on_state: impl Fn(PeerState) + 'static) -> Result<Self, OpenPeerError> {
        let connection = RtcPeerConnection::new_with_configuration(&configuration()).map_err(|_| OpenPeerError)?;
        let line = |kind: &str| {
            let init = RtcRtpTransceiverInit::new();
            init.set_direction(RtcRtpTransceiverDirection::Sendrecv);
            connection.add_transceiver_with_str_and_init(kind, &init)
        };
        let lines = [line("audio"), line("video"), line("video")];
        let stream = |line: &RtcRtpTransceiver| {
            let tracks = Array::of1(&line.receiver().track());
            MediaStream::new_with_tracks(&tracks).map_err(|_| OpenPeerError)
        };
        let (voice, picture, screen) = (stream(&lines[0])?, stream(&lines[1])?, stream(&lines[2])?);
        let watched = connection.clone();
        let listener = Listener::new(&connection, "connectionstatechange", move |_| on_state(state_of(&watched)));
        Ok(Self { connection, lines, voice, picture, screen, _listener: listener })
    }

    /// The other person's sound, camera or screen: streams that stay the same as long as the transport.
    #[must_use]
    pub const fn remote(&self, slot: Slot) -> &MediaStream {
        match slot {
            Slot::Microphone => &self.voice,
            Slot::Camera => &self.picture,
            Slot::Screen => &self.screen,
        }
    }

    /// How the transport is.
    #[must_use]
    pub fn state(&self) -> PeerState {
        state_of(&self.connection)
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
        let answer = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
        answer.set_sdp(sdp);
        settle(self.connection.set_remote_description(&answer)).await.map_err(|_| NegotiateError)?;
        self.prefer(Slot::Camera, "maintain-framerate").await;
        self.prefer(Slot::Screen, "maintain-resolution").await;
        Ok(())
    }

    /// Sends on each line, in the order of [`Slot`], this track or nothing; no negotiation is needed.
    ///
    /// All lines begin at once: a camera does not wait until the microphone has begun.
    pub async fn send(&self, tracks: [Option<MediaStreamTrack>; 3]) {
        let replaced = [0, 1, 2].map(|line| self.lines[line].sender().replace_track(tracks[line].as_ref()));
        for replaced in replaced {
            // It rejects only for a closed connection or a track of another kind; neither leaves anything to do.
            settle(replaced).await.ok();
        }
    }

    /// Counts what came and went since the transport was opened.
    pub async fn stats(&self) -> PeerStats {
        let mut stats = PeerStats::default();
        let Ok(report) = settle(self.connection.get_stats()).await else { return stats };
        let report: Map = report.unchecked_into();
        let camera_mid = self.line(Slot::Camera).mid();
        report.for_each(&mut |entry, _| {
            let text = |name: &str| Reflect::get(&entry, &name.into()).ok().and_then(|value| value.as_string());
            let number = |name: &str| Reflect::get(&entry, &name.into()).ok().and_then(|value| value.as_f64());
            match text("type").as_deref() {
                Some("inbound-rtp") => {
                    stats.packets_received += number("packetsReceived").unwrap_or(0.0);
                    stats.packets_lost += number("packetsLost").unwrap_or(0.0);
                    stats.audio_energy += number("totalAudioEnergy").unwrap_or(0.0);
                    if text("mid") == camera_mid {
                        stats.frames_decoded += number("framesDecoded").unwrap_or(0.0);
                    }
                }
                Some("candidate-pair") => {
                    if text("state").as_deref() == Some("succeeded")
                        && let Some(seconds) = number("currentRoundTripTime")
                    {
                        stats.round_trip_ms = Some(seconds * 1_000.0);
                    }
                }
                _ => {}
            }
        });
        stats
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

    /// A face loses resolution before it loses movement; a screen the other way round.
    ///
    /// # Source
    ///
    /// EN 301 549 section 6.5: at least 20 pictures a second.
    async fn prefer(&self, slot: Slot, preference: &str) {
        let sender = self.line(slot).sender();
        let parameters = sender.get_parameters();
        Reflect::set(&parameters, &"degradationPreference".into(), &preference.into()).ok();
        // Browsers that do not know the preference reject it, and keep their balanced way.
        settle(sender.set_parameters_with_parameters(&parameters)).await.ok();
    }
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
