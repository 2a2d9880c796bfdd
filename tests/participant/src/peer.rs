//! One WebRTC transport of the `webrtc` crate, with the three media lines of a page of the product.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use colloque_call::PeerState;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::ice::network_type::NetworkType;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::rtp::{Header, Packet};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::shared::error::Error;
use tokio::sync::mpsc::UnboundedSender;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceCandidateInit,
    RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};
use webrtc::rtp_transceiver::RtpTransceiver;

use crate::meter::{Meter, Readings};
use crate::offered::{MID_EXTENSION, codecs, engine, track};
use crate::participant::Carrier;

/// What a transport says.
pub(crate) enum News {
    /// Its state changed.
    State(PeerState),
    /// Something of the other person arrives for the first time.
    Track(Arc<dyn TrackRemote>),
}

/// The transport. Closed by [`Peer::close`].
pub(crate) struct Peer {
    connection: Arc<dyn PeerConnection>,
    carrier: Carrier,
    lines: Vec<(Arc<dyn RtpTransceiver>, Arc<TrackLocalStaticRTP>, u32)>,
}

/// Where the packets of one line go.
#[derive(Clone)]
pub(crate) struct Line {
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    name: Option<(u8, Bytes)>,
}

/// Where voice and pictures go.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub voice: Line,
    pub camera: Line,
    /// Whether the server takes a voice that repeats itself.
    pub repeats_voice: bool,
}

struct Handler {
    number: u32,
    news: UnboundedSender<(u32, News)>,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connecting => PeerState::Connecting,
            RTCPeerConnectionState::Connected => PeerState::Connected,
            RTCPeerConnectionState::Disconnected => PeerState::Disconnected,
            RTCPeerConnectionState::Failed => PeerState::Failed,
            _ => return,
        };
        // Whoever left hears nothing.
        let _ = self.news.send((self.number, News::State(state)));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.news.send((self.number, News::Track(track)));
    }
}

impl Peer {
    /// Opens a transport on a free port of `local`; streams are numbered from `ssrc` on.
    pub(crate) async fn open(
        number: u32,
        local: IpAddr,
        carrier: Carrier,
        ssrc: u32,
        readings: Arc<Readings>,
        news: UnboundedSender<(u32, News)>,
    ) -> Result<Self, Error> {
        let (media, interceptors) = engine(Meter::new(readings))?;
        let port = vec![SocketAddr::new(local, 0)];
        let (udp, tcp, networks) = match carrier {
            Carrier::Udp => (port, vec![], vec![NetworkType::Udp4, NetworkType::Udp6]),
            Carrier::Tcp => (vec![], port, vec![NetworkType::Tcp4, NetworkType::Tcp6]),
        };
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_network_types(networks)
            .build();
        let connection = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(interceptors)
            .with_handler(Arc::new(Handler { number, news }))
            .with_udp_addrs(udp)
            .with_tcp_addrs(tcp)
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let wanted =
            [("microphone", RtpCodecKind::Audio), ("camera", RtpCodecKind::Video), ("screen", RtpCodecKind::Video)];
        let mut lines = Vec::new();
        for ((name, kind), ssrc) in wanted.into_iter().zip((0..).map(|place| ssrc.wrapping_add(place * 2))) {
            let (track, init) = track(name, kind, ssrc);
            let track = Arc::new(TrackLocalStaticRTP::new(track));
            let sent = Arc::<TrackLocalStaticRTP>::clone(&track);
            let line = connection.add_transceiver_from_track(sent, Some(init)).await?;
            line.set_codec_preferences(codecs(kind)).await?;
            lines.push((line, track, ssrc));
        }
        Ok(Self { connection, carrier, lines })
    }

    /// Makes an offer and takes it as the local description.
    pub(crate) async fn offer(&self, ice_restart: bool) -> Result<String, Error> {
        let offer = self.connection.create_offer(Some(RTCOfferOptions { ice_restart })).await?;
        self.connection.set_local_description(offer.clone()).await?;
        Ok(offer.sdp)
    }

    /// Takes the server's answer.
    pub(crate) async fn answer(&self, sdp: &str) -> Result<(), Error> {
        // The crate opens TCP connections only to candidates that come by themselves, not to those in a description.
        let (candidates, description): (Vec<&str>, Vec<&str>) = sdp.lines().partition(|line| is_tcp_candidate(line));
        let description = description.join("\r\n") + "\r\n";
        self.connection.set_remote_description(RTCSessionDescription::answer(description)?).await?;
        for candidate in candidates.into_iter().filter(|_| self.carrier == Carrier::Tcp) {
            let candidate = candidate.trim_start_matches("a=").to_owned();
            let first_line = RTCIceCandidateInit { candidate, sdp_mline_index: Some(0), ..Default::default() };
            self.connection.add_ice_candidate(first_line).await?;
        }
        Ok(())
    }

    /// Where this transport's packets go, once there is an answer.
    pub(crate) async fn outlet(&self) -> Option<Outlet> {
        let answer = self.connection.current_remote_description().await?;
        let repeats_voice = answer.sdp.contains("a=rtpmap:63 red/48000");
        Some(Outlet { voice: self.line(0).await?, camera: self.line(1).await?, repeats_voice })
    }

    pub(crate) async fn close(self) {
        // One that is closed already has nothing left to close.
        let _ = self.connection.close().await;
    }

    async fn line(&self, place: usize) -> Option<Line> {
        let (line, track, ssrc) = self.lines.get(place)?;
        let mid = line.mid().await.ok().flatten();
        let sender = line.sender().await.ok().flatten()?;
        let extensions = sender.get_parameters().await.ok()?.rtp_parameters.header_extensions;
        let id = extensions.iter().find(|extension| extension.uri == MID_EXTENSION).map(|extension| extension.id as u8);
        let name = id.zip(mid.map(Bytes::from));
        Some(Line { track: Arc::clone(track), ssrc: *ssrc, name })
    }
}

impl Line {
    /// Sends one packet with the line's name in it.
    pub(crate) async fn send(
        &self,
        payload_type: u8,
        sequence_number: u16,
        timestamp: u32,
        marker: bool,
        payload: Bytes,
    ) -> Result<(), Error> {
        let mut header = Header {
            version: 2,
            marker,
            payload_type,
            sequence_number,
            timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        if let Some((id, name)) = &self.name {
            header.set_extension(*id, name.clone())?;
        }
        self.track.write_rtp(Packet { header, payload }).await
    }
}

fn is_tcp_candidate(line: &str) -> bool {
    line.starts_with("a=candidate:") && line.split(' ').nth(2).is_some_and(|word| word.eq_ignore_ascii_case("tcp"))
}
