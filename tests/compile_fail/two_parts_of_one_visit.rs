// E0499: the visited vertex is not handed out twice
use gasworks::{Context, Edges, Scope, UpdateFunction, consistency};

struct Wrong;

impl UpdateFunction for Wrong {
    type Vertex = u32;
    type Edge = u32;
    type Global = ();
    type Consistency = consistency::Full;
    type Scratch = ();
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, scope: &mut Scope<'_, Self>, _: &mut ()) {
        scope.for_each_edge(Edges::All, |mut visit| {
            let first = visit.parts().0;
            let second = visit.parts().0;
            std::mem::swap(first, second);
        });
    }
}

fn main() {}
