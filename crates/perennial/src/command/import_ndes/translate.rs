//! From NDES's registry to Perennial's configuration, value by value.

use server::config::Span;

use super::draft::{Draft, Needs};
use super::export::{Export, Stated, shown};
use super::iis::Binding;
use super::pin::{Pin, Written};

/// Minutes for which a challenge may be good; NDES takes any number.
const LONGEST_MINUTES: u64 = 366 * 24 * 60;
/// The template that NDES names when nobody has changed it.
const OFFLINE: &str = "IPSECIntermediateOffline";
/// The three slots: the registry value, the endpoint's name here, and the key usage of requests that NDES puts there.
const SLOTS: [(&str, &str, &[&str]); 3] = [
    ("GeneralPurposeTemplate", "default", &["digitalSignature", "keyEncipherment"]),
    ("SignatureTemplate", "signature", &["digitalSignature"]),
    ("EncryptionTemplate", "encryption", &["keyEncipherment"]),
];

/// Values below `MSCEP` that are dealt with here, by key and name.
pub(super) const KNOWN: [(&str, &str); 19] = [
    ("", "SignatureTemplate"),
    ("", "EncryptionTemplate"),
    ("", "GeneralPurposeTemplate"),
    ("CAInfo", "Configuration"),
    ("CAType", "CAType"),
    ("CertsInMYStore", "CertsInMYStore"),
    ("EnforcePassword", "EnforcePassword"),
    ("UseSinglePassword", "UseSinglePassword"),
    ("EncryptedPassword", "EncryptedPassword"),
    ("PasswordLength", "PasswordLength"),
    ("PasswordMax", "PasswordMax"),
    ("PasswordValidity", "PasswordValidity"),
    ("PasswordVDir", "PasswordVDir"),
    ("CacheRequest", "CacheRequest"),
    ("Refresh", "Refresh"),
    ("HashAlgorithm", "HashAlgorithm"),
    ("DisableRenewalSubjectNameMatch", "DisableRenewalSubjectNameMatch"),
    ("Modules", "Policy"),
    (r"Modules\NDESPolicy", "NDESCertThumbprint"),
];

/// A template with the slots it stands in.
struct Template {
    name: String,
    profile: String,
    /// Indices into [`SLOTS`].
    slots: Vec<usize>,
}

/// Translates the whole export.
pub(super) fn translate(export: &Export<'_>, pin: &Pin, bindings: &[Binding]) -> Draft {
    let mut draft = Draft::default();
    let templates = templates(export, &mut draft);
    service(bindings, &mut draft);
    let challenge = challenge(export, &mut draft);
    templates.iter().for_each(|template| profile(template, &mut draft));
    for template in &templates {
        endpoint(export, template, &challenge, &mut draft);
    }
    if templates.len() > 1 {
        draft.note(
            Needs::You,
            "MSCEP: three templates",
            "NDES takes the template by the key usage of the request; here the address decides: devices that ask for \
             signatures or encryption only need the addresses /scep/signature and /scep/encryption",
        );
    }
    if challenge.module.is_some() {
        policy_module(pin, &mut draft);
    }
    pin_note(pin, &mut draft);
    without_equivalent(export, &mut draft);
    draft
}

fn templates(export: &Export<'_>, draft: &mut Draft) -> Vec<Template> {
    let mut found: Vec<Template> = Vec::new();
    for (slot, (value, ..)) in SLOTS.iter().enumerate() {
        let name = match export.text("", value) {
            Stated::Is(name) if !name.is_empty() => name,
            other => {
                let says = match other {
                    Stated::Odd(text) => format!("it says {text}, which names no template; {OFFLINE} was taken"),
                    _ => format!("it is missing, and NDES does not start without it; {OFFLINE} was taken"),
                };
                draft.note(Needs::You, format!("MSCEP\\{value}"), says);
                OFFLINE.to_owned()
            }
        };
        match found.iter_mut().find(|template| template.name.eq_ignore_ascii_case(&name)) {
            Some(known) => known.slots.push(slot),
            None => {
                let profile = profile_name(&name, &found);
                found.push(Template { name, profile, slots: vec![slot] });
            }
        }
    }
    found
}

/// A key of TOML that looks like the template's name.
fn profile_name(template: &str, taken: &[Template]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
    let name: String = template.chars().take(64).map(plain).collect();
    let name = if name.chars().all(|c| c == '-') { "template".to_owned() } else { name };
    let is_taken = |name: &str| taken.iter().any(|other| other.profile == name);
    if !is_taken(&name) {
        return name;
    }
    // Three slots: the third name is free at the latest.
    (2..=4).map(|number| format!("{name}-{number}")).find(|name| !is_taken(name)).unwrap_or(name)
}

