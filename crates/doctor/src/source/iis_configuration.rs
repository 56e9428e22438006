//! `applicationHost.config` and `web.config`: the settings that decide whether SCEP requests get through.

use super::event::tree::Element;
use super::event::wellformed::{self, NotWellFormed};
use super::notes::Notes;
use crate::fact::evidence::Weight;
use crate::fact::{IisSetting, Observed, Position};

/// Sections worth reading, by the start of their path. MIME types, compression, tracing and the like are not.
const SECTIONS: &[&str] = &[
    "system.applicationHost/applicationPools",
    "system.applicationHost/sites",
    "system.webServer/security",
    "system.webServer/handlers",
    "system.webServer/defaultDocument",
    "system.webServer/serverRuntime",
    "system.webServer/rewrite",
    "system.webServer/httpRedirect",
    "system.web",
    "appSettings",
    "system.serviceModel",
];

/// Reads a configuration as a whole.
pub(crate) fn read(text: &str, notes: &mut Notes<'_>) {
    let text = text.trim_start_matches('\u{feff}');
    let roots = match wellformed::elements(text, notes.evidence.limits().depth) {
        Ok(roots) => roots,
        Err(NotWellFormed::Dtd) => {
            return notes.damaged(Position::Whole, "the configuration has a document type definition and was refused");
        }
        Err(NotWellFormed::Depth) => {
            let file = notes.file();
            return notes.evidence.too_deep(&file);
        }
        Err(NotWellFormed::Broken) => {
            return notes
                .damaged(Position::Whole, "the configuration is not well-formed XML; IIS would not start with it");
        }
    };
    let mut nth = 0;
    for root in roots.iter().filter(|root| root.is("configuration")) {
        for child in &root.children {
            if child.is("location") {
                let location = child.attribute("path").unwrap_or_default();
                for inner in &child.children {
                    walk(inner, location, &inner.name, &[], &mut nth, notes);
                }
            } else {
                walk(child, "", &child.name, &[], &mut nth, notes);
            }
        }
    }
}

fn walk(element: &Element<'_>, location: &str, path: &str, within: &[String], nth: &mut u64, notes: &mut Notes<'_>) {
    *nth += 1;
    let about = |section: &&str| path.starts_with(*section) || section.starts_with(path);
    if !SECTIONS.iter().any(about) {
        return;
    }
    if !element.attributes.is_empty() {
        notes.understood(None);
        let setting = IisSetting {
            location: location.to_owned(),
            path: path.to_owned(),
            within: within.to_vec(),
            attributes: element.attributes.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        };
        notes.fact(Position::Item(*nth), None, Observed::Setting(Box::new(setting)), Weight::Telling);
    }
    let mut inner = within.to_vec();
    if let Some(name) = entry_name(element) {
        inner.push(name.to_owned());
    }
    for child in &element.children {
        walk(child, location, &format!("{path}/{}", child.name), &inner, nth, notes);
    }
}

/// The name of an entry other elements stand in.
fn entry_name<'a>(element: &'a Element<'_>) -> Option<&'a str> {
    let named = element.is("site") || element.is("add");
    if named { element.attribute("name") } else { element.attribute("path").filter(|_| element.is("application")) }
}
