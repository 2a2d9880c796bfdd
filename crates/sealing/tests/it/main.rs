//! Two people and the real order of signaling between them.

#[cfg(test)]
mod lost;
#[cfg(test)]
mod room;
#[cfg(test)]
mod world;