fn service(bindings: &[Binding], draft: &mut Draft) {
    draft.section("service");
    let plain = bindings.iter().find(|binding| binding.protocol == "http");
    match plain {
        Some(binding) => {
            draft.set(
                "listen",
                binding.listen.to_string(),
                &format!("applicationHost.config: http {}", binding.written),
            );
        }
        None => draft.set("listen", "0.0.0.0:80", "NDES answers on port 80; state it as you need it"),
    }
    match plain.and_then(|binding| Some((binding, binding.host.as_ref()?))) {
        Some((binding, host)) => {
            let port = binding.listen.port();
            let port = if port == 80 { String::new() } else { format!(":{port}") };
            let from = format!("applicationHost.config: http {}", binding.written);
            draft.set("public_url", format!("http://{host}{port}"), &from);
        }
        None => {
            draft.open("public_url = \"http://scep.example.com\"", "how devices reach the service");
            draft.note(
                Needs::You,
                "host name",
                "neither the registry nor IIS says by which name devices reach the server; state public_url before the \
                 first certificate is issued, because it stands in certificates",
            );
        }
    }
    for binding in bindings.iter().filter(|binding| binding.protocol == "https") {
        draft.note(
            Needs::You,
            format!("applicationHost.config: https {}", shown(&binding.written)),
            "the service speaks HTTP, whose messages SCEP protects itself; devices that are configured with https:// need \
             a TLS proxy in front of it",
        );
    }
}

/// How requests are authorised.
struct Challenge {
    kinds: Vec<&'static str>,
    from: String,
    validity: (String, String),
    /// Whether an operator decides where there is no challenge.
    approval: Option<String>,
    single: Option<&'static str>,
    /// The policy module's ProgID.
    module: Option<String>,
}

fn challenge(export: &Export<'_>, draft: &mut Draft) -> Challenge {
    let enforce = export.number("EnforcePassword", "EnforcePassword");
    let single = export.number("UseSinglePassword", "UseSinglePassword");
    let validity = validity(export, draft);
    let mut out = Challenge {
        kinds: vec!["one-time"],
        from: r"MSCEP\EnforcePassword = 1".to_owned(),
        validity,
        approval: None,
        single: None,
        module: None,
    };
    match &enforce {
        Stated::Is(0) => {
            let from = r"MSCEP\EnforcePassword = 0".to_owned();
            draft.note(
                Needs::You,
                &*from,
                "anybody who reached the server got a certificate. There is no such thing here: a request without a \
                 challenge waits for an operator (`perennial case list`)",
            );
            out.approval = Some(from);
        }
        Stated::Is(1) => {}
        Stated::Missing => draft.note(
            Needs::You,
            r"MSCEP\EnforcePassword",
            "it is missing, and NDES does not start without it; one-time challenges were taken",
        ),
        Stated::Is(number) => odd(draft, r"MSCEP\EnforcePassword", &number.to_string()),
        Stated::Odd(text) => odd(draft, r"MSCEP\EnforcePassword", text),
    }
    match &single {
        Stated::Is(1) => {
            out.single = Some(r"MSCEP\UseSinglePassword = 1");
            draft.note(
                Needs::You,
                r"MSCEP\UseSinglePassword = 1",
                "the one password of all devices stands in the registry encrypted for that machine and cannot be taken \
                 over; who knows it adds \"static\" to challenges and its keyed hash (`perennial secret hash`), or better \
                 moves to one-time challenges",
            );
        }
        Stated::Is(0) | Stated::Missing => {}
        Stated::Is(number) => odd(draft, r"MSCEP\UseSinglePassword", &number.to_string()),
        Stated::Odd(text) => odd(draft, r"MSCEP\UseSinglePassword", text),
    }
    if let Some(module) = export.text("Modules", "Policy").value().filter(|module| !module.is_empty()) {
        out.kinds = vec!["module"];
        out.from = format!(r"MSCEP\Modules\Policy = {}", shown(module));
        out.module = Some(shown(module));
    }
    out
}

fn odd(draft: &mut Draft, registry: &str, says: &str) {
    draft.note(Needs::You, registry, format!("it says {}, which means nothing; the default was taken", shown(says)));
}

