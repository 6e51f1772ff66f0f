// E0432: how data lie in columns is not exported
use gasworks::Store;

fn main() {}
