//! Janus from Debian, through its HTTP interface: video rooms of two, one publishing and one subscribing peer connection
//! for each participant, as Janus wants it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::MediaClient;
use crate::server::connect_patiently;
use crate::traffic::Fleet;

/// How long the publishing transports may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Port of the HTTP interface.
const HTTP_PORT: u16 = 8088;

/// Writes a configuration into `folder` and gives the command that runs it.
///
/// # Errors
///
/// The system's error if the folder cannot be written.
pub fn configure(folder: &Path, server: IpAddr, has_event_loop: bool) -> std::io::Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let library = "/usr/lib/x86_64-linux-gnu/janus";
    let event_loops = if has_event_loop { "event_loops = 1" } else { "" };
    std::fs::write(
        folder.join("janus.jcfg"),
        format!(
            "general: {{\n configs_folder = \"{folder}\"\n plugins_folder = \"{library}/plugins\"\n \
             transports_folder = \"{library}/transports\"\n events_folder = \"{library}/events\"\n \
             log_to_stdout = false\n debug_level = 1\n session_timeout = 0\n {event_loops}\n}}\n\
             certificates: {{}}\nmedia: {{\n rtp_port_range = \"20000-60000\"\n}}\n\
             nat: {{\n ice_lite = true\n ice_tcp = false\n full_trickle = false\n ice_enforce_list = \"{server}\"\n}}\n\
             plugins: {{\n disable = \"libjanus_audiobridge.so,libjanus_streaming.so,libjanus_recordplay.so,libjanus_sip.so,\
             libjanus_nosip.so,libjanus_echotest.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_textroom.so,\
             libjanus_lua.so,libjanus_duktape.so\"\n}}\n\
             transports: {{\n disable = \"libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,\
             libjanus_websockets.so\"\n}}\n",
            folder = folder.display()
        ),
    )?;
    std::fs::write(
        folder.join("janus.transport.http.jcfg"),
        format!(
            "general: {{\n json = \"compact\"\n base_path = \"/janus\"\n http = true\n port = {HTTP_PORT}\n ip = \"{server}\"\n \
             https = false\n}}\nadmin: {{\n admin_http = false\n}}\n"
        ),
    )?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {}\n")?;
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let folder = folder.display().to_string();
    Ok(text(&["janus", "-F", &folder, "-C", &format!("{folder}/janus.jcfg")]))
}

/// One HTTP connection.
struct Http {
    requests: TcpStream,
    replies: BufReader<TcpStream>,
    server: IpAddr,
}

impl Http {
    fn connect(server: IpAddr) -> std::io::Result<Self> {
        let requests = connect_patiently(SocketAddr::new(server, HTTP_PORT))?;
        requests.set_nodelay(true)?;
        Ok(Self { replies: BufReader::new(requests.try_clone()?), requests, server })
    }

    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /janus{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.server,
            body.len()
        );
        self.requests.write_all(request.as_bytes())?;
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok();
            }
        }
        let mut reply = Vec::new();
        match length {
            Some(length) => self.append(&mut reply, length)?,
            None => loop {
                let length = usize::from_str_radix(&self.line()?, 16).map_err(std::io::Error::other)?;
                self.append(&mut reply, length)?;
                self.line()?;
                if length == 0 {
                    break;
                }
            },
        }
        Ok(serde_json::from_slice(&reply)?)
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.replies.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn append(&mut self, reply: &mut Vec<u8>, length: usize) -> std::io::Result<()> {
        let from = reply.len();
        reply.resize(from + length, 0);
        self.replies.read_exact(&mut reply[from..])
    }

    fn post(&mut self, path: &str, mut body: Value) -> std::io::Result<Value> {
        body["transaction"] = json!("load");
        self.call("POST", path, Some(&body))
    }

    /// A session with one handle on the video rooms; gives their paths.
    fn attach(&mut self) -> std::io::Result<(String, String)> {
        let session = format!("/{}", identifier(&self.post("", json!({ "janus": "create" }))?)?);
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" });
        let handle = format!("{session}/{}", identifier(&self.post(&session, attach)?)?);
        Ok((session, handle))
    }

    /// Waits for the next event of a session that brings a description.
    fn description(&mut self, session: &str) -> std::io::Result<String> {
        for _ in 0..20 {
            let event = self.call("GET", &format!("{session}?maxev=1"), None)?;
            if let Some(sdp) = event["jsep"]["sdp"].as_str() {
                return Ok(sdp.to_owned());
            }
            if let Some(error) = event["plugindata"]["data"]["error"].as_str() {
                return Err(std::io::Error::other(format!("janus: {error}")));
            }
        }
        Err(std::io::Error::other("janus gave no description"))
    }
}

