//! From an event's XML to facts, whatever door it came through.

mod capi2;
mod describe;
mod lexis;
mod ndes;
mod other;
pub(crate) mod soup;
pub(crate) mod tree;
pub(crate) mod vocabulary;
pub(crate) mod wellformed;

use tree::Element;

use super::notes::Notes;
use super::quotes;
use crate::fact::event::{CAPI2_CHANNEL, CAPI2_PROVIDER, NDES_PROVIDER};
use crate::fact::evidence::Tally;
use crate::fact::{Code, EventHead, Position, RepairKind, When, query};

/// Reads one `Event` element and notes what it says.
pub(crate) fn read(event: &Element<'_>, nth: u64, notes: &mut Notes<'_>) {
    let when = time(event);
    let mut head = head(event);
    let position = head.record.map_or(Position::Item(nth), Position::Record);
    let body = event.child("UserData").or_else(|| event.find("UserData")).unwrap_or(event);
    let root = content_root(body);
    if let Some((id, _)) = root {
        if head.id == 0 {
            head.id = id;
            notes.repaired(position, RepairKind::LostEventId, 1);
        }
        if head.provider.is_empty() {
            CAPI2_PROVIDER.clone_into(&mut head.provider);
        }
    }
    notes.understood(when);
    let (result, what) = match root {
        Some((id, element)) => capi2::read(head.clone(), id, element),
        None if head.provider == CAPI2_PROVIDER && head.channel.as_deref() == Some(CAPI2_CHANNEL) => {
            capi2::read_unknown(head.clone(), body)
        }
        None if head.provider == NDES_PROVIDER => ndes::read(head.clone(), event),
        None => match other::read(head.clone(), event) {
            Some(found) => found,
            None => (Code::OK, None),
        },
    };
    notes.count(Tally::Event(head.provider, head.id, result), when);
    if let Some(what) = what {
        let weight = query::weight_of(&what);
        notes.fact(position, when, what, weight);
    }
}

/// Whether events of this provider can become facts, so that they have to be read. CAPI2's are not all heeded.
pub(crate) fn is_heeded(provider: &str) -> bool {
    let read = [CAPI2_PROVIDER, NDES_PROVIDER].iter().any(|known| known.eq_ignore_ascii_case(provider));
    read || other::kind(provider).is_some()
}

/// Whether the provider is the Kerberos service of a domain controller.
pub(crate) fn is_key_distribution_centre(provider: &str) -> bool {
    other::kind(provider) == Some(crate::fact::event::EventKind::Kdc)
}

fn content_root<'a, 'b>(body: &'b Element<'a>) -> Option<(u32, &'b Element<'a>)> {
    body.children.iter().find_map(|child| match vocabulary::root_id(&child.name) {
        Some(id) => Some((id, child)),
        None => content_root(child),
    })
}

fn time(event: &Element<'_>) -> Option<When> {
    let created = event.find("TimeCreated")?;
    let text = created.attribute("SystemTime").unwrap_or_else(|| created.text.trim());
    parse_time(text)
}

/// An event's time; without a zone it is UTC, as event logs write it.
pub(crate) fn parse_time(text: &str) -> Option<When> {
    let text = quotes::straight_dashes(text.trim());
    When::parse_utc(&text).or_else(|| When::parse_utc(&format!("{text}Z")))
}

fn head(event: &Element<'_>) -> EventHead {
    let system = event.child("System").unwrap_or(event);
    let text = |name: &str| system.text_of(name).map(str::to_owned);
    let number = |name: &str| system.text_of(name).and_then(|text| text.parse::<u64>().ok());
    let of = |name: &str, attribute: &str| {
        system
            .find(name)
            .and_then(|found| found.attribute(attribute))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    EventHead {
        provider: of("Provider", "Name").map(|name| canonical_provider(&name)).unwrap_or_default(),
        id: number("EventID").and_then(|id| u32::try_from(id & 0xffff).ok()).unwrap_or(0),
        level: number("Level").and_then(|level| u8::try_from(level).ok()),
        channel: text("Channel"),
        computer: text("Computer"),
        user: of("Security", "UserID").map(|sid| quotes::straight_dashes(&sid)),
        process_id: of("Execution", "ProcessID").and_then(|id| id.parse().ok()),
        record: number("EventRecordID"),
    }
}

/// The provider's name with straight dashes and the usual case.
fn canonical_provider(name: &str) -> String {
    let name = quotes::straight_dashes(name);
    [CAPI2_PROVIDER, NDES_PROVIDER]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(&name))
        .map_or(name, str::to_owned)
}

/// An identifier in braces, upper case, without them.
pub(crate) fn bare_guid(text: &str) -> String {
    quotes::straight_dashes(text.trim().trim_matches(['{', '}'])).to_uppercase()
}
