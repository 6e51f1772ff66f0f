// E0594: under edge consistency a neighbour is read only
use gasworks::{Context, Edges, Scope, UpdateFunction, consistency};

struct Wrong;

impl UpdateFunction for Wrong {
    type Vertex = u32;
    type Edge = u32;
    type Global = ();
    type Consistency = consistency::Edge;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, _: &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| *visit.parts().2 = 1);
    }
}

fn main() {}
