use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use server::canary::{self, Tried};

use super::Where;
use super::challenge::endpoint;
use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial canary                           every endpoint of the running service
  perennial canary --endpoint mdm            one of them
  perennial canary --address 10.0.0.5:8080   by way of a load balancer or another node

A canary gets a challenge where devices get theirs, enrols over HTTP with the subject
CN=perennial canary for a certificate that lives ten minutes and is for nothing, and revokes it at
once; what a policy module of somebody else lets it have instead is revoked too, and said. The
service runs one by itself at the interval of [canary] in the configuration.

Exit status: 0 every canary got its certificate; 1 one did not; 2 none could be sent out.")]
pub(crate) struct CanaryArgs {
    #[command(flatten)]
    place: Where,
    /// Only this endpoint; may be stated more than once
    #[arg(long, value_name = "NAME")]
    endpoint: Vec<String>,
    /// Where the service is reached, if not where the configuration says that it listens
    #[arg(long, value_name = "IP:PORT")]
    address: Option<SocketAddr>,
}

#[derive(Serialize)]
struct Shown {
    endpoint: String,
    at: String,
    outcome: &'static str,
    says: String,
}

pub(crate) async fn run(args: &CanaryArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let mut wanted = Vec::new();
    for name in &args.endpoint {
        wanted.push(endpoint(&service, name)?);
    }
    if wanted.is_empty() {
        wanted.extend(service.config.endpoints.values());
    }
    let address = args.address.unwrap_or(service.config.listen);
    let mut shown = Vec::new();
    for endpoint in wanted {
        let last = canary::one(&service, endpoint, address).await.map_err(server::ServiceError::from)?;
        let outcome = match &last.tried {
            Tried::Enrolled(_) => "enrolled",
            Tried::Failed(_) => "failed",
            Tried::NotTried(_) => "not tried",
            Tried::Unmarked(_) => "unmarked",
        };
        let says = last.tried.to_string();
        shown.push(Shown { endpoint: endpoint.name.clone(), at: last.at.to_string(), outcome, says });
    }
    output.list(&shown, ["ENDPOINT", "OUTCOME", "WHAT"], |one| {
        [one.endpoint.clone(), one.outcome.to_owned(), one.says.clone()]
    });
    let any = |outcome: &str| shown.iter().any(|one| one.outcome == outcome);
    Ok(match (any("failed") || any("unmarked"), any("enrolled")) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(2),
    })
}
