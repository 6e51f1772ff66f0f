//! Globals without barriers: when they are computed, who sees which, and functions that share a run.

use std::sync::Mutex;
use std::time::Duration;

use gasworks::graph::{Graph, GraphBuilder, Topology, Vertex};
use gasworks::schedulers::{Fifo, Rounds, Sweep};
use gasworks::{
    Aggregate, Context, Edges, Engine, Every, Exclusion, Finding, Outcome, Scope, Signal, UpdateFunction,
    VertexProgram, consistency,
};

use super::functions::awake;

/// The sum of all vertices, and how many such sums there were before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Total {
    sum: u64,
    number: u64,
}

#[derive(Default)]
struct Sums(Mutex<Vec<Total>>);

impl Aggregate<u64, ()> for Sums {
    type Part = u64;
    type Global = Total;
    fn zero(&self) -> u64 {
        0
    }
    fn fold_vertex(&self, sum: &mut u64, _: &Topology, _: Vertex, data: &u64) {
        *sum += data % 1000;
    }
    fn merge(&self, sum: &mut u64, part: u64) {
        *sum += part;
    }
    fn finalize(&self, _: &Topology, sum: u64) -> Total {
        let mut all = self.0.lock().unwrap();
        let total = Total { sum, number: all.len() as u64 };
        all.push(total);
        total
    }
}

/// Adds one to its vertex for ever, notes the sum that it sees in it; or does it three times, and wakes the other function.
struct Grow {
    seen: Mutex<Vec<Total>>,
    tells: Option<usize>,
}

impl Grow {
    fn new(tells: Option<usize>) -> Self {
        Grow { seen: Mutex::new(Vec::new()), tells }
    }

    /// What the visits of the run saw: as many more follow when the auditor tells them again.
    fn first(self, updates: u64) -> Vec<Total> {
        let mut seen = self.seen.into_inner().unwrap();
        assert_eq!(seen.len() as u64, 2 * updates);
        seen.truncate(updates as usize);
        seen
    }
}

fn grown(data: u64, total: &Total) -> u64 {
    // The sum in the thousands, so that a replay with another one ends otherwise.
    (data % 1000 + 1) + 1000 * (total.sum * 7 + data / 1000 % 1000)
}

impl UpdateFunction for Grow {
    type Vertex = u64;
    type Edge = ();
    type Global = Total;
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, Total>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        self.seen.lock().unwrap().push(*cx.global);
        let data = *scope.vertex();
        *scope.vertex_mut() = grown(data, cx.global);
        let Some(other) = self.tells else { return scope.signal_self(awake()) };
        if cx.round < 2 {
            scope.signal_self(awake());
            scope.for_each_edge(Edges::Out, |mut visit| visit.signal_for(other, awake()));
            scope.signal_self_for(other, awake());
        }
    }
}

