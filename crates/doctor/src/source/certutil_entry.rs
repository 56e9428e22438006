//! One certificate of a `certutil` listing, line by line.

use pki::extension::KeyUsage;

use super::printed_time::PrintedTimes;
use crate::fact::certificate::{Archived, Authority, CertificateDescription, KeyContainer, Thumbprint};
use crate::fact::describe::key_usage_from_octets;
use crate::fact::{Code, DistinguishedName};

/// Labels of one meaning, lower case, without the colon.
const LABELS: &[(Label, &[&str])] = &[
    (Label::Serial, &["serial number", "seriennummer", "numéro de série"]),
    (Label::Issuer, &["issuer", "aussteller", "émetteur"]),
    (Label::Subject, &["subject", "antragsteller", "objet"]),
    (Label::NotBefore, &["notbefore", "nicht vor", "pas avant"]),
    (Label::NotAfter, &["notafter", "nicht nach", "pas après"]),
    (Label::Hash, &["cert hash(sha1)", "zertifikathash(sha1)", "hachage cert. (sha1)", "hachage du certificat (sha1)"]),
    (
        Label::Container,
        &[
            "key container",
            "schlüsselcontainer",
            "conteneur de clé",
            "unique container name",
            "eindeutiger containername",
        ],
    ),
    (Label::Provider, &["provider", "anbieter", "fournisseur"]),
    (Label::Template, &["template", "vorlage", "modèle"]),
    (
        Label::TemplateName,
        &[
            "certificate template name (certificate type)",
            "zertifikatvorlagenname (zertifikattyp)",
            "nom du modèle de certificat (type de certificat)",
        ],
    ),
    (
        Label::KeyLength,
        &[
            "public key length",
            "länge des öffentlichen schlüssels",
            "öffentlicher schlüssel länge",
            "longueur de la clé publique",
        ],
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Serial,
    Issuer,
    Subject,
    NotBefore,
    NotAfter,
    Hash,
    Container,
    Provider,
    Template,
    TemplateName,
    KeyLength,
}

/// A certificate being put together.
pub(crate) struct Entry {
    pub(crate) line: u64,
    pub(crate) described: CertificateDescription,
    pub(crate) container: Option<KeyContainer>,
    /// The listing said that the key cannot be used, and perhaps why.
    pub(crate) unusable: Option<Option<Code>>,
    pub(crate) archived: Archived,
    /// What indented lines belong to.
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    None,
    Subject,
    Issuer,
    KeyUsage,
    Usages,
    TemplateName,
    TemplateNumber,
    SubjectKeyId,
    AuthorityKeyId,
    Points,
    Constraints,
    Names,
    SignatureAlgorithm,
}

impl Entry {
    pub(crate) fn at(line: u64) -> Entry {
        Entry {
            line,
            described: CertificateDescription::default(),
            container: None,
            unusable: None,
            archived: Archived::No,
            part: Part::None,
        }
    }

    pub(crate) fn line(&mut self, line: &str, trimmed: &str, lower: &str, times: &mut PrintedTimes) {
        if trimmed.is_empty() {
            return;
        }
        if let Some(part) = part_of(lower) {
            self.part = part;
            return;
        }
        let separator = trimmed.find([':', '=']).filter(|_| !trimmed.starts_with("CN="));
        let labelled = separator.and_then(|at| trimmed.split_at_checked(at)).and_then(|(name, value)| {
            let value = value.get(1..).unwrap_or_default().trim();
            label(name).map(|label| (label, value))
        });
        match labelled.filter(|_| self.part != Part::TemplateNumber || !line.starts_with("     ")) {
            Some((label, value)) => self.labelled(label, value, times),
            None if line.starts_with(' ') || line.starts_with('\t') => self.inside(trimmed, lower),
            None => self.remark(lower),
        }
    }

    fn labelled(&mut self, label: Label, value: &str, times: &mut PrintedTimes) {
        self.part = Part::None;
        let described = &mut self.described;
        match label {
            Label::Serial => described.serial = described.serial.take().or_else(|| Some(serial(value))),
            Label::Issuer if value.is_empty() => self.part = Part::Issuer,
            Label::Issuer => described.issuer = DistinguishedName::parse(value),
            Label::Subject if value.is_empty() => self.part = Part::Subject,
            Label::Subject => described.subject = DistinguishedName::parse(value),
            Label::NotBefore => described.not_before = times.read(value),
            Label::NotAfter => described.not_after = times.read(value),
            Label::Hash => described.thumbprint = Thumbprint::parse(value),
            Label::Container => self.container().name.get_or_insert_with(|| value.to_owned()).truncate(256),
            Label::Provider => self.container().provider = Some(value.to_owned()),
            Label::Template | Label::TemplateName => {
                let name = value.split(',').next().unwrap_or(value).trim();
                described.template =
                    described.template.take().or_else(|| Some(name.to_owned())).filter(|n| !n.is_empty());
            }
            Label::KeyLength => described.key_bits = first_number(value),
        }
    }

    fn container(&mut self) -> &mut KeyContainer {
        self.container.get_or_insert_with(KeyContainer::default)
    }

    /// An indented line: part of what was announced above it.
    fn inside(&mut self, trimmed: &str, lower: &str) {
        let described = &mut self.described;
        match self.part {
            Part::Subject => add_name(&mut described.subject, trimmed),
            Part::Issuer => add_name(&mut described.issuer, trimmed),
            Part::KeyUsage => described.key_usage = key_usage(trimmed).or(described.key_usage),
            Part::Usages => {
                let usages = described.usages.get_or_insert_with(Vec::new);
                if let Some(oid) = in_parentheses(trimmed).filter(|oid| is_oid(oid))
                    && usages.len() < 64
                {
                    usages.push(oid.to_owned());
                }
            }
            // Its heading has several words, the name has one.
            Part::TemplateName if !trimmed.contains(' ') => {
                described.template.get_or_insert_with(|| trimmed.to_owned());
            }
            Part::TemplateName => {}
            Part::TemplateNumber => described.template = template_number(trimmed).or(described.template.take()),
            Part::SubjectKeyId => described.subject_key_id = hex(trimmed).or(described.subject_key_id.take()),
            Part::AuthorityKeyId => {
                let value = trimmed.split_once('=').map_or(trimmed, |(_, value)| value);
                described.authority_key_id = described.authority_key_id.take().or_else(|| hex(value));
            }
            Part::Points => {
                if let Some((_, url)) = trimmed.split_once("URL=")
                    && described.crl_urls.len() < 16
                {
                    described.crl_urls.push(url.split(' ').next().unwrap_or(url).to_owned());
                }
            }
            Part::Constraints => {
                let ca = ["=ca", "zertifizierungsstelle", "autorité"].iter().any(|word| lower.contains(word));
                let end = ["end entity", "endeinheit", "entité finale"].iter().any(|word| lower.contains(word));
                if end || ca {
                    described.authority = Some(if end { Authority::EndEntity } else { Authority::Ca });
                }
            }
            Part::Names => {
                if let Some((_, name)) = trimmed.split_once('=')
                    && described.alternative_names.len() < 64
                {
                    described.alternative_names.push(name.to_owned());
                }
            }
            Part::SignatureAlgorithm => {
                if let Some(hash) =
                    ["sha1", "sha256", "sha384", "sha512", "md5"].iter().find(|hash| lower.contains(*hash))
                {
                    described.signature_hash.get_or_insert_with(|| hash.to_uppercase());
                }
            }
            Part::None => self.remark(lower),
        }
    }

    /// Sentences about the private key and the archived flag.
    fn remark(&mut self, lower: &str) {
        if lower.contains("cert_archived_prop_id") || lower.starts_with("archived!") || lower.starts_with("archiviert!")
        {
            self.archived = Archived::Yes;
        }
        let missing = [
            "missing stored keyset",
            "gespeicherter schlüsselsatz fehlt",
            "keyset does not exist",
            "schlüsselsatz nicht vorhanden",
        ];
        let refused = [
            "access is denied",
            "zugriff verweigert",
            "encryption test failed",
            "signature test failed",
            "verschlüsselungstest fehlgeschlagen",
            "signaturtest fehlgeschlagen",
        ];
        if missing.iter().chain(&refused).any(|text| lower.contains(text)) {
            self.unusable = Some(Code::find(lower));
        }
    }
}

/// Whether a label announces the issuer.
pub(super) fn label_is_issuer(name: &str) -> bool {
    label(name) == Some(Label::Issuer)
}

fn label(name: &str) -> Option<Label> {
    let name = name.trim().trim_end_matches(['\u{a0}', ' ']).to_lowercase();
    LABELS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(label, _)| *label)
}

