//! What the crate promises, against published vectors, other implementations and everything that may arrive.

#[cfg(test)]
mod ctr_hmac;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod group;
#[cfg(test)]
mod hex;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod rfc9605;
#[cfg(test)]
mod voice;
#[cfg(test)]
mod world;
