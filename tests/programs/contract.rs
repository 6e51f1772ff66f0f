//! The contract of schedulers, checked on all that are bundled, in each of their options, and on two that users might write: every
//! scheduled task is handed out, at most once until it is scheduled again, and `next` leaves a batch empty only if nothing is held.
//! Then the orders, each against a model that knows nothing of queues, sweeps or heaps.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};

use gasworks::graph::Vertex;
use gasworks::schedulers::{ALL, Priority, Sweep, by_name};
use gasworks::{Context, Edges, Engine, Reason, Scheduler, Scope, Signal, Task, UpdateFunction, consistency};

use super::shapes::{Numbers, shapes};

#[allow(dead_code)]
#[path = "../../examples/own_scheduler.rs"]
mod own_scheduler;
pub(crate) use own_scheduler::HubsFirst;

/// Every bundled scheduler, in every option. Nothing below -3 is scheduled here.
pub(crate) const VARIANTS: &[&str] = &[
    "rounds",
    "rounds:phases=sides",
    "sweep",
    "sweep:phases=sides",
    "sweep:order=permuted",
    "sweep:order=permuted,seed=9",
    "fifo",
    "multiqueue_fifo",
    "multiqueue_fifo:queues=1",
    "multiqueue_fifo:queues=5",
    "priority",
    "priority:minimum=-3",
    "multiqueue_priority",
    "multiqueue_priority:queues=1",
    "multiqueue_priority:queues=4,minimum=-3",
    "multiqueue_priority(queues=7)",
];

#[test]
fn no_bundled_scheduler_and_no_option_is_left_out() {
    for entry in ALL {
        let mine = || VARIANTS.iter().filter(|text| text.split([':', '(']).next() == Some(entry.name));
        assert!(mine().next().is_some(), "{}", entry.name);
        for option in entry.options {
            assert!(mine().any(|text| text.contains(&format!("{}=", option.name))), "{option:?}");
        }
    }
}

/// Last in, first out.
#[derive(Default)]
pub(crate) struct Stack(Mutex<(Vec<Vertex>, Vec<bool>)>);

impl Scheduler for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }
    fn start(&mut self, vertices: usize, _: usize) {
        *self.0.get_mut().unwrap() = (Vec::new(), vec![false; vertices]);
    }
    fn schedule(&self, tasks: &[Task]) {
        let (stack, held) = &mut *self.0.lock().unwrap();
        for task in tasks {
            if !std::mem::replace(&mut held[task.vertex as usize], true) {
                stack.push(task.vertex);
            }
        }
    }
    fn next(&self, _: usize, batch: &mut Vec<Vertex>) {
        let (stack, held) = &mut *self.0.lock().unwrap();
        if let Some(vertex) = stack.pop() {
            held[vertex as usize] = false;
            batch.push(vertex);
        }
    }
}

/// With so many degrees, for graphs of at most so many vertices.
pub(crate) fn hubs_first(vertices: usize) -> HubsFirst {
    HubsFirst::new(&(0..vertices).map(|vertex| vertex * 7919 % 101).collect::<Vec<_>>())
}

// ------------------------------------------------------------------ what all keep

/// A task that is held.
#[derive(Clone, Copy, Debug)]
struct Held {
    vertex: Vertex,
    priority: f32,
    /// The number of the call that brought it.
    came: u64,
    round: u64,
}

/// What is held, by the words of the contract.
#[derive(Clone, Default)]
struct Model {
    held: Vec<Option<Held>>,
    calls: u64,
    round: u64,
    last: Option<Vertex>,
}

/// Who is first, to those who see what is held.
type Order = fn(&Model) -> Option<Held>;

impl Model {
    fn held(&self) -> impl Iterator<Item = Held> {
        self.held.iter().copied().flatten()
    }
}

/// A scheduler, against the model.
struct Checked<S> {
    scheduler: S,
    model: Model,
}

impl<S: Scheduler> Checked<S> {
    fn new(scheduler: S, vertices: usize, workers: usize) -> Self {
        let mut checked = Checked { scheduler, model: Model::default() };
        checked.start(vertices, workers);
        checked
    }

    fn start(&mut self, vertices: usize, workers: usize) {
        self.scheduler.start(vertices, workers);
        self.model = Model { held: vec![None; vertices], ..Model::default() };
    }

