//! Every waiting time of a client, with what more and less of it costs.

use std::time::Duration;

/// Time for a ticket, a socket, a challenge and an answer to the join, all together.
///
/// Longer: a dead network is noticed later. Shorter: a phone on a slow network never gets in.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// First pause after a lost or failed connection; each further failure doubles it. Half of a pause is random.
///
/// Longer: a short cut is felt longer. Shorter: a server that restarts meets all its clients at once.
pub const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause between two attempts to connect.
///
/// Longer: a network that returns without saying so is found later. Shorter: a phone without network spends its battery.
pub const RECONNECT_PAUSE_LIMIT: Duration = Duration::from_secs(10);

/// Shortest pause after the server said that it is full or failing.
///
/// Longer: a place that becomes free stays empty. Shorter: a struggling server is asked more.
pub const BUSY_PAUSE: Duration = Duration::from_secs(4);

/// Pause before another attempt while the room is not open yet.
///
/// Longer: the patient who came early enters later. Shorter: more tickets are signed for nothing.
pub const TOO_EARLY_PAUSE: Duration = Duration::from_secs(30);

/// Clients of a stopping server spread their return over this time.
///
/// Longer: a restart is felt longer. Shorter: the new server meets all of them at once.
pub const SERVER_STOPPING_SPREAD: Duration = Duration::from_secs(2);

/// Tickets fetched again without a pause, when one was too old or used before.
///
/// More: a wrong clock makes the client ask in a loop. Fewer: two slow joins in a row are felt.
pub const QUICK_REFETCHES: u32 = 2;

/// Silence allowed after a ping that was sent because the network changed.
///
/// Longer: a socket that died with the old network is noticed later. Shorter: a slow network loses a good socket.
pub const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// How long a waiting person or a picture may be cut off before the screen says so.
///
/// Longer: a person talks to nobody. Shorter: the screen flashes at each short cut.
pub const RECONNECTING_AFTER: Duration = Duration::from_secs(2);

/// How long a loss lasts before the person is offered to act.
///
/// Longer: the person feels helpless. Shorter: they act against a recovery under way.
pub const RETRY_OFFERED_AFTER: Duration = Duration::from_secs(15);

/// How long a loss lasts before the person is told that it does not heal by itself as it should; it is still tried.
///
/// Longer: the person waits where no network is. Shorter: they move the router for a lift that opens in a moment.
pub const LONG_LOSS_AFTER: Duration = Duration::from_secs(60);

/// Time without signaling after which camera and microphone pause, though media still flows: nobody could end the call.
///
/// Longer: a person is seen and heard without control. Shorter: a server restart interrupts each consultation.
pub const SENDING_PAUSED_AFTER: Duration = Duration::from_secs(15);

/// Time without media before ICE restarts on the same peer connection.
///
/// Longer: a change of network is felt longer. Shorter: losses that heal by themselves cost an exchange.
pub const ICE_RESTART_AFTER: Duration = Duration::from_secs(2);

/// Time without media before a new peer connection is made; doubles with each one that never connects.
///
/// Longer: a dead transport is felt longer. Shorter: an ICE restart on a slow network is cut short.
pub const NEW_PEER_AFTER: Duration = Duration::from_secs(8);

/// Most doublings of [`NEW_PEER_AFTER`].
///
/// More: a network that returns is found later. Fewer: a network that blocks media is tried more.
pub const NEW_PEER_DOUBLINGS: u32 = 2;

/// Shortest time from one attempt to connect media to another that a person asks for.
///
/// Longer: a tap does nothing for that long. Shorter: repeated taps cut each attempt short, and the server meets them all.
pub const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// Shortest life of a peer connection that failed at once.
///
/// Longer: a passing failure is felt longer. Shorter: a browser that refuses is asked in a loop.
pub const FAILED_PEER_PAUSE: Duration = Duration::from_secs(2);

/// Peer connections in a row that never connected before the network is said to block media.
///
/// More: the person waits longer for advice. Fewer: one unlucky attempt raises an alarm.
pub const PEERS_BEFORE_BLOCKED: u32 = 2;

/// Time until a called patient who looks at the page is taken to have answered.
///
/// Longer: the practitioner waits. Shorter: the patient is surprised.
pub const ANSWERS_ITSELF_AFTER: Duration = Duration::from_secs(3);

