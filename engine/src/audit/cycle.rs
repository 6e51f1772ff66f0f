//! A smallest cycle of a conflict graph: the shortest story of what went wrong.
//!
//! Every cycle lies within a strongly connected component. Within each, a breadth-first search from each record in turn finds
//! the shortest cycle through it, and no search goes deeper than the best cycle so far. Then the record is taken out, and with
//! it what now has nothing before it and so is on no other cycle. That is O(records * conflicts) at worst, so the steps are
//! counted.
//!
//! The components are Tarjan's (1972, "Depth-first search and linear graph algorithms"). petgraph's Tarjan recurses as deep as
//! the longest path, which overflows the stack, and its Kosaraju needs the conflicts in both directions.

use super::conflicts::Successors;

/// Conflicts to walk before a cycle that may not be the smallest is good enough: about a second.
const STEPS: usize = 1 << 27;
/// The component of a record that is on no cycle.
const NONE: u32 = u32::MAX;

/// The records of a smallest cycle, in order, from its smallest record. `left` holds, ascending, all that lie on cycles.
///
/// # Panics
/// If there is no cycle.
pub(super) fn smallest_cycle(graph: &Successors, left: &[u32]) -> Vec<u32> {
    smallest_cycle_within(graph, left, STEPS)
}

fn smallest_cycle_within(graph: &Successors, left: &[u32], steps: usize) -> Vec<u32> {
    let (component, members) = components(graph, left);
    let mut before = vec![0; graph.len()];
    for record in left {
        let inside = component[*record as usize];
        let after = graph.after(*record).iter().filter(|next| component[**next as usize] == inside);
        after.for_each(|next| before[*next as usize] += 1);
    }
    let nobody = vec![u32::MAX; graph.len()];
    let mut search = Search { graph, component, before, reached_from: nobody.clone(), parent: nobody, steps };
    let mut best: Option<Vec<u32>> = None;
    for start in members.into_iter().flatten() {
        let longest = best.as_ref().map_or(usize::MAX, |best| best.len() - 1);
        if longest < 2 || (search.steps == 0 && best.is_some()) {
            break;
        }
        if search.component[start as usize] != NONE {
            best = search.cycle_through(start, longest).or(best);
            search.take_out(start);
        }
    }
    best.expect("what a topological sort leaves has a cycle")
}

/// The component of each record, `NONE` if it is on no cycle, and the members of those with cycles: small components first, then
/// by their smallest record.
fn components(graph: &Successors, left: &[u32]) -> (Vec<u32>, Vec<Vec<u32>>) {
    let mut component = vec![NONE; graph.len()];
    let mut members: Vec<Vec<u32>> = Vec::new();
    // When a record was found, and the earliest found record of its component that is known to be reached from it.
    let (mut found, mut low) = (vec![NONE; graph.len()], vec![NONE; graph.len()]);
    let mut is_open = vec![false; graph.len()];
    let mut open: Vec<u32> = Vec::new();
    // The records that are being walked through, each with the place of its next conflict.
    let mut path: Vec<(u32, usize)> = Vec::new();
    let mut count = 0;
    for root in left {
        let mut enter = (found[*root as usize] == NONE).then_some(*root);
        loop {
            if let Some(record) = enter.take() {
                (found[record as usize], low[record as usize]) = (count, count);
                count += 1;
                is_open[record as usize] = true;
                open.push(record);
                path.push((record, 0));
            }
            let Some((record, at)) = path.last_mut() else { break };
            let record = *record;
            if let Some(next) = graph.after(record).get(*at) {
                *at += 1;
                if found[*next as usize] == NONE {
                    enter = Some(*next);
                } else if is_open[*next as usize] {
                    low[record as usize] = low[record as usize].min(found[*next as usize]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent as usize] = low[*parent as usize].min(low[record as usize]);
            }
            if low[record as usize] == found[record as usize] {
                let from =
                    open.iter().rposition(|other| *other == record).expect("a record on the path is open");
                let mut closed = open.split_off(from);
                closed.iter().for_each(|record| is_open[*record as usize] = false);
                closed.sort_unstable();
                // A record has no conflict with itself, so that one alone is no cycle.
                if closed.len() > 1 {
                    members.push(closed);
                }
            }
        }
    }
    members.sort_by_key(|members| (members.len(), members[0]));
    for (number, members) in (0..).zip(&members) {
        members.iter().for_each(|record| component[*record as usize] = number);
    }
    (component, members)
}

struct Search<'g> {
    graph: &'g Successors,
    component: Vec<u32>,
    /// Conflicts with earlier records of the component.
    before: Vec<u32>,
    /// The start of the last search that reached the record.
    reached_from: Vec<u32>,
    /// From where it did.
    parent: Vec<u32>,
    /// Conflicts that may still be walked.
    steps: usize,
}

