// E0277: the engine makes columns of ghosts, so an owned one needs a default
use gasworks::{Ghost, Own};

struct NoDefault;

fn is_ghost<G: Ghost>() {}

fn main() {
    is_ghost::<Own<NoDefault>>();
}
