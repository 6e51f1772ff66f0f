//! The engine's code for each bundled program, compiled here once: crates that run them in a build without full optimization share it
//! instead of compiling it again.

use gasworks_engine::{EdgeJob, Engine, Error, Outcome, UpdateJob, VertexJob};

use crate::svd::Multiply;
use crate::{
    Als, Bpr, Ccd, Components, GradientDescent, GreedyColoring, Hits, KCore, LabelPropagation, Lasso, Lda,
    Nmf, PageRank, PersonalizedPageRank, Sgd, ShortestPaths, SvdPlusPlus,
};

macro_rules! instances {
    ($($name:ident: $job:ident<$program:ty>;)*) => {$(
        #[doc(hidden)]
        pub fn $name<'g>(engine: Engine<'g, $job<'g, $program>>) -> Result<Outcome, Error> {
            engine.run()
        }
    )*};
}

instances! {
    als: VertexJob<Als>;
    components: VertexJob<Components>;
    pagerank: VertexJob<PageRank>;
    personalized_pagerank: VertexJob<PersonalizedPageRank>;
    shortest_paths: VertexJob<ShortestPaths>;
    coloring: UpdateJob<GreedyColoring>;
    core_numbers: UpdateJob<KCore>;
    label_propagation: UpdateJob<LabelPropagation>;
    gradient_descent: UpdateJob<GradientDescent>;
    lasso: UpdateJob<Lasso>;
    sgd: EdgeJob<Sgd>;
    svdpp: EdgeJob<SvdPlusPlus>;
    ccd: UpdateJob<Ccd>;
    nmf: VertexJob<Nmf>;
    multiply: VertexJob<Multiply>;
    hits: VertexJob<Hits>;
    bpr: EdgeJob<Bpr>;
    lda: EdgeJob<Lda>;
}
