//! Events of every other provider that says something about enrolment.

use super::tree::Element;
use crate::fact::event::{CAPI2_PROVIDER, EventKind};
use crate::fact::{Code, EventHead, Observed, OtherEvent};

/// Reads an event if a check might listen to it.
pub(super) fn read(head: EventHead, event: &Element<'_>) -> Option<(Code, Option<Observed>)> {
    let kind = kind(&head.provider)?;
    if !is_telling(kind, head.id, head.level) {
        return None;
    }
    let data = data(event);
    let message = event.find("RenderingInfo").and_then(|info| info.text_of("Message")).map(str::to_owned);
    let code = data.iter().find_map(|(_, value)| Code::find(value)).or_else(|| message.as_deref().and_then(Code::find));
    let result = code.unwrap_or(Code::OK);
    Some((result, Some(Observed::Event(Box::new(OtherEvent { head, kind, data, message, code })))))
}

/// Named and unnamed data of `EventData`, or the leaves of `UserData`.
pub(super) fn data(event: &Element<'_>) -> Vec<(String, String)> {
    const MOST: usize = 64;
    let mut fields = Vec::new();
    let mut data = Vec::new();
    event.find_all("Data", &mut data);
    for field in data.into_iter().take(MOST) {
        fields.push((field.attribute("Name").unwrap_or_default().to_owned(), field.text.trim().to_owned()));
    }
    if let Some(user) = event.find("UserData") {
        leaves(user, &mut fields, MOST);
    }
    // Fragments may have kept the two lines of an NDES event and nothing around them.
    for name in ["ErrorCode", "ErrorMessage"] {
        if let Some(text) = event.text_of(name)
            && !fields.iter().any(|(known, _)| known == name)
        {
            fields.push((name.to_owned(), text.to_owned()));
        }
    }
    fields
}

fn leaves(element: &Element<'_>, fields: &mut Vec<(String, String)>, most: usize) {
    for child in &element.children {
        if fields.len() >= most {
            return;
        }
        if child.children.is_empty() {
            let text = child.text.trim();
            fields.push((child.name.clone().into_owned(), text.to_owned()));
        } else {
            leaves(child, fields, most);
        }
    }
}

/// What events of this provider are to the checks, if anything.
pub(super) fn kind(provider: &str) -> Option<EventKind> {
    let provider = provider.to_lowercase();
    Some(match provider.as_str() {
        "schannel" => EventKind::Schannel,
        "was" | "microsoft-windows-was" => EventKind::Was,
        "microsoft intune connector" | "ndesconnector" | "microsoft intune ndes connector" => {
            EventKind::IntuneConnector
        }
        "microsoft-intune-certificateconnectors" => EventKind::CertificateConnectors,
        "application error" | "windows error reporting" | ".net runtime" => EventKind::Crash,
        "certsvc" | "microsoft-windows-certificationauthority" | "certenroll" => EventKind::CertificationAuthority,
        "microsoft-windows-certificateservicesclient-autoenrollment"
        | "microsoft-windows-certificateservicesclient-certenroll"
        | "microsoft-windows-certificateservicesclient" => EventKind::AutoEnrolment,
        "microsoft-windows-certificateservicesclient-lifecycle-system"
        | "microsoft-windows-certificateservicesclient-lifecycle-user" => EventKind::CertificateLifecycle,
        "microsoft-windows-certificateservices-deployment" => EventKind::Deployment,
        "microsoft-windows-devicemanagement-enterprise-diagnostics-provider" => EventKind::DeviceManagement,
        "microsoft-windows-kerberos-key-distribution-center" | "kdc" => EventKind::Kdc,
        "microsoft-windows-time-service" | "w32time" => EventKind::Time,
        "microsoft-windows-httpevent" | "http" | "microsoft-windows-iis-w3svc" | "microsoft-windows-iis-w3svc-wp" => {
            EventKind::Http
        }
        "eventlog" | "microsoft-windows-eventlog" => EventKind::EventLog,
        name if name.starts_with("asp.net") => EventKind::AspNet,
        name if name == CAPI2_PROVIDER.to_lowercase() => EventKind::Capi2Application,
        name if name.contains("intune") && name.contains("connector") => EventKind::IntuneConnector,
        _ => return None,
    })
}

/// Whether it says something: crashes of programs that have nothing to do with it would drown the one that has.
fn is_telling(kind: EventKind, id: u32, level: Option<u8>) -> bool {
    match kind {
        EventKind::Crash => matches!(id, 1000 | 1001 | 1026),
        EventKind::Kdc => matches!(id, 39 | 40 | 41 | 48 | 49),
        EventKind::EventLog => matches!(id, 104 | 1102 | 6005 | 6006 | 6008),
        EventKind::Time => matches!(level, Some(1..=3)),
        _ => true,
    }
}
