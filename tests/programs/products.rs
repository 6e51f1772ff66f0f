//! Products with a matrix, and what is made of them: rows of the table, and that two colors are the two sides.

use gasworks::programs::factorization::initial_factors;
use gasworks::programs::{Hits, Nmf, svd::Multiply};
use gasworks::schedulers::Sweep;
use gasworks::{ColoringOrder, Engine, Every, Gathers, Selection};

use super::chaos::mix;
use super::shapes::{Shape, shapes};
use super::subjects::{History, Subject, engine, run_of};

/// From -1 to 1, with digits that f32 does not hold.
fn value(vertex: usize) -> f64 {
    (mix(vertex as u64) % 2001) as f64 / 1000.0 - 1.0
}

/// Each vertex of a side from the other, with the sum of the sizes of the terms.
fn products(shape: &Shape, values: &[f64], left: bool) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); values.len()];
    for (u, v, entry) in shape.edge_list() {
        let (to, from) = if left { (u, v) } else { (v, u) };
        let term = f64::from(entry) * values[from as usize];
        sums[to as usize].0 += term;
        sums[to as usize].1 += term.abs();
    }
    sums
}

pub(crate) const MULTIPLY: Subject = Subject {
    name: "product with a matrix",
    gathers: Gathers::State,
    fits: |shape, _| shape.left().is_some(),
    run: |shape, how| {
        let mut graph = shape.weighted().with_vertices(|v| value(v as usize));
        let mut history = History::default();
        let outcome = engine(&mut graph, &Multiply, how, &mut history).rounds(1).run()?;
        Ok(run_of(outcome, history, graph.vertex_data().iter().map(|value| value.to_bits())))
    },
    check: |shape, order, run| {
        let (left, start) = (shape.left().unwrap(), (0..shape.vertices).map(value).collect::<Vec<_>>());
        let mut values = start.clone();
        for side in [true, false] {
            let from = if order.has_sides() { &values } else { &start };
            let sums = products(shape, from, side);
            let range = if side { 0..left } else { left..shape.vertices };
            for at in range {
                let found = f64::from_bits(run.bits[at]);
                assert!(
                    (found - sums[at].0).abs() <= 1e-13 * sums[at].1,
                    "{at}: {found}, not {:?}",
                    sums[at]
                );
                values[at] = found;
            }
        }
    },
};

const RANK: usize = 3;
const ROUNDS: usize = 4;

fn start(shape: &Shape) -> Vec<f32> {
    initial_factors(shape.vertices, RANK, 1.0, 5).iter().map(|factor| factor.abs()).collect()
}

/// Multiplicative updates of a side as the paper writes them: each row times `X H` over `W (H^T H)`.
fn multiplied(shape: &Shape, factors: &[f64], left: bool) -> Vec<f64> {
    let (middle, mut now) = (shape.left().unwrap(), factors.to_vec());
    let (own, other) = match left {
        true => (0..middle, middle..shape.vertices),
        false => (middle..shape.vertices, 0..middle),
    };
    let row = |at: usize| &factors[at * RANK..][..RANK];
    let mut above = vec![0.0; factors.len()];
    for (u, v, entry) in shape.edge_list() {
        let (to, from) = if left { (u, v) } else { (v, u) };
        (0..RANK).for_each(|k| above[to as usize * RANK + k] += f64::from(entry) * row(from as usize)[k]);
    }
    for at in own {
        let mut below = [0.0; RANK];
        for other in other.clone() {
            let product: f64 = row(at).iter().zip(row(other)).map(|(x, y)| x * y).sum();
            (0..RANK).for_each(|k| below[k] += product * row(other)[k]);
        }
        for k in 0..RANK {
            now[at * RANK + k] *= if below[k] > 0.0 { above[at * RANK + k] / below[k] } else { 0.0 };
        }
    }
    now
}

pub(crate) const NMF: Subject = Subject {
    name: "nonnegative factorization",
    gathers: Gathers::State,
    fits: |shape, _| shape.left().is_some(),
    run: |shape, how| {
        let (start, nmf) = (start(shape), Nmf::new(RANK));
        let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[RANK * v as usize..][..RANK]);
        let (mut graph, mut history) = (shape.weighted().with_rows(RANK, fill), History::default());
        let engine = engine(&mut graph, &nmf, how, &mut history).aggregate_every(Every::Phase, &nmf);
        let outcome = engine.rounds(ROUNDS as u64).run()?;
        let factors = graph.vertex_data().iter().flatten().map(|x| u64::from(x.to_bits()));
        Ok(run_of(outcome, history, factors))
    },
    check: |shape, order, run| {
        let mut factors: Vec<f64> = start(shape).iter().map(|factor| f64::from(*factor)).collect();
        let middle = shape.left().unwrap() * RANK;
        for _ in 0..ROUNDS {
            let left = multiplied(shape, &factors, true);
            let right = multiplied(shape, if order.has_sides() { &left } else { &factors }, false);
            factors = [&left[..middle], &right[middle..]].concat();
        }
        for (at, (found, expected)) in run.bits.iter().zip(&factors).enumerate() {
            let found = f64::from(f32::from_bits(*found as u32));
            let error = (found - expected).abs();
            assert!(error <= 1e-4 * expected.abs().max(0.1), "factor {at}: {found}, expected {expected}");
        }
    },
};

