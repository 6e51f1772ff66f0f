// E0277: what lies in columns is sealed
use gasworks::Data;

struct Mine;

impl Data for Mine {}

fn main() {}
