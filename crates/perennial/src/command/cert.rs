use std::process::ExitCode;

use clap::{Args, Subcommand};
use pki::Certificate;
use pki::crl::Reason;
use serde::Serialize;
use server::config::Span;
use server::store::{CertificateFilter, CertificateStatus, StoredCertificate};
use server::{Service, revocation, world};

use super::{By, Where};
use crate::failure::Failure;
use crate::print::Output;

#[derive(Subcommand)]
pub(crate) enum CertCommand {
    /// List certificates, newest first
    List(ListArgs),
    /// Show one certificate
    Show(ShowArgs),
    /// Revoke a certificate and publish the list that says so
    Revoke(RevokeArgs),
}

#[derive(Args)]
#[command(after_help = "Example:\n  perennial cert list --status valid --ends-within 30d")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
    /// Only those with this in the subject
    #[arg(long)]
    subject: Option<String>,
    /// Only those of this device
    #[arg(long)]
    device: Option<String>,
    /// Only those that stand so: valid, expired, revoked, prepared
    #[arg(long, value_parser = status)]
    status: Option<CertificateStatus>,
    /// Only those that end within this time, as in 30d
    #[arg(long)]
    ends_within: Option<Span>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// After leaving out so many
    #[arg(long, default_value_t = 0)]
    offset: u32,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    place: Where,
    /// Its serial number in hexadecimal
    serial: String,
    /// Print the certificate as PEM and nothing else
    #[arg(long)]
    pem: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  perennial cert revoke 4F…A1 --reason keyCompromise")]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    by: By,
    /// Its serial number in hexadecimal
    serial: String,
    /// Why: unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn
    #[arg(long, default_value = "unspecified", value_parser = reason)]
    reason: Reason,
}

const STATUSES: [(CertificateStatus, &str); 4] = [
    (CertificateStatus::Valid, "valid"),
    (CertificateStatus::Expired, "expired"),
    (CertificateStatus::Revoked, "revoked"),
    (CertificateStatus::Prepared, "prepared"),
];

fn status(text: &str) -> Result<CertificateStatus, String> {
    let known = STATUSES.iter().find(|(_, name)| *name == text).map(|(status, _)| *status);
    known.ok_or_else(|| "there are valid, expired, revoked, prepared".to_owned())
}

fn reason(text: &str) -> Result<Reason, String> {
    // A certificate that is held could come back from the list, which no list of this service shows.
    let known = Reason::by_name(text).filter(|r| !matches!(r, Reason::RemoveFromCrl | Reason::CertificateHold));
    known.ok_or_else(|| {
        "there are unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn"
            .to_owned()
    })
}

#[derive(Serialize)]
struct Listed {
    serial: String,
    subject: String,
    status: &'static str,
    not_before: String,
    not_after: String,
    profile: String,
    endpoint: String,
    device: Option<String>,
    sid: Option<String>,
    authority: String,
    replaces: Option<String>,
    revoked_at: Option<String>,
    revoked_because: Option<&'static str>,
    revoked_by: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
}

pub(crate) async fn run(command: &CertCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        CertCommand::List(args) => list(args, output).await,
        CertCommand::Show(args) => show(args, output).await,
        CertCommand::Revoke(args) => revoke(args, output).await,
    }
}

