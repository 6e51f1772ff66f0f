// E0609: under vertex consistency there is no neighbour
use gasworks::{Context, Edges, Scope, UpdateFunction, consistency};

struct Wrong;

impl UpdateFunction for Wrong {
    type Vertex = u32;
    type Edge = u32;
    type Global = ();
    type Consistency = consistency::Vertex;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, _: &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| drop(*visit.parts().2));
    }
}

fn main() {}
