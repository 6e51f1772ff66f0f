//! Gibbs sampling on the published models of the UAI 2014 competition, from the folder that `GASWORKS_DATA` names, against their exact marginals.

use std::path::PathBuf;

use gasworks::input::{Source, read_uai, read_uai_evidence};
use gasworks::programs::markov_random_field::{Gibbs, MarkovRandomField, exact_marginal};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Engine, Reason, Scheduler};

/// A model with its evidence, and its exact marginals.
fn load(name: &str) -> Option<(MarkovRandomField, Vec<Vec<f64>>)> {
    let Some(folder) = std::env::var_os("GASWORKS_DATA") else {
        println!("skipped: GASWORKS_DATA is not set, {name} is not read");
        return None;
    };
    let file = |ending: &str| PathBuf::from(&folder).join(format!("uai/{name}.uai{ending}"));
    let graph = read_uai(&Source::from(file("").as_path())).unwrap();
    let evidence = read_uai_evidence(&Source::from(file(".evid").as_path()), &graph).unwrap();
    let model = MarkovRandomField::from_uai(graph, &evidence).unwrap();
    let text = std::fs::read_to_string(file(".MAR")).unwrap();
    let mut words = text.split_ascii_whitespace();
    assert_eq!(words.next(), Some("MAR"));
    let mut number = || words.next().unwrap().parse::<f64>().unwrap();
    let marginals: Vec<Vec<f64>> =
        (0..number() as usize).map(|_| (0..number() as usize).map(|_| number()).collect()).collect();
    assert_eq!(marginals.len(), model.variables());
    for (variable, marginal) in (0..).zip(&marginals) {
        assert_eq!(marginal.len(), model.states(variable) as usize, "{name}: {variable}");
    }
    Some((model, marginals))
}

/// The greatest and the mean difference of two probabilities.
fn apart(a: &[Vec<f64>], b: &[Vec<f64>]) -> (f64, f64) {
    let all: Vec<f64> = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).collect();
    (all.iter().copied().fold(0.0, f64::max), all.iter().sum::<f64>() / all.len() as f64)
}

fn sample(model: &MarkovRandomField, samples: u32, seed: u64, order: impl Scheduler) -> Vec<Vec<f64>> {
    let mut graph = model.graph(&model.start(seed).unwrap()).unwrap();
    let gibbs = Gibbs { samples, ..Gibbs::new(model) };
    let outcome = Engine::updates(&mut graph, &gibbs, order).seed(seed).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    gibbs.marginals(&graph).unwrap()
}

/// Runs from several starts, and how far their mean is from the exact marginals, in the mean and at most; then how far any two of them
/// are apart at most.
fn survey(name: &str, order: impl Fn() -> Box<dyn Scheduler>) -> Option<(f64, f64, f64)> {
    let (model, expected) = load(name)?;
    let runs: Vec<_> = (0..4).map(|seed| sample(&model, 5000, seed, order())).collect();
    let mut mean = runs[0].clone();
    for (variable, marginal) in mean.iter_mut().enumerate() {
        for (state, share) in marginal.iter_mut().enumerate() {
            *share = runs.iter().map(|run| run[variable][state]).sum::<f64>() / runs.len() as f64;
        }
    }
    let (most, average) = apart(&mean, &expected);
    let spread = runs.iter().flat_map(|a| runs.iter().map(|b| apart(a, b).0)).fold(0.0, f64::max);
    println!("{name}: off by {average:.4} in the mean, {most:.4} at most; runs apart by {spread:.4}");
    Some((average, most, spread))
}

/// Pairs hold each other loosely enough that a chain goes everywhere.
#[test]
fn models_that_mix_have_their_published_marginals() {
    for (name, tolerance) in [("CSP_12", 0.025), ("Segmentation_12", 0.01)] {
        let orders: [fn() -> Box<dyn Scheduler>; 2] = [|| Box::new(Sweep::new()), || Box::new(Rounds::new())];
        for order in orders {
            let Some((_, most, spread)) = survey(name, order) else { return };
            assert!(most < tolerance && spread < 4.0 * tolerance, "{name}: {most} {spread}");
        }
    }
}

/// Modes far apart (strong pairs on grids and in the dynamic Bayesian network), and zeros that single changes cannot cross (pedigrees, diagnosis):
/// 20,000 samples are wrong here, as those of any sampler of one variable at a time. Runs from several starts say so, as the documentation asks.
#[test]
fn models_that_do_not_mix_are_told_by_runs_that_disagree() {
    for name in
        ["DBN_11", "Grids_11", "Grids_12", "Grids_15", "Pedigree_11", "Promedus_24", "Segmentation_11"]
    {
        let Some((_, most, spread)) = survey(name, || Box::new(Sweep::new())) else { return };
        assert!(most > 0.03 && spread > most / 2.0, "{name}: {most} {spread}");
    }
}

/// Whatever mixes: the files are read as they are meant, evidence and zeros included. The loops of the other models are too wide, and so are those
/// around some variables of these, in the order that elimination chooses.
#[test]
fn elimination_finds_the_published_marginals() {
    for name in ["CSP_12", "Grids_12", "Promedus_24", "Segmentation_11", "Segmentation_12"] {
        let Some((model, expected)) = load(name) else { return };
        for variable in [7, 23] {
            let clock = std::time::Instant::now();
            let found = exact_marginal(&model, variable, 1 << 22);
            println!("{name}: variable {variable}: {:?}", clock.elapsed());
            let found = found.unwrap_or_else(|| panic!("{name}: variable {variable}: too wide"));
            let (most, _) = apart(&[found], &expected[variable as usize..][..1]);
            assert!(most < 1e-5, "{name}: variable {variable}: off by {most}");
        }
    }
}
