//! Each cause alone, each pair of causes, and the healthy deployment: what is found, and what is found wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test reads and writes the documentation")]

mod synthetic;

use std::collections::BTreeMap;

use doctor::{Diagnosis, Outcome, Verdict, diagnose};
use synthetic::sick::{self, Sick};
use synthetic::well::{self, Well};
use synthetic::{Deployment, now};

/// Causes that cannot be at work together, or of which one takes the other's evidence away.
const EXCLUSIVE: &[(&str, &str)] = &[
    // The pinned certificate cannot be expired and still good.
    ("F-01", "F-04"),
    // Without the certificate in the store its usages, provider and dates are not known.
    ("F-02", "F-04"),
    ("F-02", "F-05"),
    // RA certificates whose dates are past are not candidates whose key or issuer would matter.
    ("F-31", "F-32"),
    ("F-31", "F-33"),
    ("F-31", "F-36"),
    // Undecipherable requests come either right after a renewal or long after it.
    ("F-35", "F-54"),
    // A registry that lacks values explains the start failure that a static password would.
    ("F-38", "F-39"),
    // A static password leaves no cache to fill.
    ("F-39", "F-50"),
    // A module that does not load explains event 2.
    ("F-39", "F-40"),
    // The challenge page is either served or not.
    ("F-50", "F-53"),
    // The CA's name in the registry and the RA's issuer are one fact.
    ("F-33", "F-36"),
];

fn ail(causes: &[&Sick]) -> Diagnosis {
    let mut deployment = Deployment::healthy();
    causes.iter().for_each(|sick| (sick.ail)(&mut deployment));
    diagnose(&deployment.evidence(), now())
}

