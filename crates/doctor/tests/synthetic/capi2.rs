//! CAPI2 events as XML.

use super::*;

fn event(id: u32, level: u8, time: &str, body: &str) -> String {
    format!(
        "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider \
         Name=\"Microsoft-Windows-CAPI2\" Guid=\"{{5bbca4a8-b209-48dc-a8c7-b23d3e5216fb}}\"/><EventID>{id}</EventID>\
         <Version>0</Version><Level>{level}</Level><TimeCreated SystemTime=\"{time}\"/><EventRecordID>77</EventRecordID>\
         <Channel>Microsoft-Windows-CAPI2/Operational</Channel><Computer>NDES01.corp.example</Computer><Security \
         UserID=\"{SID}\"/></System><UserData>{body}</UserData></Event>"
    )
}

fn tail(process: &str, task: &str, sequence: u32, result: &str) -> String {
    let result = if result.is_empty() { String::new() } else { format!("<Result value=\"{result}\">text</Result>") };
    format!(
        "<EventAuxInfo ProcessName=\"{process}\" impersonateToken=\"{SID}\"/><CorrelationAuxInfo TaskId=\"{{{task}}}\" \
         SeqNumber=\"{sequence}\"/>{result}"
    )
}

const TASK: &str = "99999999-AAAA-BBBB-CCCC-DDDDDDDDDDDD";

/// Event 30 of Schannel looking at its own credential.
pub fn own_credential(thumbprint: &str, result: &str) -> String {
    let ok = if result == "0" { -1 } else { 0 };
    event(
        30,
        if result == "0" { 4 } else { 2 },
        "2026-11-23T07:12:44.1Z",
        &format!(
            "<CertVerifyCertificateChainPolicy><Policy type=\"CERT_CHAIN_POLICY_SSL\" constant=\"4\"/><Certificate \
             fileRef=\"{thumbprint}.cer\" subjectName=\"NDES01.corp.example\"/><CertificateChain \
             chainRef=\"{{0A1B2C3D-1111-2222-3333-444455556666}}\"/><Flags value=\"0\"/><SSLAdditionalPolicyInfo \
             authType=\"server\"><IgnoreFlags value=\"280\" SECURITY_FLAG_IGNORE_REVOCATION=\"true\"/>\
             </SSLAdditionalPolicyInfo><Status chainIndex=\"{ok}\" elementIndex=\"{ok}\"/>{}\
             </CertVerifyCertificateChainPolicy>",
            tail("lsass.exe", TASK, 1, result)
        ),
    )
}

/// Event 30 of a program judging a server.
pub fn server(process: &str, thumbprint: &str, name: &str, result: &str) -> String {
    event(
        30,
        2,
        "2026-11-23T07:13:44.1Z",
        &format!(
            "<CertVerifyCertificateChainPolicy><Policy type=\"CERT_CHAIN_POLICY_SSL\" constant=\"4\"/><Certificate \
             fileRef=\"{thumbprint}.cer\" subjectName=\"{name}\"/><CertificateChain \
             chainRef=\"{{0A1B2C3D-9999-2222-3333-444455556666}}\"/><Flags value=\"0\"/><SSLAdditionalPolicyInfo \
             authType=\"server\" serverName=\"{name}\"><IgnoreFlags value=\"0\"/></SSLAdditionalPolicyInfo><Status \
             chainIndex=\"0\" elementIndex=\"0\"/>{}</CertVerifyCertificateChainPolicy>",
            tail(process, TASK, 1, result)
        ),
    )
}

/// Event 11: a chain whose leaf has this error status.
pub fn chain(process: &str, thumbprint: &str, error: u32, result: &str) -> String {
    let level = if result == "0" { 4 } else { 2 };
    event(
        11,
        level,
        "2026-11-23T07:16:02.7Z",
        &format!(
            "<CertGetCertificateChain><Certificate fileRef=\"{thumbprint}.cer\" subjectName=\"NDES01.corp.example\"/>\
             <ExtendedKeyUsage/><Flags value=\"0\"/><ChainEngineInfo context=\"user\"/><CertificateChain \
             chainRef=\"{{0A1B2C3D-7777-8888-9999-444455556666}}\"><TrustStatus><ErrorStatus value=\"{error:X}\"/>\
             <InfoStatus value=\"100\"/></TrustStatus><ChainElement><Certificate fileRef=\"{thumbprint}.cer\" \
             subjectName=\"NDES01.corp.example\"/><SignatureAlgorithm oid=\"1.2.840.113549.1.1.11\" hashName=\"SHA256\" \
             publicKeyName=\"RSA\"/><PublicKeyAlgorithm oid=\"1.2.840.113549.1.1.1\" publicKeyName=\"RSA\" \
             publicKeyLength=\"2048\"/><TrustStatus><ErrorStatus value=\"{error:X}\"/><InfoStatus value=\"102\"/>\
             </TrustStatus><ApplicationUsage><Usage oid=\"1.3.6.1.5.5.7.3.2\"/></ApplicationUsage><IssuanceUsage/>\
             </ChainElement></CertificateChain>{}</CertGetCertificateChain>",
            tail(process, "88888888-AAAA-BBBB-CCCC-EEEEEEEEEEEE", 9, result)
        ),
    )
}

