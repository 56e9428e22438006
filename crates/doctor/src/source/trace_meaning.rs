//! What messages of the policy module, the registration point and the connector mean.

use crate::fact::Code;
use crate::fact::log::{Answer, Property, TlsFault, TraceMeaning};

/// Callback flags of WinHTTP as the policy module prints them.
const CALLBACKS: &[(&str, TlsFault)] = &[
    ("cert_rev_failed", TlsFault::RevocationFailed),
    ("cert_cn_invalid", TlsFault::NameMismatch),
    ("cert_date_invalid", TlsFault::Expired),
    ("cert_revoked", TlsFault::Revoked),
    ("cert_wrong_usage", TlsFault::WrongUsage),
    ("invalid_ca", TlsFault::InvalidAuthority),
    ("invalid_cert", TlsFault::InvalidCertificate),
    ("security_channel_error", TlsFault::ChannelError),
];

/// What a message means, if it is a known one.
pub(crate) fn of(text: &str) -> TraceMeaning {
    // Every known message says one of these; most lines of a large log say none.
    const HINTS: [&str; 12] = [
        "verif",
        "notif",
        "sending",
        "winhttp",
        "failed to send",
        "thumbprint",
        "phase",
        "match",
        "signing",
        "expired",
        "certificate",
        "challenge",
    ];
    let text = text.get(..floor(text, 8192)).unwrap_or(text).to_lowercase();
    if !HINTS.iter().any(|hint| text.contains(hint)) {
        return TraceMeaning::Other;
    }
    policy_module(&text)
        .or_else(|| transport(&text))
        .or_else(|| registration_point(&text))
        .unwrap_or(TraceMeaning::Other)
}

fn floor(text: &str, most: usize) -> usize {
    let mut at = text.len().min(most);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn policy_module(text: &str) -> Option<TraceMeaning> {
    if text.contains("sending request to certificate registration point") {
        return Some(TraceMeaning::SendingToRegistrationPoint);
    }
    if let Some((_, answer)) = text.split_once("verify challenge returns") {
        return Some(TraceMeaning::VerifyReturned(read_answer(answer)));
    }
    if let Some((_, rest)) = text.split_once("exiting verifyrequest with") {
        return Some(TraceMeaning::VerifyEnded(ending(rest)));
    }
    if let Some((_, rest)) = text.split_once("exiting notify").and_then(|(_, rest)| rest.split_once("with")) {
        return Some(TraceMeaning::NotifyEnded(ending(rest)));
    }
    if text.contains("calling verifyrequest") {
        return Some(TraceMeaning::VerifyCalled);
    }
    text.contains("calling notify").then_some(TraceMeaning::NotifyCalled)
}

/// `0x0`, or a code.
fn ending(rest: &str) -> Option<Code> {
    rest.split_whitespace().next().and_then(|word| Code::from_hex(word.trim_end_matches(['.', ',', ')'])))
}

fn read_answer(answer: &str) -> Answer {
    let answer = answer.trim().trim_start_matches([':', '"', '\'']).trim_start();
    if answer.starts_with("true") {
        Answer::True
    } else if answer.starts_with("false") {
        Answer::False
    } else if answer.contains("<html")
        || answer.contains("<!doctype")
        || answer.contains("<head")
        || answer.contains("<title")
    {
        Answer::Html(status_in(answer))
    } else {
        Answer::Odd
    }
}

/// The HTTP status a page names: `403 - Forbidden`, `HTTP Error 403.7`.
fn status_in(page: &str) -> Option<u16> {
    let words = page.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| word.len() == 3).filter_map(|word| word.parse().ok()).find(|status| (400..600).contains(status))
}

fn transport(text: &str) -> Option<TraceMeaning> {
    if text.contains("winhttp_callback_status") {
        let fault = CALLBACKS.iter().find(|(mark, _)| text.contains(mark)).map(|(_, fault)| *fault);
        return fault.map(TraceMeaning::TlsCallback);
    }
    if text.contains("failed to send http request") || text.contains("winhttpsendrequest") {
        let error = text.rsplit_once("error").and_then(|(_, rest)| number(rest)).or_else(|| winhttp_number(text));
        return error.map(TraceMeaning::SendFailed);
    }
    let lost = ["not find", "not found", "cannot find", "failed to find", "unable to find"];
    let about = text.contains("certificate") && (text.contains("thumbprint") || text.contains("client cert"));
    (about && lost.iter().any(|word| text.contains(word))).then_some(TraceMeaning::ClientCertificateNotFound)
}

