//! SVD++: its steps against differences of the objective, its quality where choices tell of taste, its bits.

use std::ops::ControlFlow;
use std::sync::Mutex;

use gasworks::graph::{Graph, GraphBuilder};
use gasworks::input::Rating;
use gasworks::programs::factorization::{Baseline, BaselineSettings, INITIAL_SCALE, initial_factors};
use gasworks::programs::{Rate, Sgd, SvdPlusPlus};
use gasworks::{
    Block, Column, Context, EdgeProgram, Engine, Error, Exclusion, Isa, Progress, Random, Row, Simd,
};

const USERS: u32 = 24;
const ITEMS: u32 = 18;

/// Each user has another number of ratings, the last one and the last item have none.
fn ratings() -> Vec<Rating> {
    let mut random = Random::keyed(3, 1, 4, 1);
    let pairs = (0..USERS - 1).flat_map(|user| (0..ITEMS - 1).map(move |item| (user, item)));
    let chosen = pairs.filter(|(user, _)| random.uniform() < 0.1 + 0.8 * f64::from(*user) / f64::from(USERS));
    let value = |user: u32, item: u32| ((user * 7 + item * 5) % 9) as f32 * 0.25 - 1.0;
    chosen.map(|(user, item)| Rating { user, item, value: value(user, item) }).collect()
}

fn bias(vertex: u32) -> f32 {
    0.02 * (vertex % 7) as f32 - 0.05
}

fn graph(ratings: &[Rating], svdpp: &SvdPlusPlus, start: &[f32]) -> Graph<Row<f32>, f32> {
    let (ends, values): (Vec<_>, Vec<_>) = ratings.iter().map(|r| ([r.user, r.item], r.value)).unzip();
    let builder = GraphBuilder::bipartite(USERS as usize, ITEMS as usize);
    let graph = builder.weighted_edges(&ends, &values).build().unwrap();
    let rank = svdpp.rank();
    graph.with_rows(svdpp.width(), |vertex, row| {
        svdpp.start(&start[vertex as usize * rank..][..rank], bias(vertex), row);
    })
}

/// Writes down which ratings are stepped over together, in the order of the blocks: of one user and one block, in one pass.
struct Order(Mutex<Vec<(u64, u32, Vec<u32>)>>);

impl EdgeProgram for Order {
    type Vertex = Row<f32>;
    type Edge = f32;
    type Global = ();
    type Scratch = ();
    const NEEDS_BLOCK: bool = true;
    fn scratch(&self) {}
    fn update(&self, _: &Context<'_, ()>, _: &mut [f32], _: &mut f32, _: &mut [f32], (): &mut ()) {
        panic!("never called");
    }
    fn update_block<S: Simd>(&self, _: S, cx: &Context<'_, ()>, block: &mut Block<'_, Self>, (): &mut ()) {
        for row in (0..block.rows()).map(|row| block.row(row)) {
            let items = row.targets().iter().map(|item| item - USERS).collect();
            self.0.lock().unwrap().push((cx.round, row.source(), items));
        }
    }
}

/// The model of the equation in tables, and what each user has seen of the `y` of its items.
struct Tables {
    biases: [Vec<f64>; 2],
    p: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    /// By user and item; `None` where there is no rating.
    seen: Vec<Vec<Option<Vec<f64>>>>,
}

/// A number of the model.
#[derive(Clone, Copy)]
enum Number {
    UserBias,
    ItemBias,
    P(usize),
    Q(usize),
    /// Of another item of the user.
    Y(usize, usize),
}

impl Tables {
    fn new(ratings: &[Rating], start: &[f32], rank: usize) -> Self {
        let (users, items) = (USERS as usize, ITEMS as usize);
        let side = |from: usize, to: usize| {
            let row = |row: usize| start[row * rank..][..rank].iter().map(|x| f64::from(*x)).collect();
            (from..to).map(row).collect()
        };
        let biases = |from, to| (from..to).map(|vertex| f64::from(bias(vertex))).collect();
        let mut seen = vec![vec![None; items]; users];
        ratings.iter().for_each(|r| seen[r.user as usize][r.item as usize] = Some(vec![0.0; rank]));
        Tables {
            biases: [biases(0, USERS), biases(USERS, USERS + ITEMS)],
            p: side(0, users),
            q: side(users, users + items),
            y: vec![vec![0.0; rank]; items],
            seen,
        }
    }

