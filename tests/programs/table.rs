//! One table: every program under every scheduler that admits it, on every shape, at every instruction level, with several numbers
//! of threads. The result is the oracle's, and its bits are the same for all numbers of threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Direction, Error, Gathers, Isa, Selection};

use super::products;
use super::shapes::shapes;
use super::subjects::{self, How, Order, Subject};

const ORDERS: [Order; 5] = [
    Order { name: "unsaid", make: || None },
    Order { name: "rounds", make: || Some(Box::new(Rounds::new())) },
    Order { name: "rounds of sides", make: || Some(Box::new(Rounds::sides())) },
    Order { name: "sweep", make: || Some(Box::new(Sweep::new())) },
    Order { name: "sweep of sides", make: || Some(Box::new(Sweep::sides())) },
];

const THREADS: [usize; 4] = [1, 2, 3, 8];

const BUNDLED: [Subject; 19] = [
    subjects::pagerank::<true>("pagerank"),
    subjects::pagerank::<false>("pagerank that drops dangling mass"),
    subjects::PERSONALIZED_PAGERANK,
    subjects::COMPONENTS,
    subjects::SHORTEST_PATHS,
    subjects::BREADTH_FIRST_SEARCH,
    subjects::als::<0>("als, rank 1, weighted"),
    subjects::als::<1>("als, rank 3, plain"),
    subjects::als::<2>("als, rank 20, weighted"),
    subjects::als::<3>("implicit als, plain"),
    subjects::als::<4>("implicit als, weighted"),
    subjects::als::<5>("als by conjugate gradients, rank 20, weighted"),
    subjects::als::<6>("implicit als by conjugate gradients, plain"),
    subjects::als::<7>("nonnegative als, plain"),
    subjects::als::<8>("nonnegative implicit als, plain"),
    subjects::WEIGHTED_ALS,
    products::MULTIPLY,
    products::NMF,
    products::HITS,
];

/// Named by the edges of gather and scatter.
const HARD: [Subject; 12] = [
    subjects::chaos::<1, 2, false, false>("in, out"),
    subjects::chaos::<2, 1, false, false>("out, in"),
    subjects::chaos::<3, 3, false, false>("all, all"),
    subjects::chaos::<3, 3, false, true>("all, all, ghost is vertex"),
    subjects::chaos::<1, 3, false, true>("in, all, ghost is vertex"),
    subjects::chaos::<3, 2, false, false>("all, out"),
    subjects::chaos::<2, 2, false, false>("out, out"),
    subjects::chaos::<0, 3, false, false>("none, all"),
    subjects::chaos::<3, 0, false, false>("all, none"),
    subjects::chaos::<1, 2, true, false>("in, out, published"),
    subjects::chaos::<2, 1, true, false>("out, in, published"),
    subjects::chaos::<3, 3, true, false>("all, all, published"),
];

/// What the documentation admits.
fn admitted(subject: &Subject, order: &Order, bipartite: bool) -> bool {
    match subject.gathers {
        Gathers::State => bipartite || !order.has_sides(),
        Gathers::Published => order.selection() == Selection::Signalled && !order.has_sides(),
    }
}

/// With `floats`, every subject runs at every instruction level; without, they take turns.
fn run_table(subjects: &[Subject], floats: bool) {
    let all = Isa::all().into_iter().filter(|isa| isa.is_available()).collect::<Vec<_>>();
    let mut compared = 0;
    for shape in shapes() {
        for (at, subject) in subjects.iter().enumerate() {
            let isas = if floats { &all[..] } else { &all[at % all.len()..][..1] };
            for order in ORDERS.iter().filter(|order| (subject.fits)(&shape, order)) {
                let place = format!("{} under {} on {}", subject.name, order.name, shape.name);
                if !admitted(subject, order, shape.left().is_some()) {
                    let refused = (subject.run)(
                        &shape,
                        How { order, threads: 2, isa: Isa::Baseline, direction: Direction::Auto },
                    );
                    assert!(matches!(refused, Err(Error::NotAdmitted { .. })), "{place}: {refused:?}");
                    continue;
                }
                for isa in isas {
                    let directed = |threads, direction| {
                        (subject.run)(&shape, How { order, threads, isa: *isa, direction })
                            .unwrap_or_else(|error| panic!("{place}: {error}"))
                    };
                    let run = |threads| directed(threads, Direction::Auto);
                    let first = run(THREADS[0]);
                    let judged = catch_unwind(AssertUnwindSafe(|| (subject.check)(&shape, order, &first)));
                    judged.unwrap_or_else(|panic| {
                        println!("wrong at {isa}: {place}");
                        resume_unwind(panic)
                    });
                    for threads in &THREADS[1..] {
                        assert!(run(*threads) == first, "{threads} threads differ at {isa}: {place}");
                    }
                    // Which way ghosts travel does not matter; state gathers always pull.
                    if subject.gathers == Gathers::Published {
                        for (direction, threads) in
                            [(Direction::Pull, 2), (Direction::Push, 1), (Direction::Push, 3)]
                        {
                            let other = directed(threads, direction);
                            let same = other.bits == first.bits && other.counts().eq(first.counts());
                            assert!(same, "{direction} on {threads} threads differs at {isa}: {place}");
                        }
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared >= 2 * shapes().len() * subjects.len() / 3, "only {compared} combinations ran");
}

#[test]
fn bundled_programs_reach_the_oracle_with_the_same_bits() {
    run_table(&BUNDLED, true);
}

#[test]
fn hard_programs_do_what_a_simulation_does_with_the_same_bits() {
    run_table(&HARD, false);
}
