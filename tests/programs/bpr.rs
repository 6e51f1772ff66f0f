//! Bayesian personalized ranking: its steps against steps written out, its gradient against differences, its draws, its bits.

use std::collections::HashSet;
use std::sync::Mutex;

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::Rating;
use gasworks::programs::factorization::{INITIAL_SCALE, initial_factors};
use gasworks::programs::{Bpr, Triples};
use gasworks::{Block, Context, EdgeProgram, Engine, Error, Exclusion, Isa, Random, Row, Simd};

const USERS: u32 = 60;
const ITEMS: u32 = 45;

/// Distinct choices, of which the first user made all and the second nearly all.
fn choices() -> Vec<[u32; 2]> {
    let mut random = Random::keyed(3, 1, 4, 1);
    let pairs = (0..USERS).flat_map(|user| (0..ITEMS).map(move |item| [user, item]));
    let is_chosen = |[user, item]: &[u32; 2]| match user {
        0 => true,
        1 => *item != 7,
        _ => random.uniform() < 0.3,
    };
    pairs.filter(is_chosen).collect()
}

/// Ratings that must not matter.
fn ratings(pairs: &[[u32; 2]]) -> Vec<f32> {
    pairs.iter().map(|[user, item]| (user + item) as f32).collect()
}

fn graph(pairs: &[[u32; 2]], rank: usize) -> Graph<Row<f32>, f32> {
    let start = initial_factors((USERS + ITEMS) as usize, rank, 1.0, 5);
    let builder = GraphBuilder::bipartite(USERS as usize, ITEMS as usize);
    let graph = builder.weighted_edges(pairs, &ratings(pairs)).build().unwrap();
    graph.with_rows(rank, |vertex, row| row.copy_from_slice(&start[vertex as usize * rank..][..rank]))
}

/// `ln sigma(x . (y - z)) - lambda / 2 (|x|^2 + |y|^2 + |z|^2)`, of rows one after the other.
fn objective(lambda: f64, [x, y, z]: [&[f64]; 3]) -> f64 {
    let margin: f64 = x.iter().zip(y).zip(z).map(|((x, y), z)| x * (y - z)).sum();
    let square: f64 = x.iter().chain(y).chain(z).map(|number| number * number).sum();
    -(-margin).exp().ln_1p() - 0.5 * lambda * square
}

/// The same draws in the same order, each step a central difference of the objective in each number: nothing is derived by hand.
struct Differences {
    rate: f64,
    decay: f64,
    lambda: f64,
    /// User, chosen item, other item, as vertices.
    steps: Mutex<Vec<[u32; 3]>>,
}

impl EdgeProgram for Differences {
    type Vertex = Row<f64>;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    const NEEDS_BLOCK: bool = true;
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, _: &mut [f64], _: &mut f32, _: &mut [f64], (): &mut ()) {
        panic!("never called");
    }
    fn update_block<S: Simd>(&self, _: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        let rate = self.rate * self.decay.powi(cx.round as i32);
        let rows: Vec<_> = (0..block.rows()).map(|row| block.row(row)).collect();
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        for at in 0..longest {
            for row in rows.iter().copied().filter(|row| at < row.len()) {
                let part = block.target_part();
                let Some(negative) = Bpr::negative(&row.context(cx, at), part, row.targets()) else {
                    continue;
                };
                self.steps.lock().unwrap().push([row.source(), row.targets()[at], part[negative]]);
                let ((user, _, chosen), other) = block.edge_and_other(row, at, negative);
                let old = [user.to_vec(), chosen.to_vec(), other.to_vec()];
                for (side, new) in [user, chosen, other].into_iter().enumerate() {
                    for (place, number) in new.iter_mut().enumerate() {
                        let moved = |by: f64| {
                            let mut rows = old.clone();
                            rows[side][place] += by;
                            objective(self.lambda, rows.each_ref().map(|row| &row[..]))
                        };
                        *number += rate * (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    }
                }
            }
        }
    }
}

#[test]
fn steps_follow_the_gradient_of_the_objective_and_never_draw_a_chosen_item() {
    let pairs = choices();
    for rank in [1, 5, 16, 21] {
        let bpr = Bpr::new(rank, 0.03, 0.1, 0.5);
        let mut found = graph(&pairs, rank);
        let start = graph(&pairs, rank).into_vertex_data();
        let builder = GraphBuilder::bipartite(USERS as usize, ITEMS as usize);
        let mut expected = builder.weighted_edges(&pairs, &ratings(&pairs)).build().unwrap().with_rows(
            rank,
            |vertex, row| {
                row.iter_mut().zip(start.get(vertex as usize)).for_each(|(new, old)| *new = f64::from(*old));
            },
        );
        let differences =
            Differences { rate: 0.1, decay: 0.5, lambda: f64::from(0.03f32), steps: Mutex::default() };
        Engine::edges(&mut found, &bpr).blocks(3, 4).threads(2).seed(9).rounds(3).run().unwrap();
        let engine = Engine::edges(&mut expected, &differences).blocks(3, 4);
        engine.exclusion(Exclusion::Serial).seed(9).rounds(3).run().unwrap();
        let mut furthest = 0.0f64;
        for (found, expected) in found.vertex_data().iter().zip(expected.vertex_data().iter()) {
            for (found, expected) in found.iter().zip(expected) {
                furthest = furthest.max((f64::from(*found) - expected).abs());
            }
        }
        assert!(furthest < 2e-5, "rank {rank}: {furthest}");

        let chosen: HashSet<[u32; 2]> = pairs.iter().map(|[user, item]| [*user, USERS + item]).collect();
        let steps = differences.steps.into_inner().unwrap();
        for [user, item, other] in &steps {
            assert!(chosen.contains(&[*user, *item]) && !chosen.contains(&[*user, *other]));
            assert!((USERS..USERS + ITEMS).contains(other));
        }
        assert!(steps.iter().all(|[user, ..]| *user != 0), "the first user chose everything");
        assert!(steps.iter().any(|[user, _, other]| (*user, *other) == (1, USERS + 7)));
        // Passes draw anew.
        let passes: Vec<HashSet<_>> =
            steps.chunks(steps.len() / 3).map(|pass| pass.iter().collect()).collect();
        assert!(passes[0] != passes[1]);
    }
}

