//! NDES's addresses and everything else a device may write into a request line or a header.

use super::client::{Client, SECRET, base64};
use crate::harness::http::{self, with_header};
use crate::harness::{Legacy, Options, Service};
use crate::parties::Device;

/// Everything at which devices look for the service of NDES, or of the first SCEP servers.
const ADDRESSES: [&str; 14] = [
    "/certsrv/mscep/mscep.dll",
    "/certsrv/mscep/mscep.dll/",
    "/certsrv/mscep/mscep.dll/pkiclient.exe",
    "/certsrv/mscep/",
    "/certsrv/mscep",
    "/certsrv/mscep/pkiclient.exe",
    "/certsrv/mscep//pkiclient.exe",
    "/CertSrv/mscep/mscep.dll",
    "/CERTSRV/MSCEP/MSCEP.DLL/PKICLIENT.EXE",
    "/cgi-bin/pkiclient.exe",
    "/cgi-bin/pkiclient.exe/pkiclient.exe",
    "/scep",
    "/scep/default",
    "/scep/default/pkiclient.exe",
];

fn service() -> Service {
    Service::start(Options { static_challenge: Some(SECRET), legacy: Legacy::Accept, ..Options::default() })
}

#[test]
fn every_address_answers_get_and_post() {
    let service = service();
    let mut client = Client::of(&service);
    for path in ADDRESSES {
        client.path = path;
        let capabilities = service.get(&format!("{path}?operation=GetCACaps&message=x"));
        assert_eq!(capabilities.status, 200, "{path}");
        assert!(capabilities.text().contains("POSTPKIOperation"), "{path}");
        let certificates = service.get(&format!("{path}?operation=GetCACert"));
        assert_eq!(certificates.header("content-type"), Some("application/x-x509-ca-ra-cert"), "{path}");
        // The same request again and again: a lost reply, which gets the same certificate.
        let device = Device::rsa(0);
        let sent = client.enrolment(&device);
        let by_post = client.issued(&client.post(&sent.der), &sent, &device);
        let get = service.get(&client.query(&base64(&sent.der).replace('+', "%2B")));
        assert_eq!(client.issued(&get, &sent, &device), by_post, "{path}");
    }
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn other_addresses_lead_nowhere() {
    let service = service();
    for path in ["/", "/scep/nowhere", "/certsrv/other", "/certsrv/mscep/mscep.dll/x", "/scep/../scep/nowhere", "/ca/x"]
    {
        assert_eq!(service.get(&format!("{path}?operation=GetCACaps")).status, 404, "{path}");
    }
    assert_eq!(service.get("/scep/approval?operation=GetCACaps").status, 200);
}

/// People open the address in a browser.
#[test]
fn an_address_without_operation_is_a_page() {
    let page = service().get("/certsrv/mscep/mscep.dll");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("SCEP"));
}

#[test]
fn methods_that_are_not_sceps_are_refused() {
    let service = service();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "FOO"] {
        let line = format!("{method} /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(service.send(line.as_bytes()).status, 405, "{method}");
    }
}

#[test]
fn the_content_type_of_a_request_does_not_matter() {
    let service = service();
    let client = Client::of(&service);
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let kinds = [
        "",
        "application/x-pki-message",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/plain; charset=utf-8",
        "multipart/form-data",
        "nonsense",
    ];
    for kind in kinds {
        let response = service.post("/scep?operation=PKIOperation", kind, &sent.der);
        client.issued(&response, &sent, &device);
    }
}

#[test]
fn a_post_may_say_the_operation_in_any_way_or_not_at_all() {
    let service = service();
    let client = Client::of(&service);
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let queries = [
        "",
        "?operation=PKIOperation",
        "?operation=pkioperation",
        "?OPERATION=PKIOPERATION",
        "?message=x&operation=PKIOperation",
        "?operation=PKIOperation&message=default",
    ];
    for query in queries {
        let response = service.post(&format!("/certsrv/mscep/mscep.dll{query}"), "", &sent.der);
        client.issued(&response, &sent, &device);
    }
}

