//! What each cause leaves behind.

use doctor::Certainty::{self, Certain, Probable};

use super::capi2::{chain, details, fetched, key, own_credential, revocation};
use super::events::{event, intune, kdc, managed_device, ndes, ndes_at, schannel, was};
use super::files::{admin, point, scep};
use super::store::{self, KSP, Key};
use super::*;

pub struct Sick {
    pub code: &'static str,
    /// How sure the doctor has to be.
    pub certainty: Certainty,
    /// Makes a deployment sick.
    pub ail: fn(&mut Deployment),
}

const fn sick(code: &'static str, certainty: Certainty, ail: fn(&mut Deployment)) -> Sick {
    Sick { code, certainty, ail }
}

pub const ALL: &[Sick] = &[
    sick("F-01", Certain, expired_pin),
    sick("F-02", Certain, |d| {
        d.my.retain(|cert| cert.thumbprint != CLIENT);
        d.my.push(store::twin());
        plugin(d, "Client certificate with thumbprint could not be found: not found");
    }),
    sick("F-03", Certain, |d| d.pin = Some(format!("\u{200e}{CLIENT}"))),
    sick("F-04", Certain, |d| d.my.push(store::twin())),
    sick("F-05", Certain, |d| {
        d.my.iter_mut()
            .filter(|cert| cert.thumbprint == CLIENT)
            .for_each(|cert| cert.usages = vec!["1.3.6.1.5.5.7.3.1"]);
        plugin(d, "Verify challenge returns <!DOCTYPE html><title>403 - Forbidden</title>");
    }),
    sick("F-06", Certain, |d| {
        d.capi2.push(key(CLIENT, "NDES01.corp.example", "80090016"));
        plugin(d, "Failed to send http request /CMCertificateRegistration/Certificate/VerifyRequest. Error 12186");
    }),
    sick("F-07", Certain, |d| {
        d.my.iter_mut().filter(|cert| cert.thumbprint == CLIENT).for_each(|cert| cert.provider = KSP);
        plugin(d, "Granting access to the private key failed with 0x80090014");
    }),
    sick("F-08", Certain, |d| d.crp_web.push(point("403 16 2148204809"))),
    sick("F-09", Certain, |d| d.root.push(store::issuer())),
    sick("F-10", Certain, |d| {
        d.crp_web.push(point("403 13 2148081683"));
        d.capi2.push(revocation("lsass.exe", CLIENT, "NDES01.corp.example", "80092013"));
    }),
    sick("F-11", Certain, |d| d.system.push(schannel(36885))),
    sick("F-12", Probable, |d| {
        plugin(d, "Failed to send http request /CMCertificateRegistration/Certificate/VerifyRequest. Error 12030");
        d.crp_web.push(point("403 7 64"));
    }),
    sick("F-13", Certain, |d| {
        plugin(d, "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID");
        plugin(d, "Failed to send http request /x. Error 12175");
    }),
    sick("F-14", Certain, |d| {
        plugin(d, "WINHTTP_CALLBACK_STATUS_FLAG_CERT_DATE_INVALID");
        plugin(d, "Failed to send http request /x. Error 12175");
    }),
    sick("F-15", Probable, |d| {
        d.my.iter_mut()
            .filter(|cert| cert.thumbprint == WEB_SERVER)
            .for_each(|cert| cert.to = "11/1/2026 9:12 AM".into());
    }),
    sick("F-16", Certain, |d| {
        plugin(d, "Failed to send http request /x. Error 12157");
        d.system.push(schannel(36874));
    }),
    sick("F-17", Certain, |d| {
        let off = "<windowsAuthentication enabled=\"false\" />";
        d.configuration = d.configuration.replace(off, "<windowsAuthentication enabled=\"true\" />");
        d.crp_web.push(point("401 2 5"));
    }),
    sick("F-18", Certain, |d| d.crp.push("Signing certificate could not be retrieved. Invalid handle".into())),
    sick("F-19", Certain, |d| d.connector.push(intune(20502, "DiagnosticCode: 0x405"))),
    sick("F-20", Certain, |d| d.crp.push("Challenge has expired.".into())),
    sick("F-21", Certain, |d| d.crp.push("Subject Name in CSR CN=a and challenge CN=b do not match".into())),
    sick("F-22", Certain, |d| d.crp.push("Key usage in CSR and challenge do not match".into())),
    sick("F-23", Certain, |d| d.crp.push("Template name of CSR and profile do not match".into())),
    sick("F-24", Certain, |d| {
        set(d, "GeneralPurposeTemplate", "\"NDES Ger\u{e4}te Zertifikat\"");
        d.application.push(ndes(31, "0x80094800", "The requested certificate template is not supported by this CA."));
    }),
    sick("F-25", Certain, |d| {
        d.application.push(ndes(
            31,
            "Die Berechtigungen der Zertifikatvorlage erlauben dem Benutzer nicht, sich zu registrieren.",
            "0x80004005",
        ));
    }),
    sick("F-26", Certain, |d| d.application.push(ndes(31, "Der RPC-Server ist nicht verfügbar.", "0x80004005"))),
    sick("F-27", Certain, |d| d.application.push(ndes(31, "0x80092013", "The revocation server was offline."))),
    sick("F-28", Certain, |d| d.application.push(ndes(31, "-2146875375", "The public key is too short"))),
    sick("F-29", Certain, |d| d.application.push(ndes(31, "0x80094001", "The subject name is invalid or too long."))),
    sick("F-30", Certain, |d| d.application.push(ndes(31, "0x800B0114", "The certificate has an invalid name."))),
    sick("F-31", Certain, |d| {
        ra(d, |cert| cert.to = "11/1/2026 9:12 AM".into());
        cannot_start(d);
    }),
    sick("F-32", Certain, |d| {
        ra(d, |cert| cert.key = Key::Lost);
        d.capi2.push(key(RA_SIGNING, "NDES01-MSCEP-RA", "80090016"));
        cannot_start(d);
    }),
    sick("F-33", Certain, |d| {
        ra(d, |cert| cert.issuer = "CN=Former-CA, DC=corp, DC=example".into());
        cannot_start(d);
    }),
    sick("F-34", Certain, |d| {
        d.capi2.push(revocation("w3wp.exe", RA_SIGNING, "NDES01-MSCEP-RA", "80092013"));
        let url = "http://pki.corp.example/Issuing-CA-01+.crl";
        d.capi2.push(fetched(url, "HTTP/1.1 404 Not Found", "80190194", "66666666-AAAA-BBBB-CCCC-EEEEEEEEEEEE"));
        cannot_start(d);
    }),
    sick("F-35", Certain, |d| {
        ra(d, |cert| cert.from = "11/20/2026 9:12 AM".into());
        d.application.push(ndes(18, "0x80090005", "Bad Data."));
    }),
    sick("F-36", Certain, |d| d.ca.push(store::renewed_issuer())),
    sick("F-37", Certain, |d| {
        ra(d, |cert| cert.provider = KSP);
        cannot_start(d);
    }),
    sick("F-38", Certain, |d| {
        d.registry.retain(|(_, name, _)| name != "EnforcePassword");
        d.application.push(ndes(2, "0x80070002", "The system cannot find the file specified."));
        d.application.push(ndes(10, "0x80070002", "The system cannot find the file specified."));
    }),
    sick("F-39", Probable, |d| {
        set(d, "UseSinglePassword", "dword:00000001");
        d.application.push(ndes(2, "0x80070002", "The system cannot find the file specified."));
    }),
    sick("F-40", Certain, |d| {
        d.application.push(ndes(53, "0x80040154", "Class not registered"));
        d.application.push(ndes(2, "0x80040154", "Class not registered"));
    }),
    sick("F-41", Certain, |d| d.registry.retain(|(_, name, _)| name != "Policy")),
    sick("F-43", Certain, |d| {
        d.ndes_web.push(scep(30, "PKIOperation", "Android", "10.1.1.7", "404 15 0"));
        d.http_errors
            .push("2026-11-23 09:12:00 10.1.1.1 5000 10.0.0.5 80 HTTP/1.1 GET - 414 - URL_Length -".to_owned());
    }),
    sick("F-44", Probable, |d| d.application.push(ndes(16, "0x8007000d", "The data is invalid."))),
    sick("F-45", Probable, |d| {
        d.probes = vec![ProbeFact::Capabilities {
            url: "https://scep.example.com/certsrv/mscep/mscep.dll".to_owned(),
            status: 504,
            lines: vec!["<html>Gateway timeout</html>".to_owned()],
        }];
    }),
    sick("F-46", Certain, |d| {
        d.system.push(was(5057, "SCEP"));
        d.system.push(was(5059, "SCEP"));
    }),
    sick("F-47", Certain, |d| d.ndes_web.push(scep(31, "GetCACert", "Android", "10.1.1.7", "500 0 1346"))),
    sick("F-48", Certain, |d| {
        let data = [("", "3007"), ("", "A compilation error has occurred.")];
        d.application.push(event("ASP.NET 4.0.30319.0", "Application", 1310, 3, "2026-11-23T09:20:00Z", &data));
    }),
    sick("F-49", Certain, |d| d.application.push(ndes(2, "0x800700ea", "More data is available."))),
    sick("F-50", Probable, |d| (10..20).for_each(|minute| d.ndes_web.push(admin(minute, "200 0 0")))),
    sick("F-51", Probable, |d| d.application.push(ndes(29, "0x80004005", "The password cannot be verified."))),
    sick("F-53", Probable, |d| {
        d.ndes_web.retain(|line| !line.contains("mscep_admin"));
        (20..26).for_each(|minute| d.ndes_web.push(admin(minute, "401 1 2148074254")));
    }),
    sick("F-54", Probable, |d| d.application.push(ndes(18, "0x80090005", "Bad Data."))),
    sick("F-55", Probable, |d| {
        let time = |minute: u32| format!("2026-11-23T10:{minute:02}:00Z");
        (0..6).for_each(|n| d.application.push(ndes_at(17, "0x8009310b", "ASN1 bad tag value met.", &time(n * 5))));
    }),
    sick("F-56", Probable, |d| d.ndes_web.retain(|line| !line.contains("PKIOperation"))),
    sick("F-57", Certain, |d| {
        set(d, "CAType", "dword:00000000");
        d.application.push(ndes(28, "0x80004005", "Unspecified error"));
    }),
    sick("F-58", Certain, |d| {
        let young = "EE02EE02EE02EE02EE02EE02EE02EE02EE02EE02";
        d.capi2.push(chain("lsass.exe", young, 1, "800B0101"));
        d.capi2.push(own_credential(young, "800B0101"));
        d.capi2.push(details(young, "NDES02.corp.example", "2026-11-23T09:00:00Z", "2028-11-23T09:00:00Z"));
    }),
    sick("F-59", Probable, |d| d.capi2.push(chain("lsass.exe", CLIENT, 0x1_0000, "800B010A"))),
    sick("F-60", Probable, |d| d.capi2.push(chain("lsass.exe", CLIENT, 0x20, "800B0109"))),
    sick("F-61", Certain, |d| d.capi2.push(chain("lsass.exe", CLIENT, 0x10_0000, "80096004"))),
    sick("F-62", Probable, |d| d.connector.push(intune(10302, "The connector was given nothing: 0x80004003"))),
    sick("F-63", Certain, |d| {
        d.connector.push(intune(20502, "VerifyRequest: ScepProfileNoLongerTargetedToTheClient"));
    }),
    sick("F-64", Certain, |d| d.device.push(managed_device(32, "SCEP: Certificate enroll failed. (0x80280400)"))),
    sick("F-65", Certain, |d| d.domain_controller.push(kdc(39))),
    sick("F-66", Certain, |d| {
        d.crp_web.push(point("404 0 2"));
        d.other_keys.push("\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SMS\\Setup]".into());
        d.other_keys.push("\"Full Version\"=\"5.00.9122.1000\"".into());
    }),
    sick("F-68", Certain, |d| {
        d.configuration = d.configuration.replace("sslFlags=\"Ssl, SslNegotiateCert\"", "sslFlags=\"None\"");
    }),
    sick("F-69", Certain, |d| {
        d.configuration = d.configuration.replace("idleTimeout=\"00:00:00\"", "idleTimeout=\"00:20:00\"");
    }),
    sick("F-70", Probable, |d| {
        let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP\Modules\OtherPolicy";
        d.other_keys.push(format!("\r\n[{key}]"));
        d.other_keys.push("\"Url\"=\"https://mdm.example\"".into());
    }),
];