const HITS_ROUNDS: u64 = 9;

pub(crate) const HITS: Subject = Subject {
    name: "hubs and authorities",
    gathers: Gathers::State,
    fits: |shape, order| shape.left().is_some() && order.selection() == Selection::Everyone,
    run: |shape, how| {
        let mut graph = shape.plain().with_vertices(|v| 2.0 + value(v as usize));
        let mut history = History::default();
        let engine = engine(&mut graph, &Hits, how, &mut history).aggregate_every(Every::Phase, &Hits);
        let outcome = engine.rounds(HITS_ROUNDS).run()?;
        Ok(run_of(outcome, history, graph.vertex_data().iter().map(|score| score.to_bits())))
    },
    check: |shape, order, run| {
        let middle = shape.left().unwrap();
        let scaled = |side: &[f64]| -> Vec<f64> {
            let sum: f64 = side.iter().sum();
            side.iter().map(|score| if sum > 0.0 { score / sum } else { 0.0 }).collect()
        };
        // Scaled in each step, as the paper does.
        let step = |hubs: &[f64], authorities: &[f64], left: bool| {
            let mut sums = vec![0.0; if left { hubs.len() } else { authorities.len() }];
            for [u, v] in &shape.edges {
                let (to, from) = if left { (u, authorities[*v as usize]) } else { (v, hubs[*u as usize]) };
                sums[*to as usize] += from;
            }
            scaled(&sums)
        };
        let start: Vec<f64> = (0..shape.vertices).map(|v| 2.0 + value(v)).collect();
        let (mut hubs, mut authorities) = (scaled(&start[..middle]), scaled(&start[middle..]));
        for _ in 0..HITS_ROUNDS {
            let next = step(&hubs, &authorities, true);
            let read = if order.has_sides() { &next } else { &hubs };
            authorities = step(read, &authorities, false);
            hubs = next;
        }
        let found: Vec<f64> = run.bits.iter().map(|bits| f64::from_bits(*bits)).collect();
        let found = Hits::normalized(&found[..middle]).chain(Hits::normalized(&found[middle..]));
        for (found, expected) in found.zip(hubs.iter().chain(&authorities)) {
            assert!((found - expected).abs() <= 1e-12 * expected, "{found}, expected {expected}");
        }
    },
};

/// Under a coloring, the two sides in turn; on any number of threads.
#[test]
fn two_colors_are_the_two_sides() {
    // Without hubs, whose parts are summed in another order.
    let shape = shapes().into_iter().find(|shape| shape.name.starts_with("random, Bipartite")).unwrap();
    let (start, nmf) = (start(&shape), Nmf::new(RANK));
    let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[RANK * v as usize..][..RANK]);
    let run = |threads: usize, colored: bool| {
        let mut factors = shape.weighted().with_rows(RANK, fill);
        let mut values = shape.weighted().with_vertices(|v| value(v as usize));
        let mut scores = shape.plain().with_vertices(|_| 1.0);
        let factorize = Engine::new(&mut factors, &nmf).aggregate_every(Every::Phase, &nmf).threads(threads);
        let multiply = Engine::new(&mut values, &Multiply).threads(threads);
        let search = Engine::new(&mut scores, &Hits).aggregate_every(Every::Phase, &Hits).threads(threads);
        if colored {
            let order = ColoringOrder::Natural;
            let factorize = factorize.asynchronous().scheduler(Sweep::new()).coloring_order(order);
            factorize.rounds(3).run().unwrap();
            let order = ColoringOrder::Natural;
            let multiply = multiply.asynchronous().scheduler(Sweep::new()).coloring_order(order);
            multiply.rounds(1).run().unwrap();
            let order = ColoringOrder::Natural;
            let search = search.asynchronous().scheduler(Sweep::new()).coloring_order(order);
            search.rounds(3).run().unwrap();
        } else {
            factorize.scheduler(Sweep::sides()).rounds(3).run().unwrap();
            multiply.scheduler(Sweep::sides()).rounds(1).run().unwrap();
            search.scheduler(Sweep::sides()).rounds(3).run().unwrap();
        }
        let factors: Vec<u32> = factors.vertex_data().iter().flatten().map(|x| x.to_bits()).collect();
        let columns = [values.vertex_data(), scores.vertex_data()];
        let values = columns.map(|column| column.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        (factors, values)
    };
    let sides = run(1, false);
    for threads in [1, 2, 4, 8] {
        assert!(run(threads, true) == sides, "{threads} threads");
    }
}
