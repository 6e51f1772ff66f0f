//! The model against sums over all combinations of states, the sampler against exact marginals, and what must be refused.

use gasworks_engine::graph::Graph;
use gasworks_engine::input::{Factor, FactorGraph, Observation};
use gasworks_engine::{Engine, Random, Reason, Row};
use proptest::prelude::*;

use super::{Chains, Gibbs, MarkovRandomField, MarkovRandomFieldError, exact_marginal};
use crate::testing::Queue;

/// Factors over up to `widest` of the variables, entries from 1 to `strength`, and zero with probability `zeros`.
fn random_model(
    seed: u64,
    variables: usize,
    factors: usize,
    widest: u64,
    strength: f64,
    zeros: f64,
) -> MarkovRandomField {
    let mut random = Random::keyed(seed, 1, 0, 0);
    let cardinalities: Vec<u32> = (0..variables).map(|_| 1 + random.below(4) as u32).collect();
    let factors = (0..factors).map(|_| {
        let mut scope: Vec<u32> = Vec::new();
        for _ in 0..random.below(widest + 1) {
            let variable = random.below(variables as u64) as u32;
            if !scope.contains(&variable) {
                scope.push(variable);
            }
        }
        let size = scope.iter().map(|variable| cardinalities[*variable as usize] as usize).product();
        let mut entry = || if random.uniform() < zeros { 0.0 } else { strength.powf(random.uniform()) };
        let table = (0..size).map(|_| entry()).collect();
        Factor { scope, table }
    });
    let factors = factors.collect();
    MarkovRandomField::new(cardinalities, factors).unwrap()
}

/// Every combination of states, with its score.
fn every(model: &MarkovRandomField) -> Vec<(Vec<u32>, f64)> {
    let mut all = vec![Vec::new()];
    for variable in 0..model.variables() as u32 {
        let states = 0..model.states(variable);
        all = all
            .iter()
            .flat_map(|states_before: &Vec<u32>| {
                states.clone().map(move |state| [states_before.as_slice(), &[state]].concat())
            })
            .collect();
    }
    all.into_iter().map(|states| (states.clone(), model.log_score(&states).exp())).collect()
}

/// Marginals by summing over every combination; none if all are impossible.
fn enumerated(model: &MarkovRandomField) -> Option<Vec<Vec<f64>>> {
    let all = every(model);
    let total: f64 = all.iter().map(|(_, score)| score).sum();
    let one = |variable: u32, state: u32| {
        let with = all.iter().filter(|(states, _)| states[variable as usize] == state);
        with.map(|(_, score)| score).sum::<f64>() / total
    };
    let variables = 0..model.variables() as u32;
    let marginals =
        variables.map(|variable| (0..model.states(variable)).map(|state| one(variable, state)).collect());
    (total > 0.0).then(|| marginals.collect())
}

fn sample(model: &MarkovRandomField, samples: u32, seed: u64) -> Graph<Row<u32>, ()> {
    let mut graph = model.graph(&model.start(seed).unwrap()).unwrap();
    let gibbs = Gibbs { model, burn_in: 100, samples };
    let outcome = Engine::updates(&mut graph, &gibbs, Queue::default())
        .exclusion(gasworks_engine::Exclusion::Serial)
        .seed(seed)
        .run()
        .unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    graph
}

