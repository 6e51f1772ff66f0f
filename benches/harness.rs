//! What all benches share: repeated timing, and one JSON line a result with the machine and the commit.
#![allow(dead_code, reason = "each bench uses a part")]

use std::process::Command;

/// One measurement: the least and the median of some times.
pub(crate) struct Timing {
    /// What was timed.
    pub(crate) name: String,
    /// Sorted, in seconds.
    pub(crate) seconds: Vec<f64>,
}

impl Timing {
    /// Sorts the times.
    pub(crate) fn new(name: impl Into<String>, mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Timing { name: name.into(), seconds }
    }

    /// The middle time.
    pub(crate) fn median(&self) -> f64 {
        self.seconds[self.seconds.len() / 2]
    }

    /// Prints one JSON object on a line.
    pub(crate) fn report(&self, threads: usize) {
        let (least, median, runs) = (self.seconds[0], self.median(), self.seconds.len());
        println!(
            r#"{{"bench":"{}","threads":{threads},"runs":{runs},"min_seconds":{least:.6},"median_seconds":{median:.6},"machine":"{}","isa":"{}","commit":"{}"}}"#,
            self.name,
            machine(),
            gasworks::Isa::detect(),
            commit(),
        );
    }
}

/// The differences between the ascending times of a run's rounds.
pub(crate) fn laps(times: &[f64]) -> Vec<f64> {
    let mut before = 0.0;
    times.iter().map(|time| time - std::mem::replace(&mut before, *time)).collect()
}

/// The numbers after `--threads`, else 1 and 2.
pub(crate) fn threads() -> Vec<usize> {
    let numbers: Vec<usize> =
        value_of("--threads").iter().flat_map(|list| list.split(',')).flat_map(str::parse).collect();
    if numbers.is_empty() { vec![1, 2] } else { numbers }
}

/// The word after an option of the command line.
pub(crate) fn value_of(option: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != option).nth(1)
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} x{cores}", model.trim_start_matches([' ', '\t', ':']))
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.map_or("unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
