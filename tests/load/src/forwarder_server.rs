//! The SFU made of str0m as a server of the benchmark: one thread, with the batched system calls of the product.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use colloque_sfu::io::{BATCH, ReceiveBatch, SendBatch, UdpPort, Waker, wait_readable};
use colloque_sfu_core::SendArena;

use crate::forwarder::Forwarder;
use crate::server::{Offered, serve_control};

/// Kernel buffer of the port, each way, in bytes: what Colloque's workers ask for.
const SOCKET_BUFFER_BYTES: usize = 32 << 20;
/// Batches taken before offers and timers get their turn: as in Colloque's worker.
const MAX_BATCHES: usize = 16;

struct Request {
    offered: Offered,
    reply: Sender<Result<String, String>>,
}

/// Runs the SFU behind a control port as [`crate::server::serve_colloque`] does, until the process is ended.
///
/// # Errors
///
/// Whatever keeps the media port or the control port from being bound.
pub fn serve(bind: SocketAddr, control: SocketAddr, has_estimate: bool) -> Result<(), Box<dyn std::error::Error>> {
    let port = UdpPort::bind(bind, SOCKET_BUFFER_BYTES)?;
    let waker = Arc::new(Waker::new()?);
    let (requests, queue) = channel::<Request>();
    let media = {
        let waker = Arc::clone(&waker);
        let forwarder = Forwarder::new(SocketAddr::new(bind.ip(), port.local_addr()?.port()), has_estimate);
        std::thread::spawn(move || forward(&port, &waker, &queue, forwarder))
    };
    serve_control(control, |offered| {
        let (reply, answer) = channel();
        requests.send(Request { offered, reply })?;
        waker.wake();
        Ok(answer.recv()??)
    })?;
    drop(requests);
    waker.wake();
    media.join().map_err(|_| "the media thread failed")??;
    Ok(())
}

fn forward(port: &UdpPort, waker: &Waker, queue: &Receiver<Request>, mut forwarder: Forwarder) -> std::io::Result<()> {
    let mut received = ReceiveBatch::default();
    let mut sending = SendBatch::new(true);
    let mut arena = SendArena::default();
    loop {
        let timeout = forwarder.next_timeout().map(|at| at.saturating_duration_since(Instant::now()));
        if wait_readable(port, waker, timeout) {
            waker.clear();
            while let Ok(Request { offered, reply }) = queue.try_recv() {
                let answer = forwarder.connect_peer(Instant::now(), offered.room, &offered.offer);
                // Who asked may be gone.
                let _ = reply.send(answer.map_err(|error| error.to_string()));
            }
        }
        for _ in 0..MAX_BATCHES {
            let count = received.receive(port)?;
            let now = Instant::now();
            for index in 0..count {
                let Some((from, datagram)) = received.datagram(index) else { continue };
                forwarder.handle_datagram(now, from, datagram, &mut arena);
            }
            forwarder.flush(now, &mut arena);
            send(port, &mut sending, &mut arena);
            if count < BATCH {
                break;
            }
        }
        forwarder.handle_timeout(Instant::now(), &mut arena);
        send(port, &mut sending, &mut arena);
    }
}

fn send(port: &UdpPort, sending: &mut SendBatch, arena: &mut SendArena) {
    if !arena.transmits().is_empty() {
        sending.send(port, arena);
        arena.clear();
    }
}
