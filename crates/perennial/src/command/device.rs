use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use client::{Folder, Identity, Obtained, Options, Patience, Pin, Progress, Refusal, Session, Wish};
use indicatif::ProgressBar;
use pki::extension::GeneralName;
use pki::key::KeySpec;
use pki::{Certificate, Name};
use scep::server::Legacy;
use serde::Serialize;
use server::config::Span;
use zeroize::Zeroizing;

use super::init::key_spec;
use crate::failure::Failure;
use crate::print::{self, Output};

/// Which server, and how far it is trusted.
#[derive(Args)]
pub(crate) struct Server {
    /// The address of the SCEP service, as http://host/certsrv/mscep/mscep.dll
    url: String,
    /// SHA-256 or SHA-1 fingerprint a CA certificate of the server must have
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<Pin>,
    /// Which CA is meant, for servers with several
    #[arg(long, value_name = "NAME", default_value = "")]
    ca: String,
    /// Read replies in single DES too: old servers send nothing else, and a certificate is no secret
    #[arg(long)]
    legacy: bool,
}

/// Where the device keeps its key and certificates.
#[derive(Args)]
pub(crate) struct Place {
    /// The folder of the device: identity.pem, certificate.pem, chain.pem, next-ca.pem
    #[arg(long, value_name = "FOLDER", default_value = "device")]
    dir: PathBuf,
    /// Write key, certificate and chain as PKCS#12 too
    #[arg(long, value_name = "FILE", requires = "pkcs12_password")]
    pkcs12: Option<PathBuf>,
    /// The password of the PKCS#12 files
    #[arg(long, value_name = "PASSWORD", env = "PERENNIAL_PKCS12_PASSWORD", hide_env_values = true)]
    pkcs12_password: Option<String>,
}

/// How long to wait where an operator has to decide.
#[derive(Args)]
pub(crate) struct Waiting {
    /// How long to go on asking while the request waits for a decision
    #[arg(long, value_name = "SPAN", default_value = "0s")]
    wait: Span,
    /// Between two questions
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    interval: Span,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial enrol http://scep.example.com/scep --subject CN=laptop-17 --challenge 0123…
  perennial enrol http://ndes/certsrv/mscep/mscep.dll --dir ./d --subject 'CN=d,O=Example' --name dns:d.example.com
  perennial enrol http://old.example.com/scep --legacy --subject CN=laptop-17 --challenge 0123…

Exit status: 0 a certificate has been issued; 1 refused, or still waiting; 2 it could not be done.
A request that was sent is kept: the same command sends it again as it was.")]
pub(crate) struct EnrolArgs {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    waiting: Waiting,
    /// The subject, most specific part first
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// A subject alternative name: dns:host, email:a@b, uri:…, ip:…, upn:…; repeatable
    #[arg(long = "name", value_name = "KIND:NAME", value_parser = general_name)]
    names: Vec<GeneralName>,
    /// The challenge password
    #[arg(long, env = "PERENNIAL_CHALLENGE", hide_env_values = true)]
    challenge: Option<String>,
    /// The key to generate: rsa-2048, rsa-3072, rsa-4096, p-256, p-384
    #[arg(long, value_name = "KIND", default_value = "rsa-2048", value_parser = key_spec)]
    key: KeySpec,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial renew http://scep.example.com/scep --dir ./laptop-17
  perennial renew http://scep.example.com/scep --identity laptop.p12 --pkcs12-password P --dir ./laptop-17

Exit status: 0 a certificate has been issued; 1 refused, or still waiting; 2 it could not be done.")]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    waiting: Waiting,
    /// A key and certificate from elsewhere, in PEM or PKCS#12, to be taken into the folder first
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The key to generate
    #[arg(long, value_name = "KIND", default_value = "rsa-2048", value_parser = key_spec)]
    key: KeySpec,
    /// A challenge, for servers that want one even on renewal
    #[arg(long, env = "PERENNIAL_CHALLENGE", hide_env_values = true)]
    challenge: Option<String>,
}

#[derive(Args)]
#[command(
    after_help = "Exit status: 0 a certificate has been issued; 1 refused, or still waiting; 2 it could not be done."
)]
pub(crate) struct PollArgs {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial getca http://scep.example.com/scep
  perennial getca http://scep.example.com/scep --next --dir ./laptop-17 --fingerprint HEX

A CA that announces its successor (GetNextCACert) signs for it. enrol, renew and poll take the successor from it and keep
it in next-ca.pem of the device's folder; from its notBefore on it is trusted like the CA with the fingerprint.")]
pub(crate) struct GetcaArgs {
    #[command(flatten)]
    server: Server,
    /// The certificates of the next CA (GetNextCACert); with --dir it is kept for the device
    #[arg(long)]
    next: bool,
    /// The folder of a device: next CAs that it has been told of are trusted like the fingerprint
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Print the certificates as PEM and nothing else
    #[arg(long)]
    pem: bool,
}

#[derive(Args)]
pub(crate) struct GetcrlArgs {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    place: Place,
    /// Print the list as PEM and nothing else
    #[arg(long)]
    pem: bool,
}

/// A subject alternative name as `dns:host`.
fn general_name(text: &str) -> Result<GeneralName, String> {
    let (kind, value) = text.split_once(':').ok_or("write it as kind:name, for example dns:host.example.com")?;
    let value = value.to_owned();
    match kind.to_ascii_lowercase().as_str() {
        "dns" => Ok(GeneralName::Dns(value)),
        "email" => Ok(GeneralName::Email(value)),
        "uri" => Ok(GeneralName::Uri(value)),
        "upn" => Ok(GeneralName::from_upn(&value)),
        "ip" => match value.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(v4)) => Ok(GeneralName::Ip(v4.octets().to_vec())),
            Ok(std::net::IpAddr::V6(v6)) => Ok(GeneralName::Ip(v6.octets().to_vec())),
            Err(_) => Err(format!("`{value}` is no address")),
        },
        _ => Err(format!("`{kind}` is not known; there are dns, email, uri, ip, upn")),
    }
}

