//! Same bits: under coloring and serially, for every number of threads; and those of the serial execution that coloring stands for.

use std::sync::Mutex;

use gasworks::graph::{Graph, Vertex};
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{
    Coloring, ColoringOrder, Distance, Engine, Every, Exclusion, Model, Outcome, Progress, Scheduler, Task,
};

use super::functions::{Babble, Level};
use crate::programs::chaos::{Chaos, Everything, SEED, mix};
use crate::programs::shapes::{Shape, shapes};

const THREADS: [usize; 4] = [1, 2, 4, 8];

/// What must not depend on threads, and whatever was asked to be remembered.
type Bits = (Vec<u64>, Vec<u64>, Progress);

fn bits(outcome: &Outcome, graph: &Graph<u64, u64>) -> Bits {
    let progress = Progress { seconds: 0.0, ..outcome.progress };
    let edges = graph.edge_list().map(|(_, _, edge)| *edge).collect();
    (graph.vertex_data().as_slice().to_vec(), edges, progress)
}

fn order(everyone: bool) -> Box<dyn Scheduler> {
    if everyone { Box::new(Sweep::new()) } else { Box::new(Rounds::new()) }
}

fn is_the_same<T: PartialEq>(what: &str, shape: &Shape, run: impl Fn(usize) -> T) -> T {
    let first = run(1);
    for threads in &THREADS[1..] {
        assert!(run(*threads) == first, "{what} on {}: {threads} threads differ", shape.name);
    }
    first
}

/// All but the widest, on which there is nothing to see.
fn some_shapes() -> Vec<Shape> {
    shapes().into_iter().filter(|shape| shape.vertices < 5000).collect()
}

#[test]
fn several_functions_with_random_numbers_have_the_same_bits_on_all_threads() {
    let [first, second] = [0, 1].map(|number| Babble { number, others: true, restless: false });
    for shape in some_shapes() {
        for (everyone, seed) in [(true, 3), (false, 3), (false, 4)] {
            let run = |exclusion, threads| {
                let mut graph = shape.valued(7).with_vertices(|v| mix(v.into()));
                let engine = Engine::updates(&mut graph, &first, order(everyone)).also(&second).seed(seed);
                let outcome = engine.exclusion(exclusion).threads(threads).rounds(5).run().unwrap();
                bits(&outcome, &graph)
            };
            let colored = is_the_same("coloring", &shape, |threads| run(Exclusion::Coloring, threads));
            let serial = is_the_same("serial", &shape, |threads| run(Exclusion::Serial, threads));
            if shape.name.starts_with("scale-free") {
                assert!(colored.2.updates > 1000 && serial.2.updates > 1000);
                assert_ne!(colored.0, serial.0, "two orders");
            }
        }
    }
}

#[test]
fn the_seed_decides_the_run() {
    let shape = some_shapes().into_iter().find(|shape| shape.name.starts_with("scale-free")).unwrap();
    let run = |seed| {
        let mut graph = shape.valued(7).with_vertices(u64::from);
        let function = Babble { number: 0, others: false, restless: false };
        let outcome =
            Engine::updates(&mut graph, &function, Rounds::new()).seed(seed).threads(2).rounds(3).run();
        bits(&outcome.unwrap(), &graph)
    };
    assert!(run(1) == run(1) && run(1) != run(2));
}

#[test]
fn vertex_programs_have_the_same_bits_on_all_threads() {
    for shape in some_shapes() {
        for (everyone, model, order_of_colors) in [
            (true, Model::Edge, ColoringOrder::default()),
            (false, Model::Edge, ColoringOrder::Natural),
            (false, Model::Full, ColoringOrder::default()),
        ] {
            is_the_same("chaos", &shape, |threads| {
                let mut graph = shape.weighted().with_vertices(|v| mix(v.into()));
                let mut rounds = Vec::new();
                let mut observer = |progress: &Progress, vertices: &gasworks::Column<u64>| {
                    rounds
                        .push((Progress { seconds: 0.0, ..*progress }, Everything::of(vertices.as_slice())));
                    std::ops::ControlFlow::Continue(())
                };
                let engine = Engine::new(&mut graph, &Chaos::<3, 3, false, false>).asynchronous();
                let engine =
                    engine.scheduler(order(everyone)).exclusion(Exclusion::Coloring).consistency(model);
                let engine =
                    engine.coloring_order(order_of_colors).aggregate_every(Every::Rounds(2), &Everything);
                let engine = engine.threads(threads).seed(SEED).observer(&mut observer);
                let outcome = engine.rounds(5).run().unwrap();
                assert_eq!(rounds.len() as u64, outcome.progress.rounds);
                (graph.vertex_data().as_slice().to_vec(), rounds)
            });
        }
    }
}

/// Hands out a list, and takes no tasks.
struct Recital(Mutex<std::vec::IntoIter<Vertex>>);

impl Scheduler for Recital {
    fn name(&self) -> &'static str {
        "recital"
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, _: &[Task]) {}
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        batch.extend(self.0.lock().unwrap().by_ref().take(10));
    }
}

#[test]
fn coloring_is_the_serial_execution_color_by_color() {
    for shape in some_shapes() {
        for (model, distance) in [(Model::Edge, Distance::One), (Model::Full, Distance::Two)] {
            let topology = shape.valued(0);
            let coloring = Coloring::greedy(topology.topology(), distance, ColoringOrder::default());
            let list: Vec<_> = (0..3).flat_map(|_| coloring.classes().flatten().copied()).collect();
            let babble = Babble { number: 0, others: false, restless: true };
            let run = |colored: bool| {
                let mut graph = shape.valued(7).with_vertices(|v| mix(v.into()));
                let outcome = if colored {
                    let engine = Engine::updates(&mut graph, &babble, Sweep::new()).consistency(model);
                    engine.coloring(coloring.colors().iter().copied()).threads(2).rounds(3).run().unwrap()
                } else {
                    let recital = Recital(Mutex::new(list.clone().into_iter()));
                    let engine = Engine::updates(&mut graph, &babble, recital).consistency(model);
                    engine.exclusion(Exclusion::Serial).run().unwrap()
                };
                let (vertices, edges, progress) = bits(&outcome, &graph);
                (vertices, edges, progress.updates)
            };
            assert!(run(true) == run(false), "{}", shape.name);
        }
    }
}

#[test]
fn full_consistency_has_the_same_bits_on_all_threads() {
    for shape in some_shapes() {
        let run = |threads| {
            let mut graph = shape.valued(0).with_vertices(Level::start);
            let engine = Engine::updates(&mut graph, &Level { yields: 0 }, Rounds::new());
            let outcome = engine.exclusion(Exclusion::Coloring).threads(threads).rounds(6).run().unwrap();
            bits(&outcome, &graph)
        };
        is_the_same("level", &shape, run);
    }
}
