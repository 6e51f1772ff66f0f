//! A smallest cycle of a conflict graph: the shortest story of what went wrong.
//!
//! Every cycle lies within a strongly connected component. Within each, a breadth-first search from each record in turn finds
//! the shortest cycle through it, and no search goes deeper than the best cycle so far. Then the record is taken out, and with
//! it what now has nothing before it and so is on no other cycle. That is O(records * conflicts) at worst, so the steps are
//! counted. The components are Kosaraju's, as petgraph has them, since its Tarjan recurses as deep as the longest path.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use super::conflicts::Successors;

/// Conflicts to walk before a cycle that may not be the smallest is good enough: a few seconds.
const STEPS: usize = 1 << 29;
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
    let mut place = vec![u32::MAX; graph.len()];
    (0..).zip(left).for_each(|(at, record)| place[*record as usize] = at);
    let mut among = DiGraph::<(), ()>::with_capacity(left.len(), 0);
    left.iter().for_each(|_| {
        among.add_node(());
    });
    for record in left {
        let mut after: Vec<u32> = graph.after(*record).to_vec();
        after.sort_unstable();
        after.dedup();
        for next in after.iter().filter(|next| place[**next as usize] != u32::MAX) {
            among.add_edge(place[*record as usize].into(), place[*next as usize].into(), ());
        }
    }
    // A record has no conflict with itself, so that one alone is no cycle.
    let components = kosaraju_scc(&among).into_iter().filter(|component| component.len() > 1);
    let mut members: Vec<Vec<u32>> = components
        .map(|component| {
            let mut members: Vec<u32> = component.into_iter().map(|node| left[node.index()]).collect();
            members.sort_unstable();
            members
        })
        .collect();
    members.sort_by_key(|members| (members.len(), members[0]));
    let mut component = place;
    component.fill(NONE);
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
    use super::super::conflicts::tests::{history, witness};
    use super::*;

    /// Out of steps, the first cycle found is taken: it is one, if not the smallest.
    #[test]
    fn steps_that_run_out_leave_a_cycle() {
        let graph = Successors::from_rows(&[&[1], &[2], &[0, 3], &[2]]);
        assert_eq!(smallest_cycle(&graph, &[0, 1, 2, 3]), [2, 3]);
        assert_eq!(smallest_cycle_within(&graph, &[0, 1, 2, 3], 1), [0, 1, 2]);
    }

    #[test]
    fn a_record_behind_a_cycle_is_not_in_it() {
        let behind = history(&[(&[(4, 1)], &[]), (&[(2, 0)], &[(1, 1)]), (&[(1, 0)], &[(2, 1), (4, 1)])]);
        assert_eq!(witness(&behind).iter().map(|step| step.record).collect::<Vec<_>>(), [1, 2]);
    }
}
