//! Schedulers by name, for command lines and experiments.

use std::str::FromStr;

use gasworks_engine::{Error, Scheduler};

use crate::rounds::Phases;
use crate::sweep::Order;
use crate::{Fifo, MultiQueueFifo, MultiQueuePriority, Priority, Rounds, Sweep};

/// A scheduler that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As in `--scheduler`.
    pub name: &'static str,
    /// Who runs next, in a few words.
    pub about: &'static str,
    /// Whether executors with barriers run it.
    pub has_rounds: bool,
    /// What can be chosen.
    pub options: &'static [OptionEntry],
}

/// An option of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionEntry {
    /// As in `name=value`.
    pub name: &'static str,
    /// What it does, and which values there are.
    pub about: &'static str,
    /// The value unless one is given.
    pub default: &'static str,
}

const PHASES: OptionEntry = OptionEntry {
    name: "phases",
    about: "with barriers: `all` vertices at once, or the `sides` of a bipartite graph in turn",
    default: "all",
};
const ORDER: OptionEntry =
    OptionEntry { name: "order", about: "`linear` (ascending) or `permuted` (at random)", default: "linear" };
const SEED: OptionEntry =
    OptionEntry { name: "seed", about: "of the permuted order: a whole number", default: "0" };
const QUEUES: OptionEntry = OptionEntry { name: "queues", about: "queues a worker: 1 to 64", default: "2" };
const MINIMUM: OptionEntry = OptionEntry {
    name: "minimum",
    about: "drops tasks of a lower priority: a number, or `none`",
    default: "none",
};

/// All bundled schedulers.
pub const ALL: &[Entry] = &[
    Entry {
        name: "rounds",
        about: "what is signalled in one round runs in the next",
        has_rounds: true,
        options: &[PHASES],
    },
    Entry {
        name: "sweep",
        about: "with barriers everyone, without those who are signalled, in a fixed order, again and again",
        has_rounds: true,
        options: &[PHASES, ORDER, SEED],
    },
    Entry { name: "fifo", about: "first signalled, first run", has_rounds: false, options: &[] },
    Entry {
        name: "multiqueue_fifo",
        about: "nearly fifo, without a lock for all",
        has_rounds: false,
        options: &[QUEUES],
    },
    Entry { name: "priority", about: "the most urgent first", has_rounds: false, options: &[MINIMUM] },
    Entry {
        name: "multiqueue_priority",
        about: "nearly priority, without a lock for all",
        has_rounds: false,
        options: &[QUEUES, MINIMUM],
    },
];

/// Makes a scheduler from `name`, `name:option=value,option=value`, or, as GraphLab spelled it, `name(option=value,option=value)`.
/// [`ALL`] lists what there is.
///
/// ```
/// use gasworks_engine::Scheduler;
/// let scheduler = gasworks_schedulers::by_name("multiqueue_priority:queues=4,minimum=0.001")?;
/// assert_eq!(scheduler.name(), "multiqueue_priority");
/// assert!(gasworks_schedulers::by_name("sweep(order=permuted,seed=7)").is_ok());
/// let error = gasworks_schedulers::by_name("priority:queues=4").err().unwrap();
/// assert_eq!(error.to_string(), "expected an option of priority, found \"queues\"; options: minimum");
/// # Ok::<(), gasworks_engine::Error>(())
/// ```
///
/// # Errors
/// [`Error::Usage`] if the name, an option or a value does not exist, or an option is given twice.
pub fn by_name(text: &str) -> Result<Box<dyn Scheduler>, Error> {
    let choice = Choice::read(text)?;
    Ok(match choice.entry.name {
        "rounds" => match choice.phases()? {
            Phases::All => Box::new(Rounds::new()),
            Phases::Sides => Box::new(Rounds::sides()),
        },
        "sweep" => Box::new(Sweep::of(choice.phases()?, choice.order()?)),
        "fifo" => Box::new(Fifo::new()),
        "multiqueue_fifo" => Box::new(MultiQueueFifo::new().queues(choice.queues()?)),
        "priority" => match choice.minimum()? {
            Some(minimum) => Box::new(Priority::new().minimum(minimum)),
            None => Box::new(Priority::new()),
        },
        "multiqueue_priority" => {
            let scheduler = MultiQueuePriority::new().queues(choice.queues()?);
            match choice.minimum()? {
                Some(minimum) => Box::new(scheduler.minimum(minimum)),
                None => Box::new(scheduler),
            }
        }
        name => unreachable!("{name} is listed and has no constructor"),
    })
}

