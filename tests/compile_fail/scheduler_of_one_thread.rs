// E0277: workers ask a scheduler from several threads
use gasworks::{Scheduler, Task};
use std::cell::RefCell;

struct Single(RefCell<Vec<u32>>);

impl Scheduler for Single {
    fn name(&self) -> &'static str {
        "single"
    }
    fn start(&mut self, _: usize, _: usize) {}
    fn schedule(&self, tasks: &[Task]) {
        self.0.borrow_mut().extend(tasks.iter().map(|task| task.vertex));
    }
    fn next(&self, _: usize, batch: &mut Vec<u32>) {
        batch.append(&mut self.0.borrow_mut());
    }
}

fn main() {}