impl Search<'_> {
    /// A shortest cycle through `start`, of at most `longest` records.
    fn cycle_through(&mut self, start: u32, longest: usize) -> Option<Vec<u32>> {
        let mut level = vec![start];
        self.reached_from[start as usize] = start;
        for length in 1.. {
            if level.is_empty() || length > longest {
                break;
            }
            let mut next_level = Vec::new();
            for record in &level {
                let after = self.graph.after(*record);
                self.steps = self.steps.saturating_sub(after.len());
                for next in after {
                    if *next == start {
                        let mut cycle = vec![*record];
                        while cycle[cycle.len() - 1] != start {
                            cycle.push(self.parent[cycle[cycle.len() - 1] as usize]);
                        }
                        cycle.reverse();
                        return Some(cycle);
                    }
                    let inside = self.component[*next as usize] == self.component[start as usize];
                    if inside && self.reached_from[*next as usize] != start {
                        self.reached_from[*next as usize] = start;
                        self.parent[*next as usize] = *record;
                        next_level.push(*next);
                    }
                }
            }
            level = next_level;
        }
        None
    }

    /// Takes a record out of its component, and then all that have nothing before them.
    fn take_out(&mut self, record: u32) {
        let inside = self.component[record as usize];
        self.component[record as usize] = NONE;
        let mut out = vec![record];
        while let Some(record) = out.pop() {
            for next in self.graph.after(record) {
                if self.component[*next as usize] == inside {
                    self.before[*next as usize] -= 1;
                    if self.before[*next as usize] == 0 {
                        self.component[*next as usize] = NONE;
                        out.push(*next);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conflicts::{Verdict, check};
    use super::super::history::History;
    use super::*;
    use crate::Random;
    use petgraph::algo::tarjan_scc;
    use petgraph::graph::DiGraph;

    #[test]
    fn components_are_those_of_petgraph() {
        for seed in 0..500 {
            let mut random = Random::keyed(seed, 0, 0, 0);
            let records = 1 + random.below(40) as u32;
            let mut rows = vec![Vec::new(); records as usize];
            for _ in 0..random.below(u64::from(2 * records)) {
                let [from, to] = [0; 2].map(|_| random.below(u64::from(records)) as u32);
                if from != to {
                    rows[from as usize].push(to);
                }
            }
            let edges = (0..).zip(&rows).flat_map(|(from, row)| row.iter().map(move |to| (from, *to)));
            let theirs = DiGraph::<(), ()>::from_edges(edges);
            let mut expected: Vec<Vec<u32>> = tarjan_scc(&theirs)
                .into_iter()
                .filter(|component| component.len() > 1)
                .map(|component| component.into_iter().map(|node| node.index() as u32).collect())
                .collect();
            expected.iter_mut().for_each(|component: &mut Vec<u32>| component.sort_unstable());
            expected.sort_by_key(|component| (component.len(), component[0]));
            let rows: Vec<&[u32]> = rows.iter().map(|row| &row[..]).collect();
            let all: Vec<u32> = (0..records).collect();
            let (component, members) = components(&Successors::from_rows(&rows), &all);
            assert_eq!(members, expected);
            for record in all {
                let inside = members.iter().position(|members| members.contains(&record));
                assert_eq!(component[record as usize], inside.map_or(NONE, |at| at as u32));
            }
        }
    }

    /// Out of steps, the first cycle found is taken: it is one, if not the smallest.
    #[test]
    fn steps_that_run_out_leave_a_cycle() {
        let graph = Successors::from_rows(&[&[1], &[2], &[0, 3], &[2]]);
        assert_eq!(smallest_cycle(&graph, &[0, 1, 2, 3]), [2, 3]);
        assert_eq!(smallest_cycle_within(&graph, &[0, 1, 2, 3], 1), [0, 1, 2]);
    }

    #[test]
    fn a_record_behind_a_cycle_is_not_in_it() {
        let behind =
            History::made_of(&[(&[(4, 1)], &[]), (&[(2, 0)], &[(1, 1)]), (&[(1, 0)], &[(2, 1), (4, 1)])]);
        let Verdict::Cyclic { witness } = check(&behind) else { panic!("no cycle") };
        assert_eq!(witness.iter().map(|step| step.record).collect::<Vec<_>>(), [1, 2]);
    }
}