/// Event 70.
pub fn key(thumbprint: &str, subject: &str, result: &str) -> String {
    event(
        70,
        2,
        "2026-11-23T08:00:00Z",
        &format!(
            "<CryptAcquireCertificatePrivateKey><Certificate fileRef=\"{thumbprint}.cer\" subjectName=\"{subject}\"/>\
             <Flags value=\"10000\"/>{}</CryptAcquireCertificatePrivateKey>",
            tail("w3wp.exe", TASK, 1, result)
        ),
    )
}

/// Event 41.
pub fn revocation(process: &str, thumbprint: &str, subject: &str, result: &str) -> String {
    event(
        41,
        2,
        "2026-11-23T08:10:00Z",
        &format!(
            "<CertVerifyRevocation><Certificate fileRef=\"{thumbprint}.cer\" subjectName=\"{subject}\"/>\
             <IssuerCertificate fileRef=\"{ISSUER}.cer\" subjectName=\"Issuing-CA-01\"/><Flags value=\"4\"/>\
             <AdditionalParameters timeToUse=\"2026-11-23T08:10:00Z\" currentTime=\"2026-11-23T08:10:00Z\" \
             urlRetrievalTimeout=\"PT20S\"/><RevocationStatus index=\"0\" error=\"{result}\" reason=\"0\"/>{}\
             </CertVerifyRevocation>",
            tail(process, TASK, 8, result)
        ),
    )
}

/// Event 53.
pub fn fetched(url: &str, status: &str, result: &str, task: &str) -> String {
    event(
        53,
        2,
        "2026-11-23T08:09:00Z",
        &format!(
            "<CryptRetrieveObjectByUrlWire><URL scheme=\"http\">{url}</URL><Object type=\"CONTEXT_OID_CRL\" \
             constant=\"2\"/><Timeout>PT10S</Timeout><Flags value=\"202005\"/><AdditionalInfo><HTTPResponseHeadersInfo>\
             <Header>{status}</Header></HTTPResponseHeadersInfo></AdditionalInfo>{}</CryptRetrieveObjectByUrlWire>",
            tail("w3wp.exe", task, 5, result)
        ),
    )
}

/// Event 90 with one certificate.
pub fn details(thumbprint: &str, common_name: &str, from: &str, to: &str) -> String {
    event(
        90,
        4,
        "2026-11-23T07:16:03Z",
        &format!(
            "<X509Objects><Certificate fileRef=\"{thumbprint}.cer\" subjectName=\"{common_name}\"><Subject>\
             <CN>{common_name}</CN></Subject><Issuer><CN>Issuing-CA-01</CN><DC>corp</DC><DC>example</DC></Issuer>\
             <SerialNumber>47000000</SerialNumber><NotBefore>{from}</NotBefore><NotAfter>{to}</NotAfter><Extensions>\
             <ExtendedKeyUsage><Usage oid=\"1.3.6.1.5.5.7.3.2\" name=\"Client Authentication\"/></ExtendedKeyUsage>\
             </Extensions></Certificate>{}</X509Objects>",
            tail("lsass.exe", "88888888-AAAA-BBBB-CCCC-EEEEEEEEEEEE", 10, "")
        ),
    )
}

pub fn healthy() -> Vec<String> {
    let task = "77777777-AAAA-BBBB-CCCC-EEEEEEEEEEEE";
    vec![
        own_credential(CLIENT, "0"),
        chain("lsass.exe", CLIENT, 0, "0"),
        // Noise of every healthy log: an error level without an error.
        fetched("http://pki.corp.example/root.crl", "HTTP/1.1 200 OK", "0", task),
        // A browser that met a bad web site concerns nobody here.
        server("iexplore.exe", "EE01EE01EE01EE01EE01EE01EE01EE01EE01EE01", "www.example.org", "800B0109"),
    ]
}
