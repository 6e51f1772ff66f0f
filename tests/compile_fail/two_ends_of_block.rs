// E0499: the ends of an edge are given up before the next edge is taken
use gasworks::{Block, EdgeProgram};

fn both<P: EdgeProgram>(block: &mut Block<'_, P>) {
    let first = block.edge(0, 0);
    let second = block.edge(0, 1);
    drop((first, second));
}

fn main() {}
