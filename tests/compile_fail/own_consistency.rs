// E0277: the consistency models are sealed
use gasworks::consistency::{Consistency, Model};

enum Relaxed {}

impl Consistency for Relaxed {
    const MODEL: Model = Model::Vertex;
}

fn main() {}
