//! How many vertices have how many edges, by powers of two: degrees of real graphs span many of these.

use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::events::Reporter;

/// How many degrees there are of 0, 1, 2 and 3, 4 to 7, and so on, up to the greatest.
fn histogram(degrees: &[u64]) -> Vec<u64> {
    let class = |degree: u64| (u64::BITS - degree.leading_zeros()) as usize;
    let mut counts = vec![0; degrees.iter().max().map_or(0, |most| class(*most) + 1)];
    degrees.iter().for_each(|degree| counts[class(*degree)] += 1);
    counts
}

/// One entry a class, with the numbers of both columns.
pub(super) fn table([first, second]: [(&str, &[u64]); 2]) -> Value {
    let counts = [first.1, second.1].map(histogram);
    let rows = counts.iter().map(Vec::len).max().unwrap_or(0);
    let row = |class: usize| {
        let least = if class == 0 { 0 } else { 1_u64 << (class - 1) };
        let most = if class == 0 { 0 } else { least * 2 - 1 };
        let count = |of: &[u64]| of.get(class).copied().unwrap_or(0);
        json!({ "least": least, "most": most, first.0: count(&counts[0]), second.0: count(&counts[1]) })
    };
    (0..rows).map(row).collect()
}

/// Prints such a table.
pub(super) fn show(title: &str, table: &Value, reporter: &mut Reporter) -> Result<(), Failure> {
    let rows = table.as_array().map_or(&[][..], Vec::as_slice);
    let Some(first) = rows.first().and_then(Value::as_object) else { return Ok(()) };
    let columns: Vec<&String> = first.keys().skip(2).collect();
    let heads: String = columns.iter().map(|name| format!("{name:>16}")).collect();
    reporter.line(format_args!("{title:<24}{heads}"))?;
    for row in rows {
        let range = match (&row["least"], &row["most"]) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let counts: String = columns.iter().map(|name| format!("{:>16}", row[*name].to_string())).collect();
        reporter.line(format_args!("  {range:<22}{counts}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_counted_by_powers_of_two() {
        assert_eq!(histogram(&[0, 1, 1, 2, 3, 4, 7, 8, 0]), [2, 2, 2, 2, 1]);
        assert_eq!(histogram(&[]), [0; 0]);
        assert_eq!(histogram(&[u64::MAX]).len(), 65);
        let table = table([("out", &[3, 0]), ("in", &[9, 9])]);
        assert_eq!(table[2], json!({ "least": 2, "most": 3, "out": 1, "in": 0 }));
        assert_eq!(table[4], json!({ "least": 8, "most": 15, "out": 0, "in": 2 }));
        assert_eq!(table.as_array().map(Vec::len), Some(5));
    }
}
