//! What readers and shells say, in German: sentences about files that could not be read, kinds of files and of repairs.
//!
//! Readers write down what happened in English, as they find it; the words are looked up here when a report is written.
//! A test holds that every sentence of the readers is among them.

use crate::fact::RepairKind;
use crate::source::Kind;

/// A sentence in English and in German; `…` stands for what is the same in both.
const SENTENCES: &[(&str, &str)] = &[
    (
        "a PKCS#12 file holds a private key and is not opened; export the certificate alone, without its key (certutil \
         -store -v My, or a .cer file)",
        "eine PKCS#12-Datei enthält einen privaten Schlüssel und wird nicht geöffnet; das Zertifikat allein, ohne \
         Schlüssel, exportieren (certutil -store -v My oder eine .cer-Datei)",
    ),
    (
        "text and CSV exports of the event viewer lose what matters; save the log as .evtx (wevtutil epl LOGNAME \
         FILE.evtx) or copy the event's XML view",
        "Text- und CSV-Exporte der Ereignisanzeige verlieren das Wesentliche; das Protokoll als .evtx speichern \
         (wevtutil epl PROTOKOLL DATEI.evtx) oder die XML-Ansicht des Ereignisses kopieren",
    ),
    ("an archive inside an archive is not opened", "ein Archiv in einem Archiv wird nicht geöffnet"),
    ("the file is empty", "die Datei ist leer"),
    ("the content is not of a known kind", "der Inhalt ist von keiner bekannten Art"),
    (
        "the configuration has a document type definition and was refused",
        "die Konfiguration hat eine Dokumenttypdefinition und wurde abgelehnt",
    ),
    (
        "the configuration is not well-formed XML; IIS would not start with it",
        "die Konfiguration ist kein wohlgeformtes XML; IIS würde damit nicht starten",
    ),
    ("a document type definition was refused", "eine Dokumenttypdefinition wurde abgelehnt"),
    (
        "the header of the event log is damaged; its chunks are read all the same",
        "der Kopf des Ereignisprotokolls ist beschädigt; seine Blöcke werden dennoch gelesen",
    ),
    ("the event log ends inside its header", "das Ereignisprotokoll endet in seinem Kopf"),
    ("the event log ends inside chunk …", "das Ereignisprotokoll endet in Block …"),
    ("a record in chunk … cannot be read: …", "ein Datensatz in Block … ist nicht lesbar: …"),
    ("chunk … cannot be read: …", "Block … ist nicht lesbar: …"),
    ("a registry value without data", "ein Registrierungswert ohne Daten"),
    ("a registry value without a name", "ein Registrierungswert ohne Namen"),
    (
        "a certificate listing without serial number and hash",
        "eine Zertifikatauflistung ohne Seriennummer und Fingerabdruck",
    ),
    (
        "a listing of a revocation list without issuer and time",
        "eine Auflistung einer Sperrliste ohne Aussteller und Zeit",
    ),
    ("no certificate could be read from the file", "aus der Datei ließ sich kein Zertifikat lesen"),
    ("no certificate could be read from the octets", "aus den Oktetten ließ sich kein Zertifikat lesen"),
    ("a certificate of the store could not be read", "ein Zertifikat des Speichers war nicht lesbar"),
    (
        "a stored certificate whose properties cannot be read",
        "ein gespeichertes Zertifikat, dessen Eigenschaften nicht lesbar sind",
    ),
    ("… octets of nothing but zeros were passed over", "… Oktette, die nur aus Nullen bestehen, wurden übergangen"),
    ("more than … files; the rest was not read", "mehr als … Dateien; der Rest wurde nicht gelesen"),
    ("more than … entries; the rest was not read", "mehr als … Einträge; der Rest wurde nicht gelesen"),
    ("folders nest too deep; not read", "zu tief geschachtelte Ordner; nicht gelesen"),
    ("entry …: …", "Eintrag …: …"),
];

