mod fetch;

use std::process::ExitCode;

use clap::Args;
use doctor::fact::evidence::Weight;
use doctor::fact::{CertificateDescription, Code, ProbeFact};
use doctor::{Evidence, Observed, Place, Severity};
use fetch::{Answer, Fetcher};
use pki::{Certificate, Crl};

use super::doctor::{Telling, UNUSABLE};
use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Example:
  perennial probe https://ndes01.corp.example/certsrv/mscep/mscep.dll

Nothing is issued and nothing is changed. No certificate is trusted or refused here: what the server shows is judged.

Exit status: 0 what was answered is in order; 1 something is wrong, or will be; 3 nothing was answered.")]
pub(crate) struct ProbeArgs {
    /// The address devices are given, of NDES or any other SCEP server
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    telling: Telling,
}

pub(crate) async fn run(args: &ProbeArgs, output: Output) -> Result<ExitCode, Failure> {
    let fetcher = Fetcher::new(&args.url)?;
    let mut evidence = Evidence::default();
    if fetcher.is_tls() {
        note(&mut evidence, fetcher.handshake().await);
    }
    let capabilities = capabilities(&fetcher).await;
    note(&mut evidence, capabilities);
    let certificates = certificates(&fetcher).await;
    for url in lists(&certificates) {
        note(&mut evidence, list(&fetcher, url).await);
    }
    note(&mut evidence, certificates);
    let diagnosis = args.telling.tell(&evidence, output)?;
    let answered = evidence.probes().any(|(_, fact)| !matches!(**fact, ProbeFact::Failed { status: None, .. }));
    let wrong = diagnosis.findings.iter().any(|finding| finding.severity != Severity::Note);
    Ok(ExitCode::from(if wrong {
        1
    } else if answered {
        0
    } else {
        UNUSABLE
    }))
}

fn note(evidence: &mut Evidence, fact: ProbeFact) {
    let place = match &fact {
        ProbeFact::Tls { host, .. } => format!("TLS {host}"),
        ProbeFact::Capabilities { url, .. } => format!("GetCACaps {url}"),
        ProbeFact::CaCertificates { url, .. } => format!("GetCACert {url}"),
        ProbeFact::Crl { url, .. } | ProbeFact::Failed { url, .. } => url.clone(),
    };
    let place: Place = Evidence::whole(&place.as_str().into());
    evidence.push(place, Observed::Probe(Box::new(fact)), Weight::Telling);
}

fn failed(url: &str, why: String) -> ProbeFact {
    ProbeFact::Failed { url: url.to_owned(), why, status: None, code: None::<Code> }
}

async fn capabilities(fetcher: &Fetcher) -> ProbeFact {
    let url = fetcher.operation("GetCACaps");
    match fetcher.get(&url, 64 << 10).await {
        Ok(Answer { status, body, .. }) => {
            let text = String::from_utf8_lossy(&body);
            ProbeFact::Capabilities {
                url,
                status,
                lines: text.lines().take(100).map(|l| l.trim().to_owned()).collect(),
            }
        }
        Err(why) => failed(&url, why),
    }
}

async fn certificates(fetcher: &Fetcher) -> ProbeFact {
    let url = fetcher.operation("GetCACert");
    match fetcher.get(&url, 1 << 20).await {
        Ok(Answer { status, content_type, body }) => {
            ProbeFact::CaCertificates { url, status, content_type, certificates: parsed(&body) }
        }
        Err(why) => failed(&url, why),
    }
}

/// One certificate, or a degenerate SignedData of several (RFC 8894 §4.2.1).
fn parsed(body: &[u8]) -> Vec<Certificate> {
    let several = pki::cms::SignedData::parse(body).map(|data| data.read_certificates()).unwrap_or_default();
    if several.is_empty() { Certificate::parse_any(body) } else { several }
}

/// Revocation lists that the certificates point to by HTTP, each once.
fn lists(answer: &ProbeFact) -> Vec<String> {
    let ProbeFact::CaCertificates { certificates, .. } = answer else { return Vec::new() };
    let mut urls: Vec<String> = certificates.iter().flat_map(|c| CertificateDescription::of(c).crl_urls).collect();
    urls.retain(|url| url.to_lowercase().starts_with("http://"));
    urls.sort();
    urls.dedup();
    urls.truncate(8);
    urls
}

async fn list(fetcher: &Fetcher, url: String) -> ProbeFact {
    let (mut this_update, mut next_update, mut fault) = (None, None, None);
    match fetcher.get(&url, 32 << 20).await {
        Ok(Answer { status: 200, body, .. }) => match Crl::parse(&body) {
            Ok(crl) => (this_update, next_update) = (Some(crl.this_update()), crl.next_update()),
            Err(error) => fault = Some(format!("no revocation list: {error}")),
        },
        Ok(Answer { status, .. }) => fault = Some(format!("HTTP {status}")),
        Err(why) => fault = Some(why),
    }
    ProbeFact::Crl { url, this_update, next_update, fault }
}
