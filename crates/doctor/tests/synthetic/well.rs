//! For each cause a deployment of the same evidence in which that cause is mended, as it looks some time after.
//!
//! Each holds what comes nearest to the cause without being it: the same line with the good answer, the same event with
//! another number, the certificate with the right issuer.

use super::capi2::{chain, details, fetched, key, own_credential, revocation};
use super::events::{event, intune, kdc, managed_device, ndes_at, schannel, was};
use super::files::{admin, point, scep};
use super::sick::{ra, set};
use super::store::{self, Key};
use super::*;

pub struct Well {
    pub code: &'static str,
    /// Makes a healthy deployment one that had this cause.
    pub mend: fn(&mut Deployment),
}

const fn well(code: &'static str, mend: fn(&mut Deployment)) -> Well {
    Well { code, mend }
}

const CALLED: &str = "Calling VerifyRequest ...";
const SENT: &str = "Sending request to certificate registration point.";

pub const ALL: &[Well] = &[
    well("F-01", |d| {
        // The old certificate has ended, stands archived beside its successor, and the registry names the successor.
        d.my.iter_mut().filter(|cert| cert.thumbprint == CLIENT).for_each(|cert| {
            (cert.from, cert.to) = ("11/22/2024 9:12 AM".into(), "11/22/2026 9:12 AM".into());
            cert.archived = true;
        });
        d.my.push(store::twin());
        d.pin = Some(TWIN.to_owned());
        d.capi2.push(own_credential(TWIN, "0"));
        d.capi2.push(chain("lsass.exe", TWIN, 0, "0"));
        d.crp_web.push(point("201 0 0"));
        plugin(d, &[SENT, "Verify challenge returns true", "Exiting VerifyRequest with 0x0"]);
    }),
    well("F-02", |d| {
        d.my.retain(|cert| cert.thumbprint != CLIENT);
        d.my.push(store::twin());
        d.pin = Some(TWIN.to_owned());
        plugin(d, &["Client certificate with thumbprint was found"]);
    }),
    well("F-03", |d| d.pin = Some(CLIENT.to_lowercase())),
    well("F-04", |d| {
        d.my.push(store::twin());
        d.pin = Some(TWIN.to_owned());
    }),
    well("F-05", |d| {
        d.client().usages = vec!["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
        plugin(d, &["Verify challenge returns true"]);
    }),
    well("F-06", |d| {
        d.capi2.push(key(CLIENT, "NDES01.corp.example", "0"));
        plugin(d, &[SENT, "Verify challenge returns true"]);
    }),
    well("F-07", |d| {
        d.client().provider = "Microsoft Enhanced RSA and AES Cryptographic Provider";
        plugin(d, &["Granting access to the private key ended with 0x0"]);
    }),
    well("F-08", |d| (0..3).for_each(|_| d.crp_web.push(point("201 0 0")))),
    well("F-09", |d| {
        d.root.push(store::another_root());
        d.ca.push(store::another_issuer());
    }),
    well("F-10", |d| {
        d.crp_web.push(point("204 0 0"));
        d.capi2.push(revocation("lsass.exe", CLIENT, "NDES01.corp.example", "0"));
    }),
    well("F-11", |d| d.system.push(schannel(36880))),
    well("F-12", |d| {
        plugin(d, &[SENT, "Verify challenge returns true", CALLED, SENT, "Verify challenge returns true"]);
        d.crp_web.push(point("201 0 0"));
    }),
    well("F-13", |d| {
        plugin(d, &["Certificate registration point https://crp01.corp.example:443", "Verify challenge returns true"]);
    }),
    well("F-14", |d| {
        plugin(d, &["WinHTTP callback status: request sent", "Verify challenge returns true"]);
    }),
    well("F-15", |d| {
        // The expired one is still there; another serves.
        let mut old = d.my.iter().find(|cert| cert.thumbprint == WEB_SERVER).unwrap().clone();
        old.thumbprint = "BB02BB02BB02BB02BB02BB02BB02BB02BB02BB02".into();
        (old.from, old.to) = ("11/1/2024 9:12 AM".into(), "11/1/2026 9:12 AM".into());
        d.my.push(old);
    }),
    well("F-16", |d| {
        plugin(d, &["Using TLS 1.2", SENT, "Verify challenge returns true"]);
        d.system.push(schannel(36887));
    }),
    well("F-17", |d| {
        let off = "<windowsAuthentication enabled=\"false\" />";
        let only = "<anonymousAuthentication enabled=\"true\" /><windowsAuthentication enabled=\"False\" />";
        d.configuration = d.configuration.replace(off, only);
        d.crp_web.push(point("201 0 0"));
    }),
    well("F-18", |d| d.crp.push("Signing certificate was retrieved.".into())),
    well("F-19", |d| {
        let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\MicrosoftIntune\PFXCertificateConnector";
        d.other_keys.push(format!("\r\n[{key}]"));
        d.other_keys.push(format!("\"EncryptionCertThumbprint\"=\"{WEB_SERVER}\""));
        d.connector.push(intune(20500, "DiagnosticCode: 0x0"));
    }),
    well("F-20", |d| d.crp.push("Challenge is valid for another 59 minutes.".into())),
    well("F-21", |d| d.crp.push("Subject Name in CSR CN=a and challenge CN=a match".into())),
    well("F-22", |d| d.crp.push("Key usage in CSR and challenge match".into())),
    well("F-23", |d| d.crp.push("Template name of CSR and profile match".into())),
    well("F-24", |d| {
        set(d, "GeneralPurposeTemplate", "\"NDESGeraeteZertifikat\"");
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:00:00Z"));
    }),
    well("F-25", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:01:00Z"))),
    well("F-26", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:02:00Z"))),
    well("F-27", |d| {
        let data = [("", "Active Directory Certificate Services for Issuing-CA-01 was started.")];
        d.application.push(event("Microsoft-Windows-CertificationAuthority", "Application", 26, 4, TIME, &data));
    }),
    well("F-28", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:03:00Z"))),
    well("F-29", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:04:00Z"))),
    well("F-30", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:05:00Z"))),
    well("F-31", |d| {
        // The old pair has ended and is still listed beside the new one.
        for (n, thumbprint) in [RA_SIGNING, RA_ENCRYPTION].into_iter().enumerate() {
            let mut old = d.my.iter().find(|cert| cert.thumbprint == thumbprint).unwrap().clone();
            old.thumbprint = format!("AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}AA1{n}");
            (old.from, old.to) = ("1/5/2024 9:12 AM".into(), "1/5/2026 9:12 AM".into());
            d.my.push(old);
        }
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:06:00Z"));
    }),
    well("F-32", |d| {
        ra(d, |cert| cert.key = Key::Present);
        d.capi2.push(key(RA_SIGNING, "NDES01-MSCEP-RA", "0"));
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:07:00Z"));
    }),
    well("F-33", |d| {
        // The CA was moved; the registry and the RA certificates name the new one.
        set(d, "Configuration", r#""CA02.corp.example\\Issuing-CA-02""#);
        ra(d, |cert| cert.issuer = "CN=Issuing-CA-02, DC=corp, DC=example".into());
        d.ca.push(store::another_issuer());
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:08:00Z"));
    }),
    well("F-34", |d| {
        d.capi2.push(revocation("w3wp.exe", RA_SIGNING, "NDES01-MSCEP-RA", "0"));
        let url = "http://pki.corp.example/Issuing-CA-01+.crl";
        d.capi2.push(fetched(url, "HTTP/1.1 200 OK", "0", "66666666-AAAA-BBBB-CCCC-EEEEEEEEEEEE"));
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:09:00Z"));
    }),
    well("F-35", |d| {
        ra(d, |cert| cert.from = "11/20/2026 9:12 AM".into());
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:10:00Z"));
    }),
    well("F-36", |d| {
        d.ca.push(store::renewed_issuer());
        ra(d, |cert| cert.authority_key_id = store::renewed_issuer().key_id);
    }),
    well("F-37", |d| {
        ra(d, |cert| cert.provider = "Microsoft Strong Cryptographic Provider");
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:11:00Z"));
    }),
    well("F-38", |d| {
        set(d, "EnforcePassword", "dword:00000000");
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:12:00Z"));
    }),
    well("F-39", |d| {
        set(d, "UseSinglePassword", "dword:00000001");
        let stored = [r"\EncryptedPassword", "EncryptedPassword", "hex:01,02,03,04"].map(str::to_owned);
        let [key, name, data] = stored;
        d.registry.push((key, name, data));
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:13:00Z"));
    }),
    well("F-40", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:14:00Z"))),
    well("F-41", |d| set(d, "Policy", "\"NDESPolicy.OTA.2\"")),
    well("F-43", |d| {
        d.ndes_web.push(scep(30, "PKIOperation", "Android", "10.1.1.7", "200 0 0"));
        d.http_errors
            .push("2026-11-23 09:12:00 10.1.1.1 5000 10.0.0.5 80 HTTP/1.1 GET - - - Connection_Dropped -".to_owned());
    }),
    well("F-44", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:15:00Z"))),
    well("F-45", |d| {
        d.probes = vec![ProbeFact::Capabilities {
            url: "https://scep.example.com/certsrv/mscep/mscep.dll".to_owned(),
            status: 200,
            lines: ["POSTPKIOperation", "SHA-512", "SHA-256"].map(str::to_owned).to_vec(),
        }];
    }),
    well("F-46", |d| d.system.push(was(5074, "SCEP"))),
    well("F-47", |d| d.ndes_web.push(scep(31, "GetCACert", "Android", "10.1.1.7", "200 0 0"))),
    well("F-48", |d| {
        let data = [("", "1309"), ("", "An unhandled exception has occurred.")];
        d.application.push(event("ASP.NET 4.0.30319.0", "Application", 1309, 3, TIME, &data));
    }),
    well("F-49", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:16:00Z"))),
    well("F-50", |d| {
        // As many as before; the cache was made larger.
        set(d, "PasswordMax", "dword:00000064");
        (10..20).for_each(|minute| d.ndes_web.push(admin(minute, "200 0 0")));
    }),
    well("F-51", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:17:00Z"))),
    well("F-52", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:18:00Z"))),
    well("F-53", |d| {
        (20..26).for_each(|minute| {
            // Each log-on begins with a refusal: that is how Negotiate works.
            d.ndes_web.push(admin(minute, "401 1 2148074254"));
            d.ndes_web.push(admin(minute, "200 0 0"));
            set(d, "PasswordMax", "dword:00000065");
        })
    }),
    well("F-54", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:19:00Z"))),
    well("F-55", |d| d.application.push(ndes_at(1, "", "", "2026-11-23T08:21:00Z"))),
    well("F-56", |d| {
        d.ndes_web.push(scep(40, "GetCACert", "iPhone/17.1", "10.1.1.8", "200 0 0"));
        d.ndes_web.push(scep(41, "PKIOperation", "iPhone/17.1", "10.1.1.8", "200 0 0"));
    }),
    well("F-57", |d| {
        set(d, "CAType", "dword:00000000");
        d.application.push(ndes_at(1, "", "", "2026-11-23T08:20:00Z"));
    }),
    well("F-58", |d| {
        // The same young certificate, looked at after its validity had begun.
        let young = "EE02EE02EE02EE02EE02EE02EE02EE02EE02EE02";
        d.capi2.push(chain("lsass.exe", young, 0, "0"));
        d.capi2.push(own_credential(young, "0"));
        d.capi2.push(details(young, "NDES02.corp.example", "2026-11-22T09:00:00Z", "2028-11-22T09:00:00Z"));
    }),
    well("F-59", |d| d.capi2.push(chain("w3wp.exe", CLIENT, 0, "0"))),
    well("F-60", |d| {
        // A browser that met an untrusted site, as everywhere.
        d.capi2.push(chain("iexplore.exe", "EE03EE03EE03EE03EE03EE03EE03EE03EE03EE03", 0x20, "800B0109"));
    }),
    well("F-61", |d| {
        d.capi2.push(chain("iexplore.exe", "EE04EE04EE04EE04EE04EE04EE04EE04EE04EE04", 0x10_0000, "80096004"));
    }),
    well("F-62", |d| d.connector.push(intune(10300, "The connector was given a certificate: 0x0"))),
    well("F-63", |d| d.connector.push(intune(20500, "VerifyRequest: Success"))),
    well("F-64", |d| d.device.push(managed_device(39, "SCEP: Certificate enrolled (0x0)"))),
    well("F-65", |d| d.domain_controller.extend([kdc(16), kdc(27), kdc(27)])),
    well("F-66", |d| {
        d.crp_web.push(point("201 0 0"));
        d.other_keys.push("\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SMS\\Setup]".into());
        d.other_keys.push("\"Full Version\"=\"5.00.9068.1000\"".into());
    }),
    well("F-68", |d| {
        let flags = "sslFlags=\"Ssl, SslNegotiateCert, SslRequireCert, Ssl128\"";
        d.configuration = d.configuration.replace("sslFlags=\"Ssl, SslNegotiateCert\"", flags);
    }),
    well("F-69", |d| {
        d.configuration = d.configuration.replace(
            "<add name=\"DefaultAppPool\" />",
            "<add name=\"DefaultAppPool\"><processModel idleTimeout=\"00:20:00\" /></add>",
        );
    }),
    well("F-70", |d| {
        let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\Modules\OtherPolicy";
        d.other_keys.push(format!("\r\n[-{key}]"));
    }),
];

const TIME: &str = "2026-11-23T08:30:00Z";

fn plugin(d: &mut Deployment, lines: &[&str]) {
    d.plugin.push(CALLED.to_owned());
    d.plugin.extend(lines.iter().map(|line| (*line).to_owned()));
}
