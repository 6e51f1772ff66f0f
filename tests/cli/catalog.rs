//! `schedulers` and `exclusions`: what they list is what the engine goes by.

use gasworks::schedulers::{ALL, by_name};
use gasworks::{Exclusion, RULES};

use crate::gasworks;

#[test]
fn schedulers_are_listed_with_options_that_are_taken() {
    let run = gasworks(&["schedulers", "--json"]).ok();
    let events = run.events();
    assert_eq!(events.len(), ALL.len());
    let table = gasworks(&["schedulers"]).ok().out;
    for (event, entry) in events.iter().zip(ALL) {
        assert_eq!((&event["event"], &event["name"]), (&"scheduler".into(), &entry.name.into()));
        let scheduler = by_name(entry.name).expect("it is listed");
        assert_eq!(event["has_rounds"], scheduler.selection().is_some());
        assert!(table.lines().any(|line| line.starts_with(entry.name) && line.contains(entry.about)));
        let options = event["options"].as_array().expect("a list");
        assert_eq!(options.len(), entry.options.len());
        for option in options {
            let [name, default] = ["name", "default"].map(|key| option[key].as_str().expect("a text"));
            assert!(table.contains(&format!("{name}={default}")), "{table}");
        }
    }
}

#[test]
fn exclusions_are_listed_with_what_they_admit() {
    let run = gasworks(&["exclusions", "--json"]).ok();
    let events = run.events();
    let named = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    let names: Vec<_> = named("exclusion").iter().map(|event| event["name"].clone()).collect();
    assert_eq!(names, Exclusion::ALL.map(Exclusion::name));
    let row = |program: &str, declared: &str, asked: &str| {
        let found = named("admission").into_iter().find(|event| {
            event["program"] == program && event["declared"] == declared && event["asked"] == asked
        });
        Exclusion::ALL
            .map(|exclusion| found.expect("a row")[exclusion.name()].as_str().expect("a text").to_owned())
    };
    assert_eq!(row("gathers state", "edge", "edge"), ["any", "rounds", "any", "-", "any"]);
    assert_eq!(row("gathers published", "edge", "edge"), ["any", "-", "any", "-", "any"]);
    assert_eq!(row("update function", "full", "edge"), ["-"; 5]);
    assert_eq!(row("update function", "edge", "full"), ["any", "rounds", "any", "-", "-"]);
    assert_eq!(row("edge program", "full", "full"), ["any", "-", "-", "any", "any"]);
    assert_eq!(row("edge program", "full", "edge"), ["-"; 5]);
    let table = gasworks(&["exclusions"]).ok().out;
    for rule in RULES {
        assert!(table.contains(rule.refusal.what) && table.contains(rule.refusal.why), "{table}");
    }
    assert_eq!(named("rule").len(), RULES.len());
}
