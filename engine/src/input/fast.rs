//! One row in its plainest form, read byte by byte.
//!
//! Nearly all lines of nearly all files are unsigned integers and short decimals with one separator between. These are
//! read here in one pass without first looking for the ends of fields. Anything else is `None`, and the caller reads the
//! line again with care: this path never decides that a line is wrong, and never reads one differently.

use super::layout::Role;

/// A row and the offset of the next line.
pub(super) struct FastRow {
    pub(super) ids: [u64; 2],
    pub(super) value: f32,
    pub(super) next: usize,
}

/// Powers of ten that are exact in `f32`.
const POWERS: [f32; 11] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// Reads the row that starts at `at`. `skip` steps over one separator and says where the next field begins.
#[inline(always)]
pub(super) fn row(
    text: &[u8],
    mut at: usize,
    roles: &[Role],
    skip: impl Fn(&[u8], usize) -> Option<usize>,
    is_separator: impl Fn(u8) -> bool,
) -> Option<FastRow> {
    let mut row = FastRow { ids: [0; 2], value: 1.0, next: 0 };
    let mut roles = roles.iter();
    let mut role = roles.next()?;
    loop {
        at = match role {
            Role::First => integer(text, at, &mut row.ids[0])?,
            Role::Second => integer(text, at, &mut row.ids[1])?,
            Role::Value => decimal(text, at, &mut row.value)?,
            Role::Time => integer(text, at, &mut 0)?,
            Role::Other => {
                at + text[at..]
                    .iter()
                    .position(|byte| *byte == b'\n' || *byte == b'\r' || is_separator(*byte))?
            }
        };
        match roles.next() {
            Some(next) => role = next,
            None => break,
        }
        at = skip(text, at)?;
    }
    while matches!(text.get(at), Some(b' ' | b'\r')) {
        at += 1;
    }
    row.next = at + 1;
    (text.get(at) == Some(&b'\n')).then_some(row)
}

/// Up to 20 digits without leading zeros, as long as they fit.
#[inline(always)]
fn integer(text: &[u8], start: usize, value: &mut u64) -> Option<usize> {
    let mut at = start;
    let mut sum = 0_u64;
    while let Some(digit) = digit(text, at) {
        sum = sum.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    *value = sum;
    let fits = match at - start {
        0 => false,
        1 => true,
        2..=19 => text[start] != b'0',
        // From 10^19 to below 2 * 10^19, of which the part from 2^64 on has wrapped to below 10^19.
        20 => text[start] == b'1' && sum >= 10_000_000_000_000_000_000,
        _ => false,
    };
    fits.then_some(at)
}

/// A decimal number. Where digits and scale are both exact in `f32`, one division rounds correctly (Clinger 1990).
#[inline(always)]
fn decimal(text: &[u8], start: usize, value: &mut f32) -> Option<usize> {
    let mut at = start;
    let mut digits = 0_u64;
    let mut scale = 0;
    while let Some(digit) = digit(text, at) {
        digits = digits.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    if text.get(at) == Some(&b'.') {
        let point = at;
        at += 1;
        while let Some(digit) = digit(text, at) {
            digits = digits.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        scale = at - point - 1;
    }
    let exact =
        digits < 1 << 24 && at - start <= 12 && scale < POWERS.len() && at > start + usize::from(scale == 0);
    if exact && !matches!(text.get(at), Some(b'e' | b'E')) {
        *value = digits as f32 / POWERS[scale];
        return Some(at);
    }
    let (parsed, length) = fast_float2::parse_partial::<f32, _>(&text[start..]).ok()?;
    *value = parsed;
    parsed.is_finite().then_some(start + length)
}

#[inline(always)]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    text.get(at).map(|byte| u64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_are_rounded_correctly(text in "-?[0-9]{0,9}\\.?[0-9]{0,12}(e-?[0-9])?") {
            let line = format!("{text}\n");
            let mut value = 0.0;
            if let Some(end) = decimal(line.as_bytes(), 0, &mut value)
                && end == text.len()
            {
                prop_assert_eq!(value, text.parse::<f32>().unwrap());
            }
        }

        #[test]
        fn integers_are_what_the_careful_parser_reads(text in "(0|1|18446744073709551|)[0-9]{0,20}") {
            let mut value = 0;
            if let Some(end) = integer(text.as_bytes(), 0, &mut value) {
                prop_assert_eq!(end, text.len());
                prop_assert_eq!(Some(i128::from(value)), crate::graph::Id::parse_integer(text.as_bytes()));
            }
        }
    }
}
