// Fair comparison on a machine that others use too: what is compared runs in turn, in short rounds, and the ratio is
// taken within each round. The median of these ratios is the figure, the lowest and highest tell how much to trust it.

/** Two things measured side by side, in one unit, and the ratio of the first to the second. */
export interface Comparison {
  readonly ours: number
  readonly baseline: number
  readonly ratio: number
  readonly lowest: number
  readonly highest: number
}

/** Runs `round` once to warm up, then `rounds` times. */
export async function repeat<T>(rounds: number, round: () => Promise<T>): Promise<T[]> {
  await round()
  const results: T[] = []
  for (let i = 0; i < rounds; i++) results.push(await round())
  return results
}

export function compare<T>(
  rounds: readonly T[],
  ours: (round: T) => number,
  baseline: (round: T) => number,
): Comparison {
  const ratios = rounds.map((round) => ours(round) / baseline(round))
  return {
    ours: median(rounds.map(ours)),
    baseline: median(rounds.map(baseline)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The smallest value that at least `share` of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/** Seconds of CPU that `work` takes, in all threads: what others do on this machine counts little. */
export async function cpuSecondsOf(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1e6
}

/** Milliseconds that `work` takes for each of `inputs`, one after another. */
export async function millisOf<T>(inputs: readonly T[], work: (input: T) => unknown): Promise<number[]> {
  const samples: number[] = []
  for (const input of inputs) samples.push((await secondsOf(() => work(input))) * 1000)
  return samples
}
