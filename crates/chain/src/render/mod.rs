//! A verdict as text, as JSON, and as the events Windows writes to `Microsoft-Windows-CAPI2/Operational`.

mod event;
mod json;
mod objects;
mod text;
mod xml;

pub use event::{EventContext, chain_event, events, policy_event};
pub use json::json;
pub use objects::objects_event;
pub use text::text;

use pki::Certificate;

/// The short name Windows shows for a name: the common name, otherwise the organizational unit, the organization, an
/// e-mail address, or what comes first.
pub(crate) fn display_name(name: &pki::Name) -> String {
    use pki::oid;
    let order = [oid::COMMON_NAME, oid::ORGANIZATIONAL_UNIT, oid::ORGANIZATION, oid::EMAIL_ADDRESS];
    order
        .iter()
        .find_map(|kind| name.attribute(kind))
        .unwrap_or_else(|| name.rdns().into_iter().flatten().find_map(|a| a.value.text()).unwrap_or_default())
}

pub(crate) fn file_ref(certificate: &Certificate) -> String {
    format!("{}.cer", certificate.thumbprint())
}
