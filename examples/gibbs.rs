//! Who has the flu? A model of five people, sampled: the probability that each is ill, given who coughs.
//!
//! Two who share a desk are likelier both ill or both well; who is ill coughs nine times out of ten, who is well one time out of ten.
//!
//! `cargo run --example gibbs`

use gasworks::input::Factor;
use gasworks::programs::markov_random_field::{Gibbs, MarkovRandomField, exact_marginal};
use gasworks::{Engine, schedulers::Sweep};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let people = ["Ann", "Bob", "Cleo", "Dan", "Eve"];
    let desks = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]];
    // Variable p: person p is ill. Variable 5 + p: person p coughs.
    let ill = (0..5).map(|p| Factor { scope: vec![p], table: vec![0.8, 0.2] });
    let cough = (0..5).map(|p| Factor { scope: vec![p, 5 + p], table: vec![0.9, 0.1, 0.1, 0.9] });
    let share = desks.map(|pair| Factor { scope: pair.to_vec(), table: vec![2.0, 1.0, 1.0, 2.0] });
    let mut model = MarkovRandomField::new(vec![2; 10], ill.chain(cough).chain(share).collect())?;
    for (person, coughs) in [(0, 1), (1, 1), (3, 0)] {
        model.observe(5 + person, coughs)?;
    }

    let gibbs = Gibbs { burn_in: 100, samples: 20_000, ..Gibbs::new(&model) };
    let mut graph = model.graph(&model.start(0)?)?;
    Engine::updates(&mut graph, &gibbs, Sweep::new()).seed(1).run()?;

    let marginals = gibbs.marginals(&graph).ok_or("the run ended in its burn-in")?;
    for (person, name) in (0..).zip(people) {
        let exact = exact_marginal(&model, person, 1000).ok_or("the model is too wide")?;
        println!(
            "{name}: ill with probability {:.3}, exactly {:.3}",
            marginals[person as usize][1], exact[1]
        );
    }
    Ok(())
}
