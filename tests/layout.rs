//! Keeps the layout of the project: who may import whom, where `unsafe` may be, who may print.
//!
//! Each rule is a function of one file's path and text, so that it can be shown to catch what it is meant to catch. The rules look at
//! words, not at syntax trees: enough against slips, and without a dependency.

use std::fs;
use std::path::Path;

/// What is wrong with a file: nothing, or one sentence for each fault.
type Rule = fn(path: &str, text: &str) -> Vec<String>;

const RULES: [(&str, Rule); 7] = [
    ("manifests name allowed crates", manifests_name_allowed_crates),
    ("sources name allowed crates", sources_name_allowed_crates),
    ("graph and input know no programs", graph_and_input_know_no_programs),
    ("unsafe has two homes", unsafe_has_two_homes),
    ("crate roots forbid unsafe", crate_roots_forbid_unsafe),
    ("libraries are silent", libraries_are_silent),
    ("development data is not named", development_data_is_not_named),
];

/// Our crates, and which of our crates each may use. The facade may use all.
const CRATES: [(&str, &[&str]); 6] = [
    ("kernels", &[]),
    ("engine", &["kernels"]),
    ("schedulers", &["engine", "kernels"]),
    ("programs", &["engine", "kernels"]),
    ("distributed", &["engine", "kernels"]),
    ("samples", &[]),
];

/// Modules of the engine that its `graph` and `input` must not see.
const ABOVE_DATA: [&str; 11] = [
    "program",
    "edge_program",
    "update",
    "scope",
    "consistency",
    "ghost",
    "scheduler",
    "aggregate",
    "exclusion",
    "executor",
    "audit",
];
/// Types of those modules.
const ABOVE_DATA_TYPES: [&str; 5] =
    ["VertexProgram", "EdgeProgram", "UpdateFunction", "Scheduler", "Executor"];

const FORBID: &str = "#![forbid(unsafe_code)]";
const DENY: &str = "#![deny(unsafe_code)]";

fn manifests_name_allowed_crates(path: &str, text: &str) -> Vec<String> {
    let Some((owner, "Cargo.toml")) = path.split_once('/') else { return Vec::new() };
    let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == owner) else { return Vec::new() };
    let mut in_dependencies = false;
    let mut faults = Vec::new();
    for (number, line) in numbered(text) {
        let line = line.split('#').next().unwrap_or("").trim();
        // A dependency is a key in a table of dependencies, or a table of its own.
        let key = if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            in_dependencies = header.ends_with("dependencies");
            header.rsplit_once("dependencies.").map(|(_, name)| name)
        } else if in_dependencies {
            line.split(['.', '=', ' ']).next()
        } else {
            None
        };
        let named = key.and_then(|key| key.trim_matches('"').strip_prefix("gasworks"));
        if let Some(named) = named {
            let named = named.strip_prefix('-').unwrap_or("the facade");
            if !allowed.contains(&named) {
                faults.push(format!("line {number}: {owner} must not depend on {named}"));
            }
        }
    }
    faults
}

fn sources_name_allowed_crates(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".rs") {
        return Vec::new();
    }
    let folder = path.split('/').next().unwrap_or("");
    let allowed = CRATES.iter().find(|(name, _)| *name == folder).map(|(_, allowed)| *allowed);
    let user = ["examples", "tests", "benches"].contains(&folder);
    let mut faults = Vec::new();
    for (number, line) in code(text) {
        for (name, _) in CRATES {
            let permitted = match allowed {
                Some(allowed) => name == folder || allowed.contains(&name),
                None => !user,
            };
            if !permitted && has_word(&line, &format!("gasworks_{name}")) {
                faults.push(format!("line {number}: {folder} must not name {name}"));
            }
        }
        if allowed.is_some() && (line.contains("gasworks::") || line.contains("extern crate gasworks;")) {
            faults.push(format!("line {number}: {folder} must not name the facade"));
        }
    }
    faults
}

