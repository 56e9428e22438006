use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use pki::Certificate;
use ra::{Approval, KeyReuse};
use scep::server::{Legacy, Sha1};
use serde::Serialize;
use server::config::{Config, Doors, Endpoint, Module, ModuleKind, OwnCertificate, RegistrationPoint, Span};
use server::credential::Role;
use server::credential::plan::{Plan, Source};

use super::Where;
use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Example:
  perennial check --config /srv/perennial/perennial.toml

Exit status: 0 the configuration is good; 1 it is not; 2 it cannot be read.")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    place: Where,
}

#[derive(Serialize)]
struct Explained {
    good: bool,
    flaws: Vec<String>,
    says: Vec<String>,
}

pub(crate) fn run(args: &CheckArgs, output: Output) -> Result<ExitCode, Failure> {
    use server::config::ConfigError;
    let explained = match args.place.read_config() {
        Ok(config) => Explained { good: true, flaws: Vec::new(), says: explain(&config) },
        Err(ConfigError::Unreadable { path, cause }) => {
            return Err(ConfigError::Unreadable { path, cause }.into());
        }
        Err(error) => Explained { good: false, flaws: vec![error.to_string()], says: Vec::new() },
    };
    let path = args.place.path().display().to_string();
    output.value(&explained, |e| {
        if e.good { format!("{path} is good. It says:\n{}", bullets(&e.says)) } else { e.flaws.join("\n") }
    });
    Ok(if explained.good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  - {line}\n")).collect()
}

fn explain(config: &Config) -> Vec<String> {
    let points = config.registration_point.iter();
    let point = points.flat_map(|own| std::iter::once(point(own)).chain(ended_issuers(own, &config.folder)));
    if config.endpoints.is_empty() {
        return point.chain(files(config)).collect();
    }
    let mut says = vec![
        format!("The service listens on {} and is reached as {}.", config.listen, config.public_url),
        format!("Everything is kept in {}; this node is called {}.", config.store, config.node),
        format!(
            "The revocation list is valid for {} and made anew {} before it ends.",
            Span(config.crl_validity),
            Span(config.crl_overlap)
        ),
        match config.canary {
            Some(interval) => format!("A canary tries every endpoint each {}.", Span(interval)),
            None => "No canary tries the endpoints.".to_owned(),
        },
        match &config.admin {
            Some(admin) => format!("{} may open the challenge page with a password.", admin.user),
            None => "Nobody may open the challenge page.".to_owned(),
        },
    ];
    says.extend(config.credentials.iter().map(|(role, plan)| credential(*role, plan)));
    says.extend(config.endpoints.values().map(|e| endpoint(e, config)));
    says.extend(config.endpoints.values().filter_map(|e| Some(module(&e.name, e.module.as_ref()?))));
    says.extend(point);
    says
}

fn module(endpoint: &str, module: &Module) -> String {
    let trusted = |trust: &Option<std::path::PathBuf>| {
        trust.as_ref().map_or_else(|| "the root of this service".to_owned(), |path| path.display().to_string())
    };
    let (who, how) = match &module.kind {
        ModuleKind::RegistrationPoint { url, trust } => (
            format!("the registration point {url}"),
            format!("over mutual TLS with whichever policy-module-client is current, trusting {}", trusted(trust)),
        ),
        ModuleKind::Webhook { url, trust, secret } => (
            format!("the webhook {url}"),
            format!("with requests signed under {}, trusting {}", secret.display(), trusted(trust)),
        ),
        ModuleKind::Command { program, .. } => (format!("the program {}", program.display()), "as JSON".to_owned()),
    };
    format!(
        "Challenges of endpoint {endpoint} that nobody here knows are verified by {who}, {how}, within {} s; it is told \
         what came of every request.",
        module.timeout.as_secs()
    )
}

fn point(point: &RegistrationPoint) -> String {
    let own = match &point.certificate {
        OwnCertificate::Credential => "whichever tls-server is current".to_owned(),
        OwnCertificate::Files { certificate, .. } => format!("the certificate in {}", certificate.display()),
    };
    let issuer = match &point.client_issuer {
        Some(path) => format!("an issuer in {}", path.display()),
        None => "the issuing CA, any generation".to_owned(),
    };
    let revoked = match (point.has_client_crl(), &point.client_issuer) {
        (true, _) => "its revocation list is fetched",
        (false, None) => "revoked is what the store says is",
        (false, Some(_)) => "WITHOUT client_crl A REVOKED CLIENT IS NOT REFUSED unless the store knows it",
    };
    format!(
        "The registration point listens on {} with {own}; clients need a certificate of {issuer}, for Client \
         Authentication, with the name {}; {revoked}. A challenge is good for {}.",
        point.listen,
        point.client_name,
        Span(point.challenge_validity),
    )
}

/// What has expired in the file of the clients' issuers. A root in it is what the other CAs in it rest on. That the file
/// cannot be read is said where it is used.
fn ended_issuers(point: &RegistrationPoint, folder: &Path) -> Vec<String> {
    let Some(path) = &point.client_issuer else { return Vec::new() };
    let held = std::fs::read(folder.join(path)).map(|octets| Certificate::parse_any(&octets)).unwrap_or_default();
    let now = server::world::now();
    let ended = held.iter().filter(|c| c.validity().not_after < now);
    let warning = |c: &Certificate| {
        let whom = if c.is_self_signed() { ", and so are those of every CA below it" } else { "" };
        format!(
            "WARNING: {} IN {} ENDED ON {}: its clients are refused{whom}. Take it out of the file, or put its successor \
             there.",
            c.subject(),
            path.display(),
            c.validity().not_after
        )
    };
    ended.map(warning).collect()
}

/// When what a registration point has in files ends.
fn files(config: &Config) -> Vec<String> {
    let Some((listed, reasons)) = server::registration::ends(config, server::world::now()) else { return Vec::new() };
    let certificates = listed.iter().filter(|l| l.certificate.is_some());
    let ends = certificates
        .map(|l| format!("The certificate of the {} ({}) ends on {}.", l.role.name(), l.slot, l.validity.not_after));
    let not_so = reasons.iter().map(|r| format!("degraded[{}]: {}: {}", r.code, r.role.name(), r.says));
    ends.chain(not_so).collect()
}

fn credential(role: Role, plan: &Plan) -> String {
    let source = match &plan.source {
        Source::Own => format!("the service renews it; a new one lives for {}", Span(plan.validity)),
        Source::Nobody => "nothing renews it".to_owned(),
        Source::File { certificate, .. } => format!("somebody else renews it in {}", certificate.display()),
    };
    let pin = plan.thumbprint.as_ref().map_or_else(String::new, |pin| {
        format!(
            " The pinned thumbprint {pin} is read as a lineage: that certificate and its successors of the same \
             subject, issuer, template and usage."
        )
    });
    let trusted = plan
        .trusted_by
        .as_ref()
        .map_or_else(String::new, |path| format!(" The other side trusts what is in {}.", path.display()));
    format!("Credential {}: {source}.{pin}{trusted}", role.name())
}

fn endpoint(endpoint: &Endpoint, config: &Config) -> String {
    let doors = match endpoint.doors {
        Doors::Own => format!("/scep/{}", endpoint.name),
        Doors::Ndes => format!("/scep/{}, /scep and NDES's addresses", endpoint.name),
    };
    let challenges: Vec<&str> = endpoint.policy.challenges.iter().map(|kind| kind.name()).collect();
    let authorised = match (challenges.is_empty(), endpoint.policy.approval) {
        (false, Approval::Never) => format!("a {} challenge", challenges.join(" or ")),
        (false, Approval::WithoutChallenge) => format!("a {} challenge or an operator", challenges.join(" or ")),
        (false, Approval::Always) => format!("a {} challenge and an operator", challenges.join(" or ")),
        (true, Approval::Never) => "nothing: only renewals".to_owned(),
        (true, _) => "an operator".to_owned(),
    };
    let renewal = &endpoint.policy.renewal;
    let window = renewal.window.map_or_else(|| "at any time".to_owned(), |w| format!("in the last {}", Span(w)));
    let key = if renewal.key_reuse == KeyReuse::Allow { "an old or a new key" } else { "a new key" };
    let life = config.profiles.get(&endpoint.policy.profile).map_or(0, |p| p.validity);
    let legacy = match endpoint.accept.legacy {
        Legacy::Refuse => "AES only",
        Legacy::TripleDes => "AES and triple DES",
        Legacy::SingleDes => "AES, triple and single DES",
    };
    let sha1 = if endpoint.accept.sha1 == Sha1::Accept { "SHA-1 is still taken" } else { "SHA-1 is refused" };
    format!(
        "Endpoint {} at {doors}: profile {} ({}), first certificate by {authorised}, renewal of {} {window} with {key}; \
         {legacy}, {sha1}.",
        endpoint.name,
        endpoint.policy.profile,
        Span(life),
        renewal.profiles.join(", "),
    )
}
