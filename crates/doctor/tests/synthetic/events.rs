//! Events of other providers as XML.

use super::*;

pub fn event(provider: &str, channel: &str, id: u32, level: u8, time: &str, data: &[(&str, &str)]) -> String {
    let data: String = data
        .iter()
        .map(|(name, value)| match name.is_empty() {
            true => format!("<Data>{value}</Data>"),
            false => format!("<Data Name=\"{name}\">{value}</Data>"),
        })
        .collect();
    format!(
        "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider Name=\"{provider}\"/>\
         <EventID>{id}</EventID><Version>0</Version><Level>{level}</Level><TimeCreated SystemTime=\"{time}\"/>\
         <EventRecordID>{id}</EventRecordID><Channel>{channel}</Channel><Computer>NDES01.corp.example</Computer>\
         <Security UserID=\"{SID}\"/></System><EventData>{data}</EventData></Event>"
    )
}

pub fn ndes(id: u32, code: &str, message: &str) -> String {
    ndes_at(id, code, message, "2026-11-23T09:00:00Z")
}

pub fn ndes_at(id: u32, code: &str, message: &str, time: &str) -> String {
    let data = [("ErrorCode", code), ("ErrorMessage", message)];
    let data = if code.is_empty() { &[][..] } else { &data[..] };
    let level = if id == 1 { 4 } else { 2 };
    event("Microsoft-Windows-NetworkDeviceEnrollmentService", "Application", id, level, time, data)
}

pub fn schannel(id: u32) -> String {
    event("Schannel", "System", id, 2, "2026-11-23T09:01:00Z", &[("Type", "client"), ("ErrorCode", "0x8009030D")])
}

pub fn was(id: u32, pool: &str) -> String {
    event("Microsoft-Windows-WAS", "System", id, 2, "2026-11-23T09:02:00Z", &[("AppPoolID", pool)])
}

pub fn intune(id: u32, text: &str) -> String {
    event("Microsoft Intune Connector", "Microsoft Intune Connector", id, 2, "2026-11-23T09:03:00Z", &[("", text)])
}

pub fn managed_device(id: u32, text: &str) -> String {
    let provider = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider";
    event(provider, &format!("{provider}/Admin"), id, 2, "2026-11-23T09:04:00Z", &[("Message1", text)])
}

pub fn kdc(id: u32) -> String {
    let provider = "Microsoft-Windows-Kerberos-Key-Distribution-Center";
    event(provider, "System", id, 2, "2026-11-23T09:05:00Z", &[("AccountName", "laptop17$")])
}

pub fn application() -> Vec<String> {
    ["2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"]
        .iter()
        .map(|time| ndes_at(1, "", "", time))
        .collect()
}

pub fn system() -> Vec<String> {
    // Recycling on request, and TLS alerts of passers-by.
    vec![was(5074, "DefaultAppPool"), schannel(36887), schannel(36887)]
}

pub fn connector() -> Vec<String> {
    vec![intune(10010, "service started"), intune(20500, "DiagnosticCode: 0x0"), intune(20600, "DiagnosticCode: 0x0")]
}

pub fn device() -> Vec<String> {
    vec![managed_device(36, "request generated"), managed_device(39, "installed"), managed_device(306, "executed")]
}