/// The greatest difference of two probabilities.
fn apart(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn elimination_and_enumeration_agree_with_evidence_and_zeros(seed: u64, zeros in 0.0..0.3) {
        let mut model = random_model(seed, 6, 7, 3, 20.0, zeros);
        if seed.is_multiple_of(2) {
            model.observe(3, model.states(3) - 1).unwrap();
        }
        let expected = enumerated(&model);
        for variable in 0..6 {
            let found = exact_marginal(&model, variable, 1 << 14);
            match &expected {
                None => prop_assert_eq!(found, None),
                Some(expected) => {
                    let found = found.unwrap();
                    prop_assert!(apart(&[found], &expected[variable as usize..][..1]) < 1e-9);
                }
            }
        }
    }

    /// The step itself, without sampling error: for any states, the full conditional is the joint probability over the states of one.
    #[test]
    fn full_conditionals_are_those_of_the_joint_distribution(seed: u64) {
        let model = random_model(seed, 7, 9, 4, 50.0, 0.1);
        let mut random = Random::keyed(seed, 2, 0, 0);
        let mut states: Vec<u32> = (0..7).map(|v| random.below(model.states(v).into()) as u32).collect();
        for variable in 0..7 {
            let around: Vec<u32> = model.neighbors(variable).iter().map(|u| states[*u as usize]).collect();
            let mut logarithms = Vec::new();
            model.conditional(variable, &around, &mut logarithms);
            prop_assert_eq!(logarithms.len(), model.states(variable) as usize);
            let before = states[variable as usize];
            let scores: Vec<f64> = (0..model.states(variable)).map(|state| {
                states[variable as usize] = state;
                model.log_score(&states)
            }).collect();
            states[variable as usize] = before;
            let most = |of: &[f64]| of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Factors without the variable are a constant, which may be zero.
            if most(&scores) > f64::NEG_INFINITY {
                for (found, expected) in logarithms.iter().zip(&scores) {
                    let (found, expected) = (found - most(&logarithms), expected - most(&scores));
                    prop_assert!(found == expected || (found - expected).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn a_start_is_possible_or_there_is_none(seed: u64, zeros in 0.0..0.8) {
        let mut model = random_model(seed, 6, 8, 3, 2.0, zeros);
        model.observe(2, 0).unwrap();
        let possible = every(&model).iter().any(|(_, score)| *score > 0.0);
        match model.start(seed) {
            Ok(start) => prop_assert!(model.log_score(&start).is_finite() && start[2] == 0),
            Err(error) => {
                prop_assert_eq!(&error, &MarkovRandomFieldError::Impossible);
                prop_assert!(!possible);
            }
        }
    }
}

/// Where propagation alone finds nothing out: queens that do not attack each other, and more pigeons than holes.
#[test]
fn a_start_is_found_by_taking_choices_back() {
    let model = |variables: u32, states: u32, allowed: &dyn Fn(u32, u32, u32) -> bool| {
        let pairs = (0..variables).flat_map(|a| (a + 1..variables).map(move |b| [a, b]));
        let factors = pairs.map(|[a, b]| {
            let entry = |at| f64::from(u8::from(allowed(b - a, at / states, at % states)));
            Factor { scope: vec![a, b], table: (0..states * states).map(entry).collect() }
        });
        MarkovRandomField::new(vec![states; variables as usize], factors.collect()).unwrap()
    };
    let queens = model(10, 10, &|far, a, b| a != b && a.abs_diff(b) != far);
    for seed in 0..20 {
        assert!(queens.log_score(&queens.start(seed).unwrap()).is_finite(), "{seed}");
    }
    let pigeons = model(5, 4, &|_, a, b| a != b);
    assert_eq!(pigeons.start(0), Err(MarkovRandomFieldError::Impossible));
    let crowd = model(12, 11, &|_, a, b| a != b);
    assert_eq!(crowd.start(0), Err(MarkovRandomFieldError::NoStart { steps: 20_000 }));
}

#[test]
fn samples_have_the_exact_marginals() {
    for seed in 0..12 {
        let mut model = random_model(seed, 9, 12, 4, 5.0, 0.0);
        if seed % 3 == 0 {
            model.observe(1, 0).unwrap();
        }
        let graph = sample(&model, 20_000, seed);
        let gibbs = Gibbs { samples: 20_000, ..Gibbs::new(&model) };
        let found = gibbs.marginals(&graph).unwrap();
        let expected: Vec<_> = (0..9).map(|v| exact_marginal(&model, v, 1 << 20).unwrap()).collect();
        // Four standard deviations of 20,000 independent draws are 0.014.
        assert!(apart(&found, &expected) < 0.025, "{seed}: {}", apart(&found, &expected));
        for variable in 0..9 {
            let counted: u32 = graph.vertex(variable)[1..].iter().sum();
            assert_eq!(counted, if model.observed(variable).is_some() { 0 } else { 20_000 });
        }
    }
}

/// Zeros that leave the chain ergodic: at most one of two neighbors is on (hard squares).
#[test]
fn samples_stay_possible_where_factors_have_zeros() {
    let cell = |x: u32, y: u32| 4 * y + x;
    let pairs = (0..4)
        .flat_map(|a| (0..3).flat_map(move |b| [[cell(b, a), cell(b + 1, a)], [cell(a, b), cell(a, b + 1)]]));
    let factors = pairs.map(|scope| Factor { scope: scope.to_vec(), table: vec![1.0, 1.0, 1.0, 0.0] });
    let model = MarkovRandomField::new(vec![2; 16], factors.collect()).unwrap();
    let graph = sample(&model, 40_000, 5);
    let states: Vec<u32> = (0..16).map(|v| graph.vertex(v)[0]).collect();
    assert!(model.log_score(&states).is_finite());
    let found = Gibbs::new(&model).marginals(&graph).unwrap();
    let expected: Vec<_> = (0..16).map(|v| exact_marginal(&model, v, 1 << 16).unwrap()).collect();
    assert!(apart(&found, &expected) < 0.02, "{}", apart(&found, &expected));
}

/// What the documentation warns of: two variables that must agree never leave the start.
#[test]
fn zeros_can_hold_a_chain_where_it_started() {
    let equal = Factor { scope: vec![0, 1], table: vec![1.0, 0.0, 0.0, 1.0] };
    let model = MarkovRandomField::new(vec![2, 2], vec![equal]).unwrap();
    let ends: Vec<f64> =
        (0..20).map(|seed| Gibbs::new(&model).marginals(&sample(&model, 50, seed)).unwrap()[0][0]).collect();
    assert!(ends.iter().all(|share| *share == 0.0 || *share == 1.0));
    assert!(ends.contains(&0.0) && ends.contains(&1.0), "starts from several seeds show it");
}

#[test]
fn the_order_alone_decides_the_bits() {
    let model = random_model(3, 8, 10, 3, 9.0, 0.0);
    let states =
        |seed| sample(&model, 100, seed).vertex_data().iter().map(<[u32]>::to_vec).collect::<Vec<_>>();
    assert_eq!(states(1), states(1));
    assert_ne!(states(1), states(2));
}

#[test]
fn a_run_that_ends_in_its_burn_in_has_no_marginals() {
    let model = random_model(3, 4, 4, 2, 2.0, 0.0);
    let mut graph = model.graph(&model.start(0).unwrap()).unwrap();
    let gibbs = Gibbs { burn_in: 10, ..Gibbs::new(&model) };
    Engine::updates(&mut graph, &gibbs, Queue::default())
        .exclusion(gasworks_engine::Exclusion::Serial)
        .rounds(9)
        .run()
        .unwrap();
    assert_eq!(gibbs.marginals(&graph), None);
    // Without variables there is nothing to wait for.
    let nothing = MarkovRandomField::new(vec![], vec![Factor { scope: vec![], table: vec![2.0] }]).unwrap();
    let graph = sample(&nothing, 1, 0);
    assert_eq!(Gibbs::new(&nothing).marginals(&graph), Some(vec![]));
}

#[test]
fn models_whose_parts_do_not_fit_are_refused() {
    let model = |cardinalities: &[u32], scope: &[u32], table: &[f64]| {
        let factor = Factor { scope: scope.to_vec(), table: table.to_vec() };
        MarkovRandomField::new(cardinalities.to_vec(), vec![factor]).unwrap_err().to_string()
    };
    let tables = "give an entry for each combination of states, the last variable running fastest";
    for (found, expected) in [
        (model(&[65], &[], &[1.0]), "variable 0: expected 1 to 64 states, got 65; merge states, or split the variable in two".to_owned()),
        (model(&[2, 0], &[], &[1.0]), "variable 1: expected 1 to 64 states, got 0; merge states, or split the variable in two".into()),
        (
            model(&[2, 2], &[0, 2], &[1.0; 4]),
            "the scope of factor 0: expected variables from 0 to 2 exclusive, each once, got [0, 2]; variables count from 0".into(),
        ),
        (
            model(&[2, 2], &[1, 1], &[1.0; 4]),
            "the scope of factor 0: expected variables from 0 to 2 exclusive, each once, got [1, 1]; variables count from 0".into(),
        ),
        (
            model(&[2, 3], &[1, 0], &[1.0; 5]),
            format!("the table of factor 0: expected 6 finite entries, none negative, got 5 entries; {tables}"),
        ),
        (
            model(&[2], &[0], &[1.0, -0.5]),
            format!("the table of factor 0: expected 2 finite entries, none negative, got the entry -0.5; {tables}"),
        ),
        (
            model(&[2], &[0], &[1.0, f64::NAN]),
            format!("the table of factor 0: expected 2 finite entries, none negative, got the entry NaN; {tables}"),
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn evidence_and_starts_that_do_not_fit_are_refused() {
    let factor = Factor { scope: vec![0, 1], table: vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0] };
    let data = FactorGraph { cardinalities: vec![3, 2], factors: vec![factor], is_bayesian: false };
    let observed =
        |variable, state| MarkovRandomField::from_uai(data.clone(), &[Observation { variable, state }]);
    let advice = "the model and its evidence must belong together";
    assert_eq!(
        observed(2, 0).unwrap_err().to_string(),
        format!(
            "the evidence: expected a variable from 0 to 2 exclusive, got variable 2 in state 0; {advice}"
        )
    );
    assert_eq!(
        observed(1, 2).unwrap_err().to_string(),
        format!(
            "the evidence: expected a state of variable 1 from 0 to 2 exclusive, got variable 1 in state 2; {advice}"
        )
    );
    // State 2 of the first variable is impossible.
    assert_eq!(observed(0, 2).unwrap().start(0), Err(MarkovRandomFieldError::Impossible));
    let model = observed(0, 1).unwrap();
    assert_eq!(model.start(0).unwrap(), [1, 1]);
    let refused = |start: &[u32]| model.graph(start).unwrap_err().to_string();
    assert_eq!(
        refused(&[1]),
        "the start: expected 2 states, one for each variable, got 1; let `start` find one"
    );
    assert_eq!(
        refused(&[1, 2]),
        "the start: expected a state of variable 1 below 2, got 2; let `start` find one"
    );
    for impossible in [[1, 0], [0, 0]] {
        let expected = "the start: expected states of positive probability that agree with the evidence, got others; let `start` find one";
        assert_eq!(refused(&impossible), expected);
    }
}

#[test]
fn copies_are_the_model_over_and_over() {
    let mut model = random_model(11, 6, 8, 3, 5.0, 0.0);
    model.observe(2, 0).unwrap();
    let three = model.repeated(3);
    assert_eq!(three.variables(), 18);
    let mut random = Random::keyed(11, 2, 0, 0);
    let mut states: Vec<u32> = (0..18).map(|v| random.below(three.states(v).into()) as u32).collect();
    [2, 8, 14].iter().for_each(|seen| states[*seen] = 0);
    let sum: f64 = states.chunks(6).map(|own| model.log_score(own)).sum();
    assert!((three.log_score(&states) - sum).abs() < 1e-9);
    for variable in 0..18 {
        assert_eq!(three.observed(variable), model.observed(variable % 6));
        let around: Vec<u32> = model.neighbors(variable % 6).iter().map(|u| u + variable / 6 * 6).collect();
        assert_eq!(three.neighbors(variable), around);
        let found = exact_marginal(&three, variable, 1 << 14).unwrap();
        let expected = exact_marginal(&model, variable % 6, 1 << 14).unwrap();
        assert!(apart(&[found], &[expected]) < 1e-9);
    }
}

#[test]
fn chains_are_averaged_and_told_apart() {
    let model = random_model(4, 7, 9, 3, 4.0, 0.0);
    let estimate = |count: u32| {
        let chains = Chains::new(&model, count);
        let gibbs = Gibbs { burn_in: 100, samples: 4000, ..Gibbs::new(chains.model()) };
        let mut graph = chains.graph(3).unwrap();
        let engine = Engine::updates(&mut graph, &gibbs, Queue::default());
        engine.exclusion(gasworks_engine::Exclusion::Serial).run().unwrap();
        let each = gibbs.marginals(&graph).unwrap();
        (chains.estimate(&gibbs, &graph).unwrap(), each)
    };
    let (found, each) = estimate(4);
    let expected: Vec<_> = (0..7).map(|v| exact_marginal(&model, v, 1 << 14).unwrap()).collect();
    assert!(apart(&found.marginals, &expected) < 0.025);
    let chains: Vec<&[Vec<f64>]> = each.chunks(7).collect();
    let most = chains.iter().flat_map(|a| chains.iter().map(|b| apart(a, b))).fold(0.0, f64::max);
    assert!((found.disagreement - most).abs() < 1e-12 && most > 0.0 && most < 0.1, "{most}");
    assert_eq!(estimate(1).0.disagreement, 0.0);
}