fn graph_and_input_know_no_programs(path: &str, text: &str) -> Vec<String> {
    let inside =
        |folder: &str| path.starts_with(folder) || path == format!("{}.rs", folder.trim_end_matches('/'));
    if !["engine/src/graph/", "engine/src/input/"].into_iter().any(inside) {
        return Vec::new();
    }
    // Imports may be nested and span lines, so whole statements are looked at.
    let whole: Vec<String> = code(text).map(|(_, line)| line).collect();
    let mut faults = Vec::new();
    for statement in whole.join(" ").split(';') {
        let import = ["use crate::", "use super::super::"].iter().find_map(|start| {
            let at = statement.find(start)?;
            Some(&statement[at + start.len()..])
        });
        for module in ABOVE_DATA {
            let imported = import.is_some_and(|import| has_word(import, module));
            if imported || has_path(statement, "crate::", module) {
                faults.push(format!("names the module {module}"));
            }
        }
        for name in ABOVE_DATA_TYPES {
            if has_word(statement, name) {
                faults.push(format!("names the type {name}"));
            }
        }
    }
    faults
}

fn unsafe_has_two_homes(path: &str, text: &str) -> Vec<String> {
    let home = path.starts_with("engine/src/memory/") || path.starts_with("kernels/");
    // An allocator that counts is unsafe to implement, and is no part of what users run.
    let home = home || path == "tests/allocations.rs";
    if home || !path.ends_with(".rs") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (number, line) in code(text) {
        if has_word(&line, "unsafe") {
            faults.push(format!("line {number}: unsafe outside engine/src/memory/ and kernels/"));
        }
        // The engine's root may open the gate for `mod memory`.
        if line.contains("allow(unsafe_code)") && path != "engine/src/lib.rs" {
            faults.push(format!("line {number}: allows unsafe code"));
        }
    }
    faults
}

fn crate_roots_forbid_unsafe(path: &str, text: &str) -> Vec<String> {
    let expected = match path {
        "src/lib.rs" | "programs/src/lib.rs" | "schedulers/src/lib.rs" | "distributed/src/lib.rs" => FORBID,
        "samples/src/lib.rs" => FORBID,
        "engine/src/lib.rs" => DENY,
        _ => return Vec::new(),
    };
    match code(text).any(|(_, line)| line.trim() == expected) {
        true => Vec::new(),
        false => vec![format!("expected {expected} at the head")],
    }
}

fn libraries_are_silent(path: &str, text: &str) -> Vec<String> {
    let binary = path.starts_with("src/") && path != "src/lib.rs";
    let user = path.split('/').any(|part| ["examples", "tests", "benches"].contains(&part));
    if binary || user || test_module(path).is_some() || !path.ends_with(".rs") {
        return Vec::new();
    }
    // Unit tests stand at the foot of their file and may say that they are skipped.
    let foot = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at).find(|at| {
        let module = text[*at..].lines().nth(1);
        module.is_some_and(|module| module.ends_with('{'))
    });
    let library = &text[..foot.unwrap_or(text.len())];
    let mut faults = Vec::new();
    for (number, line) in code(library) {
        for name in ["print", "println", "eprint", "eprintln", "dbg"] {
            if words(&line).any(|(at, word)| word == name && line[at + name.len()..].starts_with('!')) {
                faults.push(format!("line {number}: {name}! in a library"));
            }
        }
        for (module, names) in [
            ("process::", &["exit", "abort"][..]),
            ("env::", &["var", "var_os", "vars", "vars_os", "args", "args_os"][..]),
        ] {
            for name in names {
                if has_path(&line, module, name) {
                    faults.push(format!("line {number}: {module}{name} in a library"));
                }
            }
        }
    }
    faults
}

/// The module of a file that by its name holds nothing but tests; `test_modules_are_only_for_tests` looks whether it does.
fn test_module(path: &str) -> Option<&str> {
    let module = path.rsplit('/').next()?.strip_suffix(".rs")?;
    (module == "tests" || module == "testing" || module.ends_with("_tests")).then_some(module)
}

