//! The words around findings, in both languages.

use crate::cause::Language;
use crate::finding::{Certainty, Severity};
use crate::forecast::Role;

macro_rules! labels {
    ($($name:ident: $english:literal, $german:literal;)+) => {
        /// A fixed piece of a report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Label { $($name),+ }

        impl Label {
            pub(super) const fn in_language(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Label::$name, Language::English) => $english, (Label::$name, Language::German) => $german,)+
                }
            }
        }
    };
}

labels! {
    HeadlineClear: "Nothing is wrong: everything that must be known was handed over and none of the known causes shows.",
        "Nichts ist falsch: alles Nötige lag vor, und keine der bekannten Ursachen zeigt sich.";
    HeadlineCannotTell: "Nothing was found, but too little was handed over to say that nothing is wrong.",
        "Nichts gefunden, aber es lag zu wenig vor, um zu sagen, dass nichts falsch ist.";
    HeadlineUnusable: "None of the files could be read as evidence.",
        "Keine der Dateien ließ sich als Beleg lesen.";
    Consequences: "Consequences of the above", "Folgen des Obigen";
    Because: "Because", "Weil";
    Why: "Why", "Warum";
    DoThis: "Do this", "Zu tun";
    Restart: "Restart", "Neu starten";
    Verify: "Verify", "Prüfen";
    Prevent: "Prevent", "Vorbeugen";
    Certificate: "Certificate", "Zertifikat";
    Successor: "Successor", "Nachfolger";
    CertainWith: "Certain with", "Sicher mit";
    ExplainedBy: "Explained by", "Erklärt durch";
    MoreLines: "more lines of evidence", "weitere Belegzeilen";
    Forecast: "What ends when", "Was wann endet";
    Days: "days", "Tage";
    Ended: "ended", "beendet";
    PutInPlace: "could take over if someone acts", "könnte übernehmen, wenn jemand handelt";
    CannotTell: "Cannot tell", "Nicht zu sagen";
    Pointers: "These point at a cause without telling which", "Diese Spuren deuten auf eine Ursache, ohne sie zu nennen";
    Collect: "To settle it, collect", "Zur Klärung sammeln";
    SilentLog: "is there and silent: switched off or empty. That proves nothing", "ist da und stumm: abgeschaltet oder leer. Das beweist nichts";
    OpenChecks: "checks stay open for lack of evidence", "Prüfungen bleiben mangels Belegen offen";
    ClearChecks: "checks are clear", "Prüfungen ohne Befund";
    NotApplicable: "checks do not apply", "Prüfungen nicht anwendbar";
    Noise: "events look like trouble and are none; they were passed over", "Ereignisse sehen nach Fehlern aus und sind keine; sie wurden übergangen";
    Repaired: "Repaired in damaged text", "In beschädigtem Text repariert";
    Answers: "The server answered", "Der Server hat geantwortet";
    Read: "Read", "Gelesen";
    Items: "items", "Einträge";
    Remarks: "Limits and troubles", "Grenzen und Störungen";
    LeftOut: "facts left out for lack of memory (failures among them)", "aus Speichermangel ausgelassene Fakten (Fehler darunter)";
    TooLong: "items were too long and skipped", "Einträge waren zu lang und wurden übersprungen";
    TooDeep: "elements nested too deep and were not looked into", "zu tief geschachtelte Elemente wurden nicht betrachtet";
    TooLarge: "larger than may be read; stopped after so many octets", "größer als erlaubt; nach so vielen Oktetten abgebrochen";
    Timeline: "Time line", "Zeitleiste";
    Now: "now", "jetzt";
    JudgedAt: "judged at", "beurteilt am";
    Doctor: "Perennial doctor", "Perennial-Doktor";
}

pub(super) const fn certainty(certainty: Certainty, language: Language) -> &'static str {
    match (certainty, language) {
        (_, Language::English) => certainty.name(),
        (Certainty::Certain, Language::German) => "sicher",
        (Certainty::Probable, Language::German) => "wahrscheinlich",
        (Certainty::Possible, Language::German) => "möglich",
    }
}

/// Names of certainty and severity as reports print them.
pub(super) fn word(name: &'static str, language: Language) -> &'static str {
    if language == Language::English {
        return name;
    }
    for one in [Certainty::Certain, Certainty::Probable, Certainty::Possible] {
        if one.name() == name {
            return certainty(one, language);
        }
    }
    let severities = [
        (Severity::Outage, "Ausfall"),
        (Severity::Degraded, "Störung"),
        (Severity::Warning, "Warnung"),
        (Severity::Note, "Hinweis"),
    ];
    severities.iter().find(|(severity, _)| severity.name() == name).map_or(name, |(_, german)| german)
}

pub(super) const fn role(role: Role, language: Language) -> &'static str {
    let (english, german) = match role {
        Role::PinnedClient => (
            "every enrolment, at the registration point (pinned client certificate)",
            "jede Registrierung, am Registrierungspunkt (eingetragenes Client-Zertifikat)",
        ),
        Role::RaSigning => ("NDES at its next start (RA signing)", "NDES beim nächsten Start (RA-Signatur)"),
        Role::RaEncryption => {
            ("NDES at its next start (RA encryption)", "NDES beim nächsten Start (RA-Verschlüsselung)")
        }
        Role::WebServer => ("TLS to this host (server certificate)", "TLS zu diesem Host (Serverzertifikat)"),
        Role::Connector => ("the Intune connector (encryption)", "der Intune-Connector (Verschlüsselung)"),
        Role::Issuer => ("all of the above (issuing CA)", "alles Obige (ausstellende Zertifizierungsstelle)"),
        Role::RevocationList => ("revocation checks, by the list of", "Sperrprüfungen, nach der Liste von"),
    };
    match language {
        Language::English => english,
        Language::German => german,
    }
}

/// What stops when a certificate of this role can no longer be checked for revocation.
pub(super) const fn unchecked(role: Role, language: Language) -> &'static str {
    let (english, german) = match role {
        Role::PinnedClient => (
            "the registration point refuses the client certificate (403.13)",
            "der Registrierungspunkt weist das Client-Zertifikat zurück (403.13)",
        ),
        Role::RaSigning | Role::RaEncryption => {
            ("NDES does not start with its RA certificates", "NDES startet mit seinen RA-Zertifikaten nicht")
        }
        Role::WebServer => {
            ("clients that check refuse this host's TLS", "prüfende Clients weisen das TLS dieses Hosts zurück")
        }
        Role::Connector => ("the Intune connector's encryption", "die Verschlüsselung des Intune-Connectors"),
        Role::Issuer => (
            "the issuing CA neither issues nor renews",
            "die ausstellende Zertifizierungsstelle stellt nichts aus und erneuert nichts",
        ),
        Role::RevocationList => ("revocation checks", "Sperrprüfungen"),
    };
    match language {
        Language::English => english,
        Language::German => german,
    }
}

/// The language a report is in.
pub(super) fn language_of(report: &super::Report) -> Language {
    if report.language == "de" { Language::German } else { Language::English }
}