impl Server {
    /// A session that trusts, beside the fingerprint, the CAs that the device in this folder has been told of.
    async fn session(&self, folder: Option<&Folder>) -> Result<Session, Failure> {
        let legacy = if self.legacy { Legacy::SingleDes } else { Legacy::TripleDes };
        let (ca_identifier, pin) = (self.ca.clone(), self.fingerprint.clone());
        let succession = folder.map(Folder::succession).transpose()?.unwrap_or_default();
        let options = Options { ca_identifier, pin, legacy, succession, ..Options::default() };
        Ok(Session::open(&self.url, options).await?)
    }

    /// The same, and the next CA kept in the folder, if there is one. That it cannot be taken keeps no device from its
    /// certificate today.
    async fn following(&self, folder: &Folder) -> Result<(Session, Next), Failure> {
        let session = self.session(Some(folder)).await?;
        let next = match client::follow_next_ca(&session, folder).await {
            Ok(found) => Next { ca: found.as_ref().map(NextCa::of), trouble: None },
            Err(error) => Next { ca: None, trouble: Some(error.to_string()) },
        };
        Ok((session, next))
    }
}

/// What is known of the CA that will issue next.
struct Next {
    ca: Option<NextCa>,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct NextCa {
    subject: String,
    sha256: String,
    trusted_from: String,
}

impl NextCa {
    fn of(certificate: &Certificate) -> NextCa {
        NextCa {
            subject: certificate.subject().to_string(),
            sha256: pki::digest::hex(&certificate.fingerprint()),
            trusted_from: certificate.validity().not_before.to_string(),
        }
    }
}

impl Waiting {
    fn patience(&self) -> Patience {
        let duration = |span: Span| Duration::from_secs(u64::try_from(span.0).unwrap_or(0));
        Patience { interval: duration(self.interval).max(Duration::from_secs(1)), limit: duration(self.wait) }
    }
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    folder: String,
    subject: Option<String>,
    serial: Option<String>,
    not_after: Option<String>,
    sha1: Option<String>,
    fail_info: Option<String>,
    says: Option<String>,
    next_ca: Option<NextCa>,
    next_ca_trouble: Option<String>,
}

pub(crate) async fn enrol(args: &EnrolArgs, output: Output) -> Result<ExitCode, Failure> {
    let subject = Name::parse(&args.subject)
        .map_err(|error| Failure::new("client.subject", format!("`{}`: {error}", args.subject)))?;
    let wish = Wish { subject, names: args.names.clone(), challenge: args.challenge.clone().map(Zeroizing::new) };
    let folder = Folder::open(&args.place.dir)?;
    let (session, next) = args.server.following(&folder).await?;
    let (bar, mut progress) = progress();
    let patience = args.waiting.patience();
    let obtained = client::enrol(&session, &folder, &wish, args.key, &patience, &mut progress).await;
    bar.finish_and_clear();
    finish(&args.place, &folder, obtained?, next, output)
}

pub(crate) async fn renew(args: &RenewArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&args.place.dir)?;
    if let Some(path) = &args.identity {
        folder.keep(&identity(path, args.place.pkcs12_password.as_deref())?)?;
    }
    let (session, next) = args.server.following(&folder).await?;
    let (bar, mut progress) = progress();
    let challenge = args.challenge.clone().map(Zeroizing::new);
    let patience = args.waiting.patience();
    let obtained = client::renew(&session, &folder, args.key, challenge, &patience, &mut progress).await;
    bar.finish_and_clear();
    finish(&args.place, &folder, obtained?, next, output)
}