fn validity(export: &Export<'_>, draft: &mut Draft) -> (String, String) {
    const FROM: &str = r"MSCEP\PasswordValidity";
    match export.number("PasswordValidity", "PasswordValidity") {
        Stated::Is(minutes @ 1..=LONGEST_MINUTES) => {
            let span = Span(i64::try_from(minutes).unwrap_or(60) * 60).to_string();
            (span, format!("{FROM} = {minutes} minutes"))
        }
        Stated::Missing => ("60m".to_owned(), format!("{FROM} is not stated: NDES's 60 minutes")),
        Stated::Is(minutes) => {
            odd(draft, FROM, &format!("{minutes} minutes"));
            ("60m".to_owned(), format!("{FROM} = {minutes}: not possible"))
        }
        Stated::Odd(text) => {
            odd(draft, FROM, &text);
            ("60m".to_owned(), format!("{FROM} = {text}: not possible"))
        }
    }
}

fn profile(template: &Template, draft: &mut Draft) {
    draft.section(&format!("profile.{}", template.profile));
    let slots: Vec<&str> = template.slots.iter().filter_map(|slot| Some(SLOTS.get(*slot)?.0)).collect();
    let from = format!("MSCEP\\{} = {}", slots.join(", "), shown(&template.name));
    let of = |slot: &usize| SLOTS.get(*slot).map_or(&[][..], |slot| slot.2);
    let mut usages: Vec<&str> = template.slots.iter().flat_map(of).copied().collect();
    usages.sort_unstable();
    usages.dedup();
    draft.set("key_usage", usages, &from);
    if template.name == OFFLINE {
        let windows = "as Windows delivers this template";
        draft.set("validity", "730d", windows);
        draft.set("extended_key_usage", vec!["1.3.6.1.5.5.8.2.2"], windows);
        let name = toml::Table::from_iter([("name".to_owned(), toml::Value::from(OFFLINE))]);
        draft.set("template", name, &from);
        return;
    }
    draft.open("validity = \"365d\"", "the template's: it stands in Active Directory, not in the registry");
    draft.open("extended_key_usage = [\"client-auth\"]", "the template's");
    draft.note(
        Needs::You,
        &*from,
        format!(
            "validity, extended key usage, key sizes and template identifier stand in Active Directory: look with \
             `certutil -v -template {}` and fill in [profile.{}]",
            shown(&template.name),
            template.profile
        ),
    );
}

fn endpoint(export: &Export<'_>, template: &Template, challenge: &Challenge, draft: &mut Draft) {
    let Some((value, name, _)) = template.slots.first().and_then(|slot| SLOTS.get(*slot)) else { return };
    draft.section(&format!("endpoint.{name}"));
    if *name == "default" {
        draft.set("ndes", "on", "answers at /certsrv/mscep/mscep.dll too, so that no device needs another address");
    }
    draft.set("profile", template.profile.as_str(), &format!("MSCEP\\{value}"));
    draft.set("challenges", challenge.kinds.clone(), &challenge.from);
    if challenge.module.is_none() {
        draft.set("challenge_validity", challenge.validity.0.as_str(), &challenge.validity.1);
    }
    if let Some(from) = &challenge.approval {
        draft.set("approval", "without-challenge", from);
    }
    if let Some(from) = challenge.single {
        draft.open("static_challenge_hash = \"…\"", from);
    }
    draft.set("legacy", "triple-des", "NDES takes triple DES; `perennial legacy` says who still needs it");
    if let Some(module) = &challenge.module {
        draft.section(&format!("endpoint.{name}.module"));
        let from = format!(r"MSCEP\Modules\Policy = {module}");
        draft.set("kind", "registration-point", &from);
        draft.set("url", "https://127.0.0.1:8443", "Perennial's own registration point, below");
    }
    if let Stated::Is(1..) = export.number("DisableRenewalSubjectNameMatch", "DisableRenewalSubjectNameMatch")
        && *name == "default"
    {
        draft.note(
            Needs::You,
            r"MSCEP\DisableRenewalSubjectNameMatch",
            "a renewal keeps its names here, always; a device whose name has changed enrols anew",
        );
    }
}

