//! The contract of schedulers: every scheduled task is handed out, at most once until it is scheduled again, and `next` leaves a
//! batch empty only if nothing is held. Checked on ours and on one that a user might write.

use std::sync::Mutex;

use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Context, Edges, Engine, Reason, Scheduler, Scope, Signal, Task, UpdateFunction, consistency};

use super::shapes::{Numbers, shapes};

/// Last in, first out.
#[derive(Default)]
struct Stack(Mutex<(Vec<u32>, Vec<bool>)>);

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
    fn next(&self, _: usize, batch: &mut Vec<u32>) {
        let (stack, held) = &mut *self.0.lock().unwrap();
        if let Some(vertex) = stack.pop() {
            held[vertex as usize] = false;
            batch.push(vertex);
        }
    }
}

/// Whom the model holds, against what the scheduler hands out.
struct Checked<S> {
    scheduler: S,
    held: Vec<bool>,
}

impl<S: Scheduler> Checked<S> {
    fn new(mut scheduler: S, vertices: usize) -> Self {
        scheduler.start(vertices, 2);
        Checked { scheduler, held: vec![false; vertices] }
    }

    fn schedule(&mut self, vertices: &[u32]) {
        let tasks: Vec<_> = vertices.iter().map(|v| Task { vertex: *v, priority: *v as f32 }).collect();
        self.scheduler.schedule(&tasks);
        vertices.iter().for_each(|v| self.held[*v as usize] = true);
    }

    fn next(&mut self, worker: usize) -> usize {
        let mut batch = vec![u32::MAX];
        self.scheduler.next(worker, &mut batch);
        assert_eq!(batch[0], u32::MAX, "batches are appended");
        for vertex in &batch[1..] {
            let held = std::mem::replace(&mut self.held[*vertex as usize], false);
            assert!(held, "{vertex} was handed out without being scheduled");
        }
        if batch.len() == 1 {
            assert!(!self.held.contains(&true), "an empty batch, and tasks are held");
        }
        batch.len() - 1
    }

    fn drain(&mut self) {
        while self.next(0) > 0 {}
    }
}

fn keeps_the_contract<S: Scheduler>(make: impl Fn() -> S) {
    assert!(!make().name().is_empty() && !make().phases().is_empty());
    let mut numbers = Numbers(5);
    for vertices in [1, 2, 63, 64, 65, 300] {
        let mut checked = Checked::new(make(), vertices);
        assert_eq!(checked.next(0), 0, "a new scheduler holds nothing");
        for step in 0..400 {
            if numbers.below(3) == 0 {
                let count = numbers.below(2 * vertices) as usize;
                let tasks: Vec<_> = (0..count).map(|_| numbers.below(vertices)).collect();
                checked.schedule(&tasks);
            } else {
                checked.next(step % 2);
            }
        }
        checked.drain();
        checked.schedule(&[0, vertices as u32 - 1, 0]);
        checked.scheduler.start(vertices, 1);
        checked.held.fill(false);
        assert_eq!(checked.next(0), 0, "start forgets all tasks");
    }
    let mut none = Checked::new(make(), 0);
    none.drain();
}

#[test]
fn sweep_keeps_the_contract() {
    keeps_the_contract(Sweep::new);
    keeps_the_contract(Sweep::sides);
}

#[test]
fn rounds_keep_the_contract() {
    keeps_the_contract(Rounds::new);
    keeps_the_contract(Rounds::sides);
}

#[test]
fn a_scheduler_of_ones_own_keeps_the_contract() {
    keeps_the_contract(Stack::default);
}

#[test]
fn sweeps_ascend_and_begin_again() {
    let mut sweep = Sweep::new();
    sweep.start(500, 1);
    let task = |vertex| Task { vertex, priority: 0.0 };
    let next = |sweep: &Sweep| {
        let mut batch = Vec::new();
        sweep.next(0, &mut batch);
        batch
    };
    sweep.schedule(&(0..500).rev().map(task).collect::<Vec<_>>());
    let first = next(&sweep);
    assert!(first.iter().copied().eq(0..first.len() as u32));
    // One behind waits for the next sweep; one ahead is in this one already.
    sweep.schedule(&[task(0), task(499)]);
    let mut order = first;
    while let batch @ [_, ..] = &next(&sweep)[..] {
        order.extend(batch);
    }
    assert!(order.iter().copied().eq((0..500).chain([0])));
}

/// The least vertex of each component, pushed along edges: the same under any scheduler.
struct Least;

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
        assert_eq!(run(shape, Sweep::new()), expected, "{}", shape.name);
        assert_eq!(run(shape, Rounds::new()), expected, "{}", shape.name);
        assert_eq!(run(shape, Stack::default()), expected, "{}", shape.name);
    }
}
