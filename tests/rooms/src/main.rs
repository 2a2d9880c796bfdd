//! `colloque-rooms`: the media plane by itself, for browsers in rooms larger than signaling opens, ruled by lines of JSON on its
//! standard input.
//!
//! Each line is an [`Order`]. An offer is answered with `{"answer": …}`, and what the media plane says of layers is written as
//! `{"peer": …, "mid": …, "is_sent": […]}`. It ends with its input.

use std::net::{Ipv4Addr, SocketAddr};

use colloque_ids::{PeerId, RoomId};
use colloque_sfu::{Mid, Sfu, SfuConfig, SfuEvent, start};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use uuid::Uuid;

/// What the caller asks for; there is one room, and peers are numbers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// Takes an offer.
    Offer { peer: u32, sdp: String },
    /// Takes the height at which a peer shows a line, in pixels.
    Show { peer: u32, mid: String, height: u16 },
    /// Removes a peer.
    Leave { peer: u32 },
}

const ROOM: RoomId = RoomId::from_uuid(Uuid::from_u128(1));

fn id(peer: u32) -> PeerId {
    PeerId::from_uuid(Uuid::from_u128(peer.into()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (sfu, mut events) = start(SfuConfig { bind, ..SfuConfig::default() })?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => println!("{}", obey(&sfu, &line).await),
                None => break,
            },
            Some(event) = events.recv() => if let SfuEvent::LayersWanted { peer, mid, is_sent, .. } = event {
                let peer = peer.uuid().as_u128() as u32;
                println!("{}", json!({ "peer": peer, "mid": mid.as_str(), "is_sent": is_sent }));
            },
        }
    }
    sfu.shutdown();
    Ok(())
}

async fn obey(sfu: &Sfu, line: &str) -> serde_json::Value {
    match serde_json::from_str(line) {
        Ok(Order::Offer { peer, sdp }) => match sfu.connect_peer(ROOM, id(peer), sdp).await {
            Ok(answer) => {
                sfu.gate_room(ROOM, true);
                json!({ "answer": answer })
            }
            Err(error) => json!({ "error": error.to_string() }),
        },
        Ok(Order::Show { peer, mid, height }) => match Mid::parse(mid.as_bytes()) {
            Some(mid) => {
                sfu.show_picture(ROOM, id(peer), mid, height);
                json!({})
            }
            None => json!({ "error": "no name of a line" }),
        },
        Ok(Order::Leave { peer }) => {
            sfu.disconnect_peer(ROOM, id(peer));
            json!({})
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}
