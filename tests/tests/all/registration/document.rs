//! The OpenAPI document says what the code says: the same paths, the same properties, the same codes; and what really
//! goes over the wire fits it.

use std::collections::BTreeSet;
use std::path::Path;

use rustls::version::TLS13;
use serde::Serialize;
use serde_json::{Value, json};
use server::registration::{
    CHALLENGE, Detail, Failure, Fault, NOTIFY, NewChallenge, Notification, Outcome, Problem, Question, Reasons, Stated,
    VERIFY, Valid, Verdict, Wanted,
};

use super::caller::{Keyed, post};
use super::stage::Stage;

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/registration-point.openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the document")).expect("JSON")
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().expect("an object").keys().cloned().collect()
}

fn text() -> Option<String> {
    Some("x".to_owned())
}

/// Every type with everything it can say, and with no more than it must.
fn types() -> Vec<(&'static str, Value, Value)> {
    let value = |words: &dyn erased::Words| words.value();
    let list = || Some(vec!["x".to_owned()]);
    let wanted = Wanted {
        endpoint: "x".to_owned(),
        validity: Some(1),
        device: text(),
        user: text(),
        sid: text(),
        profile: text(),
        subject: text(),
        names: list(),
        key_usage: list(),
        extended_key_usage: list(),
        key_bits: Some(1),
        signer: text(),
    };
    let challenge = NewChallenge { id: String::new(), challenge: String::new(), expires: 1 };
    let question = Question {
        endpoint: String::new(),
        transaction: String::new(),
        stated: Stated::Renewal,
        request: String::new(),
        signer: String::new(),
    };
    let valid = Valid { id: text(), expires: Some(1), device: text(), sid: text(), profile: text() };
    let detail = Detail { property: text(), expected: text(), actual: text(), ..Detail::default() };
    let told = Notification {
        id: String::new(),
        endpoint: String::new(),
        transaction: String::new(),
        outcome: Outcome::Issued,
        challenge: text(),
        key: String::new(),
        names: String::new(),
        subject: String::new(),
        device: text(),
        case: text(),
        serial: text(),
        certificate: text(),
        code: text(),
        detail: text(),
    };
    let told_least = Notification {
        challenge: None,
        device: None,
        case: None,
        serial: None,
        certificate: None,
        code: None,
        detail: None,
        ..told.clone()
    };
    let problem = Problem { hresult: text(), faults: vec![Detail::default()], ..Problem::default() };
    let refused = Verdict::Refused(Reasons::default());
    let failure = Failure { error: Problem::default() };
    vec![
        ("Wanted", value(&wanted), value(&Wanted::default())),
        ("NewChallenge", value(&challenge), value(&challenge)),
        ("Question", value(&question), value(&question)),
        ("Valid", value(&Verdict::Valid(valid)), value(&Verdict::Valid(Valid::default()))),
        ("Refused", value(&refused), value(&refused)),
        ("Detail", value(&detail), value(&Detail::default())),
        ("Notification", value(&told), value(&told_least)),
        ("Problem", value(&problem), value(&Problem::default())),
        ("Failure", value(&failure), value(&failure)),
    ]
}

mod erased {
    pub(super) trait Words {
        fn value(&self) -> serde_json::Value;
    }

    impl<T: super::Serialize> Words for T {
        fn value(&self) -> serde_json::Value {
            serde_json::to_value(self).expect("JSON")
        }
    }
}

#[test]
fn the_document_has_the_properties_of_the_code() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let mut known: BTreeSet<String> = ["Verdict".to_owned()].into();
    for (name, most, least) in types() {
        let schema = &schemas[name];
        assert_eq!(keys(&schema["properties"]), keys(&most), "{name}");
        let required: BTreeSet<String> =
            schema["required"].as_array().expect(name).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        assert_eq!(required, keys(&least), "{name}");
        known.insert(name.to_owned());
    }
    assert_eq!(keys(schemas), known);
    assert_eq!(keys(&document["paths"]), [CHALLENGE, NOTIFY, VERIFY].map(str::to_owned).into());
}

#[test]
fn closed_schemas_are_closed_in_the_code() {
    let document = document();
    for (name, most, _) in types() {
        let mut more = most;
        more["x-unknown"] = json!(1);
        let refused = match name {
            "Wanted" => serde_json::from_value::<Wanted>(more).is_err(),
            "Question" => serde_json::from_value::<Question>(more).is_err(),
            "Notification" => serde_json::from_value::<Notification>(more).is_err(),
            _ => false,
        };
        let closed = document["components"]["schemas"][name]["additionalProperties"] == json!(false);
        assert_eq!(refused, closed, "{name}");
    }
}

