//! What MLS must find again between two messages: private keys and pre-shared keys. In memory, erased when dropped.
//!
//! OpenMLS writes its whole group here after each change, to read it back after a restart. A group of ours ends with its worker, so
//! all of that is let go; what it reads within one life is kept.

use std::cell::RefCell;
use std::collections::BTreeMap;

use openmls_traits::storage::{CURRENT_VERSION, Key, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

const VERSION: u16 = CURRENT_VERSION;

/// Most secrets kept at once. A group of eight needs forty: past this, somebody feeds us key packages or pre-shared keys.
const MAX_SECRETS: usize = 512;

/// See the module.
#[derive(Default)]
pub(crate) struct Secrets(RefCell<BTreeMap<Name, Zeroizing<Vec<u8>>>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Secrets({})", self.0.borrow().len())
    }
}

/// Why a secret was not kept or not found.
#[derive(Debug, Error)]
pub(crate) enum KeepSecretError {
    /// A value has no binary form, or its binary form is not one.
    #[error("secret has no binary form")]
    Form(#[source] postcard::Error),
    /// [`MAX_SECRETS`] are kept.
    #[error("too many secrets")]
    TooMany,
}

/// What a secret is, and whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    kind: Kind,
    key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    EncryptionKeyPair,
    EpochKeyPairs,
    KeyPackage,
    PreSharedKey,
}

impl Secrets {
    fn keep<T: Serialize + ?Sized>(&self, name: Name, value: &T) -> Result<(), KeepSecretError> {
        let mut secrets = self.0.borrow_mut();
        if secrets.len() >= MAX_SECRETS && !secrets.contains_key(&name) {
            return Err(KeepSecretError::TooMany);
        }
        secrets.insert(name, Zeroizing::new(postcard::to_allocvec(value).map_err(KeepSecretError::Form)?));
        Ok(())
    }

    fn find<T: DeserializeOwned>(&self, name: &Name) -> Result<Option<T>, KeepSecretError> {
        self.0.borrow().get(name).map(|bytes| postcard::from_bytes(bytes).map_err(KeepSecretError::Form)).transpose()
    }

    fn erase(&self, name: &Name) {
        self.0.borrow_mut().remove(name);
    }
}

fn name(kind: Kind, key: &impl Serialize) -> Result<Name, KeepSecretError> {
    Ok(Name { kind, key: postcard::to_allocvec(key).map_err(KeepSecretError::Form)? })
}

fn epoch_name(group: &impl Key<VERSION>, epoch: &impl Key<VERSION>, leaf: u32) -> Result<Name, KeepSecretError> {
    name(Kind::EpochKeyPairs, &(group, epoch, leaf))
}

/// Methods that are given something and keep nothing.
macro_rules! let_go {
    ($($method:ident<$($Type:ident: $Bound:ident),+>($($Argument:ty),+);)+) => {
        $(fn $method<$($Type: traits::$Bound<VERSION>),+>(&self, $(_: $Argument),+) -> Result<(), KeepSecretError> {
            Ok(())
        })+
    };
}

/// Methods that are asked for what was let go.
macro_rules! not_kept {
    ($($method:ident<$($Type:ident: $Bound:ident),+> -> $Answer:ty;)+) => {
        $(fn $method<$($Type: traits::$Bound<VERSION>),+>(&self, _: &GroupId) -> Result<$Answer, KeepSecretError> {
            Ok(Default::default())
        })+
    };
}

impl StorageProvider<VERSION> for Secrets {
    type Error = KeepSecretError;

    fn write_encryption_key_pair<K: traits::EncryptionKey<VERSION>, P: traits::HpkeKeyPair<VERSION>>(
        &self,
        public_key: &K,
        key_pair: &P,
    ) -> Result<(), KeepSecretError> {
        self.keep(name(Kind::EncryptionKeyPair, public_key)?, key_pair)
    }

