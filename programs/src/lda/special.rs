//! The logarithm of the gamma function, and its derivative.

/// Coefficients of the Stirling series, `B_2n / (2n (2n - 1))` from n = 1 (Abramowitz and Stegun 1964, 6.1.41).
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// Where the series is short enough: its last term is below 1e-16 from here on.
const LEAST: f64 = 10.0;

/// `ln Gamma(x)` for x above 0, to about 1e-15 of the greater of 10 and the result.
pub(super) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < LEAST {
        product *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = STIRLING.iter().rev().fold(0.0, |sum, term| sum * square + term) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - product.ln()
}

/// Coefficients of the series of the derivative, `B_2n / 2n` from n = 1 (Abramowitz and Stegun 1964, 6.3.18).
const DIGAMMA: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 120.0,
    1.0 / 252.0,
    -1.0 / 240.0,
    1.0 / 132.0,
    -691.0 / 32_760.0,
    1.0 / 12.0,
    -3617.0 / 8160.0,
];

/// The derivative of [`ln_gamma`] for x above 0, to about 1e-15 of the greater of 10 and the result.
pub(super) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < LEAST {
        sum += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = DIGAMMA.iter().rev().fold(0.0, |sum, term| sum * square + term) * square;
    x.ln() - 0.5 / x - series - sum
}

/// `ln(Gamma(a + n) / Gamma(a))`, of a rising factorial `a (a + 1) ... (a + n - 1)`: looked up where n is small.
pub(super) struct RisingFactorial {
    a: f64,
    of_a: f64,
    table: Vec<f64>,
}

impl RisingFactorial {
    /// How many are looked up.
    const TABLE: u32 = 256;

    pub(super) fn new(a: f64) -> Self {
        let of_a = ln_gamma(a);
        let table = (0..Self::TABLE).map(|n| ln_gamma(a + f64::from(n)) - of_a).collect();
        RisingFactorial { a, of_a, table }
    }

    pub(super) fn ln(&self, n: f64) -> f64 {
        self.table.get(n as usize).copied().unwrap_or_else(|| ln_gamma(self.a + n) - self.of_a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_logarithm_of_factorials_and_of_halves() {
        // Gamma(n) = (n - 1)!; Gamma(n + 1/2) = (2n)! sqrt(pi) / (4^n n!). Sums of logarithms, exact to a rounding each.
        let (mut whole, mut half) = (0.0, std::f64::consts::PI.sqrt().ln());
        for n in 1..2000 {
            let x = f64::from(n);
            let close = |found: f64, exact: f64| (found - exact).abs() <= 1e-12 * exact.abs().max(1.0);
            assert!(close(ln_gamma(x), whole), "{x}: {} and {whole}", ln_gamma(x));
            assert!(close(ln_gamma(x - 0.5), half), "{x} - 0.5: {} and {half}", ln_gamma(x - 0.5));
            (whole, half) = (whole + x.ln(), half + (x - 0.5).ln());
        }
    }

    #[test]
    fn is_right_near_zero_and_far_out() {
        // From the reflection formula at 1/4, from -ln x - 0.5772... x + ... near 0, and from Stirling's formula at a million.
        let known = [
            (1e-9, 20.723_265_836_368_89),
            (0.01, 4.599_479_878_042_022),
            (0.25, 1.288_022_524_698_077_4),
            (1e6, 12_815_504.569_147_77),
        ];
        for (x, exact) in known {
            assert!((ln_gamma(x) - exact).abs() <= 1e-12 * exact.abs().max(1.0), "{x}: {}", ln_gamma(x));
        }
    }

    #[test]
    fn digamma_is_harmonic_sums_and_the_slope_of_the_logarithm() {
        // psi(1) = -gamma, psi(1/2) = -gamma - 2 ln 2, psi(1/4) = -gamma - pi/2 - 3 ln 2, psi(x + 1) = psi(x) + 1/x.
        const GAMMA: f64 = 0.577_215_664_901_532_9;
        let two = std::f64::consts::LN_2;
        let starts = [(1.0, -GAMMA), (0.5, -GAMMA - 2.0 * two)];
        for (start, value) in
            starts.into_iter().chain([(0.25, -GAMMA - std::f64::consts::FRAC_PI_2 - 3.0 * two)])
        {
            let (mut x, mut exact) = (start, value);
            for _ in 0..3000 {
                assert!(
                    (digamma(x) - exact).abs() <= 1e-12 * exact.abs().max(1.0),
                    "{x}: {} {exact}",
                    digamma(x)
                );
                exact += 1.0 / x;
                x += 1.0;
            }
        }
        // -1/x - gamma + pi^2 x / 6 - zeta(3) x^2 near 0.
        let exact = -1e4 - GAMMA + std::f64::consts::PI.powi(2) * 1e-4 / 6.0 - 1.202_056_903e-8;
        assert!((digamma(1e-4) - exact).abs() <= 1e-12 * 1e4, "{} {exact}", digamma(1e-4));
        for x in [0.03, 0.7, 4.0, 9.9, 10.1, 60.0, 1e5] {
            let by = 1e-4 * x;
            let slope = (ln_gamma(x + by) - ln_gamma(x - by)) / (2.0 * by);
            assert!((digamma(x) - slope).abs() <= 1e-6 * slope.abs().max(1.0), "{x}: {} {slope}", digamma(x));
        }
    }

    #[test]
    fn rising_factorials_are_products() {
        for a in [0.01, 0.5, 3.0] {
            let rising = RisingFactorial::new(a);
            let mut exact = 0.0;
            for n in 0..600 {
                let n = f64::from(n);
                assert!((rising.ln(n) - exact).abs() <= 1e-12 * exact.abs().max(10.0), "{a}, {n}");
                exact += (a + n).ln();
            }
        }
    }
}
