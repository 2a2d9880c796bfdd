//! What a description says to the other browser, and through it to the relay.

/// Where a relay sees what it carries: header extensions are not encrypted (RFC 6904), so how loud somebody speaks is not put there
/// (RFC 6464, RFC 6465).
const LEVEL: &str = "audio-level";

/// Makes a description fit to be handed to the other browser: no way but through the relay and no address of this person's own, no
/// loudness beside the voice, and a voice of packets that are all of one length (RFC 7587 section 6.1), because lengths tell words.
#[must_use]
pub fn guarded(description: &str) -> String {
    let opus: Vec<&str> = description
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
        .filter_map(|(number, coding)| coding.to_ascii_lowercase().starts_with("opus/").then_some(number))
        .collect();
    let is_of_opus = |line: &str| {
        let number = line.strip_prefix("a=fmtp:").and_then(|rest| rest.split(' ').next());
        number.is_some_and(|number| opus.contains(&number))
    };
    let mut guarded = String::with_capacity(description.len());
    for line in description.lines() {
        if line.starts_with("a=extmap:") && line.contains(LEVEL) {
            continue;
        }
        if let Some(candidate) = line.strip_prefix("a=candidate:") {
            let Some((way, _)) = candidate.split_once(" typ relay") else { continue };
            guarded.extend(["a=candidate:", way, " typ relay raddr 0.0.0.0 rport 0"]);
        } else {
            guarded.push_str(line);
        }
        if is_of_opus(line) {
            guarded.push_str(";cbr=1");
        }
        guarded.push_str("\r\n");
    }
    guarded
}
