/** What a program's `/metrics` said. */
export class Metrics {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text.split('\n')
  }

  static async read(url: string): Promise<Metrics> {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(120_000) })
    if (!response.ok) throw new Error(`read ${url}/metrics: it answered ${response.status}, want 200`)
    return new Metrics(await response.text())
  }

  /** The sum over the series of `name` that have all of `labels`; throws where there is no such metric. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const series = this.#lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    if (!this.#lines.some((line) => line.startsWith(`# TYPE ${name} `)))
      throw new Error(`metrics: there is no "${name}"`)
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    return series
      .filter((line) => wanted.every((each) => line.includes(each)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }
}
