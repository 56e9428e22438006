//! What the machine of the incident leaves behind, in the forms the doctor reads. The decisions in it are the replay's
//! own, and the judgement of the certificate is the chain engine's; host names and everything around are made up.

use std::path::Path;

use chain::policy::{IgnoreFlags, Policy, Ssl};
use chain::render::{self, EventContext};
use chain::{Question, Store};
use pki::{Certificate, Time};

use super::replay::{Attempt, Replay};
use super::site::Outcome;
use crate::failure::Failure;

const HOST: &str = "NDES01.corp.example";
/// How long after the first failure somebody collects the evidence.
const COLLECTED_AFTER: i64 = 9 * 86_400;
/// How far back the logs go before the first failure.
const LOGS_BEFORE: i64 = 5 * 86_400;
/// CERT_E_EXPIRED, as IIS writes it.
const EXPIRED: u32 = chain::trust::result::CERT_E_EXPIRED;

/// When the evidence was collected.
pub(super) fn collected(replay: &Replay) -> Time {
    replay.pinned.validity().not_after.plus(COLLECTED_AFTER)
}

/// Writes everything into a folder that is empty. Says what was found otherwise than expected while doing so.
pub(super) fn leave(replay: &Replay, folder: &Path) -> Result<Vec<String>, Failure> {
    let ends = replay.pinned.validity().not_after;
    let within = ends.plus(-LOGS_BEFORE)..collected(replay);
    let recent: Vec<&Attempt> = replay.attempts.iter().filter(|attempt| within.contains(&attempt.at)).collect();
    let (events, deviations) = capi2(replay, &recent);
    let certificates = [
        ("ndes-client-pinned.cer", &replay.pinned),
        ("ndes-client-renewed.cer", &replay.renewed),
        ("issuing-ca.cer", &replay.issuer),
        ("root-ca.cer", &replay.root),
    ];
    for (name, certificate) in certificates {
        std::fs::write(folder.join(name), certificate.der())?;
    }
    std::fs::write(folder.join("MSCEP.reg"), registry(replay))?;
    std::fs::write(folder.join("CAPI2.xml"), events)?;
    std::fs::write(folder.join("NDESPlugin.log"), plugin(&recent))?;
    std::fs::write(folder.join("u_ex-ndes.log"), ndes_requests(&recent))?;
    std::fs::write(folder.join("u_ex-crp.log"), point_requests(&recent))?;
    std::fs::write(folder.join("README.txt"), readme(replay))?;
    Ok(deviations)
}

/// Schannel's look at the module's own certificate, once for every request it could not be shown for: events 11 and 30.
fn capi2(replay: &Replay, recent: &[&Attempt]) -> (String, Vec<String>) {
    let mut store = Store::new();
    store.trust(&replay.root);
    let additional = [replay.issuer.clone()];
    let policy =
        Policy::SslServer(Ssl { ignore: IgnoreFlags::REVOCATION | IgnoreFlags::WRONG_USAGE, ..Ssl::default() });
    let (mut out, mut deviations) = (String::new(), Vec::new());
    let failed = recent.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Refused { .. }));
    for (number, attempt) in failed.enumerate() {
        let question = Question { additional: &additional, ..Question::new(&replay.pinned, attempt.at) };
        let verdict = chain::judge(&store, &question);
        let status = policy.apply(&verdict.chain);
        if status.result != EXPIRED {
            deviations.push(format!("{}: the chain engine says {:08X}", attempt.at, status.result));
        }
        let context = EventContext {
            computer: HOST.to_owned(),
            process: "lsass.exe".to_owned(),
            created: attempt.at,
            task: format!("incident {}", attempt.device),
            record: 1000 + 3 * u64::try_from(number).unwrap_or_default(),
        };
        out.push_str(&render::events(&question, &verdict, Some(&status), &context).concat());
    }
    if out.is_empty() {
        deviations.push("nothing failed in the days whose logs are left behind".to_owned());
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<!-- synthetic -->\n<Events>\n{out}</Events>\n"
    );
    (text, deviations)
}

