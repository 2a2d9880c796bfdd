//! Answers, read by another parser than the one that reads the offers.

use colloque_load::client::{LINES, MediaClient};
use colloque_load::memory::{DELTA, KEYFRAME, World, peer, room};
use rtc_sdp::SessionDescription;

fn answer_to(offer: &str) -> String {
    let mut world = World::default();
    world.core.connect_peer(world.now, room(1), peer(1), offer).expect("a sound offer is answered")
}

fn parsed(answer: &str) -> SessionDescription {
    SessionDescription::unmarshal(&mut std::io::Cursor::new(answer.as_bytes())).expect("the answer is a description")
}

fn offer() -> String {
    MediaClient::new(1, true, std::time::Instant::now()).offer(3)
}

#[test]
fn each_line_is_mirrored_in_its_place() {
    let description = parsed(&answer_to(&offer()));
    let lines = &description.media_descriptions;
    assert_eq!(lines.len(), 3);
    for (mid, line) in lines.iter().enumerate() {
        assert_eq!(line.attribute("mid"), Some(Some(mid.to_string().as_str())));
        assert!(line.attribute("sendrecv").is_some());
        assert_eq!(line.attribute("setup"), Some(Some("passive")));
        assert!(line.attribute("rtcp-mux").is_some());
    }
    assert!(description.attributes.iter().any(|attribute| attribute.key == "ice-lite"));
}

#[test]
fn voice_and_face_share_a_stream_and_the_screen_has_its_own() {
    let answer = answer_to(&offer());
    let names: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("a=msid:")).collect();
    assert_eq!(names, ["participant microphone", "participant camera", "screen screen"]);
}

#[test]
fn nothing_that_tells_tales_is_negotiated() {
    let offer =
        offer().replace("a=rtcp-mux\r\n", "a=rtcp-mux\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n");
    let answer = answer_to(&offer);
    assert!(!answer.contains("audio-level"));
    assert!(answer.contains("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"));
}

#[test]
fn other_codecs_and_data_channels_are_refused() {
    let offer = offer()
        .replace("96 97\r\n", "100 96 97\r\n")
        .replace("a=rtpmap:96 VP8/90000", "a=rtpmap:100 H264/90000\r\na=rtpmap:96 VP8/90000")
        + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=sctp-port:5000\r\n";
    let answer = answer_to(&offer);
    assert!(!answer.contains("H264"));
    assert!(answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert!(answer.contains("a=group:BUNDLE 0 1 2\r\n"));
}

#[test]
fn directions_are_mirrored() {
    for (offered, answered) in
        [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")]
    {
        let answer = answer_to(&offer().replace("a=sendrecv", &format!("a={offered}")));
        assert_eq!(answer.matches(&format!("a={answered}\r\n")).count(), 3, "{offered}");
        assert_eq!(answer.contains("a=ssrc:"), answered.starts_with("send"), "{offered}");
    }
}

#[test]
fn lines_beyond_the_model_stay_inactive_and_in_the_bundle() {
    let answer = answer_to(&MediaClient::new(1, true, std::time::Instant::now()).offer(11));
    assert!(answer.contains("a=group:BUNDLE 0 1 2 3 4 5 6 7 8 9 10\r\n"));
    assert_eq!(answer.matches("a=inactive\r\n").count(), 2);
}

#[test]
fn the_same_offer_twice_keeps_the_streams() {
    let mut world = World::default();
    let offer = offer();
    let mut answer = || world.core.connect_peer(world.now, room(1), peer(1), &offer).unwrap();
    assert_eq!(answer(), answer());
}

const PLAYOUT_URI: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

#[test]
fn a_keyframe_says_how_long_it_may_be_held_back_and_nothing_else_does() {
    let with_playout = |client: &MediaClient| {
        client.offer(LINES).replace("a=mid:1\r\n", &format!("a=mid:1\r\na=extmap:12 {PLAYOUT_URI}\r\n"))
    };
    for kind in [|client: MediaClient| client, MediaClient::with_numbers] {
        let mut world = World::default();
        world.join(1, 1);
        let viewer = world.join_with(1, 2, kind, with_playout);
        world.publish(0, 1, 1, 0, KEYFRAME);
        world.publish(0, 1, 2, 3_000, DELTA);
        world.publish(0, 0, 1, 0, b"a voice");
        world.publish(0, 2, 1, 0, KEYFRAME);
        let extensions: Vec<usize> =
            world.seats[viewer].media.iter().map(|(header, _)| header.header_bytes - 12).collect();
        let number = if world.seats[viewer].client.has_numbers() { 8 } else { 0 };
        let with_both = if number == 0 { 8 } else { 12 };
        assert_eq!(extensions, [with_both, number, number, number]);
    }
    let offer = with_playout(&MediaClient::new(1, true, std::time::Instant::now()));
    let answer = answer_to(&offer);
    assert_eq!(answer.matches(PLAYOUT_URI).count(), 1);
    assert_eq!(answer_to(&offer.replace("a=sendrecv", "a=sendonly")).matches(PLAYOUT_URI).count(), 0);
}

#[test]
fn a_silent_client_is_asked_to_send_next_to_nothing() {
    assert!(answer_to(&offer()).contains("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"));
    let bare = offer().replace("a=fmtp:111 minptime=10;useinbandfec=1\r\n", "");
    assert!(answer_to(&bare).contains("a=fmtp:111 usedtx=1\r\n"));
}
