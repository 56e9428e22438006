//! What a registration point on a host of its own rests on, and on which day it ends.

use ca::rotation::{Due, Moments, due};
use pki::{Certificate, Time, Validity};

use super::{files, point};
use crate::config::{Config, OwnCertificate};
use crate::credential::state::{ENDED, FILE_REFUSED, LATE, Reason};
use crate::credential::{Listed, Role};
use crate::key_file;

/// What is in the files of a registration point that has its certificate in files, and what is not as it should be.
/// Nothing if the configuration is that of a SCEP service: then the store has everything.
#[must_use]
pub fn ends(config: &Config, now: Time) -> Option<(Vec<Listed>, Vec<Reason>)> {
    let own = config.registration_point.as_ref().filter(|_| config.endpoints.is_empty())?;
    let OwnCertificate::Files { certificate, key } = &own.certificate else { return None };
    let mut seen = Seen { listed: Vec::new(), reasons: Vec::new(), now };
    let (path, key_name) = (config.folder.join(certificate), key.to_string_lossy());
    let read = files::certificates(&path).and_then(|chain| {
        let key = key_file::read(&config.folder, &key_name)?;
        point::fits(&chain, &key, now).map(|()| chain.clone()).or_else(|error| {
            // One that has ended is listed as that.
            let at = chain.first().map_or(now, |leaf| leaf.validity().not_after);
            if at < now { point::fits(&chain, &key, at).map(|()| chain) } else { Err(error) }
        })
    });
    match read {
        Ok(chain) => {
            let leaf = chain.into_iter().take(1);
            seen.certificates(Role::TlsServer, "current", leaf.collect(), &key_name, &path.display().to_string());
        }
        Err(error) => seen.refuse(Role::TlsServer, &error.to_string()),
    }
    if let Some(path) = &own.client_issuer {
        let file = path.to_string_lossy();
        match files::certificates(&config.folder.join(path)) {
            Ok(issuers) => seen.certificates(Role::IssuingCa, "trusted", issuers, &file, &file),
            Err(error) => seen.refuse(Role::IssuingCa, &error.to_string()),
        }
    }
    match key_file::numbered_secrets(&config.folder, crate::init::SEALING) {
        Ok(secrets) => seen.secrets(secrets.into_iter().map(|(name, _)| name)),
        Err(error) => seen.refuse(Role::Sealing, &error.to_string()),
    }
    Some((seen.listed, seen.reasons))
}

struct Seen {
    listed: Vec<Listed>,
    reasons: Vec<Reason>,
    now: Time,
}

impl Seen {
    /// Several generations stand for each other: only the last to end is warned of.
    fn certificates(
        &mut self,
        role: Role,
        slot: &'static str,
        certificates: Vec<Certificate>,
        key_reference: &str,
        file: &str,
    ) {
        let last = certificates.iter().map(Certificate::validity).max_by_key(|validity| validity.not_after);
        if let Some(validity) = last {
            let until = validity.not_after;
            let breaks = Some(Moments::of(validity).ended);
            let reason = |code, says| Reason { role, code, says, breaks };
            match due(validity, self.now) {
                Due::Ended => self.reasons.push(reason(ENDED, format!("it ended on {until}"))),
                Due::Activate | Due::Emergency => self
                    .reasons
                    .push(reason(LATE, format!("it ends on {until}, and nobody has put a new one into {file}"))),
                Due::Early | Due::Nothing | Due::Prepare => {}
            }
        }
        for certificate in certificates {
            let validity = certificate.validity();
            let state = if self.now > validity.not_after { "ended" } else { "good" };
            self.listed.push(Listed {
                role,
                slot,
                id: pki::digest::hex(&certificate.fingerprint()),
                certificate: Some(certificate),
                validity,
                moments: Some(Moments::of(validity)),
                key_reference: key_reference.to_owned(),
                state: state.to_owned(),
            });
        }
    }

    /// Secrets end when somebody removes them.
    fn secrets(&mut self, names: impl Iterator<Item = String>) {
        for (at, name) in names.enumerate() {
            self.listed.push(Listed {
                role: Role::Sealing,
                slot: if at == 0 { "current" } else { "retired" },
                id: name.clone(),
                certificate: None,
                validity: Validity { not_before: Time(0), not_after: Time::NEVER },
                moments: None,
                key_reference: name,
                state: "good".to_owned(),
            });
        }
    }

    fn refuse(&mut self, role: Role, says: &str) {
        self.reasons.push(Reason { role, code: FILE_REFUSED, says: says.to_owned(), breaks: None });
    }
}