/// The registration point that takes the place of the old one, and the client certificate it expects: a new one, which
/// the service chooses by its role.
fn policy_module(pin: &Pin, draft: &mut Draft) {
    draft.section("registration-point");
    let ours = "Perennial's own: it makes, seals and verifies challenges";
    draft.set("listen", "127.0.0.1:8443", ours);
    draft.set("client_name", "Perennial Policy Module", "as `perennial init` names the certificate it makes");
    draft.note(
        Needs::You,
        r"MSCEP\Modules\Policy",
        "the old registration point speaks a protocol of its own, for this policy module only. Make a service with \
         `perennial init DIR --with-registration-point`, which makes both certificates too, and let the device management \
         ask it for challenges (docs/guide/registration-point.md); or name a webhook or a program as module",
    );
    if let Pin::Thumbprint(thumbprint, _) = pin {
        draft.section("credential.policy-module-client");
        draft.open(
            &format!("thumbprint = \"{thumbprint}\""),
            "NDESCertThumbprint: no certificate with it will be here; stated beside `file` it would refuse every file",
        );
        draft.note(
            Needs::Nothing,
            r"MSCEP\Modules\NDESPolicy\NDESCertThumbprint",
            "the service makes a client certificate of its own and chooses it by its role, so nothing is pinned. A \
             `thumbprint` that is stated here names a certificate the service has, and its successors",
        );
    }
}

fn pin_note(pin: &Pin, draft: &mut Draft) {
    const FROM: &str = r"MSCEP\Modules\NDESPolicy\NDESCertThumbprint";
    match pin {
        Pin::NoThumbprint(text) => {
            let says = format!("it says {text}, which is no thumbprint of forty hexadecimal digits; it was left out");
            draft.note(Needs::You, FROM, says);
        }
        Pin::Thumbprint(_, Written::WithMore) => draft.note(
            Needs::Nothing,
            FROM,
            "it has blanks or invisible characters in it, which break NDES; here only the digits were taken",
        ),
        Pin::None | Pin::Thumbprint(..) => {}
    }
}

/// Values that need nothing here, with why.
const DONE_WITHOUT: [(&str, &str); 7] = [
    (
        "CertsInMYStore",
        "the RA's certificates are the service's own, made by `perennial init`, and renew by themselves",
    ),
    ("CAType", "the CA is in the service"),
    ("PasswordLength", "a challenge has 32 hexadecimal digits"),
    ("PasswordMax", "there is no limit: challenges are in the store, not in memory, and outlive a restart"),
    ("CacheRequest", "a request that is sent again gets the same certificate, however much later"),
    ("Refresh", "a request that waits stays until somebody decides it"),
    ("EncryptedPassword", "it is encrypted for that machine"),
];

fn without_equivalent(export: &Export<'_>, draft: &mut Draft) {
    for (name, why) in DONE_WITHOUT {
        match export.number(name, name) {
            Stated::Missing => {}
            Stated::Is(number) => draft.note(Needs::Nothing, format!("MSCEP\\{name} = {number}"), why),
            Stated::Odd(_) => draft.note(Needs::Nothing, format!("MSCEP\\{name}"), why),
        }
    }
    match export.text("HashAlgorithm", "HashAlgorithm") {
        Stated::Missing => {}
        _ => draft.note(Needs::Nothing, r"MSCEP\HashAlgorithm", "a reply is signed over the digest of its request"),
    }
    if let Some(page) = export.text("PasswordVDir", "PasswordVDir").value() {
        let registry = format!(r"MSCEP\PasswordVDir = {}", shown(page));
        if page.trim_matches('/').eq_ignore_ascii_case("CertSrv/mscep_admin") {
            draft.note(
                Needs::You,
                registry,
                "the page is at /certsrv/mscep_admin/ here too. Who may open it was Windows' to say; here [admin] has one \
                 user and the keyed hash of a password, which `perennial init` makes",
            );
        } else {
            draft.note(Needs::You, registry, "the page is at /certsrv/mscep_admin/ here and nowhere else");
        }
    }
    if let Some(configuration) = export.text("CAInfo", "Configuration").value() {
        draft.note(
            Needs::You,
            format!(r"MSCEP\CAInfo\Configuration = {}", shown(configuration)),
            "NDES asks this CA; Perennial issues by itself. `perennial init --organisation NAME` makes a root and an \
             issuing CA, whose root devices and servers must trust",
        );
    }
    for (registry, says) in export.others(&KNOWN) {
        let why = if registry.to_ascii_lowercase().starts_with("microsoftintune") {
            "of Microsoft's connector; Intune's own interface is asked by a webhook or a program of yours, as module of \
             an endpoint"
        } else {
            "not known here"
        };
        draft.note(Needs::You, format!("{registry} = {says}"), why);
    }
}
