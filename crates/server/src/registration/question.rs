//! Whether a registration point takes a certificate: it is asked with it, over the network, before it is used for
//! anything. Nobody else knows what another host trusts.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};

use super::{remote, tls};
use crate::Service;
use crate::config::{Lives, ModuleKind};
use crate::credential::Credentials;

/// Octets of the longest answer that is read.
const LONGEST: usize = 64 << 10;

/// Why a certificate is not to be used yet.
pub(crate) enum NotYet {
    /// The registration point would refuse it.
    Refused(String),
    /// The registration point does not say.
    Silent(String),
}

/// Asks every registration point of the configuration with the policy module's certificate of `candidate`. A question
/// without a verb: whoever calls is judged before anything else, so that 403 is a refusal, and 404 comes from a
/// registration point that takes the certificate. Any other answer says nothing: its store may be away, or a proxy in
/// between speaks.
///
/// # Errors
/// The first that would refuse it; if none would, the first that gives no answer.
pub(crate) async fn asked(service: &Service, candidate: &Credentials) -> Result<(), NotYet> {
    if service.config.lives != Lives::Now {
        return Ok(());
    }
    let mut silent = None;
    for endpoint in service.config.endpoints.values() {
        let Some(module) = &endpoint.module else { continue };
        let ModuleKind::RegistrationPoint { url, trust } = &module.kind else { continue };
        let roots = match trust {
            Some(path) => remote::trusted(&service.config.folder.join(path)).map_err(|e| e.to_string()),
            None => Ok(vec![candidate.root.clone()]),
        };
        let question = async {
            let roots = roots?;
            let verified = tls::Verified { roots: &roots, place: &endpoint.name, events: Some(&service.events) };
            answer(url, &verified, candidate).await
        };
        let answered = tokio::time::timeout(module.timeout, question).await;
        match answered.unwrap_or_else(|_| Err(format!("no answer within {} s", module.timeout.as_secs()))) {
            Ok((StatusCode::FORBIDDEN, says)) => return Err(NotYet::Refused(format!("{url} refuses it: {says}"))),
            Ok((StatusCode::NOT_FOUND, _)) => {}
            Ok((status, says)) => {
                let why = format!("{url} does not say whether it takes it: it answers {status} {says}");
                silent = silent.or(Some(why.trim_end().to_owned()));
            }
            Err(why) => silent = silent.or(Some(format!("{url} cannot be asked whether it takes it: {why}"))),
        }
    }
    silent.map_or(Ok(()), |why| Err(NotYet::Silent(why)))
}

async fn answer(
    url: &str,
    verified: &tls::Verified<'_>,
    candidate: &Credentials,
) -> Result<(StatusCode, String), String> {
    let own = candidate.policy_module_client.as_ref().ok_or("its key is not here")?;
    let (chain, key) = (candidate.chain_of(&own.certificate), Arc::clone(&own.key));
    let config = tls::client(verified, Some((&chain, &key))).map_err(|e| e.to_string())?;
    let request = Request::get(format!("{url}/")).body(Full::<Bytes>::default()).map_err(|e| e.to_string())?;
    let response = remote::connections(config).request(request).await.map_err(|e| remote::why(&e))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|e| e.to_string())?.to_bytes();
    Ok((status, remote::rejection(&body)))
}
