//! placeholder

#[cfg(test)]
mod basics;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod hex;
#[cfg(test)]
mod member;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod mls_rs_member;
#[cfg(test)]
mod openmls_member;
#[cfg(test)]
mod other_library;
#[cfg(test)]
mod passive_client;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod welcome;
