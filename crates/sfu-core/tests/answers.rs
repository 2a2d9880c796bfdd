//! Answers, read by another parser than the one that reads the offers.

use colloque_load::client::MediaClient;
use colloque_load::memory::{World, peer, room};
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
