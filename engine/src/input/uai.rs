//! Factor graphs and evidence in the format of the UAI inference competitions (2006 to 2022).
//!
//! A model is a run of words between blanks, wherever lines end: `MARKOV` or `BAYES`, the number of variables, how many states each
//! has, the number of factors, the scope of each factor (its length, then its variables from 0), and the table of each (its length,
//! then its entries, the last variable of the scope running fastest). Evidence is the number of observed variables, then
//! variable and state of each; in files of 2008 and before, the number of samples, 1, stands before it. Marginals are `MAR`, the number of
//! variables, and for each the number of its states and their probabilities.
//!
//! Nothing is allocated because of a number that the file claims: every list grows as its words are read.

use std::io::{self, Write};

use super::lines::{Fault, shown};
use super::{Source, Text};
use crate::Error;

/// A model as its file has it: how many states each variable has, and the factors whose product is proportional to the
/// probability of all states together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactorGraph {
    /// Whether the factors are the conditional probability tables of a Bayesian network (`BAYES`); the last variable of a scope is then the child.
    pub is_bayesian: bool,
    /// The number of states of each variable, at least 1.
    pub cardinalities: Vec<u32>,
    /// The factors, in the order of the file.
    pub factors: Vec<Factor>,
}

/// A function of some variables, as a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Factor {
    /// The variables, each once. May be empty: a constant.
    pub scope: Vec<u32>,
    /// An entry for each combination of their states, finite and not negative; the last variable of the scope runs fastest.
    pub table: Vec<f64>,
}

/// A variable whose state is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The variable.
    pub variable: u32,
    /// Its state, from 0.
    pub state: u32,
}

/// Reads a model (`.uai`).
///
/// # Errors
/// If the source cannot be read, or a word is not what the format asks for; then with its line.
///
/// ```
/// use gasworks_engine::input::{Source, read_uai};
///
/// // Two switches that like to agree.
/// let text = "MARKOV\n2\n2 2\n1\n2 0 1\n\n4\n 3.0 1.0\n 1.0 3.0\n";
/// let model = read_uai(&Source::from_memory("switches.uai", text.as_bytes()))?;
/// assert_eq!((model.cardinalities, &model.factors[0].scope), (vec![2, 2], &vec![0, 1]));
/// assert_eq!(model.factors[0].table, [3.0, 1.0, 1.0, 3.0]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_uai(source: &Source) -> Result<FactorGraph, Error> {
    let text = source.read()?;
    model(&text).map_err(|fault| fault.into_error(&text))
}

/// Reads the evidence for a model (`.uai.evid`): the observed variables, in the order of the file.
///
/// # Errors
/// If the source cannot be read, a word is not what the format asks for, or the model has no such variable or state; then
/// with its line.
///
/// ```
/// use gasworks_engine::input::{FactorGraph, Observation, Source, read_uai_evidence};
///
/// let model = FactorGraph { cardinalities: vec![2, 3], ..FactorGraph::default() };
/// let evidence = read_uai_evidence(&Source::from_memory("x.uai.evid", "1 1 2".as_bytes()), &model)?;
/// assert_eq!(evidence, [Observation { variable: 1, state: 2 }]);
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
pub fn read_uai_evidence(source: &Source, model: &FactorGraph) -> Result<Vec<Observation>, Error> {
    let text = source.read()?;
    evidence(&text, &model.cardinalities).map_err(|fault| fault.into_error(&text))
}

/// Writes marginals as the competitions have them (`.uai.MAR`): for each variable the number of its states, and the probability of
/// each.
///
/// # Errors
/// If writing fails.
///
/// ```
/// let mut text = Vec::new();
/// gasworks_engine::input::write_uai_marginals(&[vec![0.25, 0.75], vec![1.0]], &mut text)?;
/// assert_eq!(text, b"MAR\n2 2 0.25 0.75 1 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_uai_marginals(marginals: &[Vec<f64>], to: &mut dyn Write) -> io::Result<()> {
    write!(to, "MAR\n{}", marginals.len())?;
    for marginal in marginals {
        write!(to, " {}", marginal.len())?;
        marginal.iter().try_for_each(|probability| write!(to, " {probability}"))?;
    }
    writeln!(to)
}

/// The words of a text, with their places.
struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Words<'t> {
    /// The next word and where it begins; an empty one at the end, placed on the last line that has a word.
    fn next(&mut self) -> (&'t [u8], usize) {
        let rest = &self.text[self.at..];
        let Some(blanks) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return (b"", self.text.trim_ascii_end().len().saturating_sub(1));
        };
        let length = rest[blanks..].iter().position(u8::is_ascii_whitespace);
        let start = self.at + blanks;
        self.at = length.map_or(self.text.len(), |length| start + length);
        (&self.text[start..self.at], start)
    }

    /// A whole number in `least..bound`, or the fault of `expected`, which is only called then.
    fn integer(
        &mut self,
        least: u64,
        bound: u64,
        advice: &str,
        expected: impl Fn() -> String,
    ) -> Result<(u64, usize), Fault> {
        let (word, at) = self.next();
        let number = crate::graph::Id::parse_integer(word).and_then(|number| u64::try_from(number).ok());
        match number.filter(|number| (least..bound).contains(number)) {
            Some(number) => Ok((number, at)),
            None => Err(fault(word, at, expected(), advice)),
        }
    }

    /// Nothing may follow.
    fn end(&mut self, after: &str) -> Result<(), Fault> {
        match self.next() {
            (b"", _) => Ok(()),
            (word, at) => Err(fault(
                word,
                at,
                format!("the end of the file after {after}"),
                "correct the number before it",
            )),
        }
    }
}

