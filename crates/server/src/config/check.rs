use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ra::{Approval, ChallengeKey, ChallengeKind, KeyReuse, Policy, Renewal};
use scep::server::{Accept, EmptyContent, FailText, Legacy, Sha1, Shape};

use super::written::{self, OnOff, Written};
use super::{Admin, CaInReply, Config, Doors, Endpoint, Limits, Lives, credential, profile, registration};
use crate::credential::{PROOF, proof_profile};

/// Seconds between two canaries at least: each is a certificate.
const SHORTEST_CANARY: i64 = 10;

/// What is wrong, one line for each key.
pub(super) struct Flaws(Vec<String>);

impl Flaws {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn add(&mut self, key: &str, what: impl std::fmt::Display) {
        self.0.push(format!("  {key}: {what}"));
    }
}

pub(super) fn check(written: &Written, folder: &Path) -> Result<Config, Vec<String>> {
    let mut flaws = Flaws(Vec::new());
    let public_url = public_url(written, &mut flaws);
    let mut profiles: BTreeMap<String, ca::Profile> = written
        .profile
        .iter()
        .filter_map(|(name, p)| Some((name.clone(), profile::check(name, p, &public_url, &mut flaws)?)))
        .collect();
    profiles.insert(PROOF.to_owned(), proof_profile());
    let credentials = credential::check(&written.credential, folder, &mut flaws);
    let endpoints = endpoints(written, &mut flaws);
    let (validity, overlap) = (written.ca.crl_validity, written.ca.crl_overlap);
    if overlap.0 >= validity.0 || overlap.0 <= 0 {
        flaws.add(
            "ca.crl_overlap",
            format!("{overlap} must be more than nothing and less than crl_validity ({validity})"),
        );
    }
    if !written.service.store.starts_with("sqlite:") && !written.service.store.starts_with("postgres") {
        flaws.add("service.store", "must be sqlite:PATH or postgres://…");
    }
    let canary = &written.canary;
    if canary.run == OnOff::On && canary.interval.0 < SHORTEST_CANARY {
        flaws.add("canary.interval", format!("{} is less than {SHORTEST_CANARY} seconds", canary.interval));
    }
    let admin = admin(written, &mut flaws);
    let registration_point = written.registration_point.as_ref().and_then(|p| registration::point(p, &mut flaws));
    if !flaws.0.is_empty() {
        return Err(flaws.0);
    }
    Ok(Config {
        folder: folder.to_owned(),
        lives: Lives::Now,
        listen: written.service.listen,
        public_url,
        store: located(&written.service.store, folder),
        node: written.service.node.clone(),
        crl_validity: validity.0,
        crl_overlap: overlap.0,
        canary: (canary.run == OnOff::On).then_some(canary.interval.0),
        admin,
        limits: limits(&written.limits),
        registration_point,
        credentials,
        profiles,
        endpoints,
    })
}

fn public_url(written: &Written, flaws: &mut Flaws) -> String {
    let url = written.service.public_url.clone().unwrap_or_else(|| format!("http://{}", written.service.listen));
    if !url.starts_with("http://") || url.parse::<http::Uri>().is_err() {
        flaws.add("service.public_url", format!("{url} is no http:// address; clients fetch CRLs without TLS"));
    }
    url.trim_end_matches('/').to_owned()
}

/// A relative path of a database starts at the folder of the configuration.
fn located(store: &str, folder: &Path) -> String {
    match store.strip_prefix("sqlite:") {
        Some(path) => format!("sqlite:{}", folder.join(path).display()),
        None => store.to_owned(),
    }
}

fn limits(written: &written::Limits) -> Limits {
    let duration = |span: super::Span| Duration::from_secs(u64::try_from(span.0).unwrap_or(0).max(1));
    Limits {
        connections: written.connections.max(1),
        header_timeout: duration(written.header_timeout),
        request_timeout: duration(written.request_timeout),
        waiting: written.waiting.max(1),
    }
}

fn admin(written: &Written, flaws: &mut Flaws) -> Option<Admin> {
    let admin = written.admin.as_ref()?;
    let Some(password) = keyed_hash(&admin.password_hash) else {
        flaws.add("admin.password_hash", "is no hash; make one with `perennial secret hash`");
        return None;
    };
    Some(Admin { user: admin.user.clone(), password })
}

/// A keyed hash as it is written: 64 hexadecimal digits.
fn keyed_hash(text: &str) -> Option<ChallengeKey> {
    pki::digest::unhex(text)?.try_into().ok().map(ChallengeKey)
}

