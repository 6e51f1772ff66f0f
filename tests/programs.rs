//! The library as its users meet it: every program under every scheduler against an oracle, and the sentences of the documentation.
//!
//! `table` runs all that is bundled and some programs made to be hard on an engine; the other modules prove one sentence a test.
//! Tests on published data read the folder that `GASWORKS_DATA` names, and pass with a line `skipped: ...` without it.

mod programs {
    mod admission;
    mod aggregates;
    mod builder;
    mod chaos;
    mod coloring;
    mod contract;
    mod core_numbers;
    mod data;
    mod edge_programs;
    mod gibbs;
    mod lasso;
    mod oracles;
    mod shapes;
    mod simulation;
    mod stops;
    mod subjects;
    mod table;
    mod updates;
    mod visibility;
    mod visits;
}
