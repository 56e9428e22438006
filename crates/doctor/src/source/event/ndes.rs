//! Events of the NDES service. Its two data fields are often swapped, and the text in them is localised.

use super::tree::Element;
use crate::fact::event::CodeFrom;
use crate::fact::{Code, EventHead, NdesEvent, Observed};

/// Reads one event.
pub(super) fn read(head: EventHead, event: &Element<'_>) -> (Code, Option<Observed>) {
    let data = super::other::data(event);
    let field =
        |name: &str| data.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let message = event.find("RenderingInfo").and_then(|info| info.text_of("Message"));
    let (code, code_from) = find_code(field("ErrorCode"), field("ErrorMessage"), &data, message);
    let text = text(field("ErrorCode"), field("ErrorMessage"), &data, message);
    let event = NdesEvent { head, code, code_from, text, data };
    (code.unwrap_or(Code::OK), Some(Observed::Ndes(Box::new(event))))
}

/// The most telling code: any code says more than E_FAIL, which the service puts beside the true message; a number says
/// more than a text; the field it belongs into says more than another.
fn find_code(
    code: Option<&str>,
    message: Option<&str>,
    data: &[(String, String)],
    rendered: Option<&str>,
) -> (Option<Code>, CodeFrom) {
    let in_code = code.and_then(code_of_field).map(|found| (found, CodeFrom::ErrorCode));
    let in_message = message.and_then(code_of_field).map(|found| (found, CodeFrom::ErrorMessage));
    let elsewhere = || {
        let texts = data.iter().map(|(_, value)| value.as_str()).chain(rendered);
        texts.filter_map(Code::find).find(|found| *found != Code::E_FAIL).map(|found| (found, CodeFrom::Elsewhere))
    };
    let by_text = || {
        let texts = data.iter().map(|(_, value)| value.as_str()).chain(rendered);
        texts.filter_map(code_of_message).next().map(|found| (found, CodeFrom::MessageText))
    };
    let telling = |found: &(Code, CodeFrom)| found.0 != Code::E_FAIL;
    let best = in_code
        .filter(telling)
        .or(in_message.filter(telling))
        .or_else(elsewhere)
        .or_else(by_text)
        .or(in_code)
        .or(in_message);
    best.map_or((None, CodeFrom::Nowhere), |(code, from)| (Some(code), from))
}

/// A field that is meant to be a code may hold it bare.
fn code_of_field(text: &str) -> Option<Code> {
    let text = text.trim();
    let bare = !text.is_empty()
        && text.len() <= 11
        && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | '-'));
    Code::find(text).or_else(|| if bare { Code::from_decimal(text) } else { None })
}

/// The longest of the fields that is not just a number.
fn text(code: Option<&str>, message: Option<&str>, data: &[(String, String)], rendered: Option<&str>) -> String {
    let fields =
        [message, code].into_iter().flatten().chain(data.iter().map(|(_, value)| value.as_str())).chain(rendered);
    let worded = fields.filter(|text| text.chars().filter(|c| c.is_alphabetic()).count() > 12);
    worded.max_by_key(|text| text.len()).unwrap_or_default().trim().to_owned()
}

/// System messages as English, German and French Windows word them, by a part that only they contain.
const MESSAGES: &[(u32, &[&str])] = &[
    (
        0x8007_06BA,
        &[
            "rpc server is unavailable",
            "rpc-server ist nicht verfügbar",
            "serveur rpc n'est pas disponible",
            "serveur rpc n’est pas disponible",
        ],
    ),
    (
        0x8009_4800,
        &[
            "requested certificate template is not supported",
            "zertifikatvorlage wird von dieser zertifizierungsstelle nicht unterstützt",
            "modèle de certificat demandé n'est pas pris en charge",
        ],
    ),
    (
        0x8009_4012,
        &[
            "permissions on the certificate template do not allow",
            "berechtigungen der zertifikatvorlage erlauben",
            "autorisations sur le modèle de certificat n'autorisent pas",
        ],
    ),
    (
        0x8009_4011,
        &[
            "permissions on this certification authority do not allow",
            "berechtigungen für diese zertifizierungsstelle erlauben",
        ],
    ),
    (
        0x8009_4001,
        &[
            "subject name is invalid or too long",
            "antragstellername ist ungültig oder zu lang",
            "nom de sujet de la demande n'est pas valide ou est trop long",
        ],
    ),
    (
        0x8009_4811,
        &[
            "public key does not meet the minimum size",
            "öffentliche schlüssel erfüllt nicht die mindestgröße",
            "clé publique ne possède pas la taille minimale",
        ],
    ),
    (0x8009_2013, &["revocation server was offline", "sperrserver offline", "serveur de révocation était déconnecté"]),
    (
        0x800B_0101,
        &["not within its validity period", "gültigkeitsdauer", "gültigkeitszeitraum", "période de validité"],
    ),
    (
        0x800B_0114,
        &["invalid name. the name is not included in the permitted list", "ungültigen namen", "nom non valide"],
    ),
    (
        0x800B_0109,
        &[
            "root certificate which is not trusted",
            "stammzertifikat, das beim vertrauensanbieter nicht als vertrauenswürdig gilt",
            "certificat racine qui n'est pas approuvé",
        ],
    ),
    (
        0x800B_010A,
        &[
            "chain could not be built to a trusted root",
            "keine zertifikatkette zu einer vertrauenswürdigen stammzertifizierungsstelle",
        ],
    ),
    (0x8009_4014, &["denied the request", "anforderung wurde abgelehnt"]),
    (0x8009_0005, &["bad data", "ungültige daten", "données incorrectes"]),
    (0x8009_310B, &["asn1 bad tag", "ungültiges asn1-tag", "asn1: ungültiges tag"]),
    (0x8007_0057, &["parameter is incorrect", "falscher parameter", "paramètre est incorrect"]),
    (
        0x8007_0002,
        &["cannot find the file specified", "angegebene datei nicht finden", "fichier spécifié est introuvable"],
    ),
    (0x8007_0005, &["access is denied", "zugriff verweigert", "accès refusé"]),
    (0x8004_0154, &["class not registered", "klasse nicht registriert", "classe non enregistrée"]),
];

/// The code of a message known by its wording.
pub(super) fn code_of_message(text: &str) -> Option<Code> {
    let text = text.to_lowercase();
    let found = MESSAGES.iter().find(|(_, wordings)| wordings.iter().any(|wording| text.contains(wording)));
    found.map(|(code, _)| Code(*code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_and_localised_fields_yield_the_same_code() {
        let cases: [(&str, &str, u32, CodeFrom); 6] = [
            ("0x80070057", "The parameter is incorrect.", 0x8007_0057, CodeFrom::ErrorCode),
            ("The RPC server is unavailable. 0x800706ba", "0x80004005", 0x8007_06BA, CodeFrom::ErrorCode),
            ("Der RPC-Server ist nicht verfügbar.", "0x80004005", 0x8007_06BA, CodeFrom::MessageText),
            ("-2146875392", "x", 0x8009_4800, CodeFrom::ErrorCode),
            ("Unspecified error", "0x80004005", 0x8000_4005, CodeFrom::ErrorMessage),
            ("", "(0x80070002)", 0x8007_0002, CodeFrom::ErrorMessage),
        ];
        for (code, message, expected, from) in cases {
            assert_eq!(
                find_code(Some(code), Some(message), &[(String::new(), code.to_owned())], None),
                (Some(Code(expected)), from),
                "{code}"
            );
        }
        assert_eq!(find_code(None, None, &[], None), (None, CodeFrom::Nowhere));
    }
}
