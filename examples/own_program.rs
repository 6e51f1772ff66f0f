//! Your own program in 40 lines: each vertex carries a row of features, and moves it towards the mean of its neighbours'.
//!
//! (Zhou et al. 2004, "Learning with local and global consistency", section 3.) The loops are plain. `#[inline(always)]` lets the
//! engine compile them with the widest vectors of the machine that runs them; `cargo bench --bench dispatch` measures it.
//!
//! `cargo run --release --example own_program`

use gasworks::generate::{Rmat, rmat};
use gasworks::{Context, Edges, Engine, Error, Row, Signal, VertexProgram, graph::GraphBuilder};

struct Smooth {
    width: usize,
    /// The share of the neighbours' mean in the new row.
    share: f32,
}

/// A sum of rows.
struct RowSum(Vec<f32>);

impl gasworks::Accumulator for RowSum {
    #[inline(always)]
    fn clear(&mut self) {
        self.0.fill(0.0)
    }
    #[inline(always)]
    fn merge(&mut self, part: &Self) {
        add(&mut self.0, &part.0)
    }
}

#[inline(always)]
fn add(sum: &mut [f32], row: &[f32]) {
    for (sum, x) in sum.iter_mut().zip(row) {
        *sum += x
    }
}

impl VertexProgram for Smooth {
    type Vertex = Row<f32>;
    type Ghost = Row<f32>;
    type Edge = ();
    type Gather = RowSum;
    type Global = ();
    const GATHER: Edges = Edges::All;

    fn accumulator(&self) -> RowSum {
        RowSum(vec![0.0; self.width])
    }
    #[inline(always)]
    fn ghost(&self, _: &Context<'_, ()>, row: &[f32], ghost: &mut [f32]) {
        ghost.copy_from_slice(row)
    }
    #[inline(always)]
    fn gather(&self, _: &Context<'_, ()>, sum: &mut RowSum, ghost: &[f32], (): &()) {
        add(&mut sum.0, ghost)
    }
    #[inline(always)]
    fn apply(&self, cx: &Context<'_, ()>, row: &mut [f32], sum: &mut RowSum) -> Signal {
        let scale = self.share / cx.degree().max(1) as f32;
        for (x, sum) in row.iter_mut().zip(&sum.0) {
            *x += scale * sum - self.share * *x
        }
        Signal::priority(1.0)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let outcome = smooth(10, 64, 20, gasworks::Isa::detect())?;
    println!("{} updates in {:.3} s", outcome.progress.updates, outcome.progress.seconds);
    Ok(())
}

/// Smooths rows of `width` features over a generated graph of `2^scale` vertices.
pub(crate) fn smooth(
    scale: u32,
    width: usize,
    rounds: u64,
    isa: gasworks::Isa,
) -> Result<gasworks::Outcome, Error> {
    let list = rmat(&Rmat { scale, ..Rmat::default() }).expect("the parameters are in range");
    let edges = GraphBuilder::directed(list.ids.len()).plain_edges(&list.arcs).build()?;
    let mut graph = edges.with_rows(width, |vertex, row| row[vertex as usize % width] = 1.0);
    Engine::new(&mut graph, &Smooth { width, share: 0.5 }).threads(1).rounds(rounds).isa(isa).run()
}
