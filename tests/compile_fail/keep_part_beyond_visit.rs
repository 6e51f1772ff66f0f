// E0521 E0597: the parts of a visit end with it
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
        scope.for_each_edge(Edges::All, |mut visit| kept.push(visit.parts().2));
    }
}

fn main() {}