    fn encryption_key_pair<P: traits::HpkeKeyPair<VERSION>, K: traits::EncryptionKey<VERSION>>(
        &self,
        public_key: &K,
    ) -> Result<Option<P>, KeepSecretError> {
        self.find(&name(Kind::EncryptionKeyPair, public_key)?)
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<VERSION>>(
        &self,
        public_key: &K,
    ) -> Result<(), KeepSecretError> {
        self.erase(&name(Kind::EncryptionKeyPair, public_key)?);
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<VERSION>,
        E: traits::EpochKey<VERSION>,
        P: traits::HpkeKeyPair<VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[P],
    ) -> Result<(), KeepSecretError> {
        self.keep(epoch_name(group_id, epoch, leaf_index)?, key_pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<VERSION>,
        E: traits::EpochKey<VERSION>,
        P: traits::HpkeKeyPair<VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<P>, KeepSecretError> {
        Ok(self.find(&epoch_name(group_id, epoch, leaf_index)?)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<VERSION>, E: traits::EpochKey<VERSION>>(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), KeepSecretError> {
        self.erase(&epoch_name(group_id, epoch, leaf_index)?);
        Ok(())
    }

    fn write_key_package<H: traits::HashReference<VERSION>, P: traits::KeyPackage<VERSION>>(
        &self,
        hash_ref: &H,
        key_package: &P,
    ) -> Result<(), KeepSecretError> {
        self.keep(name(Kind::KeyPackage, hash_ref)?, key_package)
    }

    fn key_package<H: traits::HashReference<VERSION>, P: traits::KeyPackage<VERSION>>(
        &self,
        hash_ref: &H,
    ) -> Result<Option<P>, KeepSecretError> {
        self.find(&name(Kind::KeyPackage, hash_ref)?)
    }

    fn delete_key_package<H: traits::HashReference<VERSION>>(&self, hash_ref: &H) -> Result<(), KeepSecretError> {
        self.erase(&name(Kind::KeyPackage, hash_ref)?);
        Ok(())
    }

    fn write_psk<I: traits::PskId<VERSION>, P: traits::PskBundle<VERSION>>(
        &self,
        psk_id: &I,
        psk: &P,
    ) -> Result<(), KeepSecretError> {
        self.keep(name(Kind::PreSharedKey, psk_id)?, psk)
    }

    fn psk<P: traits::PskBundle<VERSION>, I: traits::PskId<VERSION>>(
        &self,
        psk_id: &I,
    ) -> Result<Option<P>, KeepSecretError> {
        self.find(&name(Kind::PreSharedKey, psk_id)?)
    }

    fn delete_psk<I: traits::PskId<VERSION>>(&self, psk_id: &I) -> Result<(), KeepSecretError> {
        self.erase(&name(Kind::PreSharedKey, psk_id)?);
        Ok(())
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<VERSION>, P: traits::SignatureKeyPair<VERSION>>(
        &self,
        _: &K,
    ) -> Result<Option<P>, KeepSecretError> {
        Ok(None)
    }

    let_go! {
        write_mls_join_config<GroupId: GroupId, Config: MlsGroupJoinConfig>(&GroupId, &Config);
        append_own_leaf_node<GroupId: GroupId, Leaf: LeafNode>(&GroupId, &Leaf);
        queue_proposal<GroupId: GroupId, Reference: ProposalRef, Proposal: QueuedProposal>(&GroupId, &Reference, &Proposal);
        write_tree<GroupId: GroupId, Tree: TreeSync>(&GroupId, &Tree);
        write_interim_transcript_hash<GroupId: GroupId, Hash: InterimTranscriptHash>(&GroupId, &Hash);
        write_context<GroupId: GroupId, Context: GroupContext>(&GroupId, &Context);
        write_confirmation_tag<GroupId: GroupId, Tag: ConfirmationTag>(&GroupId, &Tag);
        write_group_state<State: GroupState, GroupId: GroupId>(&GroupId, &State);
        write_message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId, &MessageSecrets);
        write_resumption_psk_store<GroupId: GroupId, Store: ResumptionPskStore>(&GroupId, &Store);
        write_own_leaf_index<GroupId: GroupId, Index: LeafNodeIndex>(&GroupId, &Index);
        write_group_epoch_secrets<GroupId: GroupId, EpochSecrets: GroupEpochSecrets>(&GroupId, &EpochSecrets);
        write_signature_key_pair<PublicKey: SignaturePublicKey, Pair: SignatureKeyPair>(&PublicKey, &Pair);
        remove_proposal<GroupId: GroupId, Reference: ProposalRef>(&GroupId, &Reference);
        delete_own_leaf_nodes<GroupId: GroupId>(&GroupId);
        delete_group_config<GroupId: GroupId>(&GroupId);
        delete_tree<GroupId: GroupId>(&GroupId);
        delete_confirmation_tag<GroupId: GroupId>(&GroupId);
        delete_group_state<GroupId: GroupId>(&GroupId);
        delete_context<GroupId: GroupId>(&GroupId);
        delete_interim_transcript_hash<GroupId: GroupId>(&GroupId);
        delete_message_secrets<GroupId: GroupId>(&GroupId);
        delete_all_resumption_psk_secrets<GroupId: GroupId>(&GroupId);
        delete_own_leaf_index<GroupId: GroupId>(&GroupId);
        delete_group_epoch_secrets<GroupId: GroupId>(&GroupId);
        clear_proposal_queue<GroupId: GroupId, Reference: ProposalRef>(&GroupId);
        delete_signature_key_pair<PublicKey: SignaturePublicKey>(&PublicKey);
    }

    not_kept! {
        mls_group_join_config<GroupId: GroupId, Config: MlsGroupJoinConfig> -> Option<Config>;
        own_leaf_nodes<GroupId: GroupId, Leaf: LeafNode> -> Vec<Leaf>;
        queued_proposal_refs<GroupId: GroupId, Reference: ProposalRef> -> Vec<Reference>;
        queued_proposals<GroupId: GroupId, Reference: ProposalRef, Proposal: QueuedProposal> -> Vec<(Reference, Proposal)>;
        tree<GroupId: GroupId, Tree: TreeSync> -> Option<Tree>;
        group_context<GroupId: GroupId, Context: GroupContext> -> Option<Context>;
        interim_transcript_hash<GroupId: GroupId, Hash: InterimTranscriptHash> -> Option<Hash>;
        confirmation_tag<GroupId: GroupId, Tag: ConfirmationTag> -> Option<Tag>;
        group_state<State: GroupState, GroupId: GroupId> -> Option<State>;
        message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets> -> Option<MessageSecrets>;
        resumption_psk_store<GroupId: GroupId, Store: ResumptionPskStore> -> Option<Store>;
        own_leaf_index<GroupId: GroupId, Index: LeafNodeIndex> -> Option<Index>;
        group_epoch_secrets<GroupId: GroupId, EpochSecrets: GroupEpochSecrets> -> Option<EpochSecrets>;
    }
}
