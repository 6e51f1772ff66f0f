//! Alternating least squares where the table does not reach: hubs, few steps of conjugate gradients, and what must not be forgotten.

use gasworks::graph::GraphBuilder;
use gasworks::input::Rating;
use gasworks::programs::Als;
use gasworks::programs::factorization::{ImplicitLoss, Regularization, Solver, initial_factors};
use gasworks::schedulers::Sweep;
use gasworks::{ColoringOrder, Engine, Every};

use super::chaos::mix;

const RANK: usize = 8;
const LAMBDA: f32 = 0.5;
const ALPHA: f32 = 3.0;

/// Ratings of 30 items by 20,000 users, who all rated the first: more than are gathered in one piece.
fn crowd() -> (usize, usize, Vec<Rating>) {
    let rating =
        |user: u32, item: u32| Rating { user, item, value: (mix((user * 31 + item).into()) % 4) as f32 };
    let each = |user: u32| [rating(user, 0), rating(user, 1 + (mix(user.into()) % 29) as u32)];
    (20_000, 30, (0..20_000).flat_map(each).collect())
}

/// Ratings of 300 items by 200 users, who prefer those of their own third.
fn thirds() -> (usize, usize, Vec<Rating>) {
    let pairs = (0..200_u32).flat_map(|user| (0..300_u32).map(move |item| (user, item)));
    let chosen = pairs.filter(|(user, item)| {
        mix((user * 300 + item).into()) % 100 < if user % 3 == item % 3 { 40 } else { 3 }
    });
    (200, 300, chosen.map(|(user, item)| Rating { user, item, value: 1.0 }).collect())
}

/// The factors, and the loss after each round.
fn run(
    (users, items, ratings): &(usize, usize, Vec<Rating>),
    solver: Solver,
    (threads, rounds): (usize, u64),
    colored: bool,
) -> (Vec<f32>, Vec<f64>) {
    let ends: Vec<_> = ratings.iter().map(|rating| [rating.user, rating.item]).collect();
    let values: Vec<_> = ratings.iter().map(|rating| rating.value).collect();
    let start = initial_factors(users + items, RANK, 0.3, 2);
    let fill = |v: u32, row: &mut [f32]| row.copy_from_slice(&start[RANK * v as usize..][..RANK]);
    let graph = GraphBuilder::bipartite(*users, *items).weighted_edges(&ends, &values).build().unwrap();
    let (mut graph, mut losses) = (graph.with_rows(RANK, fill), Vec::new());
    let als = Als::implicit(RANK, LAMBDA, Regularization::Plain, ALPHA).solver(solver);
    let loss = ImplicitLoss { alpha: ALPHA, lambda: LAMBDA, regularization: Regularization::Plain };
    let mut look = |_: &gasworks::Progress, factors: &gasworks::Column<gasworks::Row<f32>>| {
        let item = |item: usize| factors.get(users + item);
        losses.push(loss.of(RANK, (*users, |user| factors.get(user)), (*items, item), ratings));
        std::ops::ControlFlow::Continue(())
    };
    let engine = Engine::new(&mut graph, &als).aggregate_every(Every::Phase, &als).observer(&mut look);
    let engine = engine.threads(threads).rounds(rounds);
    let engine = match colored {
        true => engine.asynchronous().scheduler(Sweep::new()).coloring_order(ColoringOrder::Natural),
        false => engine.scheduler(Sweep::sides()),
    };
    engine.run().unwrap();
    (graph.vertex_data().iter().flatten().copied().collect(), losses)
}

#[test]
fn every_solver_has_the_same_bits_on_all_threads_hubs_included() {
    let crowd = crowd();
    for solver in [Solver::Cholesky, Solver::ConjugateGradient { steps: 3 }, Solver::Nonnegative] {
        for colored in [false, true] {
            let (first, _) = run(&crowd, solver, (1, 2), colored);
            assert!(first.iter().all(|factor| factor.is_finite()));
            for threads in [2, 3, 4] {
                let (found, _) = run(&crowd, solver, (threads, 2), colored);
                assert!(found == first, "{solver}, {threads} threads, colored {colored}");
            }
        }
    }
}

#[test]
fn two_colors_are_the_two_sides_also_to_what_they_share() {
    // Without hubs, whose parts are summed in another order.
    let thirds = thirds();
    for solver in [Solver::Cholesky, Solver::ConjugateGradient { steps: 3 }, Solver::Nonnegative] {
        let [sides, colors] = [false, true].map(|colored| run(&thirds, solver, (2, 3), colored).0);
        assert!(sides == colors, "{solver}");
    }
}

#[test]
fn a_hub_by_as_many_steps_as_the_rank_is_solved() {
    let crowd = crowd();
    let (exact, _) = run(&crowd, Solver::Cholesky, (2, 2), false);
    let (found, _) = run(&crowd, Solver::ConjugateGradient { steps: 2 * RANK as u32 }, (2, 2), false);
    for (found, exact) in found.iter().zip(&exact) {
        assert!((found - exact).abs() < 1e-3, "{found} {exact}");
    }
}

#[test]
fn three_steps_a_round_lower_the_loss_as_exact_solutions_do() {
    let thirds = thirds();
    let (_, exact) = run(&thirds, Solver::Cholesky, (2, 15), false);
    let (_, found) = run(&thirds, Solver::ConjugateGradient { steps: 3 }, (2, 15), false);
    for losses in [&exact, &found] {
        assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)), "{losses:?}");
    }
    let (exact, found) = (exact[14], found[14]);
    assert!((found / exact - 1.0).abs() < 0.005, "{found} {exact}");
    let (_, nonnegative) = run(&thirds, Solver::Nonnegative, (2, 15), false);
    assert!(nonnegative[14] >= exact * 0.999 && nonnegative[14] < 1.2 * exact, "{nonnegative:?} {exact}");
}

#[test]
#[should_panic(expected = "aggregate_every(Every::Phase, &als)")]
fn implicit_feedback_without_its_aggregate_says_what_is_missing() {
    let graph = GraphBuilder::bipartite(1, 1).weighted_edges(&[[0, 0]], &[1.0]).build().unwrap();
    let als = Als::implicit(2, 0.1, Regularization::Plain, 1.0);
    drop(
        Engine::new(&mut graph.with_rows(2, |_, _| ()), &als)
            .threads(1)
            .scheduler(Sweep::sides())
            .rounds(1)
            .run(),
    );
}
