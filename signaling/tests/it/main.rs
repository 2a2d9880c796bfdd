//! Real sockets, real signatures; storage and media plane in memory.

#[cfg(test)]
mod client;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod meeting;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod server;
