//! The published lives of a client that joins by a welcome and follows what others do.

use openmls::group::{MlsGroup, StagedWelcome};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{Ciphersuite, MlsMessageIn, ProcessedMessageContent, RatchetTreeIn};
use openmls::schedule::PreSharedKeyId;
use openmls::storage::OpenMlsProvider;
use serde::Deserialize;

use crate::hex::Hex;
use crate::vectors::{Check, read, run};
use crate::welcome::{assert_keys_belong, config, keep_private_keys, parse_key_package, parse_welcome};

#[derive(Deserialize)]
struct Case {
    cipher_suite: u16,
    external_psks: Vec<ExternalPsk>,
    key_package: Hex,
    signature_priv: Hex,
    encryption_priv: Hex,
    init_priv: Hex,
    welcome: Hex,
    ratchet_tree: Option<Hex>,
    initial_epoch_authenticator: Hex,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct ExternalPsk {
    psk_id: Hex,
    psk: Hex,
}

#[derive(Deserialize)]
struct Epoch {
    proposals: Vec<Hex>,
    commit: Hex,
    epoch_authenticator: Hex,
}

/// How much was followed, so that an empty loop is seen.
#[derive(Debug, Default, PartialEq, Eq)]
struct Followed {
    cases: usize,
    keys: usize,
    trees: usize,
    proposals: usize,
    epochs: usize,
}

impl Check for &Case {
    type Outcome = Followed;

    fn check(self, suite: Ciphersuite, provider: &impl OpenMlsProvider) -> Followed {
        let package = parse_key_package(&self.key_package, provider);
        assert_eq!(package.ciphersuite(), suite);
        assert_keys_belong(&package, &self.signature_priv, &self.init_priv, &self.encryption_priv, provider);
        keep_private_keys(&package, &self.init_priv, &self.encryption_priv, provider);
        for key in &self.external_psks {
            PreSharedKeyId::external(key.psk_id.to_vec(), Vec::new()).store(provider, &key.psk).unwrap();
        }

        let mut joining = StagedWelcome::build_from_welcome(provider, &config(), parse_welcome(&self.welcome)).unwrap();
        if let Some(tree) = &self.ratchet_tree {
            joining = joining.with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact(tree.to_vec()).unwrap());
        }
        // The leaves were made in 2023, for a year.
        let joined = joining.skip_lifetime_validation().build().unwrap();
        let mut group = joined.into_group(provider).unwrap();
        assert_eq!(group.epoch_authenticator().as_slice(), &*self.initial_epoch_authenticator);

        for (number, epoch) in self.epochs.iter().enumerate() {
            for proposal in &epoch.proposals {
                process(&mut group, proposal, provider);
            }
            process(&mut group, &epoch.commit, provider);
            assert_eq!(group.epoch_authenticator().as_slice(), &*epoch.epoch_authenticator, "epoch {number}");
        }
        Followed {
            cases: 1,
            keys: self.external_psks.len(),
            trees: self.ratchet_tree.iter().len(),
            proposals: self.epochs.iter().map(|epoch| epoch.proposals.len()).sum(),
            epochs: self.epochs.len(),
        }
    }
}

fn process(group: &mut MlsGroup, message: &[u8], provider: &impl OpenMlsProvider) {
    let message = MlsMessageIn::tls_deserialize_exact(message).unwrap().try_into_protocol_message().unwrap();
    match group.process_message(provider, message).unwrap().into_content() {
        ProcessedMessageContent::ProposalMessage(proposal) => {
            group.store_pending_proposal(provider.storage(), *proposal).unwrap();
        }
        ProcessedMessageContent::StagedCommitMessage(commit) => {
            group.merge_staged_commit(provider, *commit).unwrap();
        }
        other => panic!("neither proposal nor commit: {other:?}"),
    }
}

/// Follows every case of a file, by suite from the first on.
fn follow(file: &str) -> (usize, [Followed; 3]) {
    let cases: Vec<Case> = read(file);
    let mut followed: [Followed; 3] = Default::default();
    for case in &cases {
        if let Some(case_followed) = run(case.cipher_suite, case) {
            let sum = &mut followed[usize::from(case.cipher_suite) - 1];
            sum.cases += case_followed.cases;
            sum.keys += case_followed.keys;
            sum.trees += case_followed.trees;
            sum.proposals += case_followed.proposals;
            sum.epochs += case_followed.epochs;
        }
    }
    (cases.len(), followed)
}

#[test]
fn a_client_joins_with_and_without_keys_and_trees_from_outside() {
    let each = || Followed { cases: 8, keys: 4, trees: 4, proposals: 0, epochs: 0 };
    assert_eq!(follow("passive-client-welcome"), (56, [each(), each(), each()]));
}

#[test]
fn a_client_follows_every_kind_of_commit() {
    let each = || Followed { cases: 13, keys: 13, trees: 0, proposals: 12, epochs: 26 };
    assert_eq!(follow("passive-client-handling-commit"), (91, [each(), each(), each()]));
}

#[test]
fn a_client_follows_a_long_random_life() {
    let life = Followed { cases: 1, keys: 0, trees: 0, proposals: 1_542, epochs: 200 };
    assert_eq!(follow("passive-client-random"), (1, [life, Followed::default(), Followed::default()]));
}
