//! Registry exports, logs and configurations.

use super::*;

pub fn registry() -> Vec<(String, String, String)> {
    let text = |value: &str| format!("\"{value}\"");
    let number = |value: u32| format!("dword:{value:08x}");
    let rows = [
        ("", "SignatureTemplate", text("NDESDevice")),
        ("", "EncryptionTemplate", text("NDESDevice")),
        ("", "GeneralPurposeTemplate", text("NDESDevice")),
        (r"\CAInfo", "Configuration", text(r"CA01.corp.example\\Issuing-CA-01")),
        (r"\CAType", "CAType", number(1)),
        (r"\CertsInMYStore", "CertsInMYStore", number(1)),
        (r"\EnforcePassword", "EnforcePassword", number(1)),
        (r"\UseSinglePassword", "UseSinglePassword", number(0)),
        (r"\PasswordLength", "PasswordLength", number(8)),
        (r"\PasswordMax", "PasswordMax", number(5)),
        (r"\PasswordValidity", "PasswordValidity", number(60)),
        (r"\PasswordVDir", "PasswordVDir", text("CertSrv/mscep_admin")),
        (r"\Modules", "Policy", text("NDESPolicy.OTA.1")),
    ];
    rows.into_iter().map(|(key, name, data)| (key.to_owned(), name.to_owned(), data)).collect()
}

/// A `.reg` export, UTF-16 with byte order mark.
pub fn reg(deployment: &Deployment) -> Vec<u8> {
    const BASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP";
    let mut text = "Windows Registry Editor Version 5.00\r\n\r\n".to_owned();
    let mut last = None;
    for (key, name, data) in &deployment.registry {
        if last != Some(key) {
            text.push_str(&format!("\r\n[{BASE}{key}]\r\n"));
            last = Some(key);
        }
        text.push_str(&format!("\"{name}\"={data}\r\n"));
    }
    if !deployment.registry.iter().any(|(key, ..)| key == r"\Modules") {
        text.push_str(&format!("\r\n[{BASE}\\Modules]\r\n"));
    }
    text.push_str(&format!("\r\n[{BASE}\\Modules\\NDESPolicy]\r\n"));
    if let Some(pin) = &deployment.pin {
        text.push_str(&format!("\"NDESCertThumbprint\"=\"{pin}\"\r\n"));
    }
    for line in &deployment.other_keys {
        text.push_str(&format!("{line}\r\n"));
    }
    text.push_str("\r\n");
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

pub fn export(events: &[String]) -> String {
    if events.is_empty() {
        return String::new();
    }
    format!("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>{}</Events>", events.join("\r\n"))
}

pub fn trace(component: &str, lines: &[String]) -> String {
    let line = |(n, text): (usize, &String)| {
        format!(
            "<![LOG[{text}]LOG]!><time=\"10:{:02}:{:02}.000-60\" date=\"11-23-2026\" component=\"{component}\" \
             context=\"\" type=\"1\" thread=\"4\" file=\"x.cpp:1\">\r\n",
            n / 60 % 60,
            n % 60
        )
    };
    lines.iter().enumerate().map(line).collect()
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

pub fn plugin() -> Vec<String> {
    owned(&[
        "Calling VerifyRequest ...",
        "Sending request to certificate registration point.",
        "Verify challenge returns true",
        "Exiting VerifyRequest with 0x0",
        "Calling Notifyrequest ...",
        "Exiting Notify with 0x0",
    ])
}

pub fn registration_point() -> Vec<String> {
    owned(&[
        "VerifyRequest Started.",
        "Validation Phase 1 finished with status True.",
        "Validation Phase 3 finished with status True.",
        "VerifyRequest Finished with status True",
    ])
}

pub fn scep(second: u32, operation: &str, agent: &str, client: &str, status: &str) -> String {
    format!(
        "2026-11-23 09:10:{second:02} 10.0.0.5 GET /certsrv/mscep/mscep.dll operation={operation} 80 - {client} {agent} \
         {status} 12"
    )
}

pub fn admin(minute: u32, status: &str) -> String {
    format!(
        "2026-11-23 09:{minute:02}:00 10.0.0.5 GET /certsrv/mscep_admin/ - 80 CORP\\op 10.0.0.9 Mozilla {status} 30"
    )
}

pub fn point(status: &str) -> String {
    format!(
        "2026-11-23 09:11:00 10.0.0.6 POST /CMCertificateRegistration/Certificate/VerifyRequest - 443 - 10.0.0.5 \
         NDES_Plugin {status} 44"
    )
}

pub fn ndes_web() -> Vec<String> {
    vec![
        scep(1, "GetCACaps", "iOS/17.0", "10.1.1.1", "200 0 0"),
        scep(2, "GetCACert", "iOS/17.0", "10.1.1.1", "200 0 0"),
        scep(3, "PKIOperation", "iOS/17.0", "10.1.1.1", "200 0 0"),
        admin(1, "401 2 5"),
        admin(1, "200 0 0"),
    ]
}

pub fn registration_point_web() -> Vec<String> {
    vec![point("201 0 0")]
}

pub fn http_errors() -> Vec<String> {
    vec!["2026-11-23 09:12:00 10.1.1.1 5000 10.0.0.5 80 - - - - - Timer_ConnectionIdle -".to_owned()]
}

pub fn w3c(lines: &[String]) -> String {
    format!(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-23 \
         00:00:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
         sc-status sc-substatus sc-win32-status time-taken\r\n{}\r\n",
        lines.join("\r\n")
    )
}

pub fn httperr(lines: &[String]) -> String {
    format!(
        "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version \
         cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n{}\r\n",
        lines.join("\r\n")
    )
}

pub const CONFIGURATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <system.applicationHost>
    <applicationPools>
      <add name="DefaultAppPool" />
      <add name="SCEP" managedPipelineMode="Classic">
        <processModel identityType="SpecificUser" idleTimeout="00:00:00" />
        <recycling><periodicRestart time="00:00:00" /></recycling>
      </add>
    </applicationPools>
    <sites>
      <site name="Default Web Site" id="1">
        <application path="/CertSrv/mscep" applicationPool="SCEP" />
        <application path="/CertSrv/mscep_admin" applicationPool="SCEP" />
        <application path="/CMCertificateRegistration" applicationPool="SMS" />
      </site>
    </sites>
  </system.applicationHost>
  <location path="Default Web Site/CertSrv/mscep">
    <system.webServer><security><requestFiltering allowDoubleEscaping="true" /></security></system.webServer>
  </location>
  <location path="Default Web Site/CMCertificateRegistration">
    <system.webServer><security>
      <access sslFlags="Ssl, SslNegotiateCert" />
      <authentication><windowsAuthentication enabled="false" /></authentication>
    </security></system.webServer>
  </location>
</configuration>
"#;