fn declares_for_tests(text: &str, module: &str) -> bool {
    let after = |mark| text.split(mark).skip(1);
    // The model checkers' tests, or those that they leave out.
    after("#[cfg(test)]").chain(after("#[cfg(all(test, ")).any(|after| {
        let declaration = after.split_inclusive(';').next().unwrap_or("");
        declaration.ends_with(&format!("mod {module};")) || declaration.contains(&format!("\"{module}.rs\""))
    })
}

fn development_data_is_not_named(path: &str, text: &str) -> Vec<String> {
    // In two parts, so that this file does not name it either.
    let folder = concat!("../", "shared");
    if path == ".ci/run" {
        return Vec::new();
    }
    numbered(text)
        .filter(|(_, line)| line.contains(folder))
        .map(|(number, _)| format!("line {number}: names {folder}, which only .ci/run may"))
        .collect()
}

// ------------------------------------------------------------------ reading text

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

/// The lines without their `//` comments.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    numbered(text).map(|(number, line)| {
        let mut quoted = false;
        let mut before = ['\0'; 2];
        for (at, c) in line.char_indices() {
            match c {
                // Neither an escaped quotation mark nor the character literal.
                '"' if before[1] != '\\' && !(before[1] == '\'' && line[at + 1..].starts_with('\'')) => {
                    quoted = !quoted;
                }
                '/' if !quoted && line[at..].starts_with("//") => return (number, line[..at].to_string()),
                _ => {}
            }
            // An escaped backslash escapes nothing.
            before = if before[1] == '\\' && c == '\\' { ['\0'; 2] } else { [before[1], c] };
        }
        (number, line.to_string())
    })
}

/// The identifiers and keywords of a text, and where they start.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c| !inside(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

fn has_word(text: &str, word: &str) -> bool {
    words(text).any(|(_, found)| found == word)
}

/// `name` directly after `module`, as a word.
fn has_path(text: &str, module: &str, name: &str) -> bool {
    words(text).any(|(at, word)| word == name && text[..at].ends_with(module))
}

// ------------------------------------------------------------------ the project

