use std::process::ExitCode;

use client::ClientError;
use scep::client::ReplyFlaw;
use server::ServiceError;
use server::config::ConfigError;
use server::store::StoreError;

/// Why a command could not be done: a stable code, what happened, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    says: String,
    next: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, says: impl Into<String>) -> Failure {
        Failure { code, says: says.into(), next: None }
    }

    pub(crate) fn with_next(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    /// Prints it; the status says that the command could not be done.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("error[{}]: {}", self.code, self.says);
        if let Some(next) = &self.next {
            eprintln!("  next: {next}");
        }
        ExitCode::from(2)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Failure {
        let says = error.to_string();
        match error {
            ServiceError::Config(error) => error.into(),
            ServiceError::Store(error) => error.into(),
            ServiceError::Credential(_) => Failure::new("service.credential", says),
            ServiceError::File { .. } => Failure::new("service.file", says),
            ServiceError::Issue(_) => Failure::new("service.issue", says),
            ServiceError::Refused(_) => Failure::new("refused", says),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        let says = error.to_string();
        match error {
            ConfigError::Unreadable { .. } => Failure::new("config.unreadable", says)
                .with_next("name the file with --config, or make a service with `perennial init DIR`"),
            ConfigError::Syntax { .. } => Failure::new("config.syntax", says),
            ConfigError::Flaws { .. } => Failure::new("config.flaws", says),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::new(error.code(), error.to_string())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let says = error.to_string();
        match error {
            ClientError::Fingerprint(_) => Failure::new("client.fingerprint", says)
                .with_next("check that the address is the right one before you trust another fingerprint"),
            ClientError::Unreachable { .. } | ClientError::TimedOut(_) => Failure::new("client.unreachable", says),
            ClientError::Address(_) => Failure::new("client.address", says),
            ClientError::Reply(ReplyFlaw::Algorithm) => Failure::new("client.server", says)
                .with_next("a server that answers in single DES is read with --legacy; the request is kept"),
            ClientError::Nothing(_) => Failure::new("client.nothing", says),
            ClientError::File { .. } | ClientError::Content { .. } => Failure::new("client.file", says),
            ClientError::OtherSuccession { .. } => Failure::new("client.file", says)
                .with_next("if the device has moved to this CA, state its --fingerprint; else check the address"),
            _ => Failure::new("client.server", says),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new("io", error.to_string())
    }
}
