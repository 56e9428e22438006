mod arguments;
mod input;

use std::io::Write;
use std::process::ExitCode;

use chain::policy::{IgnoreFlags, Policy, PolicyFlags, PolicyStatus, Ssl};
use chain::render::{self, EventContext};
use chain::{Alternatives, Budget, Question, Store, UsageMatch, Verdict};
use pki::{Certificate, Oid, Time};

pub(crate) use self::arguments::ChainArgs;
use self::arguments::{Format, PolicyName};
use self::input::Secret;
use crate::failure::Failure;
use crate::print::Output;

/// Judges a certificate and prints what came of it. Status 0: no error bit and the policy passes; 1 otherwise.
pub(crate) fn run(args: &ChainArgs, output: Output) -> Result<ExitCode, Failure> {
    judge(args, output, &mut std::io::stdout().lock())
}

fn judge(args: &ChainArgs, output: Output, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let secret = Secret::read(args.p12_password_file.as_deref())?;
    let mut bag = input::certificates(&args.leaf, &secret)?;
    let leaf = bag.remove(0);
    for path in &args.store {
        bag.extend(input::certificates(path, &secret)?);
    }
    let store = store(args, &secret)?;
    let now = server::world::now();
    let usages: Vec<Oid> = args.usage.iter().map(|text| arguments::usage(text)).collect::<Result<_, _>>()?;
    let question = Question {
        additional: &bag,
        rules: args.rules.into(),
        usages: &usages,
        usage_match: UsageMatch::All,
        revocation: args.revocation.into(),
        alternatives: Alternatives::All,
        budget: Budget { additional: bag.len(), ..Budget::default() },
        ..Question::new(&leaf, args.at.unwrap_or(now))
    };
    let verdict = chain::judge(&store, &question);
    let status = policy(args)?.apply(&verdict.chain);
    let format = if output.is_json() { Format::Json } else { args.format };
    let text = shown(format, &question, &verdict, &status, now);
    out.write_all(text.as_bytes())?;
    let good = verdict.chain.is_good() && status.result == 0;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn store(args: &ChainArgs, secret: &Secret) -> Result<Store, Failure> {
    let mut store = Store::new();
    let each = |paths: &[std::path::PathBuf], add: &mut dyn FnMut(&Certificate)| -> Result<(), Failure> {
        for path in paths {
            input::certificates(path, secret)?.iter().for_each(&mut *add);
        }
        Ok(())
    };
    each(&args.roots, &mut |certificate| store.trust(certificate))?;
    each(&args.distrusted, &mut |certificate| store.distrust(certificate))?;
    for path in &args.crl {
        input::crls(path)?.into_iter().for_each(|crl| store.add_crl(crl));
    }
    for path in &args.ocsp {
        store.add_response(input::response(path)?);
    }
    Ok(store)
}

fn policy(args: &ChainArgs) -> Result<Policy, Failure> {
    let (mut ignore, mut flags) = (IgnoreFlags(0), PolicyFlags(0));
    for text in args.ignore.iter().flat_map(|text| text.split(',')).map(str::trim) {
        match arguments::ignored(text, args.policy)? {
            arguments::Ignored::Ssl(flag) => ignore = ignore | flag,
            arguments::Ignored::General(flag) => flags = flags | flag,
        }
    }
    let ssl = Ssl { flags, ignore, server_name: args.server_name.clone(), rules: args.rules.into() };
    Ok(match args.policy {
        PolicyName::Base => Policy::Base(flags),
        PolicyName::SslServer => Policy::SslServer(ssl),
        PolicyName::SslClient => Policy::SslClient(ssl),
        PolicyName::BasicConstraints => Policy::BasicConstraints(flags),
    })
}

fn shown(format: Format, question: &Question<'_>, verdict: &Verdict, status: &PolicyStatus, now: Time) -> String {
    match format {
        Format::Text => render::text(verdict, Some(status)),
        Format::Json => {
            let json = render::json(verdict, Some(status));
            serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
        }
        Format::Capi2 => {
            let context = EventContext {
                computer: host_name(),
                process: "perennial".to_owned(),
                created: now,
                task: format!("{} {now} {}", question.leaf.thumbprint(), std::process::id()),
                record: 1,
            };
            format!("<Events>\n{}</Events>\n", render::events(question, verdict, Some(status), &context).concat())
        }
    }
}

/// What the system calls itself, for `System/Computer`.
fn host_name() -> String {
    let stated = ["COMPUTERNAME", "HOSTNAME"].iter().find_map(|name| std::env::var(name).ok());
    let file = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    stated.or_else(file).filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests;
