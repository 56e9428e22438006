use std::path::PathBuf;

use chain::policy::{IgnoreFlags, PolicyFlags};
use chain::{Revocation, Rules};
use clap::{Args, ValueEnum};
use pki::{Oid, Time, oid};

use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "\
Files may be PEM (any number of certificates), DER, PKCS#7 or PKCS#12. If the leaf's file holds more certificates, they
help to build the chain but are not trusted. Without --roots nothing is trusted.

Examples:
  perennial chain ndes.pem --store issuing.pem --roots root.pem --usage clientAuth --policy ssl-client
  perennial chain ndes.pfx --p12-password-file p --roots root.cer --at 2026-11-20T00:00:00Z --format capi2
  perennial chain ra.cer --roots root.cer --store ca.p7b --crl ca.crl --revocation chain-excluding-root

Exit status: 0 nothing is wrong; 1 something is; 2 an input cannot be read.
The codes are explained in docs/reference/chain-codes.md.")]
pub(crate) struct ChainArgs {
    /// The certificate asked about
    #[arg(value_name = "LEAF")]
    pub(super) leaf: PathBuf,
    /// Certificates of CAs that may help to build the chain
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) store: Vec<PathBuf>,
    /// Certificates of trusted roots
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) roots: Vec<PathBuf>,
    /// Certificates that must not be trusted
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) distrusted: Vec<PathBuf>,
    /// Revocation lists
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) crl: Vec<PathBuf>,
    /// OCSP answers
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) ocsp: Vec<PathBuf>,
    /// The time asked about instead of now
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(super) at: Option<Time>,
    /// A usage it must be good for: an OID, or serverAuth, clientAuth, codeSigning, emailProtection, OCSPSigning
    #[arg(long, value_name = "OID", num_args = 1..)]
    pub(super) usage: Vec<String>,
    /// What the chain must pass
    #[arg(long, value_enum, default_value = "base")]
    pub(super) policy: PolicyName,
    /// The name the server was called by (with --policy ssl-server)
    #[arg(long, value_name = "NAME")]
    pub(super) server_name: Option<String>,
    /// What the policy tolerates: a name such as revocation, unknown-ca, wrong-usage, cert-cn-invalid,
    /// cert-date-invalid, not-time-valid, or a number such as 0x280
    #[arg(long, value_name = "FLAG", num_args = 1..)]
    pub(super) ignore: Vec<String>,
    /// Whose revocation is checked
    #[arg(long, value_enum, default_value = "none")]
    pub(super) revocation: RevocationName,
    /// Whose word counts where Windows and RFC 5280 disagree
    #[arg(long, value_enum, default_value = "windows")]
    pub(super) rules: RulesName,
    /// How to print: a tree, JSON, or the events 11, 30 and 90 as Windows writes them
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// A file with the password of PKCS#12 files; empty if not stated
    #[arg(long, value_name = "FILE")]
    pub(super) p12_password_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    Base,
    SslServer,
    SslClient,
    BasicConstraints,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationName {
    None,
    End,
    Chain,
    ChainExcludingRoot,
}

impl From<RevocationName> for Revocation {
    fn from(name: RevocationName) -> Revocation {
        match name {
            RevocationName::None => Revocation::None,
            RevocationName::End => Revocation::EndCertificate,
            RevocationName::Chain => Revocation::Chain,
            RevocationName::ChainExcludingRoot => Revocation::ChainExcludingRoot,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesName {
    Windows,
    Rfc5280,
}

impl From<RulesName> for Rules {
    fn from(name: RulesName) -> Rules {
        match name {
            RulesName::Windows => Rules::Windows,
            RulesName::Rfc5280 => Rules::Rfc5280,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Capi2,
}

fn time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).ok_or_else(|| "not a time such as 2026-11-24T09:00:00Z".to_owned())
}

/// A usage by its OID or the name OpenSSL gives it.
pub(super) fn usage(text: &str) -> Result<Oid, Failure> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "serverauth" => oid::SERVER_AUTH,
        "clientauth" => oid::CLIENT_AUTH,
        "codesigning" => oid::CODE_SIGNING,
        "emailprotection" => oid::EMAIL_PROTECTION,
        "ocspsigning" => oid::OCSP_SIGNING,
        _ => text.parse().map_err(|_| Failure::new("chain.usage", format!("`{text}` is no usage")))?,
    })
}

/// A flag, and which word it belongs into.
pub(super) enum Ignored {
    Ssl(IgnoreFlags),
    General(PolicyFlags),
}

/// Numbers and names of an SSL policy mean fdwChecks first, those of other policies dwFlags.
pub(super) fn ignored(text: &str, policy: PolicyName) -> Result<Ignored, Failure> {
    let is_ssl = matches!(policy, PolicyName::SslServer | PolicyName::SslClient);
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(number) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        return Ok(if is_ssl { Ignored::Ssl(IgnoreFlags(number)) } else { Ignored::General(PolicyFlags(number)) });
    }
    let ssl = IgnoreFlags::by_name(text).filter(|_| is_ssl).map(Ignored::Ssl);
    ssl.or_else(|| PolicyFlags::by_name(text).map(Ignored::General)).ok_or_else(|| {
        let says = format!("`{text}` is nothing this policy can ignore");
        Failure::new("chain.ignore", says).with_next("`perennial chain --help` names the flags")
    })
}
