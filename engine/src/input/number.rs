//! Values in a field: ratings, weights, observations.
//!
//! They are parsed by `fast-float2`, correctly rounded. What is not a finite number is told apart for the message: a decimal
//! comma, a missing value and a swapped column each want another remedy.

use fast_float2::FastFloat;

use super::lines::{Fault, shown};

/// A finite number, or what is wrong with it. `what` is the column's name, such as "rating".
pub(super) fn value(field: &[u8], what: &str, column: u32) -> Result<f32, Fault> {
    finite(field, what, column, "check the order of the columns, or name them in a header line")
}

/// The same in the precision that is asked for; `otherwise` is the advice where the field is nothing like a number.
pub(super) fn finite<T: FastFloat + Into<f64> + Copy>(
    field: &[u8],
    what: &str,
    column: u32,
    otherwise: &str,
) -> Result<T, Fault> {
    match fast_float2::parse::<T, _>(field) {
        Ok(value) if value.into().is_finite() => Ok(value),
        parsed => {
            let (expected, advice) = if parsed.is_ok() {
                (format!("a finite {what}"), "drop the line or give it a number".to_owned())
            } else if has_decimal_comma(field) {
                (format!("a {what} such as 4.5"), "write decimals with a point".to_owned())
            } else if field.is_empty() {
                (format!("a {what} such as 4.5"), "drop the line or give it a number".to_owned())
            } else {
                (format!("a {what} such as 4.5"), otherwise.to_owned())
            };
            Err(Fault { at: None, column: Some(column), expected, found: shown(field), advice })
        }
    }
}

/// `4,5`, `-0,25`: a number but for its comma.
pub(super) fn has_decimal_comma(field: &[u8]) -> bool {
    memchr::memchr(b',', field).is_some_and(|comma| {
        let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let whole = field[..comma].strip_prefix(b"-").unwrap_or(&field[..comma]);
        digits(whole) && digits(&field[comma + 1..])
    })
}

/// Whether a field was meant as a number, well written or not.
pub(super) fn is_meant_as_number(field: &[u8]) -> bool {
    fast_float2::parse::<f32, _>(field).is_ok() || has_decimal_comma(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_must_be_finite_numbers() {
        assert_eq!(value(b"4.5", "rating", 3).unwrap(), 4.5);
        assert_eq!(value(b"-1e-3", "rating", 3).unwrap(), -1e-3);
        for field in ["NaN", "inf", "-Infinity", "1e39"] {
            assert_eq!(
                value(field.as_bytes(), "rating", 3).unwrap_err().expected,
                "a finite rating",
                "{field}"
            );
        }
        for field in ["", "4,5", "four", "4.5x", "0x10"] {
            let fault = value(field.as_bytes(), "rating", 3).unwrap_err();
            assert_eq!(fault.expected, "a rating such as 4.5", "{field}");
        }
    }
}
