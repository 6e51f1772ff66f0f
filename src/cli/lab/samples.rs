//! What the lab runs on where no input is named and no sample is embedded: small problems, generated from the seed.

use gasworks::Random;
use gasworks::generate::{self, Rmat, write_edges};
use gasworks::graph::Ids;
use gasworks::input::{Factor, Observations, Source};
use gasworks::programs::markov_random_field::MarkovRandomField;

use super::super::error::Failure;
use super::super::events::Reporter;

/// Names the random numbers of this file.
const STREAM: u64 = 0x4c41_425f;

/// A graph with hubs, and vertices that nobody points to, whose rank never changes after one visit.
const GRAPH: (u32, u32) = (15, 4);

/// As `gasworks generate rmat` writes it, so that a user can look at it.
pub(super) fn graph(seed: u64, weighted: bool, reporter: &Reporter) -> Result<Source, Failure> {
    let (scale, edge_factor) = GRAPH;
    let weights = weighted.then_some(Rmat::WEIGHTS);
    let command = format!("gasworks generate rmat --scale {scale} --edge-factor {edge_factor} --seed {seed}");
    let weighted = if weighted { " --weights 1..255" } else { "" };
    reporter
        .say(format_args!("no INPUT named: using a generated R-MAT graph, which {command}{weighted} writes"));
    let edges = generate::rmat(&Rmat { scale, edge_factor, weights, seed, ..Rmat::default() })?;
    let mut text = Vec::new();
    write_edges(&edges, &mut text)?;
    Ok(Source::from_memory("R-MAT graph", text))
}

/// Switches on a grid, each with a leaning of its own, that like to agree with their neighbors.
pub(super) fn model(seed: u64, reporter: &Reporter) -> MarkovRandomField {
    const SIDE: u32 = 8;
    reporter.say(format_args!(
        "no INPUT named: using a generated model, {SIDE} by {SIDE} switches on a grid that like to agree, seed {seed}"
    ));
    let mut random = Random::keyed(seed, STREAM, 0, 0);
    let leanings = (0..SIDE * SIDE)
        .map(|switch| Factor { scope: vec![switch], table: vec![1.0, (0.7 * random.normal()).exp()] });
    let mut factors: Vec<Factor> = leanings.collect();
    for switch in 0..SIDE * SIDE {
        let right = (switch % SIDE + 1 < SIDE).then_some(switch + 1);
        let below = (switch + SIDE < SIDE * SIDE).then_some(switch + SIDE);
        let agree = |other| Factor { scope: vec![switch, other], table: vec![2.0, 1.0, 1.0, 2.0] };
        factors.extend([right, below].into_iter().flatten().map(agree));
    }
    MarkovRandomField::new(vec![2; (SIDE * SIDE) as usize], factors).expect("tables have four entries")
}

/// Targets that every tenth of the features explains, with noise; features that share many observations.
pub(super) fn observations(seed: u64, reporter: &Reporter) -> Observations {
    const ROWS: u32 = 1000;
    const FEATURES: u32 = 300;
    reporter.say(format_args!(
        "no INPUT named: using generated data, {ROWS} observations of {FEATURES} features, of which every tenth counts, seed {seed}"
    ));
    let mut random = Random::keyed(seed, STREAM, 1, 0);
    let (mut entries, mut values, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..ROWS {
        let (shared, mut target) = (random.normal(), 0.5 * random.normal());
        for feature in 0..FEATURES {
            if random.uniform() < 0.1 {
                let x = (random.normal() + 0.5 * shared) as f32;
                entries.push([feature, row]);
                values.push(x);
                target += if feature % 10 == 0 { f64::from(x) } else { 0.0 };
            }
        }
        targets.push(target);
    }
    Observations { targets, features: Ids::range_from(1, FEATURES), entries, values }
}