/// The incident: renewed, not moved, expired.
fn expired_pin(d: &mut Deployment) {
    for cert in d.my.iter_mut().filter(|cert| cert.thumbprint == CLIENT) {
        (cert.from, cert.to) = ("11/22/2024 9:12 AM".into(), "11/22/2026 9:12 AM".into());
    }
    d.my.push(store::twin());
    d.capi2.push(own_credential(CLIENT, "800B0101"));
    d.capi2.push(chain("lsass.exe", CLIENT, 1, "800B0101"));
    d.crp_web.push(point("403 7 64"));
    plugin(d, "Sending request to certificate registration point.");
}

fn plugin(d: &mut Deployment, line: &str) {
    d.plugin.push("Calling VerifyRequest ...".to_owned());
    d.plugin.push(line.to_owned());
}

pub fn ra(d: &mut Deployment, change: impl Fn(&mut Cert)) {
    d.my.iter_mut().filter(|cert| [RA_SIGNING, RA_ENCRYPTION].contains(&cert.thumbprint.as_str())).for_each(change);
}

fn cannot_start(d: &mut Deployment) {
    d.application.push(ndes(10, "0x80070057", "The parameter is incorrect."));
    d.application.push(ndes(2, "0x80070057", "The parameter is incorrect."));
}

pub fn set(d: &mut Deployment, name: &str, data: &str) {
    d.registry.iter_mut().filter(|(_, known, _)| known == name).for_each(|(_, _, old)| *old = data.to_owned());
}
