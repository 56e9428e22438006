//! Name constraints: blamed on the CA that sets them.

use chain::{Question, Rules, judge};
use pki::extension::GeneralName;
use pki::{Name, oid};

use crate::forge::{Made, Recipe, ca, dns_base, noon, recipe};
use crate::{ask, errors, infos, store, whole};

fn below(constrained: Recipe, leaf: Recipe) -> (Vec<u32>, Vec<u32>, u32) {
    let root = ca("CN=Root").self_signed();
    let issuing: Made = constrained.signed_by(&root);
    let leaf = leaf.signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
    (errors(&verdict), infos(&verdict), whole(&verdict).1.0)
}

fn permits(name: &GeneralName) -> Recipe {
    ca("CN=Issuing").constraints(&[name.to_der()], &[])
}

fn excludes(name: &GeneralName) -> Recipe {
    ca("CN=Issuing").constraints(&[], &[name.to_der()])
}

fn dns(text: &str) -> GeneralName {
    GeneralName::Dns(text.to_owned())
}

#[test]
fn satisfied_constraints_are_worth_a_bit() {
    let (errors, infos, whole) = below(permits(&dns("example.test")), recipe("CN=Leaf").dns("a.example.test"));
    assert_eq!((errors, infos, whole), (vec![0, 0, 0], vec![0x104, 0x504, 0x10c], 0x500));
}

#[test]
fn each_form_of_name_is_compared() {
    let text = str::to_owned;
    let upn = GeneralName::from_upn;
    let directory = |text: &str| GeneralName::Directory(Name::parse(text).unwrap());
    let cases: [(GeneralName, GeneralName, GeneralName); 6] = [
        (dns("example.test"), dns("a.example.test"), dns("example.org")),
        (
            GeneralName::Email(text("example.test")),
            GeneralName::Email(text("a@example.test")),
            GeneralName::Email(text("a@b.example.test")),
        ),
        (
            GeneralName::Uri(text(".example.test")),
            GeneralName::Uri(text("http://a.example.test/x")),
            GeneralName::Uri(text("http://example.org")),
        ),
        (
            GeneralName::Ip(vec![10, 0, 0, 0, 255, 0, 0, 0]),
            GeneralName::Ip(vec![10, 1, 2, 3]),
            GeneralName::Ip(vec![11, 1, 2, 3]),
        ),
        (directory("O=Example"), directory("CN=x,O=example"), directory("CN=x,O=Other")),
        (upn("@example.test"), upn("a@example.test"), upn("a@example.org")),
    ];
    for (subtree, inside, outside) in cases {
        // The subject counts as a directory name, so it must be inside too.
        let leaf = |name: &GeneralName| recipe("CN=Leaf,O=Example").names(std::slice::from_ref(name));
        assert_eq!(below(permits(&subtree), leaf(&inside)).0, [0, 0, 0], "{subtree}");
        assert_eq!(below(permits(&subtree), leaf(&outside)).0, [0, 0x4000, 0], "{subtree}");
        let excluded = below(excludes(&subtree), recipe("CN=Leaf").names(std::slice::from_ref(&inside))).0;
        assert_eq!(excluded, [0, 0x8000, 0], "{subtree}");
        let free = below(excludes(&subtree), recipe("CN=Leaf").names(std::slice::from_ref(&outside))).0;
        assert_eq!(free, [0, 0, 0], "{subtree}");
    }
}

#[test]
fn the_subject_and_its_e_mail_address_count() {
    let example = GeneralName::Directory(Name::parse("O=Example").unwrap());
    assert_eq!(below(permits(&example), recipe("CN=Leaf,O=Other")).0, [0, 0x4000, 0]);
    let mail = GeneralName::Email("example.test".to_owned());
    assert_eq!(below(permits(&mail), recipe("E=a@example.org,CN=Leaf").dns("x.test")).0, [0, 0x4000, 0]);
}

#[test]
fn constraints_of_a_kind_that_is_not_supported() {
    let minimum = [dns_base("example.test"), vec![0x80, 1, 1]].concat();
    let maximum = [dns_base("example.test"), vec![0x81, 1, 1]].concat();
    for subtree in [minimum, maximum, dns_base(""), GeneralName::RegisteredId(oid::MD5).to_der()] {
        let leaf = recipe("CN=Leaf").dns("a.example.test");
        assert_eq!(below(ca("CN=I").constraints(&[subtree], &[]), leaf).0, [0, 0x1000, 0]);
    }
}

#[test]
fn a_nul_in_a_name_makes_the_constraints_invalid() {
    let leaf = recipe("CN=Leaf").dns("a.example.test\0.example.org");
    assert_eq!(below(permits(&dns("example.test")), leaf).0, [0, 0x900, 0]);
}

#[test]
fn a_broken_constraint_is_on_the_ca() {
    let holes = GeneralName::Ip(vec![10, 0, 0, 0, 255, 0, 255, 0]);
    assert_eq!(below(permits(&holes), recipe("CN=Leaf")).0, [0, 0x800, 0]);
}

#[test]
fn self_issued_cas_are_exempt_and_leaves_never() {
    let root = ca("CN=Root")
        .constraints(&[GeneralName::Directory(Name::parse("O=Example").unwrap()).to_der()], &[])
        .self_signed();
    let rolled = ca("CN=Root").serial(9).signed_by(&root);
    let leaf = recipe("CN=Leaf,O=Example").signed_by(&rolled);
    let verdict = ask(&store(&root.certificate, &[&rolled.certificate]), &leaf.certificate);
    assert_eq!(verdict.chain.elements.last().unwrap().error.0 & 0xf000, 0);
}

#[test]
fn by_rfc_5280_the_certificate_with_the_name_is_at_fault() {
    let root = ca("CN=Root").self_signed();
    let issuing = permits(&dns("example.test")).signed_by(&root);
    let leaf = recipe("CN=Leaf").dns("a.example.org").signed_by(&issuing);
    let store = store(&root.certificate, &[&issuing.certificate]);
    let question = Question { rules: Rules::Rfc5280, ..Question::new(&leaf.certificate, noon()) };
    assert_eq!(errors(&judge(&store, &question)), [0x4000, 0, 0]);
}

#[test]
fn a_wildcard_that_could_be_an_excluded_name_is_excluded() {
    let leaf = recipe("CN=Leaf").dns("*.example.test");
    assert_eq!(below(excludes(&dns("www.example.test")), leaf).0, [0, 0x8000, 0]);
}
