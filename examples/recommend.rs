//! Factorizes a few ratings by alternating least squares and recommends from them.
//!
//! `cargo run --example recommend`; the command line does the same for whole files: `gasworks als RATINGS`.

use gasworks::input::{RatingsOptions, Source, read_ratings};
use gasworks::programs::Als;
use gasworks::programs::factorization::{
    Baseline, BaselineSettings, Factorization, INITIAL_SCALE, RecommendSettings, Settings, initial_factors,
};
use gasworks::{Engine, graph::GraphBuilder, schedulers::Sweep};

const RATINGS: &str = "user,item,rating
ann,alien,5\nann,aliens,5\nann,amelie,1\nbob,alien,4\nbob,aliens,5\nbob,blade runner,5
cid,amelie,5\ncid,emma,4\ncid,alien,1\ndee,amelie,4\ndee,emma,5\ndee,aliens,1
eve,alien,5\neve,blade runner,4\neve,emma,1\nfay,emma,5\nfay,amelie,5\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ratings =
        read_ratings(&Source::from_memory("ratings", RATINGS.as_bytes()), &RatingsOptions::default())?;
    let (users, items, train) = (ratings.data.users, ratings.data.items, ratings.data.entries);
    let settings = Settings { rank: 2, lambda: 0.05, ..Settings::default() };

    // What is factorized is how a rating differs from the mean, the user's habit and the item's fame.
    let baseline = Baseline::fit(users.len(), items.len(), &train, &BaselineSettings::default());
    let (ends, residuals): (Vec<_>, Vec<_>) = settings
        .offset
        .residuals(&baseline, &train)
        .iter()
        .map(|rating| ([rating.user, rating.item], rating.value))
        .unzip();
    let start = initial_factors(users.len() + items.len(), settings.rank, INITIAL_SCALE, settings.seed);
    let rows = start.chunks(settings.rank).collect::<Vec<_>>();
    let mut graph = GraphBuilder::bipartite(users.len(), items.len())
        .weighted_edges(&ends, &residuals)
        .build()?
        .with_rows(settings.rank, |vertex, row| row.copy_from_slice(rows[vertex as usize]));

    let als = Als::new(settings.rank, settings.lambda, settings.regularization);
    Engine::new(&mut graph, &als).scheduler(Sweep::sides()).rounds(15).run()?;

    let factors: Vec<f32> = graph.vertex_data().iter().flatten().copied().collect();
    let (left, right) = factors.split_at(users.len() * settings.rank);
    let model = Factorization::new((users, items), &train, baseline, (left.into(), right.into()), settings)?;
    for name in ["ann", "fay"] {
        let list = model.recommend(model.user(name), &RecommendSettings { count: 2, ..Default::default() });
        for item in list.items {
            println!("{name} may like {} ({:.1})", model.items().id(item.item), item.predicted);
        }
    }
    Ok(())
}