fn identifier(reply: &Value) -> std::io::Result<u64> {
    reply["data"]["id"].as_u64().ok_or_else(|| std::io::Error::other(format!("janus: {reply}")))
}

/// Brings `rooms` rooms of two into a fleet: first all publishing transports, then all subscribing ones.
///
/// # Errors
///
/// The system's error, or what Janus says.
pub fn join(fleet: &mut Fleet, server: IpAddr, rooms: usize) -> std::io::Result<()> {
    let mut http = Http::connect(server)?;
    let (_, control) = http.attach()?;
    for room in 0..rooms {
        let create = json!({ "request": "create", "room": room + 1, "publishers": 2, "audiocodec": "opus",
                             "videocodec": "vp8", "notify_joining": false, "bitrate": 0 });
        http.post(&control, json!({ "janus": "message", "body": create }))?;
    }
    for participant in 0..2 * rooms {
        let client = MediaClient::new(participant as u32, true, Instant::now()).with_numbers();
        let offer = client.describe("active", 2, "sendonly", &candidate(fleet)?);
        let (session, handle) = http.attach()?;
        let body = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": participant / 2 + 1,
                           "id": participant + 1 });
        let jsep = json!({ "type": "offer", "sdp": offer });
        http.post(&handle, json!({ "janus": "message", "body": body, "jsep": jsep }))?;
        let answer = http.description(&session)?;
        add(fleet, client, &answer)?;
    }
    // Janus lists a publisher only once its transport is up.
    fleet.connect(CONNECT_TIMEOUT);
    for participant in 0..2 * rooms {
        let number = (2 * rooms + participant) as u32;
        let (session, handle) = http.attach()?;
        let feed = (participant ^ 1) + 1;
        let body = json!({ "request": "join", "ptype": "subscriber", "room": participant / 2 + 1,
                           "streams": [{ "feed": feed }] });
        http.post(&handle, json!({ "janus": "message", "body": body }))?;
        let offer = http.description(&session)?;
        let mut client = MediaClient::new(number, true, Instant::now());
        let own = client.describe("active", 1, "recvonly", &candidate(fleet)?);
        let answer = answer_to(&offer, &own);
        client.accept(&offer);
        let jsep = json!({ "type": "answer", "sdp": answer });
        http.post(&handle, json!({ "janus": "message", "body": { "request": "start" }, "jsep": jsep }))?;
        add(fleet, client, &offer)?;
    }
    Ok(())
}

fn candidate(fleet: &Fleet) -> std::io::Result<String> {
    let address = fleet.next_address()?;
    Ok(format!("a=candidate:1 1 udp 2130706431 {} {} typ host\r\n", address.ip(), address.port()))
}

fn add(fleet: &mut Fleet, mut client: MediaClient, description: &str) -> std::io::Result<()> {
    client.accept(description);
    let address = client.remote().and_then(|remote| remote.candidates.first().copied());
    let address = address.ok_or_else(|| std::io::Error::other("janus gave no candidate"))?;
    fleet.add(client, address)?;
    Ok(())
}

/// Answers each line of an offer with its own formats and with the transport of `own`.
fn answer_to(offer: &str, own: &str) -> String {
    let transport: String = own
        .lines()
        .filter(|line| {
            ["a=ice-", "a=fingerprint", "a=setup", "a=candidate"].iter().any(|start| line.starts_with(start))
        })
        .map(|line| format!("{line}\r\n"))
        .collect();
    let mut answer = String::new();
    let mut is_session = true;
    for line in offer.lines() {
        if line.starts_with("m=") {
            is_session = false;
            answer.push_str(&format!("{line}\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\na=rtcp-mux\r\n{transport}"));
            continue;
        }
        let is_kept = match is_session {
            true => ["v=", "o=", "s=", "t=", "a=group"].iter().any(|start| line.starts_with(start)),
            false => ["a=mid", "a=rtpmap", "a=fmtp"].iter().any(|start| line.starts_with(start)),
        };
        if is_kept {
            answer.push_str(line);
            answer.push_str("\r\n");
        }
    }
    answer
}
