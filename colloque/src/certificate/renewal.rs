//! A certificate whose files are read again when they change: a renewal needs no restart.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{info, warn};

use super::LoadCertificateError;

/// Pause between two looks at the files.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The certificate of two files.
pub(super) struct Renewing {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    present: Mutex<Present>,
}

struct Present {
    certified: Arc<CertifiedKey>,
    written_at: Written,
    looked_at: Instant,
}

/// When chain and key were written; none when the file system does not say.
type Written = [Option<SystemTime>; 2];

impl Renewing {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`LoadCertificateError`] when they are no certificate with its key.
    pub(super) fn load(
        chain: PathBuf,
        key: PathBuf,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, LoadCertificateError> {
        // Before the content: files written meanwhile are read again.
        let written_at = written(&chain, &key);
        let certified = Arc::new(read(&chain, &key, &provider)?);
        let present = Mutex::new(Present { certified, written_at, looked_at: Instant::now() });
        Ok(Self { chain, key, provider, present })
    }

    /// Gives the certificate, read again when its files changed since the last look.
    ///
    /// Files that are no certificate with its key, as between the writing of one and of the other, change nothing.
    fn at(&self, now: Instant) -> Arc<CertifiedKey> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(present.looked_at) < LOOK_AGAIN_AFTER {
            return Arc::clone(&present.certified);
        }
        present.looked_at = now;
        let written_at = written(&self.chain, &self.key);
        if written_at != present.written_at {
            match read(&self.chain, &self.key, &self.provider) {
                Ok(certified) => {
                    info!("the renewed certificate serves from now on");
                    present.certified = Arc::new(certified);
                    present.written_at = written_at;
                }
                Err(error) => warn!("the renewed certificate cannot serve, the one before does: {error}"),
            }
        }
        Arc::clone(&present.certified)
    }
}

impl ResolvesServerCert for Renewing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(Instant::now()))
    }
}

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing").field("chain", &self.chain).finish_non_exhaustive()
    }
}

fn read(chain: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, LoadCertificateError> {
    let unreadable = |path: &Path, source| LoadCertificateError::Read { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unreadable(chain, source))?;
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|source| unreadable(key, source))?;
    CertifiedKey::from_der(certificates, private_key, provider).map_err(LoadCertificateError::Mismatch)
}

fn written(chain: &Path, key: &Path) -> Written {
    [chain, key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs;

    use super::*;

    struct Files {
        folder: PathBuf,
        /// Moves on with each file, however coarse the file system's own clock.
        written_at: SystemTime,
    }

    impl Files {
        fn write(&mut self, name: &str, content: &str) {
            let path = self.folder.join(name);
            fs::write(&path, content).unwrap();
            self.written_at += Duration::from_secs(2);
            fs::File::options().write(true).open(path).unwrap().set_modified(self.written_at).unwrap();
        }

        /// Writes a new certificate and gives it.
        fn renew(&mut self) -> CertificateDer<'static> {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            self.write("chain.pem", &made.cert.pem());
            self.write("key.pem", &made.signing_key.serialize_pem());
            made.cert.into()
        }
    }

    #[test]
    fn a_renewed_certificate_serves_within_a_minute_and_a_broken_one_never() {
        let folder = std::env::temp_dir().join(format!("colloque-renewal-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut files = Files { folder: folder.clone(), written_at: SystemTime::now() };
        let first = files.renew();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let renewing = Renewing::load(folder.join("chain.pem"), folder.join("key.pem"), provider).unwrap();
        let start = Instant::now();
        let served =
            |minutes: u64| renewing.at(start + LOOK_AGAIN_AFTER * u32::try_from(minutes).unwrap()).cert[0].clone();
        assert_eq!(served(1), first);

        let second = files.renew();
        assert_eq!(served(1), first, "the files are not looked at with every connection");
        assert_eq!(served(2), second);

        let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        files.write("chain.pem", &other.cert.pem());
        assert_eq!(served(3), second, "the chain does not go with the key");
        files.write("key.pem", "nonsense");
        assert_eq!(served(4), second);
        files.write("key.pem", &other.signing_key.serialize_pem());
        assert_eq!(served(5), CertificateDer::from(other.cert));
        fs::remove_dir_all(folder).unwrap();
    }
}