    fn schedule(&mut self, tasks: &[Task]) {
        let model = &mut self.model;
        // Both ways are one.
        if model.calls.is_multiple_of(2) {
            self.scheduler.schedule(tasks);
        } else {
            for run in tasks.chunk_by(|a, b| a.priority == b.priority) {
                let vertices: Vec<_> = run.iter().map(|task| task.vertex).collect();
                self.scheduler.schedule_all(&vertices, run[0].priority);
            }
        }
        for Task { vertex, priority } in tasks.iter().copied() {
            model.calls += 1;
            let new = Held { vertex, priority, came: model.calls, round: model.round + 1 };
            let held = model.held[vertex as usize].get_or_insert(new);
            held.priority = held.priority.max(priority);
        }
    }

    /// Takes a batch; checks each task of it against an order, if there is one.
    fn next(&mut self, worker: usize, order: Option<Order>) -> Vec<Vertex> {
        let mut batch = vec![Vertex::MAX];
        self.scheduler.next(worker, &mut batch);
        assert_eq!(batch.remove(0), Vertex::MAX, "batches are appended");
        let model = &mut self.model;
        for vertex in &batch {
            if let Some(order) = order {
                let expected = order(model).expect("something is held");
                let found = model.held[*vertex as usize];
                assert_eq!(expected.vertex, *vertex, "{expected:?} is first, not {found:?}");
            }
            let held = model.held[*vertex as usize].take();
            let held = held.unwrap_or_else(|| panic!("{vertex} was handed out without being scheduled"));
            (model.last, model.round) = (Some(*vertex), held.round);
        }
        let held = model.held().next();
        assert!(!batch.is_empty() || held.is_none(), "an empty batch, and {held:?} is held");
        batch
    }

    fn is_empty(&mut self, worker: usize) -> bool {
        self.next(worker, None).is_empty()
    }
}

fn random_tasks(numbers: &mut Numbers, vertices: usize, count: usize) -> Vec<Task> {
    let priorities = [-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 7.0, 1e30, f32::INFINITY];
    let task = |_| Task {
        vertex: numbers.below(vertices),
        priority: priorities[numbers.below(priorities.len()) as usize],
    };
    (0..count).map(task).collect()
}

fn keeps_the_contract<S: Scheduler>(make: impl Fn() -> S) {
    assert!(!make().name().is_empty() && !make().phases().is_empty());
    let mut numbers = Numbers(5);
    for (vertices, workers) in [(1, 1), (2, 2), (5, 4), (63, 1), (64, 3), (65, 2), (300, 5), (7, 16)] {
        let mut checked = Checked::new(make(), vertices, workers);
        assert!(checked.is_empty(0), "a new scheduler holds nothing");
        for step in 0..600 {
            let many = if step % 100 < 50 { 2 * vertices } else { 3 };
            if step % 50 == 0 {
                // A lost task would be made good by its next signal.
                while !checked.is_empty(step % workers) {}
            }
            match numbers.below(3) {
                0 => {
                    let count = numbers.below(many) as usize;
                    checked.schedule(&random_tasks(&mut numbers, vertices, count));
                }
                1 => {
                    checked.next(step % workers, None);
                }
                _ => {
                    // What was handed out may be scheduled again at once.
                    let again = checked.next(step % workers, None);
                    let task = |vertex: &Vertex| Task { vertex: *vertex, priority: 1.0 };
                    checked.schedule(&again.iter().map(task).collect::<Vec<_>>());
                }
            }
        }
        while !checked.is_empty(workers - 1) {}
        checked.schedule(&[0, vertices as Vertex - 1, 0].map(|vertex| Task { vertex, priority: 1.0 }));
        checked.start(vertices, 1);
        assert!(checked.is_empty(0), "start forgets all tasks");
    }
    assert!(Checked::new(make(), 0, 2).is_empty(1), "no vertices, no tasks");
    depends_on_the_calls_alone(&make);
    for threads in [2, 4, 16] {
        hands_out_each_task_once(make(), threads, 5);
        hands_out_each_task_once(make(), threads, 150);
        holds_duplicates_once(make(), threads);
        leaves_nothing_behind(make(), threads);
    }
}

/// With one worker: the same calls to a new scheduler, and to a used one after `start`, give the same order.
fn depends_on_the_calls_alone<S: Scheduler>(make: impl Fn() -> S) {
    let run = |mut scheduler: S| {
        scheduler.start(200, 1);
        let (mut numbers, mut order) = (Numbers(17), Vec::new());
        for _ in 0..300 {
            scheduler.schedule(&random_tasks(&mut numbers, 200, 7));
            (0..5).for_each(|_| scheduler.next(0, &mut order));
        }
        (order, scheduler)
    };
    let (first, used) = run(make());
    assert_eq!(first, run(make()).0);
    assert_eq!(first, run(used).0, "start resets all");
}

