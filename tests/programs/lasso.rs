//! Lasso under each scheduler: the conditions of an optimum hold, whatever the order.

use gasworks::programs::Lasso;
use gasworks::schedulers::{Rounds, Sweep};
use gasworks::{Engine, Random, Reason, Scheduler};

fn solve(
    lasso: &Lasso,
    (features, observations): (usize, usize),
    seed: u64,
    order: impl Scheduler,
) -> Vec<f64> {
    let mut random = Random::keyed(seed, 0, 0, 0);
    let (mut entries, mut values) = (Vec::new(), Vec::new());
    let mut target: Vec<f64> = (0..observations).map(|_| 0.1 * random.normal()).collect();
    for feature in 0..features as u32 {
        for observation in 0..observations as u32 {
            if random.uniform() < 0.3 {
                let x = random.normal() as f32;
                entries.push([feature, observation]);
                values.push(x);
                // Every fifth feature counts.
                target[observation as usize] += if feature % 5 == 0 { 2.0 * f64::from(x) } else { 0.0 };
            }
        }
    }
    let mut graph = Lasso::graph(features, &target, &entries, &values).unwrap();
    let outcome = Engine::updates(&mut graph, lasso, order).run().unwrap();
    assert_eq!(outcome.reason, Reason::Drained);
    assert!(lasso.violation(&graph) < 1e-6, "{}", lasso.violation(&graph));
    Lasso::weights(&graph).to_vec()
}

#[test]
fn weights_do_not_depend_on_the_order() {
    let lasso = Lasso { lambda: 3.0, tolerance: 1e-9 };
    for (shape, seed) in [((20, 60), 1), ((60, 40), 2), ((100, 300), 3)] {
        let swept = solve(&lasso, shape, seed, Sweep::new());
        let rounds = solve(&lasso, shape, seed, Rounds::new());
        for (feature, (a, b)) in swept.iter().zip(&rounds).enumerate() {
            assert!((a - b).abs() < 1e-6, "{shape:?}: {a} {b}");
            assert!(
                shape.0 > shape.1 || feature % 5 != 0 || *a > 1.0,
                "{shape:?}: a feature that counts is found"
            );
        }
        let zeros = swept.iter().filter(|weight| **weight == 0.0).count();
        assert!(zeros > shape.0 / 4, "{shape:?}: {zeros} zeros");
    }
}
