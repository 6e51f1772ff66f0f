// E0277: workers run a program from several threads
use gasworks::{Context, Signal, VertexProgram};
use std::cell::Cell;

struct Counting(Cell<u64>);

impl VertexProgram for Counting {
    type Vertex = u32;
    type Ghost = u32;
    type Edge = ();
    type Gather = ();
    type Global = ();
    fn accumulator(&self) {}
    fn ghost(&self, _: &Context<'_, ()>, _: &u32, _: &mut u32) {}
    fn gather(&self, _: &Context<'_, ()>, _: &mut (), _: &u32, _: &()) {
        self.0.set(self.0.get() + 1);
    }
    fn apply(&self, _: &Context<'_, ()>, _: &mut u32, _: &mut ()) -> Signal {
        Signal::NONE
    }
}

fn main() {}