/// Every text file of the project, by its path from the root.
fn project() -> Vec<(String, String)> {
    fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".ci" && name != ".github";
            if path.is_dir() {
                if !hidden && !["target", "mutants.out"].contains(&name.as_str()) {
                    collect(root, &path, files);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, root, &mut files);
    files.sort();
    files
}

#[test]
fn the_project_keeps_every_rule() {
    let files = project();
    for path in
        ["Cargo.toml", "engine/Cargo.toml", "engine/src/graph/mod.rs", "samples/src/lib.rs", ".ci/run"]
    {
        assert!(files.iter().any(|(found, _)| found == path), "{path} was not looked at");
    }
    let mut faults = Vec::new();
    // This file holds what the rules forbid, as examples.
    for (path, text) in files.iter().filter(|(path, _)| path != "tests/layout.rs") {
        for (name, rule) in RULES {
            faults.extend(rule(path, text).into_iter().map(|fault| format!("{path}: {fault} ({name})")));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn test_modules_are_only_for_tests() {
    let files = project();
    for (path, _) in files.iter().filter(|(path, _)| path.contains("src/")) {
        let Some(module) = test_module(path) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let declared = files
            .iter()
            .filter(|(parent, _)| {
                parent.strip_suffix(".rs") == Some(folder)
                    || parent.rsplit_once('/').map(|(at, _)| at) == Some(folder)
            })
            .any(|(_, text)| declares_for_tests(text, module));
        assert!(declared, "{path}: expected `#[cfg(test)]` before `mod {module};`");
    }
}

#[test]
fn the_sample_is_optional() {
    let files = project();
    let (_, manifest) = files.iter().find(|(path, _)| path == "Cargo.toml").unwrap();
    let dependency = manifest.lines().rfind(|line| line.starts_with("gasworks-samples"));
    assert!(dependency.is_some_and(|line| line.contains("optional = true")), "{dependency:?}");
}

/// That each rule has power: texts that it must catch, and as similar ones that it must let pass.
#[test]
fn every_rule_catches_what_it_forbids() {
    let caught = |rule: Rule, path: &str, text: &str| {
        assert!(!rule(path, text).is_empty(), "not caught in {path}: {text}");
    };
    let passes = |rule: Rule, path: &str, text: &str| {
        assert_eq!(rule(path, text), Vec::<String>::new(), "{path}: {text}");
    };

    let rule: Rule = manifests_name_allowed_crates;
    caught(rule, "kernels/Cargo.toml", "[dependencies]\ngasworks-engine.workspace = true");
    caught(rule, "engine/Cargo.toml", "[dependencies]\ngasworks-programs = { path = \"../programs\" }");
    caught(rule, "engine/Cargo.toml", "[dev-dependencies]\ngasworks-schedulers = \"0.1\"");
    caught(rule, "programs/Cargo.toml", "[target.\"cfg(loom)\".dependencies]\ngasworks-schedulers = \"0.1\"");
    caught(rule, "schedulers/Cargo.toml", "[dependencies.gasworks-programs]\nworkspace = true");
    caught(rule, "samples/Cargo.toml", "[dependencies]\ngasworks-kernels.workspace = true");
    caught(rule, "programs/Cargo.toml", "[dev-dependencies]\ngasworks = { path = \"..\" }");
    passes(
        rule,
        "programs/Cargo.toml",
        "[package]\nname = \"gasworks-programs\"\n[dependencies]\nrayon = \"1\"",
    );
    passes(
        rule,
        "programs/Cargo.toml",
        "[dependencies]\ngasworks-engine.workspace = true\n# gasworks-schedulers",
    );
    passes(rule, "Cargo.toml", "[dependencies]\ngasworks-programs.workspace = true");

    let rule: Rule = sources_name_allowed_crates;
    caught(rule, "kernels/src/lib.rs", "use gasworks_engine::Random;");
    caught(rule, "engine/src/lib.rs", "pub use gasworks_programs as programs;");
    caught(rule, "programs/src/als.rs", "let s = gasworks_schedulers::Fifo::new();");
    caught(rule, "schedulers/src/fifo.rs", "use {gasworks_engine::Task, gasworks_programs::Als};");
    caught(rule, "engine/tests/run.rs", "use gasworks::Graph;");
    for folder in ["examples", "tests", "benches"] {
        caught(rule, &format!("{folder}/pagerank.rs"), "use gasworks_engine::graph::Graph;");
        passes(rule, &format!("{folder}/pagerank.rs"), "use gasworks::graph::Graph;");
    }
    passes(rule, "programs/src/als.rs", "use gasworks_engine::Random; // not gasworks_schedulers");
    passes(rule, "engine/tests/run.rs", "use gasworks_engine::Random;");
    passes(rule, "src/lib.rs", "pub use gasworks_programs as programs;");

    let rule: Rule = graph_and_input_know_no_programs;
    caught(rule, "engine/src/graph/csr.rs", "use crate::executor::Sync;");
    caught(rule, "engine/src/graph/mod.rs", "use crate::{\n    input,\n    program::Gathers,\n};");
    caught(rule, "engine/src/input/edges.rs", "fn f(x: crate::scheduler::Task) {}");
    caught(rule, "engine/src/input/edges.rs", "use super::super::ghost;");
    caught(rule, "engine/src/input/edges.rs", "use crate::VertexProgram;");
    caught(rule, "engine/src/input.rs", "use crate::audit::History;");
    passes(
        rule,
        "engine/src/graph/csr.rs",
        "use crate::input::EdgeList;\nlet update = 1; // crate::executor",
    );
    passes(rule, "engine/src/executor/sync.rs", "use crate::program::Gathers;");

    let rule: Rule = unsafe_has_two_homes;
    caught(rule, "engine/src/graph/csr.rs", "let x = unsafe { *p };");
    caught(rule, "programs/src/als.rs", "unsafe impl Send for X {}");
    caught(rule, "tests/run.rs", "    unsafe { f() }");
    caught(rule, "src/main.rs", "let url = \"http://x\"; unsafe { f() }");
    caught(rule, "engine/src/executor/mod.rs", "#![allow(unsafe_code)]");
    passes(rule, "engine/src/memory/cells.rs", "unsafe { f() }");
    passes(rule, "kernels/src/dot.rs", "unsafe { f() }");
    passes(rule, "tests/allocations.rs", "unsafe { f() }");
    passes(rule, "programs/src/lib.rs", "#![forbid(unsafe_code)] // no unsafe here");
    passes(rule, "engine/src/lib.rs", "#[allow(unsafe_code)]\nmod memory;");

    let rule: Rule = crate_roots_forbid_unsafe;
    for path in ["src/lib.rs", "programs/src/lib.rs", "schedulers/src/lib.rs", "samples/src/lib.rs"] {
        caught(rule, path, "//! Words.\npub mod a;");
        caught(rule, path, "// #![forbid(unsafe_code)]");
        caught(rule, path, DENY);
        passes(rule, path, "//! Words.\n#![forbid(unsafe_code)]\npub mod a;");
    }
    caught(rule, "engine/src/lib.rs", "pub mod a;");
    passes(rule, "engine/src/lib.rs", DENY);

    let rule: Rule = libraries_are_silent;
    for line in [
        "println!(\"x\");",
        "eprintln!(\"x\");",
        "print!(\"x\");",
        "dbg!(x);",
        "std::process::exit(1);",
        "std::env::var(\"X\");",
        "env::var_os(\"X\");",
    ] {
        for path in ["engine/src/input/mod.rs", "programs/src/als.rs", "src/lib.rs", "kernels/src/dot.rs"] {
            caught(rule, path, line);
            passes(rule, path, &format!("//! {line}\n/// {line}"));
        }
        for path in ["src/main.rs", "src/cli/als.rs", "examples/a.rs", "tests/a.rs", "benches/a.rs"] {
            passes(rule, path, line);
        }
        passes(rule, "engine/src/a/large_tests.rs", line);
        caught(rule, "engine/src/a.rs", &format!("#[cfg(test)]\nmod testing;\nfn f() {{\n{line}\n}}"));
        passes(rule, "engine/src/a.rs", &format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{line}\n}}"));
    }
    passes(rule, "engine/src/a.rs", "writeln!(to, \"x\"); let print = 1; env!(\"X\");");

    for declared in [
        "#[cfg(test)]\nmod testing;",
        "#[cfg(test)]\n#[path = \"testing.rs\"]\nmod tests;",
        "#[cfg(all(test, not(loom)))]\nmod testing;",
    ] {
        assert!(declares_for_tests(declared, "testing"), "{declared}");
    }
    for other in ["mod testing;", "#[cfg(test)]\nmod tests;\nmod testing;", "#[cfg(not(test))]\nmod testing;"]
    {
        assert!(!declares_for_tests(other, "testing"), "{other}");
    }

    let rule: Rule = development_data_is_not_named;
    let named = concat!("cd ../", "shared/data");
    for path in ["tests/a.rs", "README.md", "docs/a.md", ".github/workflows/ci.yml"] {
        caught(rule, path, named);
        passes(rule, path, "shared memory");
    }
    passes(rule, ".ci/run", named);
}

#[test]
fn comments_end_code_and_quotation_marks_do_not_hide_it() {
    let stripped = |line: &str| code(line).next().map(|(_, line)| line).unwrap_or_default();
    assert_eq!(stripped("a(); // b"), "a(); ");
    assert_eq!(stripped("/// doc"), "");
    assert_eq!(stripped(r#"f("http://x"); // b"#), r#"f("http://x"); "#);
    assert_eq!(stripped(r#"f("\"//"); // b"#), r#"f("\"//"); "#);
    assert_eq!(stripped(r#"f('"'); // b"#), r#"f('"'); "#);
    assert_eq!(stripped(r#"f("\\"); // b"#), r#"f("\\"); "#);
}
