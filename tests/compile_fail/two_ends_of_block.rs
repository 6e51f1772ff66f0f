// E0499: the ends of an edge are given up before the next edge is taken
use gasworks::{Block, EdgeProgram};

fn both<P: EdgeProgram>(block: &mut Block<'_, P>) {
    let row = block.row(0);
    let first = block.edge(row, 0);
    let second = block.edge(row, 1);
    drop((first, second));
}

fn main() {}