/// Pause between two looks at what the browser counts.
///
/// Longer: a weak link is noticed later. Shorter: a phone works more for figures that are means over seconds.
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Longest pause between two samples of one series: a page in the background is looked at rarely.
///
/// Longer: a weakness of long ago counts. Shorter: a busy phone never knows how long its link is weak.
pub const SAMPLE_GAP: Duration = Duration::from_millis(3_500);

/// Share of packets lost, over the last seconds, from which a link is fair, and above which it is weak, in thousandths.
///
/// # Source
///
/// The table of media policies, as the two other steps.
pub const LOSS_STEPS_PERMILLE: [u32; 2] = [30, 80];

/// What a link carries below which it is weak, and up to which it is fair, in thousands of bits per second.
pub const RATE_STEPS_KBPS: [u32; 2] = [200, 500];

/// Round trip from which a link is fair, and above which it is weak, in milliseconds.
pub const DELAY_STEPS_MS: [u32; 2] = [250, 600];

/// How long a link must be better before a screen says so, and pause between two figures of the same.
///
/// Longer: a good link is called weak. Shorter: words flicker, and each change is a message to the other side.
pub const LINK_BETTER_AFTER: Duration = Duration::from_secs(5);

/// How long a link is weak before pictures pause.
///
/// Longer: the voice suffers. Shorter: pictures pause for a lift that opens in a moment.
pub const PAUSE_PICTURES_AFTER: Duration = Duration::from_secs(5);

/// How long a link is good before pictures are tried again; doubles with each trial that fails.
///
/// Longer: people talk unseen on a good link. Shorter: pictures come and go.
pub const RETURN_PICTURES_AFTER: Duration = Duration::from_secs(20);

/// Most doublings of [`RETURN_PICTURES_AFTER`].
///
/// More: a network that is good again is found later. Fewer: a voice is disturbed by trials more often.
pub const RETURN_DOUBLINGS: u32 = 4;

/// How long pictures are tried, small and unseen, before a screen shows them: two seconds of them, and one until the server's word
/// of them is here.
///
/// Longer: a link that cannot carry them disturbs the voice longer. Shorter: the queue that they fill is not felt yet.
pub const TRY_PICTURES_FOR: Duration = Duration::from_secs(3);

/// How long pictures are sent before the browser's belief of the uplink says something: it begins low and climbs.
///
/// Longer: a slow uplink is noticed later. Shorter: pictures pause because they have just begun.
pub const UPLINK_KNOWN_AFTER: Duration = Duration::from_secs(8);

/// Pauses and returns of pictures without a person's word within [`CHANGES_WITHIN`]; then only the person decides.
///
/// More: pictures come and go. Fewer: a person acts for the machine.
pub const AUTOMATIC_CHANGES: usize = 3;

/// Time in which [`AUTOMATIC_CHANGES`] are counted.
pub const CHANGES_WITHIN: Duration = Duration::from_secs(300);
/// How long this side sends as little as it was told last, before it sends more again.
///
/// Higher: a picture that was paused by mistake comes back later. Lower: a client that lies has the other one change its sending
/// more often.
pub(crate) const ADAPTED_FOR: Duration = Duration::from_secs(2);

/// Sizes of a picture that a browser asks for, by its shorter side in pixels; above the last, all that the camera gives.
///
/// More: a window that is dragged changes the picture more often, and each change costs a keyframe. Fewer: pixels are sent that nobody sees.
/// The least is that of a small window too, so that the other side does not read from it that nobody looks.
///
/// # Source
///
/// EN 301 549 section 6.5: at least 320 by 240.
pub const SHOWN_STEPS_PX: [u16; 3] = [270, 360, 540];

/// How long the other's picture is shown smaller before this side says so; larger is said at once.
///
/// Longer: pixels are sent that nobody sees. Shorter: a window that is moved about makes the picture blurred and sharp in turns.
pub const SHOWN_SMALLER_AFTER: Duration = Duration::from_secs(5);

/// How long the other's picture stands still before it counts as frozen.
///
/// Longer: what the person noticed is not told. Shorter: a camera in a dark room, which gives few pictures, counts.
pub const FROZEN_AFTER: Duration = Duration::from_secs(2);