/// Nothing is left to draw, so not even lambda moves a row.
#[test]
fn users_who_chose_everything_take_no_step() {
    let pairs: Vec<_> = (0..USERS).flat_map(|user| (0..ITEMS).map(move |item| [user, item])).collect();
    let (mut found, bpr) = (graph(&pairs, 4), Bpr::new(4, 0.5, 0.1, 1.0));
    Engine::edges(&mut found, &bpr).rounds(2).run().unwrap();
    assert!(found.vertex_data().iter().eq(graph(&pairs, 4).vertex_data().iter()));
}

#[test]
fn bits_do_not_depend_on_threads_or_vectors() {
    let pairs = choices();
    for rank in [3, 16, 40] {
        let bpr = Bpr::new(rank, 0.01, 0.1, 0.9);
        let run = |threads, isa, exclusion| {
            let mut graph = graph(&pairs, rank);
            let engine = Engine::edges(&mut graph, &bpr).threads(threads).isa(isa).exclusion(exclusion);
            engine.blocks(9, 9).rounds(4).run().unwrap();
            graph.vertex_data().iter().flatten().map(|number| number.to_bits()).collect::<Vec<_>>()
        };
        let first = run(1, Isa::detect(), Exclusion::Grid);
        for threads in [1, 2, 4, 8] {
            for isa in [Isa::detect(), Isa::Baseline] {
                assert!(run(threads, isa, Exclusion::Grid) == first, "rank {rank}, {threads} threads, {isa}");
            }
        }
        assert!(run(4, Isa::detect(), Exclusion::Serial) == first, "rank {rank}, serial");
    }
}

#[test]
fn what_needs_its_block_is_not_admitted_without_one() {
    let (mut graph, bpr) = (graph(&choices(), 2), Bpr::new(2, 0.0, 0.1, 1.0));
    let refused = Engine::edges(&mut graph, &bpr).exclusion(Exclusion::Relaxed).rounds(1).run();
    assert!(matches!(&refused, Err(Error::NotAdmitted { .. })), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("choose grid or serial"));
}

/// Users of five kinds, who choose among the items of their kind alone; a third of those is held out.
#[test]
fn planted_blocks_are_found() {
    let (users, items, kinds, rank) = (200u32, 100u32, 5, 8);
    let mut random = Random::keyed(2, 7, 1, 8);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (user, item) in (0..users).flat_map(|user| (0..items).map(move |item| (user, item))) {
        if user % kinds == item % kinds {
            let part = if random.uniform() < 1.0 / 3.0 { &mut test } else { &mut train };
            part.push(Rating { user, item, value: 1.0 });
        }
    }
    let triples = Triples::sample(items as usize, &test[..], &train[..], 0);
    let pairs: Vec<_> = train.iter().map(|rating| [rating.user, rating.item]).collect();
    let start = initial_factors((users + items) as usize, rank, INITIAL_SCALE, 1);
    let run = |blocks: usize| {
        let builder = GraphBuilder::bipartite(users as usize, items as usize);
        let mut graph = builder.weighted_edges(&pairs, &ratings(&pairs)).build().unwrap().with_rows(
            rank,
            |vertex, row| {
                row.copy_from_slice(&start[vertex as usize * rank..][..rank]);
            },
        );
        let quality = |graph: &Graph<Row<f32>, f32>| {
            triples.quality(|user| graph.vertex(user), |item| graph.vertex(users + item)).unwrap()
        };
        let before = quality(&graph);
        assert!((before.auc - 0.5).abs() < 0.1 && (before.loss - 2f64.ln()).abs() < 0.01, "{before:?}");
        let bpr = Bpr::new(rank, 0.002, 0.1, 1.0);
        Engine::edges(&mut graph, &bpr).blocks(blocks, blocks).threads(2).rounds(60).run().unwrap();
        quality(&graph)
    };
    for blocks in [1, 4, 8] {
        let after = run(blocks);
        println!("{blocks} parts: {after:?}");
        assert!(after.auc > 0.995 && after.loss < 0.1, "{blocks} parts: {after:?}");
    }
}
