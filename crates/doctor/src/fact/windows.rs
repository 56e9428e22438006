//! The machine's configuration: registry and IIS.

/// A key that stands in an export. Its absence from an export that holds its parent means that it does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryKey {
    /// Full path with the hive spelled out (`HKEY_LOCAL_MACHINE\SOFTWARE\…`), case as exported.
    pub path: String,
    /// Whether the export deletes the key (`[-HKEY…]`).
    pub deleted: Option<Deleted>,
}

/// Marks a deletion in a `.reg` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deleted;

/// A registry value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryValue {
    /// Full path of the key with the hive spelled out, case as exported.
    pub key: String,
    /// Value name; empty for the default value.
    pub name: String,
    /// Type and data.
    pub data: RegistryData,
}

/// Type and data of a registry value. Text is kept to the letter, invisible characters included: they matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryData {
    /// REG_SZ.
    Text(String),
    /// REG_EXPAND_SZ.
    ExpandText(String),
    /// REG_MULTI_SZ.
    Texts(Vec<String>),
    /// REG_DWORD.
    Dword(u32),
    /// REG_QWORD.
    Qword(u64),
    /// REG_BINARY, REG_NONE and every type not named above.
    Binary(Vec<u8>),
    /// The export deletes the value (`"name"=-`).
    Deleted,
    /// The data could not be read; as printed.
    Unreadable(String),
}

impl RegistryData {
    /// The text of a text value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            RegistryData::Text(text) | RegistryData::ExpandText(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a number value.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            RegistryData::Dword(number) => Some(u64::from(*number)),
            RegistryData::Qword(number) => Some(*number),
            _ => None,
        }
    }
}

/// One element of `applicationHost.config` (or a `web.config`) with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IisSetting {
    /// The `<location path="…">` around it; empty for the server-wide part.
    pub location: String,
    /// Element names from below `configuration` (and `location`) down to it, joined by `/`:
    /// `system.webServer/security/requestFiltering/requestLimits`.
    pub path: String,
    /// For elements inside a named collection entry (`site`, `application`, `applicationPools/add`), that entry's name
    /// or path, outermost first.
    pub within: Vec<String>,
    /// Attributes in order.
    pub attributes: Vec<(String, String)>,
}

impl IisSetting {
    /// The attribute of that name; IIS does not regard case here.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// `HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP`, without the hive.
pub const MSCEP_KEY: &str = r"SOFTWARE\Microsoft\Cryptography\MSCEP";
/// The name of the value that pins the policy module's client certificate.
pub const PIN_VALUE: &str = "NDESCertThumbprint";
