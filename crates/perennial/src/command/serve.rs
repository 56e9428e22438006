use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use server::http::{Listener, serve};
use server::registration::{self, Point};
use server::{Service, canary, task};

use super::Where;
use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial serve --config /srv/perennial/perennial.toml
  perennial serve --role registration-point --config /srv/point/perennial.toml

Stops on SIGTERM or Ctrl-C after the requests under way. Logs to standard error; RUST_LOG=debug says more.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    place: Where,
    /// What to serve
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Log as JSON, a line each
    #[arg(long)]
    log_json: bool,
}

/// What a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// SCEP alone
    Scep,
    /// The registration point alone; it needs no key of a CA or RA
    RegistrationPoint,
    /// Everything the configuration has
    All,
}

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    log(args);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = args.place.read_config()?;
        // A configuration without endpoints is that of a registration point alone.
        let scep = args.role == Role::Scep || (args.role == Role::All && !config.endpoints.is_empty());
        let point =
            args.role == Role::RegistrationPoint || (args.role == Role::All && config.registration_point.is_some());
        let (stop, stopping) = tokio::sync::watch::channel(());
        let mut serving = tokio::task::JoinSet::new();
        if scep {
            let service = Arc::new(Service::open(config.clone()).await?);
            serving.spawn(scep_service(service, stopping.clone()).await?);
        }
        if point {
            let point = Arc::new(Point::open(&config).await?);
            serving.spawn(registration_point(point, stopping).await?);
        }
        stopped().await;
        drop(stop);
        while serving.join_next().await.is_some() {}
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Told by the sender's end.
type Stopping = tokio::sync::watch::Receiver<()>;

async fn until(mut stopping: Stopping) {
    while stopping.changed().await.is_ok() {}
}

async fn scep_service(service: Arc<Service>, stopping: Stopping) -> Result<impl Future<Output = ()>, Failure> {
    let listener = bind(service.config.listen, "service.listen").await?;
    let address = listener.address()?;
    announce(&service, address);
    Ok(async move {
        let tasks = tokio::spawn(task::rounds(Arc::clone(&service)));
        let canaries = tokio::spawn(canary::canaries(Arc::clone(&service), address));
        let deliveries = tokio::spawn(registration::deliveries(Arc::clone(&service)));
        serve(service, listener, until(stopping)).await;
        tasks.abort();
        canaries.abort();
        deliveries.abort();
    })
}

async fn registration_point(point: Arc<Point>, stopping: Stopping) -> Result<impl Future<Output = ()>, Failure> {
    let listener = bind(point.listen(), "registration-point.listen").await?;
    tracing::info!(listen = %listener.address()?, "registration point ready");
    Ok(registration::serve(point, listener, until(stopping)))
}

async fn bind(address: std::net::SocketAddr, key: &str) -> Result<Listener, Failure> {
    Listener::bind(address).await.map_err(|error| {
        let next = format!("is another service running there? `{key}` in the configuration says where");
        Failure::new("serve.listen", format!("{address}: {error}")).with_next(next)
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