/// A scheduler and its options, as they were written.
struct Choice<'a> {
    entry: &'static Entry,
    given: Vec<(&'a str, &'a str)>,
}

impl<'a> Choice<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let text = text.trim();
        let (name, options) = match text.split_once([':', '(']) {
            None => (text, ""),
            Some((name, options)) if text.as_bytes()[name.len()] == b'(' => {
                let options = options.strip_suffix(')').ok_or_else(|| Error::Usage {
                    expected: "`)` at the end of the options".into(),
                    found: format!("{text:?}"),
                    advice: "write name:option=value,option=value or name(option=value,option=value)".into(),
                })?;
                (name, options)
            }
            Some((name, options)) => (name, options),
        };
        let name = name.trim();
        let entry = ALL.iter().find(|entry| entry.name == name).ok_or_else(|| Error::Usage {
            expected: "a scheduler".into(),
            found: format!("{name:?}"),
            advice: format!("choose one of {}", list(ALL.iter().map(|entry| entry.name))),
        })?;
        let mut given: Vec<(&str, &str)> = Vec::new();
        let options = options.trim();
        for option in options.split(',').filter(|_| !options.is_empty()) {
            let (key, value) = option.split_once('=').ok_or_else(|| Error::Usage {
                expected: format!("option=value after {name}"),
                found: format!("{option:?}"),
                advice: known(entry),
            })?;
            let (key, value) = (key.trim(), value.trim());
            if !entry.options.iter().any(|option| option.name == key) {
                return Err(Error::Usage {
                    expected: format!("an option of {name}"),
                    found: format!("{key:?}"),
                    advice: known(entry),
                });
            }
            if given.iter().any(|(before, _)| *before == key) {
                return Err(Error::Usage {
                    expected: format!("each option of {name} once"),
                    found: format!("{key:?} again"),
                    advice: "leave one of the two out".into(),
                });
            }
            given.push((key, value));
        }
        Ok(Choice { entry, given })
    }

    /// What was given, or else the default.
    fn text(&self, option: OptionEntry) -> &'a str {
        let given = self.given.iter().find(|(name, _)| *name == option.name);
        given.map_or(option.default, |(_, value)| value)
    }

    fn wrong(&self, option: OptionEntry, expected: &str) -> Error {
        Error::Usage {
            expected: format!("{expected} as {} of {}", option.name, self.entry.name),
            found: format!("{:?}", self.text(option)),
            advice: format!("leave it out for {}", option.default),
        }
    }

    fn number<T: FromStr>(&self, option: OptionEntry, expected: &str) -> Result<T, Error> {
        self.text(option).parse().map_err(|_| self.wrong(option, expected))
    }

    fn phases(&self) -> Result<Phases, Error> {
        match self.text(PHASES) {
            "all" => Ok(Phases::All),
            "sides" => Ok(Phases::Sides),
            _ => Err(self.wrong(PHASES, "all or sides")),
        }
    }

    fn order(&self) -> Result<Order, Error> {
        let seed = self.number(SEED, "a whole number from 0 to 2^64 - 1")?;
        let seeded = self.given.iter().any(|(name, _)| *name == SEED.name);
        match self.text(ORDER) {
            "permuted" => Ok(Order::Permuted(seed)),
            "linear" if seeded => Err(Error::Usage {
                expected: "order=permuted beside a seed".into(),
                found: "a linear order, which has none".into(),
                advice: "leave the seed out, or add order=permuted".into(),
            }),
            "linear" => Ok(Order::Linear),
            _ => Err(self.wrong(ORDER, "linear or permuted")),
        }
    }

    fn queues(&self) -> Result<usize, Error> {
        const RANGE: &str = "a whole number from 1 to 64";
        let queues = self.number(QUEUES, RANGE)?;
        if (1..=64).contains(&queues) { Ok(queues) } else { Err(self.wrong(QUEUES, RANGE)) }
    }

    fn minimum(&self) -> Result<Option<f32>, Error> {
        const NUMBER: &str = "a number or none";
        if self.text(MINIMUM) == "none" {
            return Ok(None);
        }
        let minimum: f32 = self.number(MINIMUM, NUMBER)?;
        if minimum.is_nan() { Err(self.wrong(MINIMUM, NUMBER)) } else { Ok(Some(minimum)) }
    }
}

