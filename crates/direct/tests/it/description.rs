//! What is taken out of a description, and what is left.

use colloque_direct::guarded;
use proptest::prelude::*;

const OFFER: &str = "v=0\r
o=- 1 2 IN IP4 127.0.0.1\r
m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r
a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host generation 0\r
a=candidate:2 1 udp 1686052607 198.51.100.7 50000 typ srflx raddr 192.0.2.7 rport 50000\r
a=candidate:3 1 udp 41885439 203.0.113.8 49200 typ relay raddr 198.51.100.7 rport 50000 generation 0\r
a=fingerprint:sha-256 00:11\r
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r
a=extmap:2 urn:ietf:params:rtp-hdrext:csrc-audio-level\r
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 minptime=10;useinbandfec=1\r
a=rtpmap:63 red/48000/2\r
a=fmtp:63 111/111\r
";

#[test]
fn nothing_of_a_persons_own_network_or_loudness_is_told() {
    let told = guarded(OFFER);
    for secret in ["192.0.2.7", "198.51.100.7", "typ host", "typ srflx", "audio-level"] {
        assert!(!told.contains(secret), "{secret} in\n{told}");
    }
    let expected = "v=0\r
o=- 1 2 IN IP4 127.0.0.1\r
m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r
a=candidate:3 1 udp 41885439 203.0.113.8 49200 typ relay raddr 0.0.0.0 rport 0\r
a=fingerprint:sha-256 00:11\r
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 minptime=10;useinbandfec=1;cbr=1\r
a=rtpmap:63 red/48000/2\r
a=fmtp:63 111/111\r
";
    assert_eq!(told, expected);
}

proptest! {
    #[test]
    fn whatever_comes_in_no_address_but_the_relays_goes_out(lines in prop::collection::vec("(a=candidate:)?[ -~]{0,40}( typ (host|relay|srflx) raddr 192\\.0\\.2\\.7)?", 0..12)) {
        let told = guarded(&lines.join("\r\n"));
        let candidates = told.lines().filter(|line| line.starts_with("a=candidate:"));
        for candidate in candidates {
            prop_assert!(candidate.ends_with(" typ relay raddr 0.0.0.0 rport 0"));
        }
    }
}
