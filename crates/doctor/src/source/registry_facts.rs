//! From registry keys and values to facts: which of them concern enrolment, and what some of them really are.

use super::notes::Notes;
use super::stored_certificate;
use crate::fact::event::{CAPI2_CHANNEL, Switch};
use crate::fact::evidence::Weight;
use crate::fact::windows::Deleted;
use crate::fact::{ChannelState, Observed, Position, RegistryData, RegistryKey, RegistryValue};

/// Parts of paths that concern enrolment, in lower case.
const CONCERNS: &[&str] = &[
    "\\cryptography\\mscep",
    "\\microsoftintune",
    "\\microsoft\\adcs",
    "\\services\\http\\parameters",
    "\\securityproviders\\schannel",
    "\\systemcertificates\\",
    "\\winevt\\channels\\microsoft-windows-capi2",
    "\\.netframework",
    "\\services\\certsvc",
    "\\internet settings\\winhttp",
    "\\microsoft\\sms",
    "\\microsoft\\ccm",
    "\\cryptography\\autoenrollment",
    "\\cryptography\\policyservers",
    "\\services\\w32time\\parameters",
    "\\control\\timezoneinformation",
    "\\policies\\microsoft\\cryptography",
];

/// Paths that text may have lost the backslashes of, as Windows writes them.
const KNOWN_PATHS: &[&str] = &[
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\Modules\NDESPolicy",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\Modules",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\CAInfo",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\CAType",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\CertsInMYStore",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\EnforcePassword",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\UseSinglePassword",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\PasswordLength",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\PasswordMax",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\PasswordValidity",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\PasswordVDir",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP",
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\HTTP\Parameters",
];

const HIVES: &[(&str, &str)] = &[
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKU", "HKEY_USERS"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
];

/// The path with its hive spelled out and lost backslashes put back; whether they were lost.
pub(crate) fn full_path(path: &str) -> (String, bool) {
    let path = path.trim_end_matches('\\');
    let (hive, rest) = path.split_once('\\').unwrap_or((path, ""));
    if rest.is_empty() {
        let bare = without_backslashes(path);
        let known = KNOWN_PATHS.iter().find(|known| without_backslashes(known) == bare);
        return known.map_or_else(|| (spelled(path), false), |known| ((*known).to_owned(), true));
    }
    (format!("{}\\{rest}", spelled(hive)), false)
}

fn spelled(hive: &str) -> String {
    HIVES.iter().find(|(short, _)| short.eq_ignore_ascii_case(hive)).map_or(hive, |(_, long)| long).to_owned()
}

fn without_backslashes(path: &str) -> String {
    let path = path.replace('\\', "").to_ascii_lowercase();
    match path.strip_prefix("hklm") {
        Some(rest) => format!("hkey_local_machine{rest}"),
        None => path,
    }
}

fn concerns(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    CONCERNS.iter().any(|part| path.contains(part))
}

/// Notes a key.
pub(crate) fn key(path: String, deleted: Option<Deleted>, position: Position, notes: &mut Notes<'_>) {
    if concerns(&path) && stored_certificate::store_of(&path).is_none() {
        notes.fact(position, None, Observed::RegistryKey(RegistryKey { path, deleted }), Weight::Telling);
    }
}

/// Notes a value. Certificates in a store's key and the switch of the CAPI2 log become facts of their own kind.
pub(crate) fn value(key: String, name: String, data: RegistryData, position: Position, notes: &mut Notes<'_>) {
    if !concerns(&key) {
        return;
    }
    if let Some(store) = stored_certificate::store_of(&key) {
        if let (true, RegistryData::Binary(blob)) = (name.eq_ignore_ascii_case("Blob"), &data) {
            stored_certificate::note(blob, &store, position, notes);
        }
        return;
    }
    let channel = format!("\\channels\\{}", CAPI2_CHANNEL.to_ascii_lowercase());
    if key.to_ascii_lowercase().ends_with(&channel) && name.eq_ignore_ascii_case("Enabled") {
        let switch = data.number().map(|number| if number == 0 { Switch::Off } else { Switch::On });
        let state = ChannelState {
            channel: CAPI2_CHANNEL.to_owned(),
            switch,
            records: None,
            max_size: None,
            span: None,
            oldest_record: None,
        };
        notes.fact(position, None, Observed::Channel(state), Weight::Telling);
    }
    notes.fact(position, None, Observed::Registry(RegistryValue { key, name, data }), Weight::Telling);
}
