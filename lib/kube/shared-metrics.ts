import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  type Registry,
} from 'prom-client'

/** The registry's counter of that name, made where it is not there yet: several parts count together. */
export function sharedCounter<Label extends string>(
  registry: Registry,
  configuration: Omit<CounterConfiguration<Label>, 'registers'>,
): Counter<Label> {
  const existing = registry.getSingleMetric(configuration.name)
  if (existing instanceof Counter) return existing as Counter<Label>
  return new Counter({ ...configuration, registers: [registry] })
}

export function sharedHistogram<Label extends string>(
  registry: Registry,
  configuration: Omit<HistogramConfiguration<Label>, 'registers'>,
): Histogram<Label> {
  const existing = registry.getSingleMetric(configuration.name)
  if (existing instanceof Histogram) return existing as Histogram<Label>
  return new Histogram({ ...configuration, registers: [registry] })
}

/** Of one label value, from all parts that have it. */
export type Combine = (values: readonly number[]) => number

export const sum: Combine = (values) => values.reduce((total, value) => total + value, 0)

/** A gauge whose values are read when it is scraped, from all parts that share it. */
export class ReadGauge extends Gauge<string> {
  readonly #parts = new Map<string, Set<() => number>>()
  readonly #label: string
  readonly #combine: Combine

  constructor(configuration: GaugeConfiguration<string>, label: string, combine: Combine) {
    super({ ...configuration, labelNames: [label], collect: () => this.#read() })
    this.#label = label
    this.#combine = combine
  }

  /** Undo with what it returns. */
  add(labelValue: string, read: () => number): () => void {
    const parts = this.#parts.get(labelValue) ?? new Set()
    this.#parts.set(labelValue, parts.add(read))
    return () => parts.delete(read)
  }

  #read(): void {
    for (const [labelValue, parts] of this.#parts) {
      const values = [...parts].map((read) => read())
      if (values.length === 0) this.remove({ [this.#label]: labelValue })
      else this.set({ [this.#label]: labelValue }, this.#combine(values))
    }
  }
}

export function sharedReadGauge(
  registry: Registry,
  options: {
    readonly name: string
    readonly help: string
    readonly label: string
    readonly combine: Combine
  },
): ReadGauge {
  const existing = registry.getSingleMetric(options.name)
  if (existing instanceof ReadGauge) return existing
  const { name, help, label, combine } = options
  return new ReadGauge({ name, help, registers: [registry] }, label, combine)
}
