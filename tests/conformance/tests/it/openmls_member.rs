//! A member by OpenMLS, over any cryptography, with the settings of a call.

use colloque_e2ee::conformance;
use openmls::group::{MlsGroup, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, StagedWelcome};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, KeyPackage, LeafNodeIndex, Lifetime,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsCrypto as _, PreSharedKeyProposal, ProcessedMessageContent,
    Proposal, ProtocolVersion,
};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use openmls::storage::OpenMlsProvider;
use openmls_traits::signatures::Signer;

use crate::member::{BASE_KEY_BYTES, BASE_KEY_LABEL, Change, Committed, Member, Refused, Shared, refused};
use crate::signer::ProviderSigner;

struct OpenMlsMember<P, S> {
    suite: Ciphersuite,
    provider: P,
    signer: S,
    credential: CredentialWithKey,
    group: Option<MlsGroup>,
}

/// A member over this project's cryptography and with its signer. `seed` must be another one for each member.
pub fn ours(suite: Ciphersuite, seed: u8) -> Box<dyn Member> {
    let (provider, signer, credential) = conformance::member([seed; 32], name(seed));
    Box::new(OpenMlsMember { suite, provider, signer, credential, group: None })
}

/// A member over any other cryptography.
pub fn over<P>(provider: P, suite: Ciphersuite, seed: u8) -> Box<dyn Member>
where
    P: OpenMlsProvider<CryptoProvider: Default> + 'static,
{
    let scheme = suite.signature_algorithm();
    let crypto = Box::new(P::CryptoProvider::default());
    let (private, public) = crypto.signature_key_gen(scheme).unwrap();
    let credential =
        CredentialWithKey { credential: BasicCredential::new(name(seed)).into(), signature_key: public.into() };
    let signer = ProviderSigner { crypto, scheme, private };
    Box::new(OpenMlsMember { suite, provider, signer, credential, group: None })
}

/// Names a member.
pub fn name(seed: u8) -> Vec<u8> {
    format!("member {seed}").into_bytes()
}

impl<P: OpenMlsProvider, S: Signer> OpenMlsMember<P, S> {
    fn group(&self) -> &MlsGroup {
        self.group.as_ref().expect("the member has created or joined a group")
    }

    fn group_mut(&mut self) -> (&P, &S, &mut MlsGroup) {
        let group = self.group.as_mut().expect("the member has created or joined a group");
        (&self.provider, &self.signer, group)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(None, Some(&[self.suite]), Some(&[]), Some(&[]), Some(&[CredentialType::Basic]))
    }
}

impl<P: OpenMlsProvider, S: Signer> Member for OpenMlsMember<P, S> {
    fn create(&mut self) {
        let group = MlsGroup::builder()
            .ciphersuite(self.suite)
            .with_wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .lifetime(always())
            .with_capabilities(self.capabilities())
            .build(&self.provider, &self.signer, self.credential.clone())
            .unwrap();
        self.group = Some(group);
    }

    fn offer(&mut self) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(self.capabilities())
            .key_package_lifetime(always())
            .build(self.suite, &self.provider, &self.signer, self.credential.clone())
            .unwrap();
        MlsMessageOut::from(bundle.into_key_package()).to_bytes().unwrap()
    }

    fn join(&mut self, welcome: &[u8]) -> Result<(), Refused> {
        let MlsMessageBodyIn::Welcome(welcome) = parse(welcome)?.extract() else {
            return Err("no welcome".to_owned());
        };
        // A memory that keeps groups does not take a second one of the same name.
        if let Some(mut left) = self.group.take() {
            left.delete(self.provider.storage()).map_err(refused)?;
        }
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .build();
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, None).map_err(refused)?;
        self.group = Some(staged.into_group(&self.provider).map_err(refused)?);
        Ok(())
    }

    fn keep_external_key(&mut self, name: &[u8], key: &[u8]) {
        PreSharedKeyId::external(name.to_vec(), Vec::new()).store(&self.provider, key).unwrap();
    }

    fn commit(&mut self, change: &Change) -> Committed {
        let suite = self.suite;
        let (provider, signer, group) = self.group_mut();
        let newcomers: Vec<KeyPackage> = change
            .add
            .iter()
            .map(|package| {
                let MlsMessageBodyIn::KeyPackage(package) = parse(package).unwrap().extract() else {
                    panic!("no key package")
                };
                package.validate(provider.crypto(), ProtocolVersion::Mls10).unwrap()
            })
            .collect();
        let external_keys = change.external_keys.iter().map(|name| {
            let psk = Psk::External(ExternalPsk::new(name.clone()));
            let id = PreSharedKeyId::new(suite, provider.rand(), psk).unwrap();
            Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id)))
        });
        let bundle = group
            .commit_builder()
            .force_self_update(!change.keeps_keys)
            .propose_adds(newcomers)
            .propose_removals(change.remove.iter().map(|leaf| LeafNodeIndex::new(*leaf)))
            .add_proposals(external_keys)
            .load_psks(provider.storage())
            .unwrap()
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        let (commit, welcome, _) = bundle.into_messages();
        Committed { commit: commit.to_bytes().unwrap(), welcome: welcome.map(|welcome| welcome.to_bytes().unwrap()) }
    }

    fn apply(&mut self) {
        let (provider, _, group) = self.group_mut();
        group.merge_pending_commit(provider).unwrap();
    }

    fn follow(&mut self, commit: &[u8]) -> Result<bool, Refused> {
        let (provider, _, group) = self.group_mut();
        let message = parse(commit)?.try_into_protocol_message().map_err(refused)?;
        match group.process_message(provider, message).map_err(refused)?.into_content() {
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                let stays = !commit.self_removed();
                group.merge_staged_commit(provider, *commit).map_err(refused)?;
                Ok(stays)
            }
            other => Err(refused(other)),
        }
    }

    fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        let (provider, signer, group) = self.group_mut();
        group.create_message(provider, signer, content).unwrap().to_bytes().unwrap()
    }

    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let (provider, _, group) = self.group_mut();
        let message = parse(message)?.try_into_protocol_message().map_err(refused)?;
        match group.process_message(provider, message).map_err(refused)?.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => Ok(message.into_bytes()),
            other => Err(refused(other)),
        }
    }

    fn shared(&self) -> Shared {
        let group = self.group();
        Shared {
            group_id: group.group_id().as_slice().to_vec(),
            epoch: group.epoch().as_u64(),
            authenticator: group.epoch_authenticator().as_slice().to_vec(),
            base_key: group.export_secret(self.provider.crypto(), BASE_KEY_LABEL, b"", BASE_KEY_BYTES).unwrap(),
            roster: group
                .members()
                .map(|member| (member.index.u32(), member.credential.serialized_content().to_vec()))
                .collect(),
        }
    }
}

fn parse(message: &[u8]) -> Result<MlsMessageIn, Refused> {
    MlsMessageIn::tls_deserialize_exact(message).map_err(refused)
}

fn always() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}