pub(crate) async fn poll(args: &PollArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&args.place.dir)?;
    let (session, next) = args.server.following(&folder).await?;
    let (bar, mut progress) = progress();
    let obtained = client::poll(&session, &folder, &args.waiting.patience(), &mut progress).await;
    bar.finish_and_clear();
    finish(&args.place, &folder, obtained?, next, output)
}

/// A line that says what is going on, on a terminal only.
fn progress() -> (ProgressBar, impl FnMut(Progress) + Send) {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.enable_steady_tick(Duration::from_millis(120));
    let shown = bar.clone();
    let told = move |progress| match progress {
        Progress::Sent => shown.set_message("the request has been sent"),
        Progress::Pending { asked, next_in } => {
            shown.set_message(format!("waiting for a decision; asked {asked} times, again in {} s", next_in.as_secs()));
        }
    };
    (bar, told)
}

/// A key and its certificate from a file, PEM or PKCS#12.
fn identity(path: &Path, password: Option<&str>) -> Result<Identity, Failure> {
    let octets = Zeroizing::new(std::fs::read(path)?);
    let named = |error: client::NotAnIdentity| Failure::new("client.identity", format!("{}: {error}", path.display()));
    if octets.windows(11).any(|w| w == b"-----BEGIN ") {
        Identity::from_pem(&octets).map_err(named)
    } else {
        Identity::from_pkcs12(&octets, password.unwrap_or_default()).map_err(named)
    }
}

