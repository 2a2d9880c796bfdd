//! Two people and the real order of signaling between them.

#[cfg(test)]
mod room;