    /// `p + |N|^-1/2 sum y`
    fn user(&self, user: usize) -> Vec<f64> {
        let choices = || self.seen[user].iter().flatten();
        let norm = 1.0 / (choices().count().max(1) as f64).sqrt();
        (0..self.p[user].len())
            .map(|at| self.p[user][at] + norm * choices().map(|y| y[at]).sum::<f64>())
            .collect()
    }

    /// Half the squared error.
    fn loss(&self, user: usize, item: usize, value: f64) -> f64 {
        let product: f64 = self.user(user).iter().zip(&self.q[item]).map(|(x, q)| x * q).sum();
        0.5 * (value - self.biases[0][user] - self.biases[1][item] - product).powi(2)
    }

    fn number(&mut self, user: usize, item: usize, number: Number) -> &mut f64 {
        match number {
            Number::UserBias => &mut self.biases[0][user],
            Number::ItemBias => &mut self.biases[1][item],
            Number::P(at) => &mut self.p[user][at],
            Number::Q(at) => &mut self.q[item][at],
            Number::Y(other, at) => &mut self.seen[user][other].as_mut().expect("a choice")[at],
        }
    }

    /// By a central difference, which is exact for a square: nothing is derived by hand.
    fn slope(&mut self, user: usize, item: usize, value: f64, number: Number) -> f64 {
        let old = *self.number(user, item, number);
        let mut moved = |by: f64| {
            *self.number(user, item, number) = old + by;
            self.loss(user, item, value)
        };
        let slope = (moved(0.01) - moved(-0.01)) / 0.02;
        *self.number(user, item, number) = old;
        slope
    }

    /// Some ratings of a user.
    fn visit(&mut self, user: usize, ratings: &[(usize, f64)], rate: f64, lambda: f64) {
        let rank = self.p[user].len();
        for (item, _) in ratings {
            self.seen[user][*item] = Some(self.y[*item].clone());
        }
        let mut pulls = vec![vec![0.0; rank]; ratings.len()];
        for (item, value) in ratings {
            for ((other, _), pull) in ratings.iter().zip(&mut pulls) {
                for (at, pull) in pull.iter_mut().enumerate() {
                    *pull -= self.slope(user, *item, *value, Number::Y(*other, at));
                }
            }
            let factors = (0..rank).flat_map(|at| [Number::P(at), Number::Q(at)]);
            let own: Vec<_> = factors.chain([Number::UserBias, Number::ItemBias]).collect();
            let slopes: Vec<_> = own.iter().map(|number| self.slope(user, *item, *value, *number)).collect();
            for (number, slope) in own.into_iter().zip(slopes) {
                let number = self.number(user, *item, number);
                *number -= rate * (slope + lambda * *number);
            }
        }
        for ((item, _), pull) in ratings.iter().zip(pulls) {
            for (y, pull) in self.y[*item].iter_mut().zip(pull) {
                *y += rate * (pull - lambda * *y);
            }
            self.seen[user][*item] = Some(self.y[*item].clone());
        }
    }

    /// All users have seen everything.
    fn settle(&mut self) {
        for seen in &mut self.seen {
            for (seen, y) in seen.iter_mut().zip(&self.y) {
                seen.iter_mut().for_each(|seen| seen.clone_from(y));
            }
        }
    }
}

#[test]
fn steps_follow_the_gradient_of_the_objective_and_the_choices_are_summed_anew_after_each_pass() {
    let list = ratings();
    let (rate, decay, lambda) = (0.05, 0.75, 0.25);
    for (rank, blocks) in [(1, 1), (5, 1), (16, 1), (21, 4), (3, 3), (5, 30)] {
        let svdpp = SvdPlusPlus::new(rank, lambda, rate, decay);
        let start = initial_factors((USERS + ITEMS) as usize, rank, 1.0, 5);
        let order = Order(Mutex::default());
        let mut followed = graph(&list, &svdpp, &start);
        let engine = Engine::edges(&mut followed, &order).blocks(blocks, blocks);
        engine.exclusion(Exclusion::Serial).seed(9).rounds(4).run().unwrap();

        let mut tables = Tables::new(&list, &start, rank);
        let visits = order.0.into_inner().unwrap();
        for pass in 0..4 {
            let rate = f64::from(rate) * f64::from(decay).powi(pass as i32);
            for (_, user, items) in visits.iter().filter(|(of, ..)| *of == pass) {
                let value = |item: u32| {
                    let rating = list.iter().find(|r| (r.user, r.item) == (*user, item)).expect("a rating");
                    (item as usize, f64::from(rating.value))
                };
                let ratings: Vec<_> = items.iter().map(|item| value(*item)).collect();
                tables.visit(*user as usize, &ratings, rate, f64::from(lambda));
            }
            tables.settle();
        }

        let mut found = graph(&list, &svdpp, &start);
        let engine = Engine::edges(&mut found, &svdpp).blocks(blocks, blocks);
        engine.threads(2).seed(9).rounds(4).run().unwrap();
        let mut furthest = 0.0f64;
        for vertex in 0..(USERS + ITEMS) as usize {
            let (factors, bias) = match vertex.checked_sub(USERS as usize) {
                None => (tables.user(vertex), tables.biases[0][vertex]),
                Some(item) => (tables.q[item].clone(), tables.biases[1][item]),
            };
            let row = found.vertex(vertex as u32);
            let numbers = svdpp.factors(row).iter().copied().chain([svdpp.bias(row)]);
            for (found, expected) in numbers.zip(factors.into_iter().chain([bias])) {
                furthest = furthest.max((f64::from(found) - expected).abs());
            }
        }
        assert!(furthest < 2e-6, "rank {rank}, {blocks} parts: {furthest}");
        let largest = tables.y.iter().flatten().fold(0.0f64, |largest, y| largest.max(y.abs()));
        assert!(largest > 0.01, "rank {rank}: choices have hardly been learned from: {largest}");
    }
}

