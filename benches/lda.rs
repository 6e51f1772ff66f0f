//! Topics of documents: seconds, tokens a second and the joint log-likelihood a token, pass by pass.
//!
//! `cargo bench --bench lda -- --file CORPUS [--sampler dense|sparse|metropolis|vertex] [--topics 100] [--alpha A] [--beta B] [--start growing|sequential|random|SHARE:PASSES,..] [--threads 1,2]
//! [--seconds S] [--passes N] [--blocks DOCUMENTS,WORDS] [--seed N] [--isa NAME]`
//!
//! Seconds count from the first pass, the start included, reading and likelihoods left out.

mod harness;

use std::ops::ControlFlow;

use gasworks::graph::Graph;
use gasworks::input::{Corpus, CorpusOptions, Source, Texts, read_corpus};
use gasworks::programs::lda::{Lda, MetropolisLda, Priors, Sampler, SparseLda, Stage, Start, VertexLda};
use gasworks::schedulers::Sweep;
use gasworks::{Column, Engine, Error, Every, Isa, Observer, Outcome, Progress};

fn number<T: std::str::FromStr>(option: &str, default: T) -> T {
    harness::value_of(option).and_then(|word| word.parse().ok()).unwrap_or(default)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Without a file, as under `cargo test --benches`, there is nothing to measure.
    let Some(path) = harness::value_of("--file") else { return Ok(()) };
    let corpus = read_corpus(&Source::from_path(path), &CorpusOptions::default())?.data;
    let (topics, seed) = (number("--topics", 100), number("--seed", 0));
    let alpha = number("--alpha", 50.0 / topics as f64);
    let priors =
        Priors::new(topics, &corpus).with_alpha(&vec![alpha; topics]).with_beta(number("--beta", 0.01));
    let start = match harness::value_of("--start").as_deref() {
        Some("random") => Start::Random,
        Some("sequential") => Start::Sequential,
        Some("growing") | None => Start::growing_for(&priors, &corpus),
        Some(stages) => Start::Growing(stages.split(',').map(stage).collect::<Result<_, _>>()?),
    };
    println!(
        "{} documents, {} words, {} tokens",
        corpus.documents.len(),
        corpus.words.len(),
        corpus.tokens()
    );
    let documents = corpus.documents.len();
    match harness::value_of("--sampler").as_deref() {
        Some("sparse") => {
            let lda = SparseLda::with_priors(priors).starting(&start, documents, seed);
            run(&lda, &corpus, |graph, threads, observer| pass(&lda, graph, threads, observer))
        }
        Some("metropolis") => {
            let lda = MetropolisLda::with_priors(priors).starting(&start, documents, seed);
            run(&lda, &corpus, |graph, threads, observer| pass(&lda, graph, threads, observer))
        }
        // Its start is random. Counts of documents lag behind, so likelihoods do; that of the end does not.
        Some("vertex") => {
            let lda = Lda::with_priors(priors);
            let program = VertexLda::new(&lda);
            run(&lda, &corpus, |graph, threads, observer| {
                let engine = Engine::updates(graph, &program, Sweep::new());
                let engine = engine.aggregate_every(Every::Phase, &program);
                engine.threads(threads).seed(seed).observer(observer).run()
            })
        }
        _ => {
            let lda = Lda::with_priors(priors).starting(&start, documents, seed);
            run(&lda, &corpus, |graph, threads, observer| pass(&lda, graph, threads, observer))
        }
    }
}

/// A share of the documents, and how many passes over it.
fn stage(word: &str) -> Result<Stage, Box<dyn std::error::Error>> {
    let (share, passes) = word.split_once(':').ok_or("a stage is SHARE:PASSES, such as 0.1:20")?;
    Ok(Stage { share: share.parse()?, passes: passes.parse()? })
}

/// By the program's own engine.
fn pass<L: Sampler>(
    lda: &L,
    graph: &mut Graph<L::Vertex, L::Edge>,
    threads: usize,
    observer: &mut dyn Observer<L::Vertex>,
) -> Result<Outcome, Error> {
    let parts = harness::value_of("--blocks").and_then(|word| {
        let (documents, words) = word.split_once(',')?;
        Some([documents.parse().ok()?, words.parse().ok()?])
    });
    let engine = lda.engine(graph, parts).threads(threads);
    let engine = engine.seed(number("--seed", 0)).isa(number("--isa", Isa::detect()));
    engine.observer(observer).run()
}

/// Times the passes of a run on so many threads.
fn run<L: Sampler>(
    lda: &L,
    corpus: &Corpus,
    run: impl Fn(&mut Graph<L::Vertex, L::Edge>, usize, &mut dyn Observer<L::Vertex>) -> Result<Outcome, Error>,
) -> Result<(), Box<dyn std::error::Error>> {
    let topics = lda.priors().topics();
    for threads in harness::threads() {
        let mut graph = lda.graph(corpus)?;
        let topology = graph.topology().clone();
        let (most, passes) = (number("--seconds", f64::INFINITY), number("--passes", 100));
        let (mut times, mut next) = (vec![0.0], 0.0);
        let mut observer = |progress: &Progress, rows: &Column<L::Vertex>| {
            let done = (progress.rounds + 1).saturating_sub(lda.first_passes());
            times.push(progress.seconds);
            let ends = done > passes || progress.seconds >= most;
            if done > 0 && (ends || progress.seconds >= next) {
                let lap = progress.seconds - times[times.len() - 2];
                println!(
                    "{threads} threads: {:.3} s, full pass {done}, {:.2} M tokens/s: {:.4}",
                    progress.seconds,
                    corpus.tokens() as f64 / lap / 1e6,
                    lda.likelihood(&topology, rows).per_token()
                );
                next = progress.seconds * 1.25;
            }
            if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        run(&mut graph, threads, &mut observer)?;
        let texts = Texts { corpus: corpus.clone(), documents: Vec::new() };
        println!("{threads} threads: at the end {:.4}", lda.model(&graph, texts).likelihood().per_token());
        let whole = lda.first_passes() as usize;
        let laps = harness::laps(&times[whole..])[1..].to_vec();
        if !laps.is_empty() {
            harness::Timing::new(format!("lda pass, {topics} topics"), laps).report(threads);
        }
    }
    Ok(())
}
