//! Which orders are run: all that are asked for and that the engine admits.

use gasworks::schedulers::by_name;
use gasworks::{Exclusion, Plan};

use super::super::error::Failure;
use super::super::order::{Executor, Kept, Order};
use super::subjects::Subject;

/// Names with options, as [`by_name`] reads them.
#[derive(Clone, Debug)]
pub(super) struct Schedulers(pub(super) Vec<String>);

/// Splits at the commas that stand outside brackets.
pub(super) fn schedulers(text: &str) -> Result<Schedulers, String> {
    let mut depth = 0;
    let outside = |letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    };
    let names: Vec<String> = text.split(outside).map(|name| name.trim().to_owned()).collect();
    names.iter().try_for_each(|name| by_name(name).map(drop).map_err(|error| error.to_string()))?;
    Ok(Schedulers(names))
}

/// What is to be combined.
pub(super) struct Matrix<'a> {
    pub(super) engines: &'a [Executor],
    pub(super) schedulers: &'a [String],
    pub(super) consistency: &'a [Kept],
    pub(super) exclusions: &'a [Exclusion],
    pub(super) threads: &'a [usize],
    pub(super) audit: bool,
}

/// One combination that is admitted.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) order: Order,
    pub(super) plan: Plan,
}

impl Cell {
    /// The same, audited.
    pub(super) fn audited(&self) -> Cell {
        Cell { order: Order { audit: true, ..self.order.clone() }, plan: self.plan }
    }
}

/// Combinations that are refused for one reason.
#[derive(Debug)]
pub(super) struct LeftOut {
    /// The engine's sentence.
    pub(super) why: String,
    pub(super) orders: Vec<Order>,
}

impl Matrix<'_> {
    /// What is run, and what is not.
    pub(super) fn cells(&self, subject: &dyn Subject) -> Result<(Vec<Cell>, Vec<LeftOut>), Failure> {
        let (mut cells, mut left_out): (Vec<Cell>, Vec<LeftOut>) = (Vec::new(), Vec::new());
        for order in subject.orders(self) {
            for &threads in self.threads {
                let plan = match subject.admit(&order, threads) {
                    Ok(plan) => plan,
                    Err(Failure::Engine(error @ gasworks::Error::NotAdmitted { .. })) => {
                        let why = error.to_string();
                        match left_out.iter_mut().find(|left| left.why == why) {
                            Some(left) => left.orders.push(order.clone()),
                            None => left_out.push(LeftOut { why, orders: vec![order.clone()] }),
                        }
                        break;
                    }
                    Err(failure) => return Err(failure),
                };
                cells.push(Cell { order: order.clone(), plan });
                // However many threads are asked for, it has one.
                if plan.exclusion == Some(Exclusion::Serial) {
                    break;
                }
            }
        }
        Ok((cells, left_out))
    }

    /// Those of a program that visits vertices.
    pub(super) fn orders(&self) -> Vec<Order> {
        let mut orders = Vec::new();
        for &engine in self.engines {
            for scheduler in self.schedulers {
                let order = |consistency, exclusion, audit| Order {
                    engine,
                    scheduler: scheduler.clone(),
                    consistency,
                    exclusion,
                    audit,
                };
                if engine == Executor::Sync {
                    orders.push(order(None, None, false));
                    continue;
                }
                for &kept in self.consistency {
                    match kept {
                        Kept::Relaxed => orders.push(order(Some(kept), None, self.audit)),
                        Kept::Model(_) => orders.extend(
                            self.exclusions
                                .iter()
                                .map(|exclusion| order(Some(kept), Some(*exclusion), self.audit)),
                        ),
                    }
                }
            }
        }
        orders
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn commas_in_brackets_belong_to_a_scheduler() {
        let names = super::schedulers("fifo, multiqueue_priority(queues=3,minimum=1),rounds").unwrap().0;
        assert_eq!(names, ["fifo", "multiqueue_priority(queues=3,minimum=1)", "rounds"]);
        assert!(super::schedulers("fifo,,rounds").is_err());
    }
}
