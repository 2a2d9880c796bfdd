//! The published messages and the lengths of vectors, read and written again.

use std::any::type_name;
use std::collections::BTreeMap;

use openmls::prelude::tls_codec::{Deserialize, Serialize, TlsVarInt, VLByteSlice, VLBytes};
use openmls::prelude::{
    AddProposalIn, ExternalInitProposal, GroupContextExtensionProposalIn, MlsMessageIn, PreSharedKeyProposal,
    ProposalIn, RatchetTreeIn, ReInitProposal, RemoveProposal, UpdateProposalIn, WireFormat,
};

use crate::hex::Hex;
use crate::vectors::read;

const CASES: usize = 300;

/// Every field of a case is one of these.
const FIELDS: usize = 17;

fn assert_read_and_written<T: Deserialize + Serialize>(bytes: &[u8]) -> T {
    let read = T::tls_deserialize_exact(bytes).unwrap_or_else(|error| panic!("{}: {error}", type_name::<T>()));
    assert_eq!(read.tls_serialize_detached().unwrap(), bytes, "{}", type_name::<T>());
    read
}

fn assert_message(bytes: &[u8], format: WireFormat) {
    assert_eq!(assert_read_and_written::<MlsMessageIn>(bytes).wire_format(), format);
}

/// A proposal by itself, and behind its number as it is sent.
fn assert_proposal<T: Deserialize + Serialize>(bytes: &[u8], number: u16) {
    assert_read_and_written::<T>(bytes);
    let proposal: ProposalIn = assert_read_and_written(&[&number.to_be_bytes(), bytes].concat());
    assert_eq!(u16::from(proposal.proposal_type()), number);
}

/// What a proposal to start again says of the group: its name, a version and a suite.
fn without_extensions(mut re_init: &[u8]) -> Vec<u8> {
    let group_id = VLBytes::tls_deserialize(&mut re_init).unwrap().tls_serialize_detached().unwrap();
    [&group_id, &re_init[..4], &[0]].concat()
}

/// A commit has no public type of its own: it is sent as a public message here.
fn public_message_of(commit: &[u8]) -> Vec<u8> {
    let opaque = |bytes: &[u8]| VLByteSlice(bytes).tls_serialize_detached().unwrap();
    let head = [&[0, 1, 0, 1][..], &opaque(b"group"), &7_u64.to_be_bytes(), &[1, 0, 0, 0, 0], &opaque(b"aad"), &[3]];
    let tail = [opaque(&[1; 64]), opaque(&[2; 32]), opaque(&[3; 32])];
    [head.concat(), commit.to_vec(), tail.concat()].concat()
}

#[test]
fn every_published_message_is_written_as_it_was_read() {
    let cases: Vec<BTreeMap<String, Hex>> = read("messages");
    let mut not_public = 0;
    for bytes in &cases {
        assert_eq!(bytes.len(), FIELDS);
        for (name, bytes) in bytes {
            match name.as_str() {
                "mls_welcome" => assert_message(bytes, WireFormat::Welcome),
                "mls_group_info" => assert_message(bytes, WireFormat::GroupInfo),
                "mls_key_package" => assert_message(bytes, WireFormat::KeyPackage),
                "public_message_application" | "public_message_proposal" | "public_message_commit" => {
                    assert_message(bytes, WireFormat::PublicMessage);
                }
                "private_message" => assert_message(bytes, WireFormat::PrivateMessage),
                "ratchet_tree" => drop(assert_read_and_written::<RatchetTreeIn>(bytes)),
                "add_proposal" => assert_proposal::<AddProposalIn>(bytes, 1),
                "update_proposal" => assert_proposal::<UpdateProposalIn>(bytes, 2),
                "remove_proposal" => assert_proposal::<RemoveProposal>(bytes, 3),
                "pre_shared_key_proposal" => assert_proposal::<PreSharedKeyProposal>(bytes, 4),
                "re_init_proposal" => {
                    // They carry a ratchet tree among the extensions of the group's context, where RFC 9420 has none.
                    assert!(ReInitProposal::tls_deserialize_exact(&**bytes).is_err());
                    assert_proposal::<ReInitProposal>(&without_extensions(bytes), 5);
                }
                "external_init_proposal" => assert_proposal::<ExternalInitProposal>(bytes, 6),
                "group_context_extensions_proposal" => assert_proposal::<GroupContextExtensionProposalIn>(bytes, 7),
                "commit" => assert_message(&public_message_of(bytes), WireFormat::PublicMessage),
                "group_secrets" => not_public += 1,
                other => panic!("unknown message {other}"),
            }
        }
    }
    assert_eq!((cases.len(), not_public), (CASES, CASES));
}

#[derive(serde::Deserialize)]
struct Length {
    vlbytes_header: Hex,
    length: usize,
}

/// Keeps the first bytes written, and lets the others go.
struct Head(Vec<u8>);

impl std::io::Write for Head {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend(bytes.iter().take(8 - self.0.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_published_length_is_read_and_written() {
    let cases: Vec<Length> = read("deserialization");
    for Length { vlbytes_header: header, length } in &cases {
        let read = TlsVarInt::tls_deserialize_exact(&**header).unwrap();
        assert_eq!(read.value(), *length as u64);

        let mut head = Head(Vec::new());
        // Zeros cost no memory until they are looked at, and `Head` does not look: one case is 1 GiB long.
        VLByteSlice(&vec![0; *length]).tls_serialize(&mut head).unwrap();
        assert!(head.0.starts_with(header), "{length}");

        if *length < 1 << 20 {
            let written = [&**header, &vec![0; *length]].concat();
            assert_eq!(VLBytes::tls_deserialize_exact(written).unwrap().as_slice().len(), *length);
        }
    }
    assert_eq!(cases.len(), 14);
}
