//! One transport between two browsers: through the relay alone, so that neither learns where the other is.

use std::time::Duration;

use colloque_direct::guarded;
use colloque_web::dom::{Listener, settle};
use colloque_web::timer::pause;
use js_sys::{Array, JSON};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    RtcBundlePolicy, RtcConfiguration, RtcIceGatheringState, RtcIceTransportPolicy, RtcPeerConnection,
    RtcPeerConnectionState, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcSdpType, RtcSessionDescriptionInit,
};

/// The lines, always the same: voice, camera, screen.
const LINES: [&str; 3] = ["audio", "video", "video"];

/// How often it is looked whether the relay has answered, and how often at most.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;

/// See the module. Dropped, it is closed.
pub struct Transport {
    connection: RtcPeerConnection,
    pub attempt: u32,
    _listener: Listener,
}

impl Transport {
    /// Opens one for a try, by way of these relays: a text of JSON, as the server gave it. Tells when it is connected, and when it failed.
    pub fn open(attempt: u32, servers: &str, on_state: impl Fn(bool) + 'static) -> Option<Self> {
        let configuration = RtcConfiguration::new();
        configuration.set_bundle_policy(RtcBundlePolicy::MaxBundle);
        configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
        configuration.set_ice_servers(&JSON::parse(servers).ok()?);
        let connection = RtcPeerConnection::new_with_configuration(&configuration).ok()?;
        let watched = connection.clone();
        let listener = Listener::new(&connection, "connectionstatechange", move |_| match watched.connection_state() {
            RtcPeerConnectionState::Connected => on_state(true),
            RtcPeerConnectionState::Failed => on_state(false),
            // Interruptions heal or fail.
            _ => {}
        });
        Some(Self { connection, attempt, _listener: listener })
    }

    pub fn connection(&self) -> RtcPeerConnection {
        self.connection.clone()
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// Offers the three lines, nothing on them yet; gives the description, whole.
pub async fn offer(connection: &RtcPeerConnection) -> Option<String> {
    for kind in LINES {
        connection.add_transceiver_with_str(kind);
    }
    let offer = settle(connection.create_offer()).await.ok()?;
    describe(connection, offer.unchecked_ref()).await
}

/// Answers an offer of the three lines, nothing on them yet; gives the description, whole.
pub async fn answer(connection: &RtcPeerConnection, offer: &str) -> Option<String> {
    take(connection, RtcSdpType::Offer, offer).await?;
    if !is_whole(connection) {
        return None;
    }
    for line in lines(connection) {
        line.set_direction(RtcRtpTransceiverDirection::Sendrecv);
    }
    let answer = settle(connection.create_answer()).await.ok()?;
    describe(connection, answer.unchecked_ref()).await
}

/// Takes the other browser's description.
pub async fn take(connection: &RtcPeerConnection, kind: RtcSdpType, description: &str) -> Option<()> {
    let taken = RtcSessionDescriptionInit::new(kind);
    // It was guarded where it comes from; whoever sends it may have left that out.
    taken.set_sdp(&guarded(description));
    settle(connection.set_remote_description(&taken)).await.ok()?;
    Some(())
}

/// Takes the own description, waits until the relay has given it a place, and gives it as the other browser may see it.
async fn describe(connection: &RtcPeerConnection, description: &RtcSessionDescriptionInit) -> Option<String> {
    settle(connection.set_local_description(description)).await.ok()?;
    for _ in 0..LOOKS {
        if connection.ice_gathering_state() == RtcIceGatheringState::Complete {
            break;
        }
        pause(LOOK_EVERY).await;
    }
    let description = guarded(&connection.local_description()?.sdp());
    // Without a relay there is no way.
    description.contains("\na=candidate:").then_some(description)
}

/// Whether the three lines are there, and no other; a line that somebody took out is none.
pub fn is_whole(connection: &RtcPeerConnection) -> bool {
    lines(connection).map(|line| line.receiver().track().kind()).eq(LINES)
}

fn lines(connection: &RtcPeerConnection) -> impl Iterator<Item = RtcRtpTransceiver> + use<> {
    Array::from(&connection.get_transceivers()).into_iter().map(JsValue::unchecked_into)
}