fn known(entry: &Entry) -> String {
    match entry.options {
        [] => "it has no options".into(),
        options => format!("options: {}", list(options.iter().map(|option| option.name))),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use gasworks_engine::{Phase, Task};

    use super::*;

    fn order(text: &str, tasks: &[(u32, f32)]) -> Vec<u32> {
        let mut scheduler = by_name(text).unwrap();
        scheduler.start(100, 1);
        let tasks: Vec<_> =
            tasks.iter().map(|(vertex, priority)| Task { vertex: *vertex, priority: *priority }).collect();
        scheduler.schedule(&tasks);
        let mut order = Vec::new();
        (0..tasks.len()).for_each(|_| scheduler.next(0, &mut order));
        order
    }

    #[test]
    fn each_name_and_each_default_makes_its_scheduler() {
        for entry in ALL {
            let scheduler = by_name(entry.name).unwrap();
            assert_eq!(scheduler.name(), entry.name);
            assert_eq!(scheduler.selection().is_some(), entry.has_rounds);
            for OptionEntry { name, default, .. } in
                entry.options.iter().filter(|option| option.name != "seed")
            {
                for spelled in [
                    format!("{}:{name}={default}", entry.name),
                    format!(" {} ( {name} = {default} )", entry.name),
                ] {
                    assert_eq!(by_name(&spelled).unwrap().name(), entry.name);
                }
            }
            for empty in ["()", ":"] {
                assert!(by_name(&format!("{}{empty}", entry.name)).is_ok());
            }
        }
    }

    #[test]
    fn options_do_something() {
        let tasks: Vec<_> = (0..100).map(|vertex| (vertex, vertex as f32)).collect();
        for name in ["priority:minimum=98", "multiqueue_priority(queues=3,minimum=98)"] {
            let mut found = order(name, &tasks);
            found.sort();
            assert_eq!(found, [98, 99]);
        }
        let linear = order("sweep", &tasks);
        assert!(linear.is_sorted());
        let permuted = |seed| order(&format!("sweep:order=permuted,seed={seed}"), &tasks);
        assert_eq!(permuted(3), permuted(3));
        assert_eq!(permuted(0), order("sweep:order=permuted", &tasks));
        assert!(permuted(3) != permuted(4) && permuted(3) != linear);
        for name in ["multiqueue_fifo", "multiqueue_priority"] {
            let with = |queues| order(&format!("{name}:queues={queues}"), &tasks);
            assert_ne!(with(1), with(7), "{name}");
        }
        for name in ["rounds", "sweep"] {
            assert_eq!(by_name(name).unwrap().phases(), [Phase::All]);
            assert_eq!(
                by_name(&format!("{name}:phases=sides")).unwrap().phases(),
                [Phase::Left, Phase::Right]
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_there_is() {
        for (text, message) in [
            (
                "piority",
                "expected a scheduler, found \"piority\"; choose one of rounds, sweep, fifo, multiqueue_fifo, priority, \
                 multiqueue_priority",
            ),
            ("fifo:queues=2", "expected an option of fifo, found \"queues\"; it has no options"),
            ("sweep:sed=2", "expected an option of sweep, found \"sed\"; options: phases, order, seed"),
            ("priority:minimum", "expected option=value after priority, found \"minimum\"; options: minimum"),
            (
                "priority(minimum=1",
                "expected `)` at the end of the options, found \"priority(minimum=1\"; write \
                 name:option=value,option=value or name(option=value,option=value)",
            ),
            (
                "priority:minimum=1,minimum=2",
                "expected each option of priority once, found \"minimum\" again; leave one of the two out",
            ),
            (
                "priority:minimum=NaN",
                "expected a number or none as minimum of priority, found \"NaN\"; leave it out for none",
            ),
            (
                "multiqueue_fifo:queues=0",
                "expected a whole number from 1 to 64 as queues of multiqueue_fifo, found \"0\"; leave it out for 2",
            ),
            (
                "sweep:order=up",
                "expected linear or permuted as order of sweep, found \"up\"; leave it out for linear",
            ),
            (
                "sweep:seed=4",
                "expected order=permuted beside a seed, found a linear order, which has none; leave the seed out, or add \
                 order=permuted",
            ),
            ("rounds:phases=", "expected all or sides as phases of rounds, found \"\"; leave it out for all"),
        ] {
            assert_eq!(by_name(text).err().unwrap().to_string(), message);
        }
    }
}
