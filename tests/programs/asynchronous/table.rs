//! One table of executions without barriers: every program under every scheduler, exclusion, consistency model and number of threads
//! reaches the same fixed point, or is refused where the engine's own table of what goes together says so.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gasworks::schedulers::ALL;
use gasworks::{Error, Exclusion, Model};

use super::pairs::covering;
use super::subjects::{How, SUBJECTS, Subject};
use crate::programs::shapes::{Kind, Shape, shapes};

/// All that are bundled, some with options, and two that a user might write.
const SCHEDULERS: [&str; 11] = [
    "rounds",
    "sweep",
    "sweep:order=permuted,seed=9",
    "fifo",
    "multiqueue_fifo",
    "multiqueue_fifo:queues=5",
    "priority",
    "multiqueue_priority",
    "multiqueue_priority:queues=1",
    "a stack",
    "hubs first",
];

const CONSISTENCY: [Option<Model>; 4] = [None, Some(Model::Vertex), Some(Model::Edge), Some(Model::Full)];
const THREADS: [usize; 4] = [1, 2, 4, 8];
/// The largest shapes of which all cells are run.
const SMALL: usize = 64;

fn run(shape: &Shape, subject: &Subject, how: &How) {
    let place = || format!("{} on {} by {how:?}", subject.name, shape.name);
    let judged = catch_unwind(AssertUnwindSafe(|| match (subject.run)(shape, how) {
        Ok(run) => {
            assert!(subject.is_admitted(how), "ran, though it is not admitted");
            (subject.check)(shape, how, &run);
        }
        Err(Error::NotAdmitted { .. }) => {
            assert!(!subject.is_admitted(how), "refused, though it is admitted")
        }
        Err(error) => panic!("{error}"),
    }));
    judged.unwrap_or_else(|panic| {
        println!("wrong: {}", place());
        resume_unwind(panic)
    });
}

/// Every cell: what is refused too, but that once for a shape and any number of threads.
fn cells(subject: &Subject) -> impl Iterator<Item = How> {
    let hows = SCHEDULERS.into_iter().flat_map(|scheduler| {
        Exclusion::ALL.into_iter().flat_map(move |exclusion| {
            CONSISTENCY.into_iter().flat_map(move |consistency| {
                THREADS.map(|threads| How { scheduler, exclusion, consistency, threads })
            })
        })
    });
    // The declared model, said aloud, is the same cell.
    hows.filter(|how| how.consistency != Some(subject.declared))
        // Depth first, what is never quite at rest keeps the rest waiting.
        .filter(|how| {
            how.scheduler != "a stack"
                || !["pagerank", "personalized pagerank", "als"].contains(&subject.name)
        })
        // Each visit of another vertex begins the hubs anew, which start far from their ranks where few vertices have all of it.
        .filter(|how| how.scheduler != "hubs first" || subject.name != "personalized pagerank")
        .filter(|how| how.threads == 1 || subject.is_admitted(how) && how.exclusion != Exclusion::Serial)
}

/// Those of which all cells are run. Without edges it is all the same whether these have directions.
fn small_shapes() -> impl Iterator<Item = Shape> {
    let small = |shape: &Shape| shape.vertices <= SMALL;
    shapes()
        .into_iter()
        .filter(move |shape| small(shape) && (shape.kind != Kind::Undirected || shape.edges.len() > 1))
}

/// Each cell on one thread, and on one of the other numbers of threads, which takes turns from shape to shape.
fn run_small(subjects: &[Subject]) {
    for subject in subjects {
        let hows: Vec<_> = cells(subject).collect();
        for (turn, shape) in small_shapes().filter(|shape| (subject.fits)(shape)).enumerate() {
            let mut cell = turn;
            for how in &hows {
                cell += usize::from(how.threads == 1);
                if how.threads == 1 || how.threads == THREADS[1 + cell % (THREADS.len() - 1)] {
                    run(&shape, subject, how);
                }
            }
        }
    }
}

#[test]
fn no_bundled_scheduler_is_left_out() {
    let has = |name| SCHEDULERS.iter().any(|text| text.split(':').next() == Some(name));
    assert!(ALL.iter().all(|entry| has(entry.name)));
}

#[test]
fn vertex_programs_reach_their_fixed_point_in_every_cell() {
    run_small(&SUBJECTS[..5]);
}

#[test]
fn update_functions_reach_their_fixed_point_in_every_cell() {
    run_small(&SUBJECTS[5..]);
}

#[test]
fn each_pair_of_choices_reaches_the_fixed_point_on_larger_graphs() {
    let shapes: Vec<_> = shapes().into_iter().filter(|shape| shape.vertices > SMALL).collect();
    let mut rows = Vec::new();
    for (s, subject) in SUBJECTS.iter().enumerate() {
        let shapes = shapes.iter().enumerate().filter(|(_, shape)| (subject.fits)(shape));
        let shapes: Vec<_> = shapes.map(|(at, _)| at).collect();
        for how in cells(subject).filter(|how| subject.is_admitted(how)) {
            let at = |found: Option<usize>| found.expect("listed");
            let row = [
                s,
                at(SCHEDULERS.iter().position(|name| *name == how.scheduler)),
                at(Exclusion::ALL.iter().position(|exclusion| *exclusion == how.exclusion)),
                at(CONSISTENCY.iter().position(|model| *model == how.consistency)),
                at(THREADS.iter().position(|threads| *threads == how.threads)),
            ];
            rows.extend(shapes.iter().map(|shape| row.iter().copied().chain([*shape]).collect::<Vec<_>>()));
        }
    }
    let chosen = covering(rows);
    assert!(chosen.len() >= SCHEDULERS.len() * shapes.len(), "each scheduler on each shape");
    for row in chosen {
        let &[subject, scheduler, exclusion, consistency, threads, shape] = &row[..] else { unreachable!() };
        let how = How {
            scheduler: SCHEDULERS[scheduler],
            exclusion: Exclusion::ALL[exclusion],
            consistency: CONSISTENCY[consistency],
            threads: THREADS[threads],
        };
        run(&shapes[shape], &SUBJECTS[subject], &how);
    }
}
