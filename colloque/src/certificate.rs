//! The site's certificate: the operator's, or one made here for trying out.

mod renewal;

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use thiserror::Error;

use crate::data_folder::{DataFolder, OpenDataFolderError, write_private};
use renewal::Renewing;

/// How long a certificate made here serves. Browsers refuse longer ones even from a trusted root.
const OWN_CERTIFICATE_DAYS: i64 = 390;

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// The operator's files, PEM.
    Files {
        /// The chain, the site's own certificate first.
        chain: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// Made here for these addresses; browsers ask before they trust it.
    SelfSigned {
        /// Addresses of this machine in its networks.
        addresses: Vec<IpAddr>,
    },
}

/// Why there is no usable certificate. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum LoadCertificateError {
    /// A file is not a PEM file of the right kind.
    #[error("impossible de lire {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The key does not fit the certificate.
    #[error("le certificat et sa clé ne vont pas ensemble")]
    Mismatch(#[source] rustls::Error),
    /// A certificate could not be made.
    #[error("impossible de créer un certificat")]
    Make(#[from] rcgen::Error),
    /// It could not be stored.
    #[error(transparent)]
    Folder(#[from] OpenDataFolderError),
}

/// Gives the TLS settings: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. Renewed files serve within a minute.
///
/// # Errors
///
/// [`LoadCertificateError`] when there is no usable certificate.
pub fn tls_settings(
    source: &CertificateSource,
    folder: &DataFolder,
) -> Result<Arc<ServerConfig>, LoadCertificateError> {
    let (chain, key) = match source {
        CertificateSource::Files { chain, key } => (chain.clone(), key.clone()),
        CertificateSource::SelfSigned { addresses } => own_files(addresses, folder)?,
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let renewing = Renewing::load(chain, key, Arc::clone(&provider))?;
    let mut settings = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(LoadCertificateError::Mismatch)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(renewing));
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(settings))
}

/// Gives the files of the certificate made here, made again when the machine's addresses changed or it ends soon.
fn own_files(addresses: &[IpAddr], folder: &DataFolder) -> Result<(PathBuf, PathBuf), LoadCertificateError> {
    let chain = folder.path().join("certificate.pem");
    let key = folder.path().join("certificate.key");
    let stamp = folder.path().join("certificate.for");
    let wanted = names(addresses).join("\n");
    let is_current = fs::read_to_string(&stamp).is_ok_and(|kept| {
        let (until, names) = kept.split_once('\n').unwrap_or_default();
        let renewed_from = jiff::Timestamp::now().as_second() + 30 * 86_400;
        names == wanted && until.parse::<i64>().is_ok_and(|until| until > renewed_from)
    });
    if is_current && chain.exists() && key.exists() {
        return Ok((chain, key));
    }
    let until = jiff::Timestamp::now().as_second() + OWN_CERTIFICATE_DAYS * 86_400;
    let pair = KeyPair::generate()?;
    let certificate = parameters(addresses)?.self_signed(&pair)?;
    for (path, content) in
        [(&key, pair.serialize_pem()), (&chain, certificate.pem()), (&stamp, format!("{until}\n{wanted}"))]
    {
        write_private(path, content.as_bytes()).map_err(|source| OpenDataFolderError::of(path, source))?;
    }
    Ok((chain, key))
}

fn parameters(addresses: &[IpAddr]) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    parameters.subject_alt_names.extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Colloque (essai)");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    let date = |days: i64| {
        let day = today.saturating_add(jiff::Span::new().days(days));
        rcgen::date_time_ymd(
            i32::from(day.year()),
            u8::try_from(day.month()).unwrap_or(1),
            u8::try_from(day.day()).unwrap_or(1),
        )
    };
    parameters.not_before = date(-1);
    parameters.not_after = date(OWN_CERTIFICATE_DAYS);
    Ok(parameters)
}

fn names(addresses: &[IpAddr]) -> Vec<String> {
    let mut names: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    names.sort();
    names.insert(0, "localhost".to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use colloque_consultation::Purpose;

    #[test]
    fn the_own_certificate_is_kept_until_an_address_changes() {
        let path = std::env::temp_dir().join(format!("colloque-certificate-{}", std::process::id()));
        let folder = DataFolder::open(&path, Purpose::Demonstration).unwrap();
        let home = CertificateSource::SelfSigned { addresses: vec!["192.168.1.7".parse().unwrap()] };
        tls_settings(&home, &folder).unwrap();
        let first = fs::read(path.join("certificate.pem")).unwrap();
        tls_settings(&home, &folder).unwrap();
        assert_eq!(fs::read(path.join("certificate.pem")).unwrap(), first);

        let elsewhere = CertificateSource::SelfSigned { addresses: vec!["10.0.0.7".parse().unwrap()] };
        tls_settings(&elsewhere, &folder).unwrap();
        assert_ne!(fs::read(path.join("certificate.pem")).unwrap(), first);
        drop(folder);
        fs::remove_dir_all(path).unwrap();
    }
}