fn finish(place: &Place, folder: &Folder, obtained: Obtained, next: Next, output: Output) -> Result<ExitCode, Failure> {
    let mut report = Report {
        status: "pending",
        folder: folder.path().display().to_string(),
        subject: None,
        serial: None,
        not_after: None,
        sha1: None,
        fail_info: None,
        says: None,
        next_ca: next.ca,
        next_ca_trouble: next.trouble,
    };
    match &obtained {
        Obtained::Issued { certificate, .. } => issued(&mut report, certificate),
        Obtained::Pending => {}
        Obtained::Refused(refusal) => refused(&mut report, refusal),
    }
    if let (Obtained::Issued { .. }, Some(path), Some(password)) = (&obtained, &place.pkcs12, &place.pkcs12_password) {
        write_pkcs12(folder, path, password)?;
    }
    output.value(&report, text);
    Ok(if matches!(obtained, Obtained::Issued { .. }) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn issued(report: &mut Report, certificate: &Certificate) {
    report.status = "issued";
    report.subject = Some(certificate.subject().to_string());
    report.serial = Some(certificate.serial_hex());
    report.not_after = Some(certificate.validity().not_after.to_string());
    report.sha1 = Some(certificate.thumbprint());
}

fn refused(report: &mut Report, refusal: &Refusal) {
    report.status = "refused";
    report.fail_info = refusal.fail_info.map(|f| f.name().to_owned());
    report.says = Some(refusal.to_string());
}

fn write_pkcs12(folder: &Folder, path: &Path, password: &str) -> Result<(), Failure> {
    use std::io::Write;
    let identity =
        folder.identity()?.ok_or_else(|| Failure::new("client.nothing", "there is no certificate to write"))?;
    let octets = identity.to_pkcs12(password).map_err(|e| Failure::new("client.pkcs12", e.to_string()))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(&octets)?;
    Ok(())
}

fn text(report: &Report) -> String {
    let mut out = outcome(report);
    if let Some(next) = &report.next_ca {
        let (from, sha256) = (&next.trusted_from, &next.sha256);
        out.push_str(&format!(
            "\n  the CA will be followed by one that is trusted from {from} on (next-ca.pem)\n  SHA-256 {sha256}"
        ));
    }
    if let Some(trouble) = &report.next_ca_trouble {
        out.push_str(&format!("\n  the next CA that the server announces has not been taken: {trouble}"));
    }
    out
}

fn outcome(report: &Report) -> String {
    match report.status {
        "issued" => format!(
            "issued: {}\n  serial {}, until {}\n  key, certificate and chain are in {}",
            report.subject.as_deref().unwrap_or_default(),
            report.serial.as_deref().unwrap_or_default(),
            report.not_after.as_deref().unwrap_or_default(),
            report.folder,
        ),
        "refused" => format!("refused: {}", report.says.as_deref().unwrap_or_default()),
        _ => format!("waiting for a decision; ask again with `perennial poll … --dir {}`", report.folder),
    }
}

#[derive(Serialize)]
struct Shown {
    role: &'static str,
    subject: String,
    issuer: String,
    not_after: String,
    sha1: String,
    sha256: String,
}

#[derive(Serialize)]
struct Service {
    capabilities: Vec<String>,
    certificates: Vec<Shown>,
}

pub(crate) async fn getca(args: &GetcaArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = args.dir.as_ref().map(Folder::open).transpose()?;
    let session = args.server.session(folder.as_ref()).await?;
    if let (true, Some(folder)) = (args.next, &folder) {
        client::follow_next_ca(&session, folder).await?;
    }
    let certificates = if args.next { session.next_ca().await? } else { session.authorities().all.clone() };
    if args.pem {
        for certificate in &certificates {
            print::line(certificate.to_pem().trim_end());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let service = Service {
        capabilities: session.caps().to_text().lines().map(str::to_owned).collect(),
        certificates: certificates.iter().map(|c| shown(c, &session)).collect(),
    };
    output.value(&service, |service| {
        let mut out = format!("can {}\n", service.capabilities.join(" "));
        for c in &service.certificates {
            out.push_str(&format!(
                "\n{}\n  {}\n  issued by {}\n  until {}\n  SHA-1 {}\n  SHA-256 {}\n",
                c.role, c.subject, c.issuer, c.not_after, c.sha1, c.sha256
            ));
        }
        out
    });
    Ok(ExitCode::SUCCESS)
}

fn shown(certificate: &Certificate, session: &Session) -> Shown {
    let authorities = session.authorities();
    let role = if *certificate == authorities.issuer {
        "issuing CA"
    } else if *certificate == authorities.encryption {
        "requests are encrypted to"
    } else if *certificate == authorities.signing {
        "replies are signed by"
    } else if certificate.is_self_issued() {
        "root"
    } else {
        "other"
    };
    Shown {
        role,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        not_after: certificate.validity().not_after.to_string(),
        sha1: certificate.thumbprint(),
        sha256: pki::digest::hex(&certificate.fingerprint()),
    }
}

pub(crate) async fn getcrl(args: &GetcrlArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&args.place.dir)?;
    let held = folder
        .identity()?
        .ok_or_else(|| Failure::new("client.nothing", "only the holder of a certificate may ask: enrol first"))?;
    let own = held.certificate.clone().ok_or_else(|| Failure::new("client.nothing", "there is no certificate"))?;
    let session = args.server.session(Some(&folder)).await?;
    match session.crl(&held, own.issuer(), own.serial()).await? {
        Ok(crl) if args.pem => print::line(pki::pem::encode("X509 CRL", crl.der()).trim_end()),
        Ok(crl) => super::crl::show(&crl, output),
        Err(refusal) => {
            print::line(&format!("refused: {refusal}"));
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}
