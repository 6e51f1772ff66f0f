// E0521: a visit ends with the closure that it is given to
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
        let mut kept = Vec::new();
        scope.for_each_edge(Edges::All, |visit| kept.push(visit));
    }
}

fn main() {}
