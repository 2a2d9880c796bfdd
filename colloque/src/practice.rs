//! `colloque practice create`: the practice of a new installation and its first administrator.

use std::io;
use std::sync::Arc;

use colloque_consultation::{
    Consultation, CreatePracticeError, FirstAdministrator, LoadMasterKeyError, MasterKey, NewPractice,
    StartConsultationError,
};
use thiserror::Error;

use crate::arguments::CreatePracticeArguments;
use crate::configuration::{ReadSettingsError, Settings};
use crate::data_folder::{DataFolder, OpenDataFolderError};
use crate::database::{Cluster, StartClusterError};
use crate::log;
use crate::services::{Herald, consultation_config};
use crate::welcome::{self, Addresses};

/// Why no practice was created. The texts are for the person who types the command.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The configuration does not allow it.
    #[error(transparent)]
    Settings(#[from] ReadSettingsError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] OpenDataFolderError),
    /// The master key cannot be used.
    #[error("la clé principale ne peut pas être lue")]
    MasterKey(#[from] LoadMasterKeyError),
    /// The private database does not run.
    #[error(transparent)]
    Database(#[from] StartClusterError),
    /// The operating system gives no threads.
    #[error("le système ne donne pas les moyens de démarrer")]
    System(#[source] io::Error),
    /// The service does not start.
    #[error("le service des consultations ne démarre pas")]
    Consultation(#[from] StartConsultationError),
    /// There is a practice.
    #[error("cette installation a déjà son cabinet : son administrateur invite les autres personnes")]
    Exists,
    /// A field is wrong.
    #[error("le champ {0} n'est pas valable")]
    Invalid(String),
    /// Nothing was stored.
    #[error("rien n'a été enregistré")]
    Create(#[source] CreatePracticeError),
}

/// Creates the practice and prints the link that activates its first administrator's account.
///
/// # Errors
///
/// [`CreateError`] says in one sentence why nothing was created.
pub fn create(arguments: CreatePracticeArguments) -> Result<(), CreateError> {
    let settings = Settings::read(&arguments.serve)?;
    log::start("warn", settings.log_json);
    let (data, is_running) = match DataFolder::open(&settings.data, settings.purpose) {
        Ok(data) => (data, false),
        // The running platform's database serves this command as well.
        Err(OpenDataFolderError::Taken(path)) => (DataFolder::visit(&path, settings.purpose)?, true),
        Err(error) => return Err(error.into()),
    };
    let master_key = MasterKey::load_or_create(&data.path().join("master.key"))?;
    let mut cluster = None;
    let url = match &settings.database_url {
        Some(url) => url.clone(),
        None if is_running => Cluster::address(data.path(), &data.database_password()?),
        None => {
            let started = Cluster::start(data.path(), &data.database_password()?, welcome::progress)?;
            cluster.insert(started).url().to_owned()
        }
    };
    let practice = NewPractice {
        name: arguments.name,
        address: arguments.street,
        postal_code: arguments.postal_code,
        city: arguments.city,
        phone: arguments.phone,
        finess: arguments.finess,
    };
    let administrator = FirstAdministrator {
        family_name: arguments.administrator_family_name,
        given_name: arguments.administrator_given_name,
        email: arguments.administrator_email,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(CreateError::System)?;
    let link = runtime.block_on(async {
        let config = consultation_config(&settings, &Addresses::of(&settings, settings.listen), url, master_key);
        let consultation = Consultation::open(config, Arc::new(Herald::default())).await?;
        consultation.create_practice(practice, administrator).await.map_err(|error| match error {
            CreatePracticeError::Exists => CreateError::Exists,
            CreatePracticeError::Invalid { field } => CreateError::Invalid(field),
            other @ CreatePracticeError::Storage(_) => CreateError::Create(other),
        })
    })?;
    drop(cluster);
    welcome::show_activation(&link);
    Ok(())
}