/// Runs on so many threads at once.
fn on_threads<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (run, start) = (&run, &Barrier::new(threads));
    std::thread::scope(|scope| {
        let spawn = |worker| {
            scope.spawn(move || {
                start.wait();
                run(worker)
            })
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn is_each_once(mut tasks: Vec<Vertex>, vertices: usize) {
    tasks.sort();
    let twice = tasks.windows(2).find(|pair| pair[0] == pair[1]);
    assert!(twice.is_none(), "{twice:?} came twice");
    assert_eq!(tasks.len(), vertices, "some never came");
}

const MANY: usize = 3000;

/// Each thread schedules its own tasks once, so many at a time, and takes meanwhile.
fn hands_out_each_task_once<S: Scheduler>(mut scheduler: S, threads: usize, size: usize) {
    scheduler.start(MANY, threads);
    let taken = on_threads(threads, |worker| {
        let own: Vec<_> = (worker..MANY).step_by(threads).collect();
        let mut taken = Vec::new();
        for some in own.chunks(size) {
            let task = |vertex: &usize| Task { vertex: *vertex as Vertex, priority: (vertex % 13) as f32 };
            scheduler.schedule(&some.iter().map(task).collect::<Vec<_>>());
            scheduler.next(worker, &mut taken);
        }
        taken.extend(drain(&scheduler, worker));
        taken
    });
    is_each_once(taken.concat(), MANY);
}

/// All threads schedule all tasks; then all take.
fn holds_duplicates_once<S: Scheduler>(mut scheduler: S, threads: usize) {
    scheduler.start(MANY, threads);
    on_threads(threads, |worker| {
        let task = |at: usize| Task { vertex: ((at + 7 * worker) % MANY) as Vertex, priority: at as f32 };
        (0..MANY).map(task).collect::<Vec<_>>().chunks(100).for_each(|tasks| scheduler.schedule(tasks));
    });
    is_each_once(on_threads(threads, |worker| drain(&scheduler, worker)).concat(), MANY);
}

fn drain(scheduler: &impl Scheduler, worker: usize) -> Vec<Vertex> {
    let mut all = Vec::new();
    loop {
        let before = all.len();
        scheduler.next(worker, &mut all);
        if all.len() == before {
            return all;
        }
    }
}

/// Each thread stops at its first empty batch. All that it scheduled was scheduled before: so when all have stopped nothing is held, and
/// a visit has followed each signal.
fn leaves_nothing_behind<S: Scheduler>(mut scheduler: S, threads: usize) {
    scheduler.start(MANY, threads);
    let counts = || (0..MANY).map(|_| AtomicU32::new(0)).collect::<Vec<_>>();
    let (open, visits) = (counts(), counts());
    let signal = |vertex: usize, priority: f32| {
        open[vertex].store(1, Relaxed);
        scheduler.schedule(&[Task { vertex: vertex as Vertex, priority }]);
    };
    on_threads(threads, |worker| {
        signal(worker, 1.0);
        let mut batch = Vec::new();
        loop {
            scheduler.next(worker, &mut batch);
            if batch.is_empty() {
                break;
            }
            for vertex in batch.drain(..).map(|vertex| vertex as usize) {
                open[vertex].store(0, Relaxed);
                if visits[vertex].fetch_add(1, Relaxed) < 2 {
                    signal(vertex * 2 % MANY, 1.0);
                    signal((vertex * 2 + 1) % MANY, vertex as f32);
                }
            }
        }
    });
    let mut batch = Vec::new();
    scheduler.next(0, &mut batch);
    assert!(batch.is_empty(), "all threads have stopped, and {batch:?} were held");
    let open = open.iter().position(|open| open.load(Relaxed) == 1);
    assert_eq!(open, None, "no visit after the last signal");
}

#[test]
fn all_that_are_bundled_keep_the_contract() {
    for text in VARIANTS {
        println!("{text}");
        keeps_the_contract(|| by_name(text).unwrap());
    }
}

#[test]
fn a_scheduler_of_ones_own_keeps_the_contract() {
    keeps_the_contract(Stack::default);
    keeps_the_contract(|| hubs_first(MANY));
}

// ------------------------------------------------------------------ the order of each

/// Random calls with one worker, against the model's first.
fn is_in_order(text: &str, order: Order) {
    let mut numbers = Numbers(23);
    for vertices in [1, 2, 64, 150] {
        let mut checked = Checked::new(by_name(text).unwrap(), vertices, 1);
        for _ in 0..1000 {
            let count = numbers.below(4) as usize;
            checked.schedule(&random_tasks(&mut numbers, vertices, count));
            checked.next(0, Some(order));
        }
        while !checked.next(0, Some(order)).is_empty() {}
    }
}

#[test]
fn fifo_runs_in_the_order_of_signals() {
    is_in_order("fifo", |model| model.held().min_by_key(|held| held.came));
    is_in_order("multiqueue_fifo:queues=1", |model| model.held().min_by_key(|held| held.came));
}

#[test]
fn priority_runs_the_most_urgent_and_of_equals_the_first() {
    for text in ["priority", "priority:minimum=-3", "multiqueue_priority:queues=1"] {
        is_in_order(text, |model| {
            // Adding 0 makes the zeros one.
            model
                .held()
                .min_by(|a, b| (b.priority + 0.0).total_cmp(&(a.priority + 0.0)).then(a.came.cmp(&b.came)))
        });
    }
}

#[test]
fn rounds_run_what_came_before_them_ascending() {
    is_in_order("rounds", |model| model.held().min_by_key(|held| (held.round, held.vertex)));
}

#[test]
fn sweeps_go_up_and_around() {
    is_in_order("sweep", |model| {
        model.held().min_by_key(|held| (model.last.is_some_and(|last| held.vertex <= last), held.vertex))
    });
}

#[test]
fn with_one_worker_and_two_queues_none_is_more_urgent_than_the_one_that_runs() {
    let mut numbers = Numbers(29);
    let mut checked = Checked::new(by_name("multiqueue_priority").unwrap(), 100, 1);
    for _ in 0..3000 {
        let count = numbers.below(4) as usize;
        checked.schedule(&random_tasks(&mut numbers, 100, count));
        let before = checked.model.held.clone();
        let most = checked.model.held().map(|held| held.priority).fold(f32::NEG_INFINITY, f32::max);
        for vertex in checked.next(0, None) {
            assert_eq!(before[vertex as usize].unwrap().priority, most);
        }
    }
}

#[test]
fn of_several_queues_each_is_in_order() {
    // Two vertices of a queue come out as they went in; so at most as many orders as queues are woven together.
    let queues = 5;
    let mut scheduler = by_name("multiqueue_fifo:queues=5").unwrap();
    scheduler.start(400, 1);
    let order: Vec<_> = (0..400).map(|at| at * 149 % 400).collect();
    scheduler
        .schedule(&order.iter().map(|vertex| Task { vertex: *vertex, priority: 1.0 }).collect::<Vec<_>>());
    // Greedy: the fewest ascending sequences that cover the positions.
    let mut ends: Vec<usize> = Vec::new();
    for vertex in drain(&scheduler, 0) {
        let position = order.iter().position(|found| *found == vertex).unwrap();
        match ends.iter_mut().filter(|end| **end < position).max() {
            Some(end) => *end = position,
            None => ends.push(position),
        }
    }
    assert!((2..=queues).contains(&ends.len()), "{ends:?}");
}

#[test]
fn nan_is_the_lowest_priority() {
    for text in VARIANTS.iter().filter(|text| !text.contains("minimum")) {
        let mut scheduler = by_name(text).unwrap();
        scheduler.start(10, 1);
        let tasks = [(3, f32::NAN), (4, f32::NEG_INFINITY), (5, f32::NAN), (5, 0.0), (6, -f32::NAN)];
        scheduler.schedule(&tasks.map(|(vertex, priority)| Task { vertex, priority }));
        let mut all = drain(&scheduler, 0);
        if ["priority", "multiqueue_priority"].contains(text) {
            assert_eq!(all[..2], [5, 4], "{text}");
        }
        all.sort();
        assert_eq!(all, [3, 4, 5, 6], "{text}");
    }
}

#[test]
fn what_is_below_the_minimum_is_dropped_and_does_not_lower_what_is_held() {
    for text in ["priority:minimum=0.5", "multiqueue_priority:minimum=0.5"] {
        let mut scheduler = by_name(text).unwrap();
        scheduler.start(10, 1);
        let tasks = [(1, 0.4), (2, 0.5), (3, 9.0), (3, 0.1), (4, f32::NAN), (5, 1.0), (6, -1.0)];
        scheduler.schedule(&tasks.map(|(vertex, priority)| Task { vertex, priority }));
        assert_eq!(drain(&scheduler, 0), [3, 5, 2], "{text}");
    }
    let mut all = Priority::new().minimum(f32::NEG_INFINITY);
    all.start(2, 1);
    all.schedule(&[Task { vertex: 0, priority: f32::NEG_INFINITY }]);
    assert_eq!(drain(&all, 0), [0]);
}

/// Not part of the contract, since priorities may starve whom they like: of equals, none of the bundled schedulers starves one, even if
/// one worker alone takes, and the others are always signalled again.
#[test]
fn equals_do_not_starve() {
    for text in VARIANTS {
        for workers in [1, 2, 5] {
            let mut scheduler = by_name(text).unwrap();
            scheduler.start(40, workers);
            let task = |vertex| Task { vertex, priority: 1.0 };
            scheduler.schedule(&(0..40).map(task).collect::<Vec<_>>());
            let (mut visits, mut batch) = ([0; 40], Vec::new());
            for _ in 0..8000 {
                scheduler.next(0, &mut batch);
                batch.iter().for_each(|vertex| visits[*vertex as usize] += 1);
                scheduler.schedule(&batch.drain(..).map(task).collect::<Vec<_>>());
            }
            assert!(visits.iter().all(|visits| *visits > 0), "{text}, {workers} workers: {visits:?}");
        }
    }
}

#[test]
fn a_permuted_sweep_keeps_its_order_from_sweep_to_sweep() {
    let sweeps = |mut sweep: Sweep| {
        sweep.start(100, 1);
        let all: Vec<_> = (0..100).map(|vertex| Task { vertex, priority: 1.0 }).collect();
        [(); 2].map(|()| {
            sweep.schedule(&all);
            drain(&sweep, 0)
        })
    };
    let [first, second] = sweeps(Sweep::permuted(4));
    assert_eq!(first, second);
    assert!(!first.is_sorted());
    is_each_once(first.clone(), 100);
    assert_ne!(first, sweeps(Sweep::permuted(5))[0]);
    assert!(sweeps(Sweep::new())[0].is_sorted());
}

#[test]
fn a_vertex_that_the_graph_does_not_have_is_refused() {
    for text in VARIANTS {
        let mut scheduler = by_name(text).unwrap();
        scheduler.start(10, 3);
        let schedule = || scheduler.schedule(&[Task { vertex: 10, priority: 1.0 }]);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(schedule));
        assert!(caught.is_err(), "{text}");
        // And leaves the scheduler whole.
        scheduler.schedule(&[Task { vertex: 9, priority: 1.0 }]);
        assert_eq!(drain(&scheduler, 0), [9], "{text}");
    }
}

// ------------------------------------------------------------------ in an engine

/// The least vertex of each component, pushed along edges: the same under any scheduler.
pub(crate) struct Least;

impl UpdateFunction for Least {
    type Vertex = u32;
    type Edge = ();
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, cx: &Context<'_, ()>, scope: &mut Scope<'_, Self>, (): &mut ()) {
        let mut least = *scope.vertex();
        scope.for_each_edge(Edges::All, |mut visit| least = least.min(*visit.parts().2));
        if least < *scope.vertex() || cx.round == 0 {
            *scope.vertex_mut() = least;
            scope.for_each_edge(Edges::All, |mut visit| {
                let told = *visit.parts().2 > least;
                visit.signal(if told { Signal::priority(1.0) } else { Signal::NONE });
            });
        }
    }
}

#[test]
fn an_update_function_reaches_the_same_end_under_any_scheduler() {
    fn run(shape: &super::shapes::Shape, order: impl Scheduler) -> Vec<u32> {
        let mut graph = shape.plain().with_vertices(|v| v);
        let outcome = Engine::updates(&mut graph, &Least, order).run().unwrap();
        assert_eq!(outcome.reason, Reason::Drained);
        graph.vertex_data().as_slice().to_vec()
    }
    for shape in shapes().iter().filter(|shape| shape.vertices < 5000) {
        let expected = super::oracles::components(shape);
        for text in VARIANTS {
            assert_eq!(run(shape, by_name(text).unwrap()), expected, "{}, {text}", shape.name);
        }
        assert_eq!(run(shape, Stack::default()), expected, "{}", shape.name);
        assert_eq!(run(shape, hubs_first(shape.vertices)), expected, "{}", shape.name);
    }
}
