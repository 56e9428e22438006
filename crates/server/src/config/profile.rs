use ca::{Curve, KeyLimits, KeyUsageRule, NameKind, NamesRule, Outlive, Profile, SidForms, SubjectRule, Template};
use pki::extension::KeyUsage;
use pki::{Oid, oid};

use super::check::Flaws;
use super::{Config, written};

/// Purposes by name; everything else is written as an object identifier.
const PURPOSES: [(&str, Oid); 6] = [
    ("client-auth", oid::CLIENT_AUTH),
    ("server-auth", oid::SERVER_AUTH),
    ("email-protection", oid::EMAIL_PROTECTION),
    ("code-signing", oid::CODE_SIGNING),
    ("request-agent", oid::REQUEST_AGENT),
    ("any", oid::ANY_EXTENDED_KEY_USAGE),
];

/// A profile as the CA takes it; nothing if it is flawed.
pub(super) fn check(name: &str, written: &written::Profile, public_url: &str, flaws: &mut Flaws) -> Option<Profile> {
    let before = flaws.count();
    let mut draft = Draft { key: format!("profile.{name}"), flaws };
    let profile = Profile {
        name: name.to_owned(),
        subject: draft.subject(written),
        names: NamesRule { allowed: draft.each("names", &written.names, NameKind::by_name) },
        key_usage: draft.key_usage(written),
        extended_key_usage: draft.each("extended_key_usage", &written.extended_key_usage, purpose),
        validity: draft.validity(written),
        backdate: written.backdate.0,
        keys: draft.keys(written),
        template: draft.template(written),
        sid: draft.sid(written),
        crl_urls: vec![Config::crl_url(public_url)],
        issuer_urls: vec![format!("{public_url}/ca/issuing.crt")],
        outlive: match written.outlive {
            written::Outlive::Shorten => Outlive::Shorten,
            written::Outlive::Refuse => Outlive::Refuse,
        },
    };
    (flaws.count() == before).then_some(profile)
}

fn purpose(text: &str) -> Option<Oid> {
    let named = PURPOSES.iter().find(|(name, _)| *name == text).map(|(_, id)| id.clone());
    named.or_else(|| text.parse().ok())
}

struct Draft<'f> {
    key: String,
    flaws: &'f mut Flaws,
}

impl Draft<'_> {
    fn flaw(&mut self, of: &str, what: &str) {
        self.flaws.add(&format!("{}.{of}", self.key), what);
    }

    fn each<T>(&mut self, of: &str, words: &[String], by_name: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut out = Vec::new();
        for word in words {
            match by_name(word) {
                Some(value) => out.push(value),
                None => self.flaw(of, &format!("`{word}` is not known")),
            }
        }
        out
    }

    fn subject(&mut self, written: &written::Profile) -> SubjectRule {
        match written.subject.as_deref().map(SubjectRule::pattern) {
            None => SubjectRule::AsRequested,
            Some(Ok(rule)) => rule,
            Some(Err(error)) => {
                self.flaw("subject", &error.to_string());
                SubjectRule::AsRequested
            }
        }
    }

    fn key_usage(&mut self, written: &written::Profile) -> KeyUsageRule {
        let usages = self.each("key_usage", &written.key_usage, KeyUsage::by_name);
        let all = usages.into_iter().fold(KeyUsage(0), KeyUsage::with);
        if all.allows(KeyUsage::KEY_CERT_SIGN) || all.allows(KeyUsage::CRL_SIGN) {
            self.flaw("key_usage", "keyCertSign and cRLSign are for CAs");
        }
        match written.key_usage_from_request {
            written::OnOff::On => KeyUsageRule::RequestedWithin(all),
            written::OnOff::Off => KeyUsageRule::Fixed(all),
        }
    }

    fn validity(&mut self, written: &written::Profile) -> i64 {
        if written.validity.0 < 60 {
            self.flaw("validity", "is less than a minute");
        }
        written.validity.0
    }

    fn keys(&mut self, written: &written::Profile) -> KeyLimits {
        let (least, most) = written.rsa_bits;
        if least < 2048 || most > 4096 || least > most {
            self.flaw("rsa_bits", "must be [least, most] between 2048 and 4096");
        }
        let curves: Vec<String> = written.keys.iter().filter(|word| *word != "rsa").cloned().collect();
        let rsa = curves.len() < written.keys.len();
        if written.keys.is_empty() {
            self.flaw("keys", "is empty; there are rsa, p-256, p-384, p-521, ed25519");
        }
        KeyLimits {
            rsa_min: least,
            // None at all where rsa is not listed.
            rsa_max: if rsa { most } else { 0 },
            curves: self.each("keys", &curves, Curve::by_name),
        }
    }

    fn template(&mut self, written: &written::Profile) -> Option<Template> {
        let template = written.template.as_ref()?;
        match (&template.name, &template.oid) {
            (Some(name), None) => Some(Template::V1(name.clone())),
            (None, Some(text)) => match text.parse() {
                Ok(oid) => Some(Template::V2 { oid, major: template.major, minor: template.minor }),
                Err(_) => {
                    self.flaw("template.oid", &format!("`{text}` is no object identifier"));
                    None
                }
            },
            _ => {
                self.flaw("template", "has either a name (version 1) or an oid (version 2)");
                None
            }
        }
    }

    fn sid(&mut self, written: &written::Profile) -> SidForms {
        let has = |word: &str| written.sid.iter().any(|w| w == word);
        for word in written.sid.iter().filter(|w| !["extension", "uri"].contains(&w.as_str())) {
            self.flaw("sid", &format!("`{word}` is not known; there are extension and uri"));
        }
        match (has("extension"), has("uri")) {
            (true, true) => SidForms::Both,
            (true, false) => SidForms::Extension,
            (false, true) => SidForms::Uri,
            (false, false) => SidForms::None,
        }
    }
}
