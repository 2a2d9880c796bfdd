//! `colloque-relay`: a bad network between a browser and the platform, ruled by lines of JSON on its standard input.
//!
//! Each line is an [`Order`] and is answered with one line: the [`colloque_relay::Report`], or `{"error": …}`. The first line
//! says that the relay listens. It ends with its input.

use std::net::IpAddr;

use clap::Parser;
use colloque_relay::{Order, Relay, RelayConfig};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(Parser)]
#[command(name = "colloque-relay", version, about = "A bad network that is the same each time")]
struct Arguments {
    /// Address that the person's program reaches.
    #[arg(long)]
    listen: IpAddr,
    /// Address of the server.
    #[arg(long, default_value = "127.0.0.1")]
    server: IpAddr,
    /// UDP ports that are carried.
    #[arg(long, value_delimiter = ',')]
    udp: Vec<u16>,
    /// TCP ports that are carried.
    #[arg(long, value_delimiter = ',')]
    tcp: Vec<u16>,
    /// What chance follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { listen, server, udp, tcp, seed } = Arguments::parse();
    let relay = Relay::start(&RelayConfig { listen, server, udp, tcp, seed }).await?;
    println!("{}", serde_json::to_string(&relay.report())?);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Order>(&line) {
            Ok(order) => {
                relay.obey(&order);
                println!("{}", serde_json::to_string(&relay.report())?);
            }
            Err(error) => println!("{}", serde_json::json!({ "error": error.to_string() })),
        }
    }
    Ok(())
}