fn number(text: &str) -> Option<u32> {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn winhttp_number(text: &str) -> Option<u32> {
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    words.find_map(|word| word.parse().ok().filter(|number| (12_000..12_200).contains(number)))
}

fn registration_point(text: &str) -> Option<TraceMeaning> {
    let status = |rest: &str| {
        rest.split_once("status")
            .map_or(Answer::Odd, |(_, status)| read_answer(status.trim_start_matches([' ', ':', '='])))
    };
    if let Some((_, rest)) = text.split_once("validation phase") {
        let phase = rest.trim_start().chars().next().and_then(|c| c.to_digit(10)).and_then(|n| u8::try_from(n).ok());
        return phase
            .filter(|_| rest.contains("finished"))
            .map(|phase| TraceMeaning::PhaseFinished(phase, status(rest)));
    }
    if let Some((_, rest)) = text.split_once("verifyrequest finished") {
        return Some(TraceMeaning::VerifyFinished(status(rest)));
    }
    if text.contains("signing cert")
        && ["not be retrieved", "cannot be retrieved", "invalid handle"].iter().any(|w| text.contains(w))
    {
        return Some(TraceMeaning::SigningCertificateMissing);
    }
    if text.contains("challenge") && (text.contains("expired") || text.contains("challenge_expired")) {
        return Some(TraceMeaning::ChallengeExpired);
    }
    let differs = ["do not match", "does not match", "don't match", "mismatch", "doesn't match"];
    if !differs.iter().any(|word| text.contains(word)) {
        return None;
    }
    const PROPERTIES: &[(&str, Property)] = &[
        ("subject alternative", Property::AlternativeName),
        ("subjectaltname", Property::AlternativeName),
        (" san ", Property::AlternativeName),
        ("subject", Property::Subject),
        ("extended key usage", Property::ExtendedKeyUsage),
        ("enhanced key usage", Property::ExtendedKeyUsage),
        (" eku", Property::ExtendedKeyUsage),
        ("key usage", Property::KeyUsage),
        ("keyusage", Property::KeyUsage),
        ("key length", Property::KeyLength),
        ("key size", Property::KeyLength),
        ("template", Property::Template),
    ];
    PROPERTIES.iter().find(|(mark, _)| text.contains(mark)).map(|(_, property)| TraceMeaning::Mismatch(*property))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_messages_mean_what_they_say() {
        let cases = [
            ("Sending request to certificate registration point.", TraceMeaning::SendingToRegistrationPoint),
            ("Calling VerifyRequest ...", TraceMeaning::VerifyCalled),
            ("Verify challenge returns true", TraceMeaning::VerifyReturned(Answer::True)),
            ("Verify challenge returns false", TraceMeaning::VerifyReturned(Answer::False)),
            (
                "Verify challenge returns <!DOCTYPE html><html><head><title>403 - Forbidden: Access is denied.</title>",
                TraceMeaning::VerifyReturned(Answer::Html(Some(403))),
            ),
            ("Exiting VerifyRequest with 0x0", TraceMeaning::VerifyEnded(Some(Code::OK))),
            ("Exiting VerifyRequest with 0x80004005.", TraceMeaning::VerifyEnded(Some(Code::E_FAIL))),
            ("Calling Notifyrequest ...", TraceMeaning::NotifyCalled),
            ("Exiting Notify with 0x0", TraceMeaning::NotifyEnded(Some(Code::OK))),
            ("WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID", TraceMeaning::TlsCallback(TlsFault::NameMismatch)),
            (
                "Failed to send http request /CMCertificateRegistration/Certificate/VerifyRequest. Error 12175",
                TraceMeaning::SendFailed(12175),
            ),
            ("Validation Phase 3 finished with status False", TraceMeaning::PhaseFinished(3, Answer::False)),
            ("VerifyRequest Finished with status True", TraceMeaning::VerifyFinished(Answer::True)),
            ("Subject Name in CSR CN=a and challenge CN=b do not match", TraceMeaning::Mismatch(Property::Subject)),
            ("Key usage in CSR and challenge do not match", TraceMeaning::Mismatch(Property::KeyUsage)),
            ("Signing certificate could not be retrieved.", TraceMeaning::SigningCertificateMissing),
            ("Something else entirely", TraceMeaning::Other),
        ];
        for (text, meaning) in cases {
            assert_eq!(of(text), meaning, "{text}");
        }
    }
}