fn found(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_healthy_deployment_is_clear() {
    let diagnosis = diagnose(&Deployment::healthy().evidence(), now());
    assert_eq!(found(&diagnosis), [""; 0]);
    let open: Vec<_> =
        diagnosis.outcomes.iter().filter(|(_, o)| matches!(o, Outcome::CannotTell(_))).map(|(code, _)| *code).collect();
    // There is no domain controller's log in the collection.
    assert_eq!(open, ["F-65"]);
    assert_eq!(diagnosis.verdict, Verdict::Clear);
    assert!(diagnosis.noise.total() >= 1, "the noise in it is counted: {:?}", diagnosis.noise);
}

#[test]
fn each_cause_alone_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for sick in sick::ALL {
        let diagnosis = ail(&[sick]);
        let first = diagnosis.findings.first();
        if found(&diagnosis) != [sick.code] || first.unwrap().certainty != sick.certainty {
            wrong.push(format!("{}: {:?} {:?}", sick.code, found(&diagnosis), first.map(|f| f.certainty)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_check_has_a_sick_sample() {
    let known: Vec<_> = sick::ALL.iter().map(|sick| sick.code).collect();
    let without: Vec<_> =
        doctor::check::ALL.iter().map(|check| check.code).filter(|code| !known.contains(code)).collect();
    assert_eq!(without, NEVER_FOUND.iter().map(|(code, _)| *code).collect::<Vec<_>>());
}

/// Checks that never find, and why: what shows the cause is not among what can be collected.
const NEVER_FOUND: &[(&str, &str)] =
    &[("F-52", "a wrong string type is seen only in a capture of the requests; event 29 leads to it and to others")];

fn mended(well: &Well) -> Deployment {
    let mut deployment = Deployment::healthy();
    (well.mend)(&mut deployment);
    deployment
}

fn outcome<'a>(diagnosis: &'a Diagnosis, code: &str) -> &'a Outcome {
    diagnosis.outcomes.iter().find(|(known, _)| *known == code).map(|(_, outcome)| outcome).unwrap()
}

/// Each cause with its page, its sick sample and its healthy twin: the same kinds of evidence with the cause mended. The
/// twin's check has to say clear, which needs the evidence to be there and read.
#[test]
fn every_cause_has_a_page_a_sick_sample_and_a_healthy_twin() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/causes");
    let mut wrong = Vec::new();
    let mut seen = vec![Deployment::healthy().files()];
    for check in doctor::check::ALL {
        let code = check.code;
        let mut miss = |what: String| wrong.push(format!("{code}: {what}"));
        if !std::fs::read_to_string(format!("{pages}/{code}.md")).is_ok_and(|page| page.contains(code)) {
            miss("no page".to_owned());
        }
        let Some(well) = well::ALL.iter().find(|well| well.code == code) else {
            miss("no healthy twin".to_owned());
            continue;
        };
        let twin = mended(well);
        let names = |deployment: &Deployment| deployment.files().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        match sick::ALL.iter().find(|sick| sick.code == code) {
            Some(sick) => {
                if !found(&ail(&[sick])).contains(&code) {
                    miss("the sick sample is not found".to_owned());
                }
                let mut ailing = Deployment::healthy();
                (sick.ail)(&mut ailing);
                if names(&ailing) != names(&twin) || ailing.probes.len() != twin.probes.len() {
                    miss(format!("other evidence than the sick sample: {:?}, {:?}", names(&ailing), names(&twin)));
                }
            }
            None if NEVER_FOUND.iter().any(|(known, _)| *known == code) => {}
            None => miss("no sick sample".to_owned()),
        }
        let diagnosis = diagnose(&twin.evidence(), now());
        if !found(&diagnosis).is_empty() || *outcome(&diagnosis, code) != Outcome::Clear {
            miss(format!("the twin: {:?}, {:?}", outcome(&diagnosis, code), found(&diagnosis)));
        }
        // Probes are no files: of those twins the answers differ.
        if seen.contains(&twin.files()) && twin.probes == Deployment::healthy().probes {
            miss("the twin is no other than one before".to_owned());
        }
        seen.push(twin.files());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(well::ALL.len(), doctor::check::ALL.len());
}

/// What is never found is at least never cleared while something points at it.
#[test]
fn what_is_never_found_stays_open() {
    for (code, why) in NEVER_FOUND {
        let mut deployment = Deployment::healthy();
        deployment.application.push(synthetic::events::ndes(29, "0x80004005", "The password cannot be verified."));
        let diagnosis = diagnose(&deployment.evidence(), now());
        let Outcome::CannotTell(missing) = outcome(&diagnosis, code) else { panic!("{code}: {why}") };
        assert!(!missing.leads.is_empty(), "{code}");
    }
}

/// What was found over all pairs.
#[derive(Default)]
struct Score {
    expected: u64,
    found: u64,
    wrong: u64,
    details: Vec<String>,
}

fn pairs() -> (u64, BTreeMap<&'static str, Score>) {
    let mut scores: BTreeMap<&'static str, Score> = BTreeMap::new();
    let mut count = 0;
    for (n, one) in sick::ALL.iter().enumerate() {
        for other in sick::ALL.iter().skip(n + 1) {
            let pair = (one.code, other.code);
            if EXCLUSIVE.contains(&pair) {
                continue;
            }
            count += 1;
            let diagnosis = ail(&[one, other]);
            let all = found(&diagnosis);
            for code in [one.code, other.code] {
                let score = scores.entry(code).or_default();
                score.expected += 1;
                score.found += u64::from(all.contains(&code));
                if !all.contains(&code) {
                    score.details.push(format!("{pair:?} misses {code}"));
                }
            }
            for code in all.iter().filter(|code| ![one.code, other.code].contains(code)) {
                let score = scores.entry(code).or_default();
                score.wrong += 1;
                score.details.push(format!("{pair:?} says {code}"));
            }
        }
    }
    (count, scores)
}

#[test]
fn each_pair_of_causes_is_told_apart() {
    let (count, scores) = pairs();
    let (mut expected, mut right, mut wrong) = (0, 0, 0);
    for score in scores.values() {
        (expected, right, wrong) = (expected + score.expected, right + score.found, wrong + score.wrong);
    }
    let details: Vec<_> = scores.values().flat_map(|score| &score.details).collect();
    assert_eq!((right, wrong), (expected, 0), "{details:#?}");
    let page = page(count, &scores);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/conformance-doctor.md");
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    println!("doctor: precision {right}/{}, recall {right}/{expected} over {count} pairs", right + wrong);
    assert_eq!(std::fs::read_to_string(path).unwrap(), page, "run with REGENERATE=1 and look at the change");
}

/// What the check of this cause says of its healthy twin.
fn twin_says(code: &str) -> String {
    let well = well::ALL.iter().find(|well| well.code == code).unwrap();
    outcome(&diagnose(&mended(well).evidence(), now()), code).name().replace('_', " ")
}

fn page(count: u64, scores: &BTreeMap<&'static str, Score>) -> String {
    let (mut expected, mut right, mut wrong) = (0, 0, 0);
    for score in scores.values() {
        (expected, right, wrong) = (expected + score.expected, right + score.found, wrong + score.wrong);
    }
    let percent = |part: u64, whole: u64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
    let mut out = format!(
        "# What the doctor finds\n\nMade by the tests of `crates/doctor` (`matrix.rs`); a test compares it. The evidence \
         is synthetic: a healthy deployment of sixteen files, for each cause what changes in them, and for each cause a \
         healthy twin: the same evidence with that cause mended.\n\n* Causes with a sick sample: {}; each alone: found, \
         with nothing beside it.\n* Healthy deployment: no finding, verdict clear.\n* Healthy twins: {}; no finding in \
         any of them, and the check of the cause says clear in {}.\n* Checks without a sick sample: {}.\n* Pairs of causes: {count}. Recall {} ({right} of {expected}), precision {} ({wrong} false findings).\n* Pairs \
         left out because one cause excludes the other or takes its evidence away: {}.\n\n| cause | title | alone | \
         healthy | twin | found in pairs | false in pairs |\n|---|---|---|---|---|---|---|\n",
        sick::ALL.len(),
        well::ALL.len(),
        well::ALL.iter().filter(|well| twin_says(well.code) == "clear").count(),
        NEVER_FOUND.iter().map(|(code, why)| format!("{code} ({why})")).collect::<Vec<_>>().join(", "),
        percent(right, expected),
        percent(right, right + wrong),
        EXCLUSIVE.iter().map(|(a, b)| format!("{a}+{b}")).collect::<Vec<_>>().join(", "),
    );
    let healthy = diagnose(&Deployment::healthy().evidence(), now());
    for sick in sick::ALL {
        let outcome = healthy.outcomes.iter().find(|(code, _)| *code == sick.code).map(|(_, outcome)| outcome.name());
        let score = &scores[sick.code];
        out.push_str(&format!(
            "| [{0}](causes/{0}.md) | {1} | {2} | {3} | {4} | {5} of {6} | {7} |\n",
            sick.code,
            doctor::cause::of(sick.code).unwrap().en.title,
            sick.certainty.name(),
            outcome.unwrap().replace('_', " "),
            twin_says(sick.code),
            score.found,
            score.expected,
            score.wrong,
        ));
    }
    out
}