async fn list(args: &ListArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let now = world::now();
    let filter = CertificateFilter {
        subject: args.subject.clone(),
        device: args.device.clone(),
        status: args.status,
        ends_before: args.ends_within.map(|span| now.plus(span.0)),
        limit: args.limit,
        offset: args.offset,
    };
    let rows: Vec<Listed> = service.store.certificates(&filter, now).await?.iter().map(|c| row(c, now)).collect();
    output.list(&rows, ["SERIAL", "STATUS", "ENDS", "SUBJECT", "RESTS ON"], |c| {
        [c.serial.clone(), c.status.to_owned(), c.not_after.clone(), c.subject.clone(), c.authority.clone()]
    });
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &ShowArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let stored = find(&service, &args.serial).await?;
    if args.pem {
        let der = stored.der.as_deref().and_then(|der| Certificate::parse(der).ok());
        let certificate = der.ok_or_else(|| Failure::new("certificate.prepared", "it is not signed yet"))?;
        crate::print::line(certificate.to_pem().trim_end());
    } else {
        output.value(&row(&stored, world::now()), text);
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(args: &RevokeArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let stored = find(&service, &args.serial).await?;
    let now = world::now();
    revocation::revoke(&service, &stored.serial, args.reason, &args.by.actor(), now).await?;
    let stored = find(&service, &args.serial).await?;
    output.value(&row(&stored, now), |c| {
        format!("revoked {} ({}): it stands on the list that has just been published", c.serial, c.subject)
    });
    Ok(ExitCode::SUCCESS)
}

async fn find(service: &Service, serial: &str) -> Result<StoredCertificate, Failure> {
    let digits: String = serial.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let octets = pki::digest::unhex(&padded)
        .ok_or_else(|| Failure::new("certificate.serial", format!("`{serial}` is no number in hexadecimal")))?;
    // As an INTEGER has them: without leading zeros, but for one that says it is not negative.
    let magnitude: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    let content = if magnitude.first().is_some_and(|octet| *octet >= 0x80) {
        [&[0], magnitude.as_slice()].concat()
    } else {
        magnitude
    };
    service.store.certificate(&content).await?.ok_or_else(|| {
        Failure::new("certificate.unknown", format!("there is no certificate {serial} here"))
            .with_next("`perennial cert list` shows them")
    })
}

fn row(stored: &StoredCertificate, now: pki::Time) -> Listed {
    let certificate = stored.der.as_deref().and_then(|der| Certificate::parse(der).ok());
    let status = if stored.revoked.is_some() {
        CertificateStatus::Revoked
    } else if certificate.is_none() {
        CertificateStatus::Prepared
    } else if stored.validity.not_after < now {
        CertificateStatus::Expired
    } else {
        CertificateStatus::Valid
    };
    Listed {
        serial: pki::certificate::serial_hex(&stored.serial),
        subject: stored.subject.clone(),
        status: STATUSES.iter().find(|(s, _)| *s == status).map_or("", |(_, name)| name),
        not_before: stored.validity.not_before.to_string(),
        not_after: stored.validity.not_after.to_string(),
        profile: stored.profile.clone(),
        endpoint: stored.endpoint.clone(),
        device: stored.device.clone(),
        sid: stored.sid.clone(),
        authority: stored.authority.clone(),
        replaces: stored.replaces.as_deref().map(pki::certificate::serial_hex),
        revoked_at: stored.revoked.map(|r| r.at.to_string()),
        revoked_because: stored.revoked.map(|r| r.reason.name()),
        revoked_by: stored.revoked_by.clone(),
        sha1: certificate.as_ref().map(Certificate::thumbprint),
        sha256: certificate.as_ref().map(|c| pki::digest::hex(&c.fingerprint())),
    }
}

fn text(c: &Listed) -> String {
    let mut out = String::new();
    let revoked = c.revoked_at.as_ref().map(|at| {
        let because = c.revoked_because.unwrap_or("unspecified");
        format!("{at}, {because}, by {}", c.revoked_by.as_deref().unwrap_or("nobody named"))
    });
    let lines: [(&str, Option<&str>); 14] = [
        ("serial", Some(&c.serial)),
        ("subject", Some(&c.subject)),
        ("status", Some(c.status)),
        ("valid from", Some(&c.not_before)),
        ("valid until", Some(&c.not_after)),
        ("profile", Some(&c.profile)),
        ("endpoint", Some(&c.endpoint)),
        ("rests on", Some(&c.authority)),
        ("device", c.device.as_deref()),
        ("SID", c.sid.as_deref()),
        ("replaces", c.replaces.as_deref()),
        ("revoked", revoked.as_deref()),
        ("SHA-1", c.sha1.as_deref()),
        ("SHA-256", c.sha256.as_deref()),
    ];
    for (name, value) in lines {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            out.push_str(&format!("{name:<13}{value}\n"));
        }
    }
    out
}