fn fault(word: &[u8], at: usize, expected: String, advice: &str) -> Fault {
    let (found, advice) = match word {
        b"" => ("the end of the file".to_owned(), CUT_OFF),
        _ => (shown(word), advice),
    };
    Fault { at: Some(at), column: None, expected, found, advice: advice.into() }
}

const CUT_OFF: &str = "fetch the file again, or correct the counts at its head";
const WHOLE: &str = "the format has whole numbers here, in the order: states, scopes, tables";
const STATES: u64 = 1 << 32;

fn model(text: &Text<'_>) -> Result<FactorGraph, Fault> {
    let words = &mut Words { text: &text.bytes, at: 0 };
    let (kind, at) = words.next();
    let is_bayesian = kind.eq_ignore_ascii_case(b"BAYES");
    if kind.is_empty() {
        return Err(Fault {
            at: None,
            column: None,
            expected: "a model that begins with MARKOV or BAYES".into(),
            found: "nothing".into(),
            advice: "check that the file was written or fetched completely".into(),
        });
    }
    if !is_bayesian && !kind.eq_ignore_ascii_case(b"MARKOV") {
        let advice = "other kinds of network cannot be read";
        return Err(fault(kind, at, "the word MARKOV or BAYES".into(), advice));
    }

    let (variables, _) = words.integer(0, STATES, WHOLE, || "the number of variables".into())?;
    let mut cardinalities = Vec::new();
    for variable in 0..variables {
        let expected = || format!("the number of states of variable {variable} of {variables}, at least 1");
        cardinalities.push(words.integer(1, STATES, WHOLE, expected)?.0 as u32);
    }
    let (count, _) = words.integer(0, u64::MAX, WHOLE, || "the number of factors".into())?;
    let mut factors: Vec<Factor> = Vec::new();
    for factor in 0..count {
        let expected =
            || format!("the length of the scope of factor {factor} of {count}, at most {variables}");
        let (length, _) = words.integer(0, variables + 1, WHOLE, expected)?;
        let mut scope = Vec::new();
        for _ in 0..length {
            let expected = || format!("a variable of factor {factor}, from 0 to {variables} exclusive");
            let advice = "variables count from 0, up to the number at the head";
            let (variable, at) = words.integer(0, variables, advice, expected)?;
            // Scopes are short, or their tables would not fit the file.
            if scope.contains(&(variable as u32)) {
                let expected = format!("each variable once in the scope of factor {factor}");
                let advice = "list the diagonal of the table over the variable alone";
                return Err(fault(variable.to_string().as_bytes(), at, expected, advice));
            }
            scope.push(variable as u32);
        }
        factors.push(Factor { scope, table: Vec::new() });
    }

    for (number, factor) in factors.iter_mut().enumerate() {
        let states = factor.scope.iter().map(|variable| u64::from(cardinalities[*variable as usize]));
        let size = states.fold(1u64, u64::saturating_mul);
        let expected =
            || format!("{size} as the length of table {number}, the product of its variables' states");
        let advice = "tables stand in the order of the scopes, and name every combination of states";
        let (length, _) = words.integer(size, size.saturating_add(1), advice, expected)?;
        for entry in 0..length {
            let (word, at) = words.next();
            match fast_float2::parse::<f64, _>(word) {
                Ok(value) if value.is_finite() && value >= 0.0 => factor.table.push(value),
                _ => {
                    let expected =
                        format!("entry {entry} of the {length} of table {number}, finite and not negative");
                    return Err(fault(word, at, expected, "factors are not in logarithms"));
                }
            }
        }
    }
    words.end(&format!("{count} tables"))?;
    Ok(FactorGraph { is_bayesian, cardinalities, factors })
}

fn evidence(text: &Text<'_>, cardinalities: &[u32]) -> Result<Vec<Observation>, Fault> {
    let count = text.bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    let words = &mut Words { text: &text.bytes, at: 0 };
    // One number and some pairs, unless the number of samples stands before it.
    if count > 0 && count.is_multiple_of(2) {
        let advice = "split the file into one for each sample, or check that it is whole";
        let expected = || {
            format!(
                "1 as the number of samples, since a single sample has an odd number of words, not {count}"
            )
        };
        words.integer(1, 2, advice, expected)?;
    }
    let (observed, _) = words.integer(0, u64::MAX, WHOLE, || "the number of observed variables".into())?;
    let variables = cardinalities.len();
    let mut evidence = Vec::new();
    let mut seen = vec![false; variables];
    for _ in 0..observed {
        let expected = || format!("an observed variable, from 0 to {variables} exclusive");
        let advice = "the model and its evidence must belong together";
        let (variable, at) = words.integer(0, variables as u64, advice, expected)?;
        if std::mem::replace(&mut seen[variable as usize], true) {
            let word = variable.to_string();
            return Err(fault(
                word.as_bytes(),
                at,
                "each variable at most once".into(),
                "drop one of the two",
            ));
        }
        let states = u64::from(cardinalities[variable as usize]);
        let expected = || format!("a state of variable {variable}, from 0 to {states} exclusive");
        let (state, _) = words.integer(0, states, advice, expected)?;
        evidence.push(Observation { variable: variable as u32, state: state as u32 });
    }
    words.end(&format!("{observed} observed variables"))?;
    Ok(evidence)
}
