//! Chains against enumeration, and proposals against their formula.

use super::*;

/// SplitMix64, as the engine has it.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn from(&mut self, weights: &[f64]) -> u16 {
        let point = (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * weights.iter().sum::<f64>();
        let sums = weights.iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        sums.take_while(|sum| *sum <= point).count().min(weights.len() - 1) as u16
    }
}

const ALPHA: [f32; 3] = [0.3, 1.0, 0.1];
const BETA: f32 = 0.4;

/// One row whose other side stands still: proposals are drawn anew for each visit from what the other side has of each topic beside the token. The chain has to stay
/// in the distribution of the topics of all tokens, which enumeration gives.
fn stationary<const NUMBERS: usize>(side: Side, others: &[[f64; 3]], totals: [f64; 3], own: bool) {
    let prior = Prior::new(&ALPHA, BETA, 5);
    let of_row: Vec<f64> =
        (0..3).map(|k| f64::from(if side == Side::Document { ALPHA[k] } else { BETA })).collect();
    let states = 3_usize.pow(others.len() as u32);
    let topics = |state: usize| (0..others.len() as u32).map(move |token| state / 3_usize.pow(token) % 3);
    let mass = f64::from(prior.mass);
    let exact: Vec<f64> = (0..states)
        .map(|state| {
            let (mut count, mut weight) = ([0.0; 3], 1.0);
            for (token, topic) in topics(state).enumerate() {
                weight *= (count[topic] + of_row[topic]) * others[token][topic] / (totals[topic] + mass);
                count[topic] += 1.0;
            }
            weight
        })
        .collect();
    let whole: f64 = exact.iter().sum();
    let (mut random, mut chains) = (Random(7), Chains::new(&prior));
    let mut tokens = vec![[0_u16; NUMBERS]; others.len()];
    let (mut seen, visits) = (vec![0.0; states], 200_000);
    chains.start(&totals);
    for _ in 0..visits {
        for (token, others) in tokens.iter_mut().zip(others) {
            token[1..].iter_mut().for_each(|proposed| *proposed = random.from(others));
        }
        if own {
            // Totals have the tokens in them.
            let mut totals = totals;
            tokens.iter().for_each(|token| totals[usize::from(token[0])] += 1.0);
            chains.start(&totals);
        }
        chains.judge(side, &mut tokens, || random.next());
        let state = tokens.iter().rev().fold(0, |state, token| 3 * state + usize::from(token[0]));
        seen[state] += 1.0 / f64::from(visits);
    }
    let far: f64 =
        exact.iter().zip(&seen).map(|(exact, seen)| (exact / whole - seen).abs()).sum::<f64>() / 2.0;
    assert!(far < 0.008, "{side:?}, {NUMBERS} numbers, {} tokens: total variation {far}", others.len());
}

#[test]
fn a_row_stays_in_the_distribution_that_enumeration_gives() {
    let three = [[3.4, 0.4, 1.4], [0.4, 2.4, 0.4], [1.0, 1.0, 5.0]];
    // So many tokens that one more changes nothing.
    let many = [2.0e6, 1.0e6, 4.0e6];
    for side in [Side::Document, Side::Word] {
        stationary::<2>(side, &three, many, false);
        stationary::<3>(side, &three, many, false);
        // Of one token, the totals without it are known however few they are.
        stationary::<2>(side, &three[..1], [3.0, 1.0, 0.0], true);
        stationary::<3>(side, &three[..1], [3.0, 1.0, 0.0], true);
    }
}

