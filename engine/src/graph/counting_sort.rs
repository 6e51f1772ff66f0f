//! A stable parallel counting sort by vertex: the step that turns a list of edges into rows.
//!
//! Two passes. Each block of the input is first sorted by the high bits of its keys, inside its own part of a buffer; then
//! each bucket of keys collects its records from all blocks, in their order, and counts and places them by key within
//! one run of the output. No two tasks write to one place, so nothing is atomic, and the result is the stable sort whatever
//! the number of threads. O(records + keys + blocks * buckets).

use rayon::prelude::*;

/// Records a block; large enough that a block's run for one bucket fills cache lines.
const BLOCK: usize = 1 << 20;
const BUCKETS: usize = 1 << 11;

/// `records` stably sorted by `key`, and `keys + 1` offsets of the runs of equal keys.
///
/// # Panics
/// If a key is not below `keys`.
pub(crate) fn counting_sort<T: Copy + Send + Sync>(
    records: &[T],
    keys: usize,
    key: impl Fn(&T) -> u32 + Sync,
) -> (Vec<u64>, Vec<T>) {
    let shift = (usize::BITS - keys.saturating_sub(1).leading_zeros()).saturating_sub(BUCKETS.ilog2());
    let buckets = (keys >> shift) + 1;
    let Some(first) = records.first() else { return (vec![0; keys + 1], Vec::new()) };
    let mut staged = vec![*first; records.len()];
    // For each block, where each bucket's records start in its part of `staged`.
    let starts: Vec<Vec<usize>> = records
        .par_chunks(BLOCK)
        .zip(staged.par_chunks_mut(BLOCK))
        .map(|(block, staged)| {
            let mut starts = vec![0; buckets + 1];
            for record in block {
                let key = key(record);
                assert!((key as usize) < keys, "vertex {key} of {keys}");
                starts[(key >> shift) as usize + 1] += 1;
            }
            accumulate(&mut starts);
            let mut next = starts.clone();
            for record in block {
                let at = &mut next[(key(record) >> shift) as usize];
                staged[*at] = *record;
                *at += 1;
            }
            starts
        })
        .collect();

    let mut sorted = vec![*first; records.len()];
    let mut offsets = vec![0; keys + 1];
    let (mut rest, mut rest_offsets, mut from) = (&mut sorted[..], &mut offsets[..keys], 0);
    let mut tasks = Vec::with_capacity(buckets);
    for bucket in 0..buckets {
        let size = starts.iter().map(|starts| starts[bucket + 1] - starts[bucket]).sum();
        let (run, others) = rest.split_at_mut(size);
        let (run_offsets, other_offsets) = rest_offsets.split_at_mut(rest_offsets.len().min(1 << shift));
        tasks.push((bucket, from, run, run_offsets));
        (rest, rest_offsets, from) = (others, other_offsets, from + size);
    }
    tasks.into_par_iter().for_each(|(bucket, from, run, offsets)| {
        let low = (bucket << shift) as u32;
        let mut next = vec![0; offsets.len() + 1];
        let runs = || {
            starts.iter().enumerate().flat_map(|(block, starts)| {
                staged[block * BLOCK + starts[bucket]..block * BLOCK + starts[bucket + 1]].iter()
            })
        };
        for record in runs() {
            next[(key(record) - low) as usize + 1] += 1;
        }
        accumulate(&mut next);
        for (offset, next) in offsets.iter_mut().zip(&next) {
            *offset = (from + next) as u64;
        }
        for record in runs() {
            let at = &mut next[(key(record) - low) as usize];
            run[*at] = *record;
            *at += 1;
        }
    });
    offsets[keys] = records.len() as u64;
    (offsets, sorted)
}

/// Counts, shifted by one, become starts.
fn accumulate(counts: &mut [usize]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    #[test]
    fn equals_the_stable_sort_of_std() {
        for (records, keys) in
            [(0, 1), (1, 1), (10, 3), (5000, 7), (5000, 100_000), (3 * BLOCK / 2, 2048), (BLOCK, 2049)]
        {
            let mut random = Random::keyed(1, 2, records as u64, keys as u64);
            let list: Vec<[u32; 2]> =
                (0..records).map(|at| [random.below(keys as u64) as u32, at as u32]).collect();
            let (offsets, sorted) = counting_sort(&list, keys, |record| record[0]);
            let mut expected = list.clone();
            expected.sort_by_key(|record| record[0]);
            assert!(sorted == expected, "{records} records, {keys} keys");
            assert_eq!((offsets[0], offsets[keys]), (0, records as u64));
            for (at, record) in sorted.iter().enumerate() {
                let run = offsets[record[0] as usize]..offsets[record[0] as usize + 1];
                assert!(run.contains(&(at as u64)));
            }
        }
    }

    #[test]
    #[should_panic(expected = "vertex 5 of 5")]
    fn refuses_a_key_out_of_bounds() {
        counting_sort(&[5u32], 5, |key| *key);
    }
}
