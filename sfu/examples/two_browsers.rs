//! Serves one page on which two browsers meet through the media plane: for looking at it without the rest of the product.
//!
//! `cargo run --release -p colloque-sfu --example two_browsers -- 127.0.0.1:8085`, then open `/?room=1&peer=1` and
//! `/?room=1&peer=2`. Nobody is verified here; it listens on loopback only.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use colloque_ids::{PeerId, RoomId};
use colloque_sfu::{Sfu, SfuConfig, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

const PAGE: &str = include_str!("two_browsers.html");
const MAX_REQUEST_BYTES: usize = 128 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8085".to_owned()).parse()?;
    if !listen.ip().is_loopback() {
        return Err("the example listens on loopback only".into());
    }
    let mut announce = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    // The address that this machine would use towards others; connecting a UDP socket sends nothing.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0")?;
    if probe.connect("192.0.2.1:9").is_ok() {
        announce.insert(0, probe.local_addr()?.ip());
    }
    announce.dedup();
    let bind = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let (sfu, mut events) = start(SfuConfig { bind, announce, ..SfuConfig::default() })?;
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            println!("{event:?}");
        }
    });
    let listener = TcpListener::bind(listen).await?;
    println!("page on http://{}, media on {}", listener.local_addr()?, sfu.local_addr());
    loop {
        let (stream, _) = listener.accept().await?;
        let sfu = sfu.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, sfu).await {
                eprintln!("request failed: {error}");
            }
        });
    }
}

async fn serve(mut stream: TcpStream, sfu: Sfu) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 8192];
    let (head, body) = loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 || request.len() > MAX_REQUEST_BYTES {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(str::trim).map(str::to_owned)
            })
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let (status, kind, answer) = if head.starts_with("POST /connect") {
        match connect(&body, &sfu).await {
            Ok(answer) => ("200 OK", "text/plain", answer),
            Err(error) => ("400 Bad Request", "text/plain", error),
        }
    } else if head.starts_with("GET / ") || head.starts_with("GET /?") {
        ("200 OK", "text/html; charset=utf-8", PAGE.to_owned())
    } else {
        ("404 Not Found", "text/plain", String::new())
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(response.as_bytes()).await
}

async fn connect(body: &str, sfu: &Sfu) -> Result<String, String> {
    let request: serde_json::Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let number = |name: &str| request[name].as_u64().map(u128::from).map(Uuid::from_u128).ok_or("a number is missing");
    let room = RoomId::from_uuid(number("room")?);
    let peer = PeerId::from_uuid(number("peer")?);
    if request["leave"].as_bool() == Some(true) {
        sfu.disconnect_peer(room, peer);
        return Ok(String::new());
    }
    let offer = request["offer"].as_str().ok_or("the offer is missing")?.to_owned();
    let answer = sfu.connect_peer(room, peer, offer).await.map_err(|error| format!("{error:?}"))?;
    sfu.gate_room(room, true);
    Ok(answer)
}
