use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use pki::Crl;
use pki::key::PrivateKey;
use serde::Serialize;
use server::revocation::{self, Renew};
use server::{Service, world};

use super::Where;
use crate::failure::Failure;
use crate::print::{self, Output};

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial crl                                  show the list of the issuing CA
  perennial crl --renew                          make a new one now
  perennial crl --root --root-key root.key.pem   make the root's list anew with its key from elsewhere")]
pub(crate) struct CrlArgs {
    #[command(flatten)]
    place: Where,
    /// Make a new list, due or not
    #[arg(long)]
    renew: bool,
    /// The root's list instead of the issuing CA's
    #[arg(long)]
    root: bool,
    /// The root's key, if it is not in the folder of the service
    #[arg(long, requires = "root", value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// Print the list as PEM and nothing else
    #[arg(long)]
    pem: bool,
}

#[derive(Serialize)]
struct Entry {
    serial: String,
    at: String,
    reason: &'static str,
}

#[derive(Serialize)]
struct Listed {
    issuer: String,
    number: String,
    this_update: String,
    next_update: Option<String>,
    revoked: Vec<Entry>,
}

pub(crate) async fn run(args: &CrlArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let crl = if args.root { root(args, &service).await? } else { issuing(args, &service).await? };
    if args.pem {
        print::line(pki::pem::encode("X509 CRL", crl.der()).trim_end());
    } else {
        show(&crl, output);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what a list says.
pub(crate) fn show(crl: &Crl, output: Output) {
    output.value(&listed(crl), text);
}

async fn issuing(args: &CrlArgs, service: &Service) -> Result<Crl, Failure> {
    let renew = if args.renew { Renew::Now } else { Renew::IfDue };
    Ok(revocation::publish(service, renew, world::now()).await?.crl().clone())
}

async fn root(args: &CrlArgs, service: &Service) -> Result<Crl, Failure> {
    if let Some(path) = &args.root_key {
        let octets = zeroize::Zeroizing::new(std::fs::read(path)?);
        let key =
            PrivateKey::parse(&octets).map_err(|error| Failure::new("key", format!("{}: {error}", path.display())))?;
        let crl = revocation::publish_root_with(service, Arc::new(key), Renew::Now, world::now()).await?;
        return Ok(crl.crl().clone());
    }
    let renew = if args.renew { Renew::Now } else { Renew::IfDue };
    let published = revocation::publish_root(service, renew, world::now()).await?;
    if let Some(published) = published {
        return Ok(published.crl().clone());
    }
    let fingerprint = service.credentials.load().root.fingerprint();
    let latest = service.store.crl_latest(&fingerprint).await?.filter(|_| !args.renew);
    latest.and_then(|row| Crl::parse(&row.der).ok()).ok_or_else(|| {
        Failure::new("root.key", "the root's key is not in the folder of the service")
            .with_next("name it with --root-key FILE")
    })
}

fn listed(crl: &Crl) -> Listed {
    Listed {
        issuer: crl.issuer().to_string(),
        number: crl.number().map_or_else(String::new, |n| pki::certificate::serial_hex(&n)),
        this_update: crl.this_update().to_string(),
        next_update: crl.next_update().map(|t| t.to_string()),
        revoked: crl
            .revoked()
            .iter()
            .map(|r| Entry {
                serial: pki::certificate::serial_hex(&r.serial),
                at: r.at.to_string(),
                reason: r.reason().map_or("unspecified", pki::crl::Reason::name),
            })
            .collect(),
    }
}

fn text(list: &Listed) -> String {
    let mut out = format!(
        "issuer       {}\nnumber       {}\nmade         {}\nnext         {}\nrevoked      {}\n",
        list.issuer,
        list.number,
        list.this_update,
        list.next_update.as_deref().unwrap_or("not stated"),
        list.revoked.len(),
    );
    for entry in &list.revoked {
        out.push_str(&format!("  {}  {}  {}\n", entry.serial, entry.at, entry.reason));
    }
    out
}