impl VertexProgram for Grow {
    type Vertex = u64;
    type Ghost = u64;
    type Edge = ();
    type Gather = ();
    type Global = Total;
    const GATHER: Edges = Edges::None;
    const SCATTER: Edges = Edges::In;
    fn accumulator(&self) {}
    fn ghost(&self, _: &Context<'_, Total>, vertex: &u64, ghost: &mut u64) {
        *ghost = *vertex;
    }
    fn gather(&self, _: &Context<'_, Total>, (): &mut (), _: &u64, (): &()) {}
    fn apply(&self, cx: &Context<'_, Total>, vertex: &mut u64, (): &mut ()) -> Signal {
        self.seen.lock().unwrap().push(*cx.global);
        *vertex = grown(*vertex, cx.global);
        awake()
    }
}

fn is_proven(outcome: &Outcome) {
    let audit = outcome.audit.as_ref().unwrap();
    assert_eq!(audit.finding, Finding::Serializable { replayed: Some(true) }, "{audit}");
}

const N: u64 = 10;

fn ring() -> Graph<u64, ()> {
    let edges: Vec<_> = (0..N as u32).map(|v| [v, (v + 1) % N as u32]).collect();
    GraphBuilder::directed(N as usize).plain_edges(&edges).build().unwrap().with_vertices(|_| 0)
}

/// Each visit sees the sum of the last refresh: so many rounds make so many more.
fn is_of_the_last_refresh(seen: &[Total], sums: &Sums, every: u64, rounds: u64, what: &str) {
    for (at, total) in (0..).zip(seen) {
        let number = at / N / every;
        assert_eq!(*total, Total { number, sum: number * every * N }, "{what}: visit {at}");
    }
    assert_eq!(seen.len() as u64, rounds * N);
    // Nobody computes one that is never read, but the one that is due as the run ends.
    let computed = sums.0.lock().unwrap().len() as u64;
    assert!((rounds.div_ceil(every)..=rounds / every + 1).contains(&computed), "{what}: {computed}");
}

#[test]
fn visits_see_the_value_of_the_last_refresh() {
    for exclusion in [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks, Exclusion::Relaxed] {
        for threads in [1, 3] {
            for (every, rounds) in [(1, 4), (2, 5), (3, 5), (100, 3)] {
                let what = format!("every {every} of {rounds} by {exclusion} on {threads} threads");
                let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
                let engine = Engine::updates(&mut graph, &grow, Rounds::new()).exclusion(exclusion);
                let engine =
                    engine.threads(threads).aggregate_every(Every::Rounds(every), &sums).rounds(rounds);
                // Relaxed or not: every visit touches but its own.
                is_proven(&engine.audit().run().unwrap());
                is_of_the_last_refresh(&grow.first(rounds * N), &sums, every, rounds, &what);

                let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
                let engine =
                    Engine::new(&mut graph, &grow).asynchronous().exclusion(exclusion).threads(threads);
                let engine = engine.aggregate_every(Every::Rounds(every), &sums).rounds(rounds);
                is_proven(&engine.audit().run().unwrap());
                is_of_the_last_refresh(&grow.first(rounds * N), &sums, every, rounds, &what);
            }
        }
    }
}

#[test]
fn a_global_of_each_phase_is_computed_between_colors() {
    let colors: Vec<u32> = (0..N as u32).map(|v| v % 2).collect();
    // Half of the ring sees what the other half has just done; without colors a round is one phase.
    let check = |seen: &[Total], number_of_colors: u64| {
        let phase = N / number_of_colors;
        for (at, total) in (0..).zip(seen) {
            let number = at / phase;
            assert_eq!(*total, Total { number, sum: number * phase }, "visit {at}");
        }
        assert_eq!(seen.len() as u64, 3 * N);
    };
    for threads in [1, 3] {
        let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
        let engine =
            Engine::updates(&mut graph, &grow, Rounds::new()).coloring(colors.clone()).threads(threads);
        is_proven(&engine.aggregate_every(Every::Phase, &sums).rounds(3).audit().run().unwrap());
        check(&grow.first(3 * N), 2);

        let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
        let engine = Engine::new(&mut graph, &grow).asynchronous().coloring(colors.clone()).threads(threads);
        is_proven(&engine.aggregate_every(Every::Phase, &sums).rounds(3).audit().run().unwrap());
        check(&grow.first(3 * N), 2);

        let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
        let engine =
            Engine::new(&mut graph, &grow).asynchronous().exclusion(Exclusion::Locks).threads(threads);
        engine.aggregate_every(Every::Phase, &sums).rounds(3).run().unwrap();
        check(&grow.seen.into_inner().unwrap(), 1);
    }
}

#[test]
fn seconds_are_a_frequency_too() {
    for exclusion in [Exclusion::Serial, Exclusion::Coloring, Exclusion::Locks] {
        let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
        let engine = Engine::updates(&mut graph, &grow, Rounds::new()).exclusion(exclusion).threads(2);
        let often = Every::Seconds(Duration::from_millis(2));
        // Not before five were seen.
        let outcome =
            engine.aggregate_every(often, &sums).until(|_| sums.0.lock().unwrap().len() > 5).audit().run();
        let outcome = outcome.unwrap();
        is_proven(&outcome);
        let (seen, sums) = (grow.first(outcome.progress.updates), sums.0.into_inner().unwrap());
        assert!(seen.iter().all(|total| sums[total.number as usize] == *total));
        assert!(seen.windows(2).all(|pair| pair[0].number <= pair[1].number), "never an older one again");
        assert!(seen.last().unwrap().number >= 3, "{exclusion}");

        let (mut graph, grow, sums) = (ring(), Grow::new(None), Sums::default());
        let engine =
            Engine::updates(&mut graph, &grow, Rounds::new()).exclusion(exclusion).threads(2).rounds(50);
        engine.aggregate_every(Every::Seconds(Duration::from_secs(3600)), &sums).run().unwrap();
        assert_eq!(sums.0.into_inner().unwrap().len(), 1, "before the first round, and not again");
    }
}

/// Counts its own visits in the highest digits.
struct Heard(Mutex<Vec<Vertex>>);

impl UpdateFunction for Heard {
    type Vertex = u64;
    type Edge = ();
    type Global = u8;
    type Consistency = consistency::Vertex;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, u8>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        assert_eq!((*cx.global, scope.id()), (0, cx.vertex), "the default");
        self.0.lock().unwrap().push(cx.vertex);
    }
}

#[test]
fn a_second_function_runs_for_whom_it_is_signalled() {
    for exclusion in Exclusion::OF_VERTICES {
        for everyone in [false, true] {
            // The first function runs at 4 only, and tells 4 and 5.
            let (mut graph, grow, heard) = (ring(), Grow::new(Some(1)), Heard(Mutex::default()));
            let order: Box<dyn gasworks::Scheduler> =
                if everyone { Box::new(Sweep::new()) } else { Box::new(Rounds::new()) };
            let engine =
                Engine::updates(&mut graph, &grow, order).also(&heard).exclusion(exclusion).threads(2);
            engine.start_at([4]).run().unwrap();
            let mut heard = heard.0.into_inner().unwrap();
            heard.sort();
            heard.dedup();
            assert_eq!(heard, [4, 5], "{exclusion}");
            assert!((0..N as u32).all(|v| (*graph.vertex(v) > 0) == (v == 4)), "{exclusion}");
        }
    }
}

#[test]
fn only_the_first_function_runs_unasked() {
    for exclusion in Exclusion::OF_VERTICES {
        let (mut graph, grow, heard) = (ring(), Grow::new(None), Heard(Mutex::default()));
        let engine = Engine::updates(&mut graph, &grow, Sweep::new()).also(&heard).exclusion(exclusion);
        engine.threads(2).rounds(2).run().unwrap();
        assert!(heard.0.into_inner().unwrap().is_empty(), "{exclusion}");
        let visits: u64 = graph.vertex_data().iter().map(|data| data % 1000).sum();
        assert_eq!(visits, 2 * N, "{exclusion}");
    }
}

#[test]
fn a_function_that_the_run_does_not_have_is_a_panic_that_names_it() {
    let (mut graph, grow) = (ring(), Grow::new(Some(1)));
    let engine = Engine::updates(&mut graph, &grow, Fifo::new()).rounds(1);
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.run())).expect_err("one function");
    assert!(panic.downcast_ref::<String>().unwrap().contains("function 1 of a run with 1"));
}
