//! Colorings of the user's own: what is wrong is refused with its edge, what is right is used.

use gasworks::graph::GraphBuilder;
use gasworks::schedulers::{Fifo, Rounds, Sweep};
use gasworks::{Engine, Error, Exclusion, Model, Outcome};

use super::functions::{Level, Witness};
use super::stress::meeting_points;
use crate::programs::contract::Least;

fn on_a_path(colors: Vec<u32>, model: Option<Model>) -> Result<Outcome, Error> {
    let edges = [[0, 1], [1, 2], [2, 3], [3, 4]];
    let mut graph = GraphBuilder::directed(5).plain_edges(&edges).build().unwrap().with_vertices(|v| v);
    let engine = Engine::updates(&mut graph, &Least, Rounds::new()).coloring(colors);
    let engine = match model {
        Some(model) => engine.consistency(model),
        None => engine,
    };
    let outcome = engine.run();
    if outcome.is_err() {
        assert_eq!(graph.vertex_data().as_slice(), [0, 1, 2, 3, 4], "nobody visited");
    }
    outcome
}

#[test]
fn a_good_one_is_used() {
    for (colors, many) in [(vec![0, 1, 0, 1, 0], 2), (vec![7, 3, 900, 3, 7], 3), (vec![4, 3, 2, 1, 0], 5)] {
        let outcome = on_a_path(colors, None).unwrap();
        assert_eq!((outcome.plan.exclusion, outcome.colors), (Some(Exclusion::Coloring), Some(many)));
        assert_eq!(outcome.plan.consistency, Some(Model::Edge));
    }
    // Unless told, the engine finds its own.
    let mut graph = meeting_points()[0].plain().with_vertices(|v| v);
    let outcome = Engine::updates(&mut graph, &Least, Sweep::new()).run().unwrap();
    assert_eq!((outcome.plan.exclusion, outcome.colors), (Some(Exclusion::Coloring), Some(2)));
}

#[test]
fn one_in_which_neighbors_agree_is_refused_with_the_edge() {
    let error = on_a_path(vec![0, 1, 5, 5, 0], None).expect_err("2 and 3 agree");
    let Error::BadColoring { first, second, color, between } = &error else { panic!("{error}") };
    assert_eq!((*first, *second, *color, *between), (2, 3, 5, None));
    let said = error.to_string();
    assert!(said.contains('2') && said.contains('3') && said.contains('5'), "{said}");
}

#[test]
fn full_consistency_asks_for_distance_two() {
    let error = on_a_path(vec![0, 1, 0, 1, 2], Some(Model::Full)).expect_err("0 and 2 are both next to 1");
    let Error::BadColoring { first, second, color, between } = error else { panic!("{error}") };
    assert_eq!((first, second, color, between), (0, 2, 0, Some(1)));
    let outcome = on_a_path(vec![0, 1, 2, 0, 1], Some(Model::Full)).unwrap();
    assert_eq!((outcome.plan.consistency, outcome.colors), (Some(Model::Full), Some(3)));
    // A program that declares it needs it unasked.
    let shape = &meeting_points()[0];
    let colors = |v: u32| u32::from(v > 0);
    let mut graph = shape.valued(0).with_vertices(Level::start);
    let engine = Engine::updates(&mut graph, &Level { yields: 0 }, Rounds::new());
    let error = engine.coloring((0..40).map(colors)).run().expect_err("leaves share the hub");
    assert!(
        matches!(error, Error::BadColoring { first: 1, second: 2, color: 1, between: Some(0) }),
        "{error}"
    );
    let mut graph = Witness::graph(shape);
    let engine = Engine::updates(&mut graph, &Witness { visits: 3, yields: 0 }, Rounds::new());
    engine.coloring((0..40).map(colors)).run().unwrap();
    Witness::check(&graph, "two colors");
}

#[test]
fn there_is_a_color_for_each_vertex() {
    for colors in [vec![], vec![0, 1, 0, 1], vec![0, 1, 0, 1, 0, 1]] {
        let many = format!("{} colors", colors.len());
        let error = on_a_path(colors, None).expect_err("not five");
        assert!(matches!(error, Error::Usage { .. }) && error.to_string().contains(&many), "{error}");
    }
}

#[test]
fn colors_beside_another_exclusion_or_an_order_of_its_own_are_refused() {
    let run = |exclusion: Option<Exclusion>| {
        let mut graph = meeting_points()[0].plain().with_vertices(|v| v);
        let colors = (0..40).map(|v| u32::from(v > 0));
        match exclusion {
            None => Engine::updates(&mut graph, &Least, Fifo::new()).coloring(colors).run(),
            Some(exclusion) => {
                let engine = Engine::updates(&mut graph, &Least, Rounds::new()).coloring(colors);
                engine.exclusion(exclusion).run()
            }
        }
    };
    for exclusion in [None, Some(Exclusion::Locks), Some(Exclusion::Serial), Some(Exclusion::Relaxed)] {
        let error = run(exclusion).expect_err("what is given would not be used");
        assert!(matches!(error, Error::NotAdmitted { .. }), "{error}");
        assert!(error.to_string().contains("color"), "{error}");
    }
    assert!(run(Some(Exclusion::Coloring)).is_ok());
}
