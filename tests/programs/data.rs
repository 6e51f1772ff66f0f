//! Published data: wiki-Vote, email-Enron, facebook_combined (SNAP) and ml-latest-small (GroupLens), from the folder that
//! `GASWORKS_DATA` names.

use std::path::PathBuf;

use gasworks::graph::{GraphBuilder, ReverseEdges};
use gasworks::input::{EdgesOptions, Rating, Ratings, RatingsOptions, Source, read_edges, read_ratings};
use gasworks::programs::factorization::reference::Reference;
use gasworks::programs::factorization::{Regularization, hold_out, initial_factors};
use gasworks::programs::{Als, Components, DanglingMass, PageRank, ShortestPaths};
use gasworks::schedulers::Sweep;
use gasworks::{Engine, Reason};

use super::oracles;
use super::shapes::{Kind, Shape};

/// A file of the data folder; none without the folder.
fn file(name: &str) -> Option<Source> {
    let Some(folder) = std::env::var_os("GASWORKS_DATA") else {
        println!("skipped: GASWORKS_DATA is not set, {name} is not read");
        return None;
    };
    Some(Source::from(PathBuf::from(folder).join(name).as_path()))
}

/// An undirected reading takes each edge, which the files list in both directions, once.
pub(crate) fn load(name: &str, kind: Kind) -> Option<Shape> {
    let list = read_edges(&file(&format!("graphs/{name}.txt"))?, &EdgesOptions::default()).unwrap().data;
    let vertices = list.ids.len();
    if kind == Kind::Directed {
        return Some(Shape::new(name, kind, vertices, list.arcs));
    }
    let once = list.arcs.iter().copied().filter(|[u, v]| u <= v).collect();
    let shape = Shape::new(name, kind, vertices, once);
    let pairs =
        GraphBuilder::undirected(vertices, ReverseEdges::Pair).plain_edges(&list.arcs).build().unwrap();
    assert!(pairs.edge_list().eq(shape.plain().edge_list()), "the builder finds the pairs");
    Some(shape)
}

fn check(name: &str, kind: Kind, size: (usize, usize)) {
    let Some(shape) = load(name, kind) else { return };
    assert_eq!((shape.vertices, shape.edges.len()), size, "{name}");
    let neighbors = shape.neighbors();
    for spread in [true, false] {
        let expected = oracles::pagerank(&neighbors, 0.85, spread);
        let mut graph = shape.plain().with_vertices(|_| 1.0 / shape.vertices as f32);
        let (program, mass) = (PageRank::default(), DanglingMass { damping: 0.85, spread });
        let engine = Engine::new(&mut graph, &program).scheduler(Sweep::new()).aggregate(&mass).threads(2);
        let outcome = engine.rounds(200).until(|progress| progress.residual < 1e-7).run().unwrap();
        oracles::assert_ranks_near(graph.vertex_data().as_slice(), &expected, &shape.name);
        assert!(outcome.progress.rounds > 5);
        let sum: f32 = graph.vertex_data().iter().sum();
        assert!(!spread || (sum - 1.0).abs() < 1e-4, "{sum}");
    }
    let mut labels = shape.plain().with_vertices(|v| v);
    assert_eq!(Engine::new(&mut labels, &Components).run().unwrap().reason, Reason::Drained);
    assert_eq!(labels.vertex_data().as_slice(), oracles::components(&shape));
    for source in [0, 17, shape.vertices as u32 / 2] {
        let mut far = shape.weighted().with_vertices(ShortestPaths::start(source));
        Engine::new(&mut far, &ShortestPaths).start_at([source]).run().unwrap();
        assert_eq!(far.vertex_data().as_slice(), oracles::distances(&shape, source), "from {source}");
    }
}

#[test]
fn wiki_vote_is_what_the_oracles_say() {
    check("wiki-Vote", Kind::Directed, (7115, 103_689));
}

#[test]
fn email_enron_is_what_the_oracles_say_of_both_readings() {
    check("email-Enron", Kind::Directed, (36_691, 367_660));
    check("email-Enron", Kind::Undirected, (36_691, 183_830));
}

#[test]
fn facebook_is_what_the_oracles_say() {
    check("facebook_combined", Kind::Undirected, (4039, 88_234));
}

fn rmse(factors: &[f64], left: usize, rank: usize, ratings: &[Rating]) -> f64 {
    let row = |at: usize| &factors[at * rank..][..rank];
    let error = |r: &Rating| {
        let value: f64 =
            row(r.user as usize).iter().zip(row(left + r.item as usize)).map(|(a, b)| a * b).sum();
        (value - f64::from(r.value)).powi(2)
    };
    (ratings.iter().map(error).sum::<f64>() / ratings.len() as f64).sqrt()
}

fn movielens() -> Option<Ratings> {
    let read = read_ratings(&file("ml-latest-small/ratings.csv")?, &RatingsOptions::default());
    let ratings = read.unwrap().data;
    assert_eq!((ratings.users.len(), ratings.items.len(), ratings.entries.len()), (610, 9724, 100_836));
    Some(ratings)
}

/// Test error of the program and of the dense solver after six sweeps.
fn compare_als(ratings: &Ratings, rank: usize, weighted: bool) {
    let (users, items) = (ratings.users.len(), ratings.items.len());
    let split = hold_out(ratings, 0.1, 0).unwrap();
    let ends: Vec<_> = split.train.iter().map(|r| [r.user, r.item]).collect();
    let values: Vec<_> = split.train.iter().map(|r| r.value).collect();
    let start = initial_factors(items, rank, 0.1, 3);
    let (lambda, kind) =
        if weighted { (0.1, Regularization::Weighted) } else { (5.0, Regularization::Plain) };
    let graph = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build().unwrap();
    let mut graph = graph.with_rows(rank, |v, row| {
        // The left is solved first, so it needs no start.
        if let Some(item) = (v as usize).checked_sub(users) {
            row.copy_from_slice(&start[item * rank..][..rank]);
        }
    });
    let als = Als::new(rank, lambda, kind);
    Engine::new(&mut graph, &als).scheduler(Sweep::sides()).threads(2).rounds(6).run().unwrap();
    let found: Vec<f64> = graph.vertex_data().iter().flatten().map(|x| f64::from(*x)).collect();

    let reference =
        Reference { rank, lambda: lambda.into(), weighted, iterations: 6, ..Reference::default() };
    let items = start.iter().map(|x| f64::from(*x)).collect();
    let expected = reference.solve(users, items, &split.train, |_, _| {});
    let expected = [expected.users, expected.items].concat();
    let [found, expected] = [found, expected].map(|factors| rmse(&factors, users, rank, &split.test));
    let difference = (found / expected - 1.0).abs();
    assert!(difference < 0.005, "rank {rank}, weighted {weighted}: {found}, expected {expected}");
    assert!(found < 1.6, "rank {rank}, weighted {weighted}: {found}");
}

#[test]
fn als_has_the_test_error_of_the_dense_solver() {
    let Some(ratings) = movielens() else { return };
    for rank in [1, 8, 20] {
        compare_als(&ratings, rank, true);
        compare_als(&ratings, rank, false);
    }
}

#[test]
fn als_has_the_test_error_of_the_dense_solver_at_a_rank_of_no_vector() {
    let Some(ratings) = movielens() else { return };
    compare_als(&ratings, 33, true);
    compare_als(&ratings, 33, false);
}
