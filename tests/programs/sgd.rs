//! Stochastic gradient descent: its kernel against steps written out, its quality against exact solutions, its bits.

use gasworks::generate::{RatingsShape, ratings};
use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::{Rating, Ratings};
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, INITIAL_SCALE, Regularization, hold_out, initial_factors,
};
use gasworks::programs::{Als, GradientDescent, Rate, Sgd};
use gasworks::schedulers::Sweep;
use gasworks::{Block, Context, EdgeProgram, Engine, Exclusion, Isa, Row, Simd};

fn graph(
    ratings: &Ratings,
    entries: &[Rating],
    width: usize,
    mut start: impl FnMut(u32, &mut [f32]),
) -> Graph<Row<f32>, f32> {
    let (ends, values): (Vec<_>, Vec<_>) =
        entries.iter().map(|rating| ([rating.user, rating.item], rating.value)).unzip();
    let builder = GraphBuilder::bipartite(ratings.users.len(), ratings.items.len());
    let graph = builder.weighted_edges(&ends, &values).build().unwrap();
    graph.with_rows(width, |vertex, row| start(vertex, row))
}

/// Small ratings around 0, with factors of both sides to start from.
fn small(sgd: &Sgd, rank: usize) -> (Ratings, Graph<Row<f32>, f32>) {
    let shape = RatingsShape { users: 60, items: 40, count: 900, ..RatingsShape::default() };
    let mut list = ratings(&shape).unwrap();
    list.entries.iter_mut().for_each(|rating| rating.value -= 3.5);
    let start = initial_factors(100, rank, 0.3, 1);
    let graph = graph(&list, &list.entries, sgd.width(), |vertex, row| {
        sgd.start(vertex < 60, &start[vertex as usize * rank..][..rank], 0.01 * vertex as f32, row);
    });
    (list, graph)
}

const RANKS: [usize; 9] = [1, 14, 16, 17, 40, 64, 100, 128, 150];
const RATE: Rate = Rate::Decaying { first: 0.02, factor: 0.9 };

/// The same steps in the same order, number by number: two users in turn, then what the longer one has left.
struct Plainly {
    rate: Rate,
    lambda: f32,
    has_biases: bool,
}

impl EdgeProgram for Plainly {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    fn scratch(&self) {}
    fn update(
        &self,
        cx: &Context<'_, ()>,
        user: &mut [f32],
        rating: &mut f32,
        item: &mut [f32],
        (): &mut (),
    ) {
        let rate = f64::from(self.rate.of_pass(cx.round));
        let product: f64 = user.iter().zip(&*item).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
        let (error, lambda, last) = (f64::from(*rating) - product, f64::from(self.lambda), user.len() - 1);
        for (at, (x, y)) in user.iter_mut().zip(item).enumerate() {
            let (old_x, old_y) = (f64::from(*x), f64::from(*y));
            if !(self.has_biases && at == last) {
                *x = (old_x + rate * (error * old_y - lambda * old_x)) as f32;
            }
            if !(self.has_biases && at + 1 == last) {
                *y = (old_y + rate * (error * old_x - lambda * old_y)) as f32;
            }
        }
    }
    fn update_block<S: Simd>(&self, _: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        for pair in (0..block.rows()).step_by(2) {
            let first = block.row(pair);
            let second = (pair + 1 < block.rows()).then(|| block.row(pair + 1));
            for at in 0..first.len() {
                for row in [Some(first), second].into_iter().flatten().filter(|row| at < row.len()) {
                    let (user, rating, item) = block.edge(row, at);
                    self.update(cx, user, rating, item, &mut ());
                }
            }
        }
    }
}

#[test]
fn steps_are_those_of_the_formula_in_the_order_of_the_rows() {
    for rank in RANKS {
        for has_biases in [false, true] {
            let sgd = Sgd::new(rank, 0.05, RATE);
            let sgd = if has_biases { sgd.with_biases() } else { sgd };
            // Rows too long for registers are not interleaved.
            if sgd.width() > 128 || sgd.width() == 112 {
                continue;
            }
            let (_, mut found) = small(&sgd, rank);
            let (_, mut expected) = small(&sgd, rank);
            Engine::edges(&mut found, &sgd).blocks(3, 2).threads(2).seed(9).rounds(2).run().unwrap();
            let plainly = Plainly { rate: RATE, lambda: 0.05, has_biases };
            let engine = Engine::edges(&mut expected, &plainly).blocks(3, 2);
            engine.exclusion(Exclusion::Serial).seed(9).rounds(2).run().unwrap();
            for (found, expected) in found.vertex_data().iter().zip(expected.vertex_data().iter()) {
                for (found, expected) in found.iter().zip(expected) {
                    let difference = (found - expected).abs();
                    assert!(difference < 2e-5, "rank {rank}, biases {has_biases}: {found}, not {expected}");
                }
            }
        }
    }
}