/// A pass over others' ratings is none over their rows.
#[test]
fn who_has_no_rating_stays_at_the_start() {
    let svdpp = SvdPlusPlus::new(5, 0.25, 0.05, 1.0);
    let start = initial_factors((USERS + ITEMS) as usize, 5, 1.0, 5);
    let mut found = graph(&ratings(), &svdpp, &start);
    let before = found.clone();
    Engine::edges(&mut found, &svdpp).blocks(3, 3).rounds(3).run().unwrap();
    for vertex in [USERS - 1, USERS + ITEMS - 1] {
        assert_eq!(found.vertex(vertex), before.vertex(vertex));
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_vectors() {
    let list = ratings();
    for rank in [3, 16, 40] {
        let svdpp = SvdPlusPlus::new(rank, 0.01, 0.1, 0.9);
        let start = initial_factors((USERS + ITEMS) as usize, rank, 0.5, 1);
        let run = |threads, isa, exclusion| {
            let mut graph = graph(&list, &svdpp, &start);
            let engine = Engine::edges(&mut graph, &svdpp).threads(threads).isa(isa).exclusion(exclusion);
            engine.blocks(9, 7).rounds(4).run().unwrap();
            graph.vertex_data().iter().flatten().map(|number| number.to_bits()).collect::<Vec<_>>()
        };
        for isa in [Isa::detect(), Isa::Baseline] {
            let first = run(1, isa, Exclusion::Grid);
            for threads in [2, 3, 8] {
                assert!(run(threads, isa, Exclusion::Grid) == first, "rank {rank}, {threads} threads, {isa}");
            }
            assert!(run(4, isa, Exclusion::Serial) == first, "rank {rank}, serial, {isa}");
        }
        if Isa::Avx2.is_available() {
            let best = run(1, Isa::detect(), Exclusion::Grid);
            assert!(
                run(2, Isa::Avx2, Exclusion::Grid) == best,
                "rank {rank}: other bits with shorter vectors"
            );
        }
    }
}

/// Again from where it stopped: what a run leaves behind between passes is whole.
#[test]
fn passes_of_several_runs_are_those_of_one() {
    let svdpp = SvdPlusPlus::new(5, 0.1, 0.05, 1.0);
    let start = initial_factors((USERS + ITEMS) as usize, 5, 1.0, 5);
    let [mut once, mut twice] = [0, 1].map(|_| graph(&ratings(), &svdpp, &start));
    Engine::edges(&mut once, &svdpp).blocks(1, 1).rounds(3).run().unwrap();
    for rounds in [1, 2] {
        Engine::edges(&mut twice, &svdpp).blocks(1, 1).rounds(rounds).run().unwrap();
    }
    assert!(once.vertex_data().iter().eq(twice.vertex_data().iter()));
}

#[test]
fn what_needs_its_block_is_not_admitted_without_one() {
    let svdpp = SvdPlusPlus::new(2, 0.0, 0.1, 1.0);
    let mut graph = graph(&ratings(), &svdpp, &vec![0.0; 2 * (USERS + ITEMS) as usize]);
    let refused = Engine::edges(&mut graph, &svdpp).exclusion(Exclusion::Relaxed).rounds(1).run();
    assert!(matches!(&refused, Err(Error::NotAdmitted { .. })), "{refused:?}");
}

/// Users of three kinds, each of which likes a random half of the items and chooses most of its items from its own third of them: ten each,
/// of which two are to be measured on.
fn of_kinds(users: u32, items: u32) -> [Vec<Rating>; 2] {
    let mut random = Random::keyed(2, 7, 1, 8);
    let likes: Vec<bool> = (0..3 * items).map(|_| random.uniform() < 0.5).collect();
    let [mut train, mut test] = [Vec::new(), Vec::new()];
    for user in 0..users {
        let (kind, mut chosen) = (user % 3, Vec::new());
        while chosen.len() < 10 {
            let item = random.below(items.into()) as u32;
            let wanted = item % 3 == kind || random.uniform() < 0.2;
            if wanted && !chosen.contains(&item) {
                let liked = if likes[(kind * items + item) as usize] { 1.0 } else { -1.0 };
                let noise: f64 = (0..4).map(|_| random.uniform() - 0.5).sum();
                let part = if chosen.len() < 8 { &mut train } else { &mut test };
                part.push(Rating { user, item, value: (liked + noise) as f32 });
                chosen.push(item);
            }
        }
    }
    [train, test]
}

/// Writes a row to start from: whether it is a user's, its factors, its bias.
type Start<'a> = &'a dyn Fn(bool, &[f32], f32, &mut [f32]);

/// By the smallest test error of all passes.
#[test]
fn choices_tell_what_few_ratings_do_not() {
    let (users, items, rank) = (600usize, 60, 4);
    let [train, test] = of_kinds(600, 60);
    let baseline = Baseline::fit(users, items, &train, &BaselineSettings::default());
    let (ends, values): (Vec<_>, Vec<_>) =
        train.iter().map(|r| ([r.user, r.item], r.value - baseline.mean)).unzip();
    let start = initial_factors(users + items, rank, INITIAL_SCALE, 1);
    let started = |width: usize, start_row: Start<'_>| {
        let graph = GraphBuilder::bipartite(users, items).weighted_edges(&ends, &values).build().unwrap();
        graph.with_rows(width, |vertex, row| {
            let factors = &start[vertex as usize * rank..][..rank];
            start_row((vertex as usize) < users, factors, 0.0, row);
        })
    };
    let error = |predicted: &dyn Fn(usize, usize) -> f32| {
        let left = |r: &Rating| r.value - baseline.mean - predicted(r.user as usize, users + r.item as usize);
        (test.iter().map(|r| f64::from(left(r)).powi(2)).sum::<f64>() / test.len() as f64).sqrt()
    };
    let product = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    let sgd = |lambda: f32| {
        let sgd = Sgd::new(rank, lambda, Rate::Constant(0.05)).with_biases();
        let mut graph =
            started(sgd.width(), &|is_user, factors, bias, row| sgd.start(is_user, factors, bias, row));
        let mut best = f64::INFINITY;
        let mut look = |_: &Progress, rows: &Column<Row<f32>>| {
            best = best.min(error(&|user, item| product(rows.get(user), rows.get(item))));
            ControlFlow::Continue(())
        };
        Engine::edges(&mut graph, &sgd).blocks(8, 8).threads(2).rounds(60).observer(&mut look).run().unwrap();
        best
    };
    let svdpp = |lambda: f32, blocks: usize| {
        let svdpp = SvdPlusPlus::new(rank, lambda, 0.05, 1.0);
        let mut graph = started(svdpp.width(), &|_, factors, bias, row| svdpp.start(factors, bias, row));
        let mut best = f64::INFINITY;
        let mut look = |_: &Progress, rows: &Column<Row<f32>>| {
            let predicted = |user: usize, item: usize| {
                let (user, item) = (rows.get(user), rows.get(item));
                svdpp.bias(user) + svdpp.bias(item) + product(svdpp.factors(user), svdpp.factors(item))
            };
            best = best.min(error(&predicted));
            ControlFlow::Continue(())
        };
        let engine = Engine::edges(&mut graph, &svdpp).blocks(blocks, blocks).threads(2);
        engine.rounds(60).observer(&mut look).run().unwrap();
        best
    };
    let without = [0.02, 0.05, 0.1, 0.2].map(sgd);
    let least = without.into_iter().fold(f64::INFINITY, f64::min);
    for blocks in [1, 8] {
        let found = svdpp(0.1, blocks);
        println!("{blocks} parts: {found:.4}, ratings alone {without:.4?}");
        assert!(found < least - 0.015, "{blocks} parts: {found}, while ratings alone reach {least}");
    }
}
