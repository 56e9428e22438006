use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use server::http::{Listener, serve};
use server::{Service, task};

use super::Where;
use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "\
Example:
  perennial serve --config /srv/perennial/perennial.toml

Stops on SIGTERM or Ctrl-C after the requests under way. Logs to standard error; RUST_LOG=debug says more.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    place: Where,
    /// Log as JSON, a line each
    #[arg(long)]
    log_json: bool,
}

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    log(args);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = Arc::new(args.place.open().await?);
        let address = service.config.listen;
        let listener = Listener::bind(address).await.map_err(|error| {
            Failure::new("serve.listen", format!("{address}: {error}"))
                .with_next("is another service running there? `service.listen` in the configuration says where")
        })?;
        let bound = listener.address()?;
        announce(&service, bound);
        let tasks = tokio::spawn(task::rounds(Arc::clone(&service)));
        serve(service, listener, stopped()).await;
        tasks.abort();
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

fn announce(service: &Service, bound: std::net::SocketAddr) {
    for endpoint in service.config.endpoints.keys() {
        tracing::info!(url = format!("http://{bound}/scep/{endpoint}"), "endpoint");
    }
    tracing::info!(listen = %bound, node = service.config.node, "ready");
}

fn log(args: &ServeArgs) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // Colours are for people; a file or a journal gets none.
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    if args.log_json {
        builder.json().init();
    } else {
        builder.with_target(false).init();
    }
}

/// Ends when the service is told to stop.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