#[test]
fn operations_match_in_any_case() {
    let service = service();
    for name in ["GetCACaps", "getcacaps", "GETCACAPS", "GetCaCaps"] {
        assert_eq!(service.get(&format!("/scep?operation={name}")).header("content-type"), Some("text/plain"));
    }
    for name in ["GetCACert", "getcacert", "GetCACertChain"] {
        let bag = service.get(&format!("/scep?Operation={name}"));
        assert_eq!(bag.header("content-type"), Some("application/x-x509-ca-ra-cert"));
    }
    assert_eq!(service.get("/scep?operation=GetEverything").status, 400);
}

/// Cisco's and other clients, and load balancers that look whether the service is there.
#[test]
fn http_1_0_without_host_is_answered() {
    let service = service();
    let capabilities = service.send(&http::old_get("/certsrv/mscep/mscep.dll?operation=GetCACaps"));
    assert_eq!(capabilities.status, 200);
    let client = Client::of(&service);
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let head = format!("POST /scep?operation=PKIOperation HTTP/1.0\r\nContent-Length: {}\r\n\r\n", sent.der.len());
    client.issued(&service.send(&[head.as_bytes(), &sent.der].concat()), &sent, &device);
}

/// Through a proxy a request line carries the whole address, and the body may come in chunks.
#[test]
fn proxies_are_no_obstacle() {
    let service = service();
    let line = "GET http://scep.example.com/scep?operation=GetCACaps HTTP/1.1\r\nHost: scep.example.com\r\n";
    let response = service.send(format!("{line}Connection: close\r\n\r\n").as_bytes());
    assert_eq!(response.status, 200);
    let client = Client::of(&service);
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let mut request =
        b"POST /scep HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".to_vec();
    for chunk in sent.der.chunks(700) {
        request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    client.issued(&service.send(&request), &sent, &device);
}

/// IIS must be told to allow 65,534 octets for the registration point's challenges; here it is so from the start.
#[test]
fn a_query_may_be_nearly_64_kib_long() {
    let service = service();
    let client = Client::of(&service);
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let path = client.query(&base64(&sent.der).replace('+', "%2B"));
    let fill = "x".repeat(65_534 - path.len() - "&fill=".len());
    client.issued(&service.get(&format!("{path}&fill={fill}")), &sent, &device);
    // Two octets more are refused with a status, not with a closed connection.
    let long = service.get(&format!("{path}&fill={fill}xx"));
    assert!([413, 414].contains(&long.status), "{}", long.status);
}

#[test]
fn bodies_that_are_too_large_are_refused() {
    let service = service();
    let head = "POST /scep HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\nConnection: close\r\n\r\n";
    // The answer comes before the body is there.
    let response = service.send(&[head.as_bytes(), &vec![b'0'; 3 << 20]].concat());
    assert_eq!(response.status, 413);
    assert_eq!(response.text(), "http.body-size\n");
}

#[test]
fn what_is_no_message_gets_a_status_and_a_code() {
    let service = service();
    assert_eq!(service.post("/scep", "", b"").text(), "http.no-message\n");
    assert_eq!(service.get("/scep?operation=PKIOperation").text(), "http.no-message\n");
    assert_eq!(service.get("/scep?operation=PKIOperation&message=%21").text(), "http.base64\n");
    let response = service.post("/scep", "", b"0\x03abc");
    assert_eq!((response.status, response.text().as_str()), (400, "message.syntax\n"));
}

/// A conditional header, an unknown encoding, cookies: nothing of it counts.
#[test]
fn headers_that_devices_add_do_not_matter() {
    let service = service();
    let request = http::get("/scep?operation=GetCACert");
    let headers = [
        "User-Agent: Mozilla/4.0 (compatible; Win32; NDES client 10.0.22621.1/22621)",
        "Accept: application/x-x509-ca-ra-cert",
        "Accept-Encoding: gzip, deflate",
        "If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT",
        "Pragma: no-cache",
        "Cookie: a=b",
        "Range: bytes=0-9",
    ];
    let whole = service.send(&request).body;
    for header in headers {
        let response = service.send(&with_header(&request, header));
        assert_eq!((response.status, &response.body), (200, &whole), "{header}");
    }
}