/// `reg export HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP`, in UTF-16 with byte order mark.
fn registry(replay: &Replay) -> Vec<u8> {
    const BASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP";
    let authority = replay.issuer.subject().common_name().unwrap_or_default();
    let text = |value: &str| format!("\"{value}\"");
    let number = |value: u32| format!("dword:{value:08x}");
    let single = |name: &'static str, data: String| (format!("\\{name}"), vec![(name, data)]);
    let keys = [
        (
            String::new(),
            ["SignatureTemplate", "EncryptionTemplate", "GeneralPurposeTemplate"]
                .map(|slot| (slot, text("NDESDevice")))
                .to_vec(),
        ),
        ("\\CAInfo".to_owned(), vec![("Configuration", format!("\"CA01.corp.example\\\\{authority}\""))]),
        single("CAType", number(1)),
        single("CertsInMYStore", number(1)),
        single("EnforcePassword", number(1)),
        single("PasswordLength", number(8)),
        single("PasswordMax", number(5)),
        single("PasswordValidity", number(60)),
        single("PasswordVDir", text("CertSrv/mscep_admin")),
        single("UseSinglePassword", number(0)),
        ("\\Modules".to_owned(), vec![("Policy", text("NDESPolicy.OTA.1"))]),
        ("\\Modules\\NDESPolicy".to_owned(), vec![("NDESCertThumbprint", text(&replay.pinned.thumbprint()))]),
    ];
    let mut out = "Windows Registry Editor Version 5.00\r\n".to_owned();
    for (key, values) in keys {
        out.push_str(&format!("\r\n[{BASE}{key}]\r\n"));
        values.iter().for_each(|(name, data)| out.push_str(&format!("\"{name}\"={data}\r\n")));
    }
    out.push_str("\r\n");
    [0xfeff].into_iter().chain(out.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The policy module's log, as CMTrace shows it: where the certificate cannot be shown, it ends at the sending.
fn plugin(recent: &[&Attempt]) -> String {
    const SENT: [&str; 2] = ["Calling VerifyRequest ...", "Sending request to certificate registration point."];
    const ANSWERED: [&str; 4] = [
        "Verify challenge returns true",
        "Exiting VerifyRequest with 0x0",
        "Calling Notifyrequest ...",
        "Exiting Notify with 0x0",
    ];
    let mut out = String::new();
    for attempt in recent {
        let answered: &[&str] = if matches!(attempt.outcome, Outcome::Issued) { &ANSWERED } else { &[] };
        for (second, says) in SENT.iter().chain(answered).enumerate() {
            let (date, time) = us(attempt.at.plus(i64::try_from(second).unwrap_or_default()));
            out.push_str(&format!(
                "<![LOG[{says}]LOG]!><time=\"{time}.000+000\" date=\"{date}\" component=\"NDESPlugin\" context=\"\" \
                 type=\"1\" thread=\"4712\" file=\"synthetic.cpp:1\">\r\n"
            ));
        }
    }
    out
}

/// `01-08-2024` and `08:00:00`.
fn us(at: Time) -> (String, String) {
    let (date, time) = iis(at);
    let mut parts = date.split('-');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (year, month, day) = (part(), part(), part());
    (format!("{month}-{day}-{year}"), time)
}

/// `2024-01-08` and `08:00:00`.
fn iis(at: Time) -> (String, String) {
    let text = at.to_string();
    (at.date(), text.get(11..19).unwrap_or_default().to_owned())
}

fn w3c(lines: &[String]) -> String {
    format!(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Remark: synthetic\r\n#Fields: date \
         time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus \
         sc-win32-status time-taken\r\n{}",
        lines.concat()
    )
}

/// The device's three requests. A refusal travels in a CertRep: the status is 200 all the same.
fn ndes_requests(recent: &[&Attempt]) -> String {
    const ASKED: [(&str, &str); 3] = [("GET", "GetCACaps"), ("GET", "GetCACert"), ("POST", "PKIOperation")];
    let mut lines = Vec::new();
    for attempt in recent {
        for (second, (method, operation)) in ASKED.iter().enumerate() {
            let (date, time) = iis(attempt.at.plus(i64::try_from(second).unwrap_or_default() - 2));
            lines.push(format!(
                "{date} {time} 10.0.0.5 {method} /certsrv/mscep/mscep.dll operation={operation} 443 - 10.1.1.1 \
                 CertEnroll 200 0 0 15\r\n"
            ));
        }
    }
    w3c(&lines)
}

/// The registration point's side: it takes the request, or finds the client certificate expired (403.17).
fn point_requests(recent: &[&Attempt]) -> String {
    let mut lines = Vec::new();
    for attempt in recent {
        let issued = matches!(attempt.outcome, Outcome::Issued);
        let verify = if issued { "201 0 0".to_owned() } else { format!("403 17 {EXPIRED}") };
        let mut asked = |second: i64, verb: &str, status: &str| {
            let (date, time) = iis(attempt.at.plus(second));
            lines.push(format!(
                "{date} {time} 10.0.0.6 POST /CMCertificateRegistration/Certificate/{verb} - 443 - 10.0.0.5 NDES_Plugin \
                 {status} 31\r\n"
            ));
        };
        asked(1, "VerifyRequest", &verify);
        if issued {
            asked(4, "Notify", "204 0 0");
        }
    }
    w3c(&lines)
}

fn readme(replay: &Replay) -> String {
    let (pinned, renewed) = (short(&replay.pinned), short(&replay.renewed));
    let at = collected(replay);
    format!(
        "SYNTHETIC. Made by `perennial demo incident`; no machine of anybody left this behind.\r\n\r\n\
         A policy module whose registry pins a client certificate that has expired, as it looks on {day}.\r\n\
         Pinned: {pinned}. Renewed: {renewed}.\r\n\r\n\
         MSCEP.reg        the registry, with the pin\r\n\
         CAPI2.xml        what Schannel finds when it looks at the pinned certificate: events 11, 30 and 90\r\n\
         NDESPlugin.log   the policy module's log\r\n\
         u_ex-ndes.log    IIS on the NDES host\r\n\
         u_ex-crp.log     IIS on the registration point's host\r\n\
         *.cer            the certificates\r\n\r\n\
         perennial doctor . --at {at}\r\n",
        day = at.date(),
    )
}

fn short(certificate: &Certificate) -> String {
    let validity = certificate.validity();
    format!("{}, {} to {}", certificate.thumbprint(), validity.not_before.date(), validity.not_after.date())
}