#[test]
fn the_document_has_the_codes_of_the_code() {
    let document = document();
    let codes = |schema: &str| -> BTreeSet<String> {
        let listed = &document["components"]["schemas"][schema]["properties"]["code"]["enum"];
        listed.as_array().expect(schema).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let starting = |all: BTreeSet<String>, with: &str| all.into_iter().filter(|c| c.starts_with(with)).collect();
    let faults: BTreeSet<String> = Fault::ALL.iter().map(|f| f.text().to_owned()).collect();
    assert_eq!(faults, starting(codes("Problem"), "client."));
    assert_eq!(faults, starting(codes("Detail"), "client."));
    let reasons: BTreeSet<String> = ra::Reason::ALL.iter().map(|r| r.text().to_owned()).collect();
    let told: BTreeSet<String> = starting(codes("Detail"), "challenge.");
    assert!(told.is_subset(&reasons), "{told:?}");
}

/// Whether a value fits a schema: as much of JSON Schema as the document uses.
fn misfit(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().expect("a name");
        return misfit(document, &document["components"]["schemas"][name], value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().filter(|choice| misfit(document, choice, value, at).is_none()).count();
        return (fits != 1).then(|| format!("{at}: fits {fits} of the choices: {value}"));
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        other => panic!("{at}: {other:?}"),
    };
    let listed = schema["enum"].as_array().is_none_or(|all| all.contains(value));
    if !fits || !listed {
        return Some(format!("{at}: {value}"));
    }
    let items = value.as_array().into_iter().flatten();
    if let Some(flaw) = items.filter_map(|item| misfit(document, &schema["items"], item, at)).next() {
        return Some(flaw);
    }
    let object = value.as_object()?;
    let missing = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|key| value.get(key.as_str().expect("text")).is_none());
    if let Some(missing) = missing {
        return Some(format!("{at}: {missing} is missing"));
    }
    object.iter().find_map(|(key, inner)| match schema["properties"].get(key) {
        Some(property) => misfit(document, property, inner, &format!("{at}.{key}")),
        None => Some(format!("{at}: {key} is not in the document")),
    })
}

/// Real answers, of every kind the document has.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_over_the_wire_fits_the_document() {
    let document = document();
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let credential = stage.service.credentials.load().policy_module_client.clone().expect("a credential");
    let key = pki::key::PrivateKey::from_pkcs8(credential.key.pkcs8()).expect("the key");
    let own = Keyed { certificate: credential.certificate.clone(), key };
    let challenge = stage.challenge("mdm", "laptop-1").await.challenge;
    let question = |challenge: &str| serde_json::to_vec(&super::verbs::question(challenge, "laptop-1")).expect("JSON");
    let hash = "00".repeat(32);
    let told = json!({"id": "n", "endpoint": "mdm", "transaction": "t", "outcome": "refused", "key": hash, "names": hash,
        "subject": "CN=x"});
    let long = vec![b' '; 300 << 10];
    let calls: Vec<(&str, Vec<u8>, Option<&Keyed>, u16)> = vec![
        (CHALLENGE, br#"{"endpoint":"mdm"}"#.to_vec(), Some(&own), 201),
        (CHALLENGE, br#"{"endpoint":"mdm"}"#.to_vec(), None, 403),
        (CHALLENGE, br#"{"endpoint":"mdm","everything":true}"#.to_vec(), Some(&own), 400),
        (CHALLENGE, long, Some(&own), 413),
        (VERIFY, question(&challenge), Some(&own), 200),
        (VERIFY, question("P1.wrong"), Some(&own), 200),
        (
            VERIFY,
            br#"{"endpoint":"mdm","transaction":"t","stated":"enrolment","request":"?","signer":"?"}"#.to_vec(),
            Some(&own),
            400,
        ),
        (NOTIFY, serde_json::to_vec(&told).expect("JSON"), Some(&own), 204),
        (NOTIFY, b"\xff\xfe".to_vec(), Some(&own), 400),
    ];
    for (path, body, own, status) in calls {
        let response = post(stage.point, &stage.root(), own, &TLS13, path, &body).await;
        assert_eq!(response.status, status, "{path}: {response:?}");
        let described = &document["paths"][path]["post"]["responses"][status.to_string()];
        assert!(described.is_object(), "{path}: status {status} is not in the document");
        if status != 204 {
            let schema = &described["content"]["application/json"]["schema"];
            assert_eq!(misfit(&document, schema, &response.body, path), None);
        }
    }
    let response = post(stage.point, &stage.root(), Some(&own), &TLS13, "/v1/everything", b"{}").await;
    assert_eq!((response.status, &response.body["error"]["code"]), (404, &json!("request.path")));
    running.stop().await;
}
