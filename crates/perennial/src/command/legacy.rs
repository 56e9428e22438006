use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Where;
use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Example:
  perennial legacy                 before you set legacy = \"refuse\" or sha1 = \"off\": who would be shut out?")]
pub(crate) struct LegacyArgs {
    #[command(flatten)]
    place: Where,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Serialize)]
struct Listed {
    client: String,
    endpoint: String,
    algorithm: String,
    uses: u64,
    last: String,
}

pub(crate) async fn run(args: &LegacyArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let uses = service.store.weak_uses(args.limit).await?;
    let listed: Vec<Listed> = uses
        .into_iter()
        .map(|weak| Listed {
            client: weak.client,
            endpoint: weak.endpoint,
            algorithm: weak.algorithm,
            uses: weak.uses,
            last: weak.last_at.to_string(),
        })
        .collect();
    output.list(&listed, ["CLIENT", "ENDPOINT", "ALGORITHM", "USES", "LAST"], |weak| {
        [weak.client.clone(), weak.endpoint.clone(), weak.algorithm.clone(), weak.uses.to_string(), weak.last.clone()]
    });
    Ok(ExitCode::SUCCESS)
}