#[test]
fn proposals_are_topics_of_other_tokens_or_of_the_prior() {
    let prior = Prior::new(&ALPHA, BETA, 5);
    let chains = Chains::new(&prior);
    let mut random = Random(1);
    for (side, priors) in [(Side::Document, ALPHA), (Side::Word, [BETA; 3])] {
        for topics in [vec![1_u16], vec![0, 0, 2, 1, 0], vec![2, 2]] {
            let mut tokens: Vec<Token<3>> = topics.iter().map(|topic| [*topic; 3]).collect();
            let (mut seen, draws) = (vec![[[0.0; 3]; 2]; tokens.len()], 100_000);
            for _ in 0..draws {
                chains.propose(side, &mut tokens, || random.next());
                for (seen, token) in seen.iter_mut().zip(&tokens) {
                    seen[0][usize::from(token[1])] += 1.0 / f64::from(draws);
                    seen[1][usize::from(token[2])] += 1.0 / f64::from(draws);
                }
            }
            assert!(tokens.iter().zip(&topics).all(|(token, topic)| token[0] == *topic));
            let mass: f32 = priors.iter().sum();
            for (at, seen) in seen.iter().enumerate() {
                for topic in 0..3 {
                    let others = topics
                        .iter()
                        .enumerate()
                        .filter(|(other, of)| *other != at && usize::from(**of) == topic);
                    let exact = (others.count() as f64 + f64::from(priors[topic]))
                        / (topics.len() as f64 - 1.0 + f64::from(mass));
                    for seen in seen {
                        assert!(
                            (seen[topic] - exact).abs() < 0.01,
                            "{side:?} {topics:?} token {at} topic {topic}: {}, not {exact}",
                            seen[topic]
                        );
                    }
                }
            }
        }
    }
    // A word that a document begins with has all its tokens elsewhere.
    let mut seen = [0.0_f64; 3];
    (0..100_000).for_each(|_| seen[usize::from(chains.of_word(&[0, 0, 2], random.next()))] += 1e-5);
    for (seen, exact) in seen.iter().zip([2.4 / 4.2, 0.4 / 4.2, 1.4 / 4.2]) {
        assert!((seen - exact).abs() < 0.01, "{seen}, not {exact}");
    }
    assert!((0..99).all(|_| chains.of_word(&[], random.next()) < 3));
}

#[test]
fn slots_have_of_each_topic_what_the_prior_has() {
    for alpha in [vec![0.5, 0.1, 7.0, 1e-5, 0.4], vec![1.0, 2.0], (1..400).map(|k| k as f32).collect()] {
        let of = RowPrior::new(&alpha);
        let mut seen = vec![0.0; alpha.len()];
        let points = 1_000_000;
        (0..points).for_each(|point| {
            seen[usize::from(of.draw((f64::from(point) + 0.5) / f64::from(points)))] += 1.0
        });
        for (seen, alpha) in seen.iter().zip(&alpha) {
            assert!(
                (seen / f64::from(points) - f64::from(*alpha) / of.mass).abs() < 1e-5,
                "{seen}, alpha {alpha}"
            );
        }
    }
    assert_eq!(RowPrior::new(&[0.25; 7]).draw(1.0 - f64::EPSILON / 2.0), 6);
}

#[test]
fn a_row_leaves_nothing_behind() {
    let prior = Prior::new(&[0.1; 40], 0.01, 50);
    let mut used = Chains::new(&prior);
    used.start(&[9.0; 40]);
    let row = |seed: u64| {
        let mut random = Random(seed);
        (0..100)
            .map(|_| [(random.next() % 40) as u16, (random.next() % 40) as u16])
            .collect::<Vec<Token<2>>>()
    };
    let visit = |chains: &mut Chains, side: Side, mut row: Vec<Token<2>>| {
        let mut random = Random(3);
        chains.visit(side, &mut row, || random.next());
        row
    };
    for side in [Side::Document, Side::Word] {
        visit(&mut used, side, row(1));
        assert!(used.topics.iter().all(|topic| topic.count == 0.0));
        let mut fresh = Chains::new(&prior);
        fresh.start(&[9.0; 40]);
        let found = visit(&mut used, side, row(2));
        assert_eq!(found, visit(&mut fresh, side, row(2)));
        assert!(found.iter().zip(row(2)).any(|(found, before)| found[0] != before[0]));
        // What is taken is what was proposed, or what there was.
        assert!(found.iter().zip(row(2)).all(|(found, before)| before.contains(&found[0])));
    }
}