fn endpoints(written: &Written, flaws: &mut Flaws) -> BTreeMap<String, Endpoint> {
    if written.endpoint.is_empty() && written.registration_point.is_none() {
        flaws.add("endpoint", "there is none; nobody could enrol");
    }
    let with_ndes: Vec<&String> =
        written.endpoint.iter().filter(|(_, e)| e.ndes == OnOff::On).map(|(name, _)| name).collect();
    if let [first, second, ..] = with_ndes.as_slice() {
        flaws.add("endpoint", format!("{first} and {second} both say ndes = \"on\"; those addresses lead to one"));
    }
    let known: Vec<&str> = written.profile.keys().map(String::as_str).collect();
    written.endpoint.iter().map(|(name, e)| (name.clone(), endpoint(name, e, &known, flaws))).collect()
}

fn endpoint(name: &str, written: &written::Endpoint, profiles: &[&str], flaws: &mut Flaws) -> Endpoint {
    let key = |of: &str| format!("endpoint.{name}.{of}");
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        flaws.add(&format!("endpoint.{name}"), "the name becomes part of an address: letters, digits, `-`, `_`, `.`");
    }
    let mut named = vec![("profile", written.profile.as_str())];
    let renewed = written.renewal.profiles.clone().unwrap_or_else(|| vec![written.profile.clone()]);
    named.extend(renewed.iter().map(|p| ("renewal.profiles", p.as_str())));
    for (of, profile) in named {
        if !profiles.contains(&profile) {
            flaws.add(&key(of), format!("there is no profile `{profile}`; there are {}", profiles.join(", ")));
        }
    }
    let challenges = challenges(written, &key("challenges"), flaws);
    let statics = statics(written, &challenges, &key("static_challenge_hash"), flaws);
    let module = registration::module(written.module.as_ref(), &challenges, &key("module"), flaws);
    let policy = Policy {
        profile: written.profile.clone(),
        challenges,
        approval: match written.approval {
            written::Approval::Never => Approval::Never,
            written::Approval::WithoutChallenge => Approval::WithoutChallenge,
            written::Approval::Always => Approval::Always,
        },
        renewal: Renewal {
            profiles: renewed,
            window: written.renewal.window.map(|w| w.0),
            grace: written.renewal.grace.0,
            key_reuse: if written.renewal.key_reuse == OnOff::On { KeyReuse::Allow } else { KeyReuse::Refuse },
        },
    };
    Endpoint {
        name: name.to_owned(),
        doors: if written.ndes == OnOff::On { Doors::Ndes } else { Doors::Own },
        policy,
        statics,
        challenge_validity: written.challenge_validity.0,
        module,
        accept: accept(written),
        shape: shape(&written.reply),
        ca_in_reply: match written.reply.ca_certificate {
            OnOff::On => CaInReply::Sent,
            OnOff::Off => CaInReply::Omitted,
        },
    }
}

fn challenges(written: &written::Endpoint, key: &str, flaws: &mut Flaws) -> Vec<ChallengeKind> {
    let known = [ChallengeKind::Static, ChallengeKind::OneTime, ChallengeKind::Sealed, ChallengeKind::Module];
    let mut out = Vec::new();
    for word in &written.challenges {
        match known.iter().find(|kind| kind.name() == word) {
            Some(kind) => out.push(*kind),
            None => {
                flaws.add(key, format!("`{word}` is no kind of challenge; there are static, one-time, sealed, module"))
            }
        }
    }
    out
}

fn statics(
    written: &written::Endpoint,
    challenges: &[ChallengeKind],
    key: &str,
    flaws: &mut Flaws,
) -> Vec<ChallengeKey> {
    let wanted = challenges.contains(&ChallengeKind::Static);
    match (written.static_challenge_hash.as_deref(), wanted) {
        (None, false) => Vec::new(),
        (None, true) => {
            flaws.add(key, "is missing, though `static` is among the challenges; see `perennial secret hash`");
            Vec::new()
        }
        (Some(_), false) => {
            flaws.add(key, "is there, though `static` is not among the challenges");
            Vec::new()
        }
        (Some(text), true) => keyed_hash(text).map_or_else(
            || {
                flaws.add(key, "is no hash; make one with `perennial secret hash`");
                Vec::new()
            },
            |hash| vec![hash],
        ),
    }
}

fn accept(written: &written::Endpoint) -> Accept {
    Accept {
        legacy: match written.legacy {
            written::Legacy::Refuse => Legacy::Refuse,
            written::Legacy::TripleDes => Legacy::TripleDes,
            written::Legacy::SingleDes => Legacy::SingleDes,
        },
        sha1: if written.sha1 == OnOff::On { Sha1::Accept } else { Sha1::Refuse },
        ..Accept::default()
    }
}

fn shape(written: &written::Reply) -> Shape {
    Shape {
        empty_content: match written.empty_content {
            written::EmptyContent::ZeroOctets => EmptyContent::ZeroOctets,
            written::EmptyContent::Absent => EmptyContent::Absent,
        },
        fail_text: if written.failure_text == OnOff::On { FailText::Send } else { FailText::Omit },
    }
}