/// A step number by number: that of a vertex and its rate from where the row keeps it.
#[test]
fn adaptive_rates_fall_with_the_gradients_that_a_row_has_seen() {
    for (rank, has_biases) in [(5, false), (14, false), (20, true), (112, false)] {
        let sgd = Sgd::new(rank, 0.1, Rate::Adaptive(0.2));
        let sgd = if has_biases { sgd.with_biases() } else { sgd };
        let pairs = [[0, 0], [1, 0]];
        let graph = GraphBuilder::bipartite(2, 1).weighted_edges(&pairs, &[1.0f32, 1.0]).build().unwrap();
        let size = 0.5 / (rank as f32).sqrt();
        let factors: Vec<f32> = (0..rank).map(|at| size * (1.0 + 0.1 * (at % 5) as f32)).collect();
        let mut graph = graph.with_rows(sgd.width(), |v, row| sgd.start(v < 2, &factors, 0.25, row));
        let relaxed = |graph: &mut Graph<Row<f32>, f32>| {
            Engine::edges(graph, &sgd)
                .blocks(1, 1)
                .exclusion(Exclusion::Relaxed)
                .threads(1)
                .rounds(1)
                .run()
                .unwrap()
        };
        let mut other = graph.clone();
        // The one by the kernel, the other number by number; both in one order.
        Engine::edges(&mut graph, &sgd).blocks(1, 1).rounds(1).run().unwrap();
        relaxed(&mut other);
        for vertex in 0..3 {
            for (found, expected) in graph.vertex(vertex).iter().zip(other.vertex(vertex)) {
                assert!((found - expected).abs() < 1e-5, "rank {rank}: {found}, not {expected}");
            }
        }
        // The first of the users, from its start.
        let biases = if has_biases { 0.5 } else { 0.0 };
        let error = 1.0 - biases - factors.iter().map(|x| x * x).sum::<f32>();
        let first = (0..2).any(|user| {
            let moved = sgd.factors(graph.vertex(user)).iter().zip(&factors);
            moved.clone().all(|(new, old)| (new - (old + 0.2 * (error - 0.1) * old)).abs() < 1e-5)
        });
        assert!(first, "rank {rank}: nobody moved by the first rate");
        let squares: f32 = factors.iter().map(|x| ((error - 0.1) * x).powi(2)).sum::<f32>()
            + if has_biases { (error - 0.1 * 0.25).powi(2) } else { 0.0 };
        let number = 1.0 + squares / rank as f32;
        let at = sgd.width() - if has_biases { 4 } else { 2 };
        assert!((0..2).any(|user| (graph.vertex(user)[at] - number).abs() < 1e-4), "rank {rank}");
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_vectors() {
    for rank in RANKS {
        let [plain, adaptive] =
            [RATE, Rate::Adaptive(0.1)].map(|rate| Sgd::new(rank, 0.05, rate).with_biases());
        let run = |threads, isa| {
            let (_, mut graph) = small(&plain, rank);
            Engine::edges(&mut graph, &plain).threads(threads).isa(isa).rounds(3).run().unwrap();
            let bits = |graph: &Graph<Row<f32>, f32>| {
                graph.vertex_data().iter().flatten().map(|number| number.to_bits()).collect::<Vec<_>>()
            };
            let found = bits(&graph);
            let (_, mut graph) = small(&adaptive, rank);
            Engine::edges(&mut graph, &adaptive).threads(threads).isa(isa).rounds(3).run().unwrap();
            (found, bits(&graph))
        };
        let best = run(1, Isa::detect());
        for threads in [2, 3, 8] {
            assert!(best == run(threads, Isa::detect()), "rank {rank}, {threads} threads");
        }
        let baseline = run(1, Isa::Baseline);
        assert!(baseline == run(4, Isa::Baseline), "rank {rank}");
        if Isa::Avx2.is_available() {
            assert!(best == run(2, Isa::Avx2), "rank {rank}: other bits with shorter vectors");
        }
    }
}

#[test]
fn biases_alone_explain_ratings_that_are_sums() {
    let value = |user: u32, item: u32| 0.1 * (user % 7) as f32 - 0.2 * (item % 5) as f32;
    let pairs = (0..50u32).flat_map(|user| (0..30).map(move |item| [user, item]));
    let pairs: Vec<_> = pairs.filter(|[user, item]| (user * 3 + item * 5) % 4 > 0).collect();
    let values: Vec<_> = pairs.iter().map(|[user, item]| value(*user, *item)).collect();
    let sgd = Sgd::new(3, 0.0, Rate::Constant(0.05)).with_biases();
    let graph = GraphBuilder::bipartite(50, 30).weighted_edges(&pairs, &values).build().unwrap();
    let mut graph = graph.with_rows(sgd.width(), |vertex, row| sgd.start(vertex < 50, &[0.0; 3], 0.0, row));
    Engine::edges(&mut graph, &sgd).rounds(60).run().unwrap();
    for user in 0..50 {
        assert_eq!(sgd.factors(graph.vertex(user)), [0.0; 3], "nothing is left for factors");
        for item in 0..30 {
            let found = sgd.bias(true, graph.vertex(user)) + sgd.bias(false, graph.vertex(50 + item));
            assert!((found - value(user, item)).abs() < 1e-3, "{found}, not {}", value(user, item));
        }
    }
}

/// How factors are found.
#[derive(Clone, Copy, Debug)]
enum Way {
    Alternating,
    Stochastic(Exclusion),
    Adaptive(Exclusion),
    /// Gather, apply, scatter, under this exclusion.
    Plain(Exclusion),
}

/// Test errors of a factorization of the residuals, after some passes.
fn test_error(list: &Ratings, train: &[Rating], test: &[Rating], way: Way) -> f64 {
    let (users, rank) = (list.users.len(), 16);
    let start = initial_factors(users + list.items.len(), rank, INITIAL_SCALE, 0);
    let row = |vertex: u32| &start[vertex as usize * rank..][..rank];
    let copied = || graph(list, train, rank, |vertex, factors| factors.copy_from_slice(row(vertex)));
    let rows = match way {
        Way::Alternating => {
            let als = Als::new(rank, 0.08, Regularization::Weighted);
            let mut graph = copied();
            Engine::new(&mut graph, &als).scheduler(Sweep::sides()).rounds(20).run().unwrap();
            graph.into_vertex_data()
        }
        Way::Plain(exclusion) => {
            let descent = GradientDescent { lambda: 0.08, tolerance: 0.0 };
            let mut graph = copied();
            let engine = Engine::updates(&mut graph, &descent, Sweep::new()).exclusion(exclusion);
            engine.threads(2).rounds(400).run().unwrap();
            graph.into_vertex_data()
        }
        Way::Stochastic(exclusion) | Way::Adaptive(exclusion) => {
            let rate = match way {
                Way::Adaptive(_) => Rate::Adaptive(0.15),
                _ => Rate::Decaying { first: 0.06, factor: 0.94 },
            };
            let sgd = Sgd::new(rank, 0.06, rate);
            let mut graph = graph(list, train, sgd.width(), |vertex, factors| {
                sgd.start((vertex as usize) < users, row(vertex), 0.0, factors);
            });
            let engine = Engine::edges(&mut graph, &sgd).exclusion(exclusion).threads(2);
            engine.rounds(60).run().unwrap();
            graph.into_vertex_data()
        }
    };
    let square = |rating: &Rating| {
        let (user, item) = (rows.get(rating.user as usize), rows.get(users + rating.item as usize));
        let product: f32 = user.iter().zip(item).map(|(x, y)| x * y).sum();
        f64::from(rating.value - product).powi(2)
    };
    (test.iter().map(square).sum::<f64>() / test.len() as f64).sqrt()
}

#[test]
fn all_ways_reach_the_quality_of_exact_alternation() {
    let shape = RatingsShape { users: 500, items: 120, count: 36_000, ..RatingsShape::default() };
    let list = ratings(&shape).unwrap();
    let split = hold_out(&list, 0.1, 0).unwrap();
    let baseline = Baseline::fit(500, 120, &split.train, &BaselineSettings::default());
    let residual = |rating: &Rating| Rating {
        value: rating.value - baseline.value(Some(rating.user), Some(rating.item)),
        ..*rating
    };
    let train: Vec<_> = split.train.iter().map(residual).collect();
    let test: Vec<_> = split.test.iter().map(residual).collect();
    let simple =
        (test.iter().map(|rating| f64::from(rating.value).powi(2)).sum::<f64>() / test.len() as f64).sqrt();
    let error = |way| test_error(&list, &train, &test, way);
    let exact = error(Way::Alternating);
    assert!(exact < simple - 0.02, "there is something to learn: {exact} {simple}");
    let stochastic = [Exclusion::Grid, Exclusion::Serial, Exclusion::Relaxed].map(Way::Stochastic);
    let plain = [Exclusion::Coloring, Exclusion::Locks].map(Way::Plain);
    let adaptive = [Exclusion::Grid, Exclusion::Relaxed].map(Way::Adaptive);
    for way in stochastic.into_iter().chain(plain).chain(adaptive) {
        let found = error(way);
        println!("{way:?}: {found:.4}, exact {exact:.4}, mean and biases {simple:.4}");
        assert!(found < exact + 0.003, "{way:?}: {found}, while exact alternation reaches {exact}");
    }
}
