//! What must not compile, and with which error. Each program names its errors in its first line, and what the compiler says is
//! recorded beside it.

use std::collections::BTreeSet;
use std::fs;

#[test]
fn what_must_not_compile_does_not() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}

/// The text of a compiler changes from release to release, the codes do not.
#[test]
fn each_program_fails_for_the_reason_that_it_names() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compile_fail");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let program = fs::read_to_string(&path).unwrap();
        let said = fs::read_to_string(path.with_extension("stderr")).unwrap();
        let named = program.lines().next().unwrap().strip_prefix("// ").unwrap().split(':').next().unwrap();
        let codes: BTreeSet<_> = named.split(' ').map(|code| format!("error[{code}]")).collect();
        let errors = said.lines().filter(|line| line.starts_with("error"));
        let found: BTreeSet<_> = errors.map(|line| line.split(':').next().unwrap().to_string()).collect();
        assert_eq!(found, codes, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 10, "{seen} programs");
}
