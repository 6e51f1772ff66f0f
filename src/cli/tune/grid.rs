//! The values that are tried, and the candidates that they make.

use std::str::FromStr;

use gasworks::Random;

/// What can be searched over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Rank,
    Lambda,
    Alpha,
    LearningRate,
    Decay,
}

impl Name {
    const ALL: [Name; 5] = [Name::Rank, Name::Lambda, Name::Alpha, Name::LearningRate, Name::Decay];

    /// As on the command line.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Name::Rank => "rank",
            Name::Lambda => "lambda",
            Name::Alpha => "alpha",
            Name::LearningRate => "learning-rate",
            Name::Decay => "decay",
        }
    }

    fn value(self, text: &str) -> Result<f32, String> {
        let number: Option<f32> = text.parse().ok().filter(|number: &f32| number.is_finite());
        let (fits, expected): (fn(f32) -> bool, _) = match self {
            Name::Rank => (
                |rank| rank.fract() == 0.0 && (1.0..=4096.0).contains(&rank),
                "a whole number from 1 to 4096",
            ),
            Name::Lambda | Name::Alpha => (|number| (0.0..=1e9).contains(&number), "a number from 0 to 1e9"),
            Name::LearningRate | Name::Decay => (|rate| rate > 0.0, "a number above 0"),
        };
        number
            .filter(|number| fits(*number))
            .ok_or_else(|| format!("expected for {} {expected}, got {text:?}", self.as_str()))
    }
}

/// One name and its values, `rank=16,32` or `lambda=0.01..0.3`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) name: Name,
    pub(super) values: Values,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    List(Vec<f32>),
    /// Drawn from these bounds, evenly on a logarithmic scale.
    Range(f32, f32),
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, values) =
            text.split_once('=').ok_or("expected a name and its values, such as rank=16,32")?;
        let name = Name::ALL.into_iter().find(|known| known.as_str() == name).ok_or_else(|| {
            format!("expected one of {}, got {name:?}", Name::ALL.map(Name::as_str).join(", "))
        })?;
        let values = match values.split_once("..") {
            Some((low, high)) => {
                let (low, high) = (name.value(low)?, name.value(high)?);
                if !(0.0 < low && low < high) {
                    return Err(format!("expected two bounds above 0, the lower one first, got {values:?}"));
                }
                Values::Range(low, high)
            }
            None => Values::List(values.split(',').map(|value| name.value(value)).collect::<Result<_, _>>()?),
        };
        Ok(Axis { name, values })
    }
}

/// A value for each axis, in their order.
pub(super) type Candidate = Vec<f32>;

/// Every combination; the values of the last axis change fastest. Nothing where an axis is a range.
pub(super) fn all(axes: &[Axis]) -> Option<Vec<Candidate>> {
    axes.iter().try_fold(vec![Vec::new()], |candidates, axis| {
        let Values::List(values) = &axis.values else { return None };
        let longer =
            |candidate: Candidate| values.iter().map(move |value| [&candidate[..], &[*value]].concat());
        Some(candidates.into_iter().flat_map(longer).collect())
    })
}

/// The stream of random numbers of candidates.
const STREAM: u64 = u64::from_be_bytes(*b"tune    ");

/// So many combinations, drawn by the seed; the first ones do not depend on how many are drawn.
pub(super) fn some(axes: &[Axis], count: u32, seed: u64) -> Vec<Candidate> {
    let draw = |at: u32| {
        let mut random = Random::keyed(seed, STREAM, 0, at.into());
        let mut value = |axis: &Axis| match &axis.values {
            Values::List(values) => values[random.below(values.len() as u64) as usize],
            Values::Range(low, high) => {
                let (low, high) = (f64::from(*low), f64::from(*high));
                let drawn = low * (high / low).powf(random.uniform());
                match axis.name {
                    Name::Rank => drawn.round() as f32,
                    // Three digits, so that the value can be typed again.
                    _ => format!("{drawn:.2e}").parse().unwrap_or(drawn as f32),
                }
            }
        };
        axes.iter().map(&mut value).collect()
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_grid_has_every_combination_once() {
        let found = all(&axes(&["rank=8,16", "lambda=0.1,0.2,0.3"])).unwrap();
        let expected = [[8.0, 0.1], [8.0, 0.2], [8.0, 0.3], [16.0, 0.1], [16.0, 0.2], [16.0, 0.3]];
        assert_eq!(found, expected);
        assert_eq!(all(&axes(&["rank=8,16", "lambda=0.1..0.2"])), None);
    }

    #[test]
    fn draws_are_within_bounds_and_even_on_a_logarithmic_scale() {
        let axes = axes(&["rank=4..64", "lambda=0.001..1", "decay=0.9,1"]);
        let found = some(&axes, 3000, 1);
        assert_eq!(found[..5], some(&axes, 5, 1)[..]);
        assert_ne!(found[..5], some(&axes, 5, 2)[..]);
        for candidate in &found {
            assert!((4.0..=64.0).contains(&candidate[0]) && candidate[0].fract() == 0.0, "{candidate:?}");
            assert!((0.001..=1.0).contains(&candidate[1]) && [0.9, 1.0].contains(&candidate[2]));
        }
        for (axis, middle) in [(0, 16.0), (1, 0.0316), (2, 0.95)] {
            let below = found.iter().filter(|candidate| candidate[axis] < middle).count();
            assert!((1300..1700).contains(&below), "{below} of 3000 below {middle}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, part) in [
            ("rank", "a name and its values"),
            ("width=3", "one of rank, lambda"),
            ("rank=1.5", "whole number"),
            ("rank=", "whole number"),
            ("lambda=-1", "from 0"),
            ("lambda=0..1", "bounds above 0"),
            ("lambda=0.2..0.1", "lower one first"),
            ("decay=nan", "above 0"),
        ] {
            let error = text.parse::<Axis>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
