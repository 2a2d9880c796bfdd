//! A member by mls-rs over RustCrypto, in suite 0x0001.

use mls_rs::client_builder::MlsConfig;
use mls_rs::group::{CommitEffect, ReceivedMessage};
use mls_rs::identity::SigningIdentity;
use mls_rs::identity::basic::{BasicCredential, BasicIdentityProvider};
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules, EncryptionOptions};
use mls_rs::psk::{ExternalPskId, PreSharedKey};
use mls_rs::storage_provider::in_memory::InMemoryPreSharedKeyStorage;
use mls_rs::{CipherSuite, CipherSuiteProvider as _, Client, CryptoProvider as _, ExtensionList, Group, MlsMessage};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

use crate::member::{BASE_KEY_BYTES, BASE_KEY_LABEL, Change, Committed, Member, Refused, Shared, refused};
use crate::openmls_member::name;

const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;

struct MlsRsMember<C: MlsConfig> {
    client: Client<C>,
    external_keys: InMemoryPreSharedKeyStorage,
    group: Option<Group<C>>,
}

/// Makes a member.
pub fn theirs(seed: u8) -> Box<dyn Member> {
    let crypto = RustCryptoProvider::default();
    let (private, public) = crypto.cipher_suite_provider(SUITE).unwrap().signature_key_generate().unwrap();
    let identity = SigningIdentity::new(BasicCredential::new(name(seed)).into_credential(), public);
    let external_keys = InMemoryPreSharedKeyStorage::default();
    // Handshakes are sealed, as in a call. Adding alone brings no new keys, which a call never does: so both kinds are met.
    let rules = DefaultMlsRules::new()
        .with_encryption_options(EncryptionOptions::new(true, mls_rs::client_builder::PaddingMode::StepFunction))
        .with_commit_options(CommitOptions::new().with_path_required(false).with_ratchet_tree_extension(true));
    let client = Client::builder()
        .psk_store(external_keys.clone())
        .identity_provider(BasicIdentityProvider)
        .mls_rules(rules)
        .crypto_provider(crypto)
        .signing_identity(identity, private, SUITE)
        .build();
    Box::new(MlsRsMember { client, external_keys, group: None })
}

impl<C: MlsConfig> MlsRsMember<C> {
    fn group(&self) -> &Group<C> {
        self.group.as_ref().expect("the member has created or joined a group")
    }

    fn group_mut(&mut self) -> &mut Group<C> {
        self.group.as_mut().expect("the member has created or joined a group")
    }
}

impl<C: MlsConfig> Member for MlsRsMember<C> {
    fn create(&mut self) {
        self.group = Some(self.client.create_group(ExtensionList::new(), ExtensionList::new(), None).unwrap());
    }

    fn offer(&mut self) -> Vec<u8> {
        let none = ExtensionList::new;
        self.client.generate_key_package_message(none(), none(), None).unwrap().to_bytes().unwrap()
    }

    fn join(&mut self, welcome: &[u8]) -> Result<(), Refused> {
        let welcome = MlsMessage::from_bytes(welcome).map_err(refused)?;
        let (group, _) = self.client.join_group(None, &welcome, None).map_err(refused)?;
        self.group = Some(group);
        Ok(())
    }

    fn keep_external_key(&mut self, name: &[u8], key: &[u8]) {
        self.external_keys.insert(ExternalPskId::new(name.to_vec()), PreSharedKey::new(key.to_vec()));
    }

    fn commit(&mut self, change: &Change) -> Committed {
        let mut builder = self.group_mut().commit_builder();
        for package in &change.add {
            builder = builder.add_member(MlsMessage::from_bytes(package).unwrap()).unwrap();
        }
        for leaf in &change.remove {
            builder = builder.remove_member(*leaf).unwrap();
        }
        for name in &change.external_keys {
            builder = builder.add_external_psk(ExternalPskId::new(name.clone())).unwrap();
        }
        let output = builder.build().unwrap();
        assert!(output.welcome_messages().len() <= 1);
        Committed {
            commit: output.commit_message().to_bytes().unwrap(),
            welcome: output.welcome_messages().first().map(|welcome| welcome.to_bytes().unwrap()),
        }
    }

    fn apply(&mut self) {
        self.group_mut().apply_pending_commit().unwrap();
    }

    fn follow(&mut self, commit: &[u8]) -> Result<bool, Refused> {
        let commit = MlsMessage::from_bytes(commit).map_err(refused)?;
        match self.group_mut().process_incoming_message(commit).map_err(refused)? {
            ReceivedMessage::Commit(commit) => Ok(!matches!(commit.effect, CommitEffect::Removed { .. })),
            other => Err(refused(other)),
        }
    }

    fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        self.group_mut().encrypt_application_message(content, Vec::new()).unwrap().to_bytes().unwrap()
    }

    fn open(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let message = MlsMessage::from_bytes(message).map_err(refused)?;
        match self.group_mut().process_incoming_message(message).map_err(refused)? {
            ReceivedMessage::ApplicationMessage(message) => Ok(message.data().to_vec()),
            other => Err(refused(other)),
        }
    }

    fn shared(&self) -> Shared {
        let group = self.group();
        let secret = group.export_secret(BASE_KEY_LABEL.as_bytes(), b"", BASE_KEY_BYTES).unwrap();
        Shared {
            group_id: group.group_id().to_vec(),
            epoch: group.current_epoch(),
            authenticator: group.epoch_authenticator().unwrap().to_vec(),
            base_key: secret.to_vec(),
            roster: group
                .roster()
                .members_iter()
                .map(|member| {
                    let basic = member.signing_identity.credential.as_basic().expect("all have basic credentials");
                    (member.index, basic.identifier.clone())
                })
                .collect(),
        }
    }
}