/// What the extension announced by its number holds.
fn part_of(lower: &str) -> Option<Part> {
    if ["signature algorithm:", "signaturalgorithmus:", "algorithme de signature:", "algorithme de signature :"]
        .contains(&lower)
    {
        return Some(Part::SignatureAlgorithm);
    }
    let (number, rest) = lower.split_once(':')?;
    if !is_oid(number) || !rest.contains('=') {
        return None;
    }
    Some(match number {
        "2.5.29.15" => Part::KeyUsage,
        "2.5.29.37" => Part::Usages,
        "2.5.29.14" => Part::SubjectKeyId,
        "2.5.29.35" => Part::AuthorityKeyId,
        "2.5.29.31" => Part::Points,
        "2.5.29.19" => Part::Constraints,
        "2.5.29.17" => Part::Names,
        "1.3.6.1.4.1.311.20.2" => Part::TemplateName,
        "1.3.6.1.4.1.311.21.7" => Part::TemplateNumber,
        _ => Part::None,
    })
}

fn is_oid(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn in_parentheses(text: &str) -> Option<&str> {
    text.rsplit_once('(').and_then(|(_, inner)| inner.split_once(')')).map(|(inner, _)| inner)
}

/// Adds the attributes of a line of a name.
pub(super) fn add_name(name: &mut DistinguishedName, line: &str) {
    if line.contains('=') && name.attributes.len() < 64 && !line.to_lowercase().contains("hash(") {
        name.attributes.extend(DistinguishedName::parse(line).attributes);
    }
}

/// `Digital Signature, Key Encipherment (a0)`; two octets are printed as `(a0, 00)`.
fn key_usage(line: &str) -> Option<KeyUsage> {
    let octets: Option<Vec<u8>> = in_parentheses(line)?
        .split([',', ' '])
        .filter(|p| !p.is_empty())
        .map(|p| u8::from_str_radix(p, 16).ok())
        .collect();
    octets.filter(|octets| !octets.is_empty()).map(|octets| key_usage_from_octets(&octets))
}

/// `Template=Name(1.3.6.1.4.1.311.21.8.…)`.
fn template_number(line: &str) -> Option<String> {
    let (_, value) = line.split_once('=')?;
    let mut words = value.split(['(', ')', ' ']);
    words.find(|word| is_oid(word) && word.len() > 10).map(str::to_owned)
}

fn hex(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() >= 8 && digits.chars().all(|c| c.is_ascii_hexdigit())).then(|| digits.to_uppercase())
}

fn serial(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    let mut digits = digits.as_str();
    while digits.len() > 2 && digits.starts_with("00") {
        digits = digits.get(2..).unwrap_or_default();
    }
    digits.to_owned()
}

fn first_number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty())?.parse().ok()
}
