//! From the configuration of an endpoint to its policy module.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::PolicyModule;
use super::command::Program;
use super::remote::{Proof, Remote};
use crate::config::{Config, Module, ModuleKind};
use crate::credential::Credentials;
use crate::event::Events;

/// The policy modules by the names of their endpoints.
pub(crate) fn modules(
    config: &Config,
    credentials: &Arc<ArcSwap<Credentials>>,
    events: &Events,
) -> BTreeMap<String, Arc<dyn PolicyModule>> {
    let of = |endpoint: &str, module: &Module| made(endpoint, module, config, credentials, events);
    config.endpoints.values().filter_map(|e| Some((e.name.clone(), of(&e.name, e.module.as_ref()?)))).collect()
}

fn made(
    endpoint: &str,
    module: &Module,
    config: &Config,
    credentials: &Arc<ArcSwap<Credentials>>,
    events: &Events,
) -> Arc<dyn PolicyModule> {
    let remote = |url: &str, trust: &Option<_>, proof| Remote {
        url: url.to_owned(),
        trust: trust.clone(),
        timeout: module.timeout,
        proof,
        folder: config.folder.clone(),
        credentials: Arc::clone(credentials),
        endpoint: endpoint.to_owned(),
        events: events.clone(),
        held: ArcSwapOption::empty(),
    };
    match &module.kind {
        ModuleKind::RegistrationPoint { url, trust } => Arc::new(remote(url, trust, Proof::Certificate)),
        ModuleKind::Webhook { url, trust, secret } => Arc::new(remote(url, trust, Proof::Signature(secret.clone()))),
        ModuleKind::Command { program, arguments } => Arc::new(Program {
            path: program.clone(),
            arguments: arguments.clone(),
            folder: config.folder.clone(),
            timeout: module.timeout,
        }),
    }
}
