//! What run-time dispatch does for a user's plain loops: the example `own_program` at each instruction level.
//!
//! `cargo bench --bench dispatch`

#[allow(dead_code)]
#[path = "../examples/own_program.rs"]
mod own_program;

mod harness;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut baseline = None;
    for isa in gasworks::Isa::all().into_iter().filter(|isa| isa.is_available()) {
        let time = || own_program::smooth(9, 128, 40, isa).map(|outcome| outcome.progress.seconds);
        let timing = harness::Timing::new(
            format!("own_program, {isa}"),
            (0..7).map(|_| time()).collect::<Result<_, _>>()?,
        );
        timing.report(1);
        let baseline = *baseline.get_or_insert(timing.median());
        println!("{isa}: {:.2} times the baseline's speed", baseline / timing.median());
    }
    Ok(())
}