/// The German of a sentence that is known, otherwise the sentence: the words of operating systems and libraries stay as
/// they are.
pub(super) fn sentence(english: &str) -> String {
    SENTENCES.iter().find_map(|(from, to)| translated(english, from, to)).unwrap_or_else(|| english.to_owned())
}

/// Fills the gaps of one pattern with what stands in the gaps of the other.
fn translated(text: &str, from: &str, to: &str) -> Option<String> {
    let mut pieces = from.split('…');
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut gaps = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let (gap, after) = match (piece.is_empty(), pieces.peek()) {
            (true, None) => (rest, ""),
            _ => rest.split_once(piece)?,
        };
        gaps.push(gap);
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(to.len() + 32);
    let mut gaps = gaps.into_iter();
    for (n, piece) in to.split('…').enumerate() {
        if n > 0 {
            out.push_str(gaps.next()?);
        }
        out.push_str(piece);
    }
    Some(out)
}

/// A kind of repair in words.
pub(super) const fn repair(kind: RepairKind) -> &'static str {
    match kind {
        RepairKind::TypographicQuotes => "typographische Anführungszeichen",
        RepairKind::LostQuote => "fehlendes Anführungszeichen",
        RepairKind::LostEndTag => "fehlendes Ende-Tag",
        RepairKind::StrayEndTag => "überzähliges Ende-Tag",
        RepairKind::LostBracket => "fehlende spitze Klammer",
        RepairKind::CutTag => "abgeschnittenes Tag",
        RepairKind::LostRoot => "fehlendes äußerstes Element",
        RepairKind::EscapedMarkup => "maskiertes Markup",
        RepairKind::BrokenEntity => "kaputte Entität",
        RepairKind::OddSpace => "sonderbarer Leerraum",
        RepairKind::TextBetween => "Text dazwischen",
        RepairKind::WrongEncoding => "andere Kodierung als angegeben",
        RepairKind::LostCharacters => "verlorene Zeichen",
        RepairKind::LostBackslashes => "fehlende Rückstriche",
        RepairKind::LostEventId => "fehlende Ereignisnummer",
        RepairKind::CutEntry => "abgeschnittener Eintrag",
        RepairKind::UnreadableTime => "unlesbare Zeit",
    }
}

/// A kind of file in words.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::EventLog => "Ereignisprotokoll",
        Kind::EventXml => "Ereignisse als XML",
        Kind::Trace => "Ablaufprotokoll",
        Kind::WebLog => "IIS-Protokoll",
        Kind::HttpErrorLog => "HTTPERR-Protokoll",
        Kind::ServiceTrace => "Dienstprotokoll",
        Kind::Registry => "Registrierungsexport",
        Kind::RegistryQuery => "Registrierungsabfrage",
        Kind::IisConfiguration => "IIS-Konfiguration",
        Kind::Certificate => "Zertifikate",
        Kind::Pkcs12 => "PKCS#12",
        Kind::CertutilText => "certutil-Ausgabe",
        Kind::ChannelConfiguration => "Protokolleinstellungen",
        Kind::EventTextExport => "Textexport der Ereignisanzeige",
        Kind::Archive => "Archiv",
        Kind::Paste => "eingefügter Text",
        Kind::Empty => "leer",
        Kind::Unknown => "unbekannt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_carried_over() {
        assert_eq!(sentence("chunk 17 cannot be read: bad magic"), "Block 17 ist nicht lesbar: bad magic");
        assert_eq!(
            sentence("a record in chunk 3 cannot be read: x: y"),
            "ein Datensatz in Block 3 ist nicht lesbar: x: y"
        );
        assert_eq!(
            sentence("more than 5 files; the rest was not read"),
            "mehr als 5 Dateien; der Rest wurde nicht gelesen"
        );
        assert_eq!(sentence("Permission denied (os error 13)"), "Permission denied (os error 13)");
        for (from, to) in SENTENCES {
            assert_eq!(from.matches('…').count(), to.matches('…').count(), "{from}");
            assert!(!from.contains("  ") && from != to, "{from}");
            // No earlier sentence takes it.
            assert_eq!(sentence(from), *to, "{from}");
        }
    }
}
