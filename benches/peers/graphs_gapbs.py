"""Graph analytics by the GAP Benchmark Suite and by gasworks, on one edge list, in turns; prints the median of each and the ratio.

python3 graphs_gapbs.py edges.wel --gapbs DIR --bench target/release/deps/graphs-* --source ID --threads 1,2

DIR has the programs of GAPBS, built. The edge list has `source target` and a weight, an integer, on each line, vertices numbered from 0, no self-loops and no
parallel edges: GAPBS drops these, gasworks counts them. What is timed is the same on both sides: the job alone, without reading or building; components and
triangles take each edge in both directions. GAPBS's `pr` uses new ranks at once, gasworks those of the iteration before, as `pr_spmv` does. `--delta` is GAPBS's;
gasworks chooses its own.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

# Our job, the program of GAPBS, its file, its options, and whether edges count in both directions.
JOBS = {
    "pagerank": ("pr", "plain", ["-i", "20", "-t", "0"], False),
    "bfs": ("bfs", "plain", [], False),
    "sssp": ("sssp", "weighted", [], False),
    "delta": ("sssp", "weighted", [], False),
    "afforest": ("cc", "both", [], True),
    "components": ("cc", "both", [], True),
    "triangles": ("tc", "both", [], True),
}


def run(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, env=environment).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges")
    parser.add_argument("--gapbs", type=pathlib.Path, required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--jobs", default="pagerank,bfs,delta,sssp,afforest,components,triangles")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--delta", default="2", help="of GAPBS")
    parser.add_argument("--by-degree", action="store_true", help="number gasworks' vertices by degree, which is not timed, as reading is not")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: pathlib.Path(folder) / f"{name}.{'wsg' if name == 'weighted' else 'sg'}" for name in ("plain", "both", "weighted")}
        plain = pathlib.Path(folder) / "plain.el"
        with open(options.edges) as lines, open(plain, "w") as out:
            out.writelines(" ".join(line.split()[:2]) + "\n" for line in lines)
        run([options.gapbs / "converter", "-f", plain, "-b", files["plain"]], 1)
        run([options.gapbs / "converter", "-f", plain, "-s", "-b", files["both"]], 1)
        run([options.gapbs / "converter", "-f", options.edges, "-w", "-b", files["weighted"]], 1)
        for job in options.jobs.split(","):
            program, file, more, both = JOBS[job]
            if program in ("bfs", "sssp"):
                more = [*more, "-r", options.source]
            if program == "sssp":
                more = [*more, "-d", options.delta]
            runs = "1" if job == "triangles" else "5"
            for threads in options.threads.split(","):
                theirs, ours = [], []
                for _ in range(options.turns):
                    told = run([options.gapbs / program, "-f", files[file], "-n", runs, *more], threads)
                    times = [float(time) for time in re.findall(r"^Trial Time:\s+(\S+)", told, re.M)]
                    theirs += [time / 20 for time in times] if job == "pagerank" else times
                    told = run([options.bench, "--file", options.edges, "--program", job, "--source", options.source, "--threads", threads, "--runs", runs,
                                *(["--undirected"] if both else []), *(["--by-degree"] if options.by_degree else [])], threads)
                    ours += [float(re.search(r'"median_seconds":([\d.]+)', told)[1])]
                theirs, ours = statistics.median(theirs), statistics.median(ours)
                print(f"{job}, {threads} threads: GAPBS {1e3 * theirs:.1f} ms, gasworks {1e3 * ours:.1f} ms, {theirs / ours:.2f} times", flush=True)


if __name__ == "__main__":
    main()
