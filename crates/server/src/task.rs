//! What is done from time to time. Each round looks at the wall clock and does what is due, so that a suspended or
//! restarted service catches up at once.

use std::sync::Arc;
use std::time::Duration;

use pki::Time;

use crate::config::Config;
use crate::credential::Role;
use crate::revocation::{self, Renew};
use crate::{Service, ServiceError, credential, world};

/// Between two rounds, at the most.
const ROUND: Duration = Duration::from_secs(10);
/// Rounds in the life of the credential that lives shortest, at least: between the moments at which its successor is
/// made and takes over lies a sixth of it.
const ROUNDS: u32 = 20;
/// How long an expired challenge is kept, so that its use can be told from a wrong one, in seconds.
const KEEP_EXPIRED: i64 = 7 * 86_400;

/// Goes its rounds until the future is dropped.
pub async fn rounds(service: Arc<Service>) {
    loop {
        if let Err(error) = round(&service, world::now()).await {
            tracing::error!(%error, "a task could not be done; it is tried again");
        }
        if let Err(error) = credential::make_ready(&service, world::now()).await {
            tracing::warn!(%error, "no keys could be made beforehand");
        }
        tokio::time::sleep(pause(&service.config)).await;
    }
}

/// How long it is from one round to the next: ten seconds, less if a credential lives for less than some minutes.
fn pause(config: &Config) -> Duration {
    let renewed = Role::ALL.into_iter().filter(|role| *role != Role::Root);
    let shortest = renewed.map(|role| config.plan(role).validity).min().and_then(|life| u64::try_from(life).ok());
    shortest.map_or(ROUND, |life| ROUND.min(Duration::from_secs(life) / ROUNDS))
}

/// Does everything that is due at this moment.
pub async fn round(service: &Service, now: Time) -> Result<(), ServiceError> {
    credential::round(service, now).await?;
    revocation::publish_all(service, now).await?;
    if revocation::publish_root(service, Renew::IfDue, now).await?.is_none() {
        warn_of_root_list(service, now).await?;
    }
    service.store.challenges_forget_expired(now, KEEP_EXPIRED).await?;
    Ok(())
}

/// The root's key is away: somebody has to bring it before its list ends.
async fn warn_of_root_list(service: &Service, now: Time) -> Result<(), ServiceError> {
    let root = service.credentials.load().root.fingerprint();
    let latest = service.store.crl_latest(&root).await?;
    let soon = latest.as_ref().is_none_or(|row| row.next_update < now.plus(30 * 86_400));
    if soon {
        let until = latest.map_or_else(|| "now".to_owned(), |row| row.next_update.to_string());
        tracing::warn!(
            until,
            "the root's revocation list ends and its key is away: run `perennial crl --root-key FILE`"
        );
    }
    Ok(())
}
