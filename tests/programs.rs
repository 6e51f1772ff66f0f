//! The library as its users meet it: every program under every scheduler against an oracle, and the sentences of the documentation.
//!
//! `table` and `asynchronous/table` run all that is bundled and some programs made to be hard on the engine, with
//! barriers and without; the other modules prove one sentence a test.
//! Tests on published data read the folder that `GASWORKS_DATA` names, and pass with a line `skipped: ...` without it.

mod programs {
    mod admission;
    mod aggregates;
    mod als;
    mod asynchronous {
        mod apart;
        mod audits;
        mod bits;
        mod colorings;
        mod counts;
        mod functions;
        mod globals;
        mod limits;
        mod owned;
        mod pairs;
        mod panics;
        mod stress;
        mod subjects;
        mod table;
    }
    mod bpr;
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
    mod products;
    mod sgd;
    mod shapes;
    mod simulation;
    mod specialists;
    mod stops;
    mod subjects;
    mod svdpp;
    mod table;
    mod updates;
    mod vertex_order;
    mod visibility;
    mod visits;
}
