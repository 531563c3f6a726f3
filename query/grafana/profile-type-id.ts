import type { SampleType } from '../../profile/symbols.ts'

/** `<name>:<sample type>:<unit>:<period type>:<period unit>`: how Grafana names what a plot or a flame graph shows. */
export interface ProfileTypeId {
  readonly name: string
  readonly sampleType: string
  readonly sampleUnit: string
  readonly periodType: string
  readonly periodUnit: string
}

/** What Grafana's own names are of profile types of ours; all others keep theirs. */
const grafanaNames: Readonly<Record<string, string>> = { cpu: 'process_cpu', heap: 'memory' }

/** Periods as Go's profiles have them. Rows do not say theirs, and Grafana never looks at it, but compares whole ids. */
const periods: Readonly<Record<string, SampleType>> = {
  cpu: { type: 'cpu', unit: 'nanoseconds' },
  heap: { type: 'space', unit: 'bytes' },
  allocs: { type: 'space', unit: 'bytes' },
  goroutine: { type: 'goroutine', unit: 'count' },
  threadcreate: { type: 'threadcreate', unit: 'count' },
  mutex: { type: 'contentions', unit: 'count' },
  block: { type: 'contentions', unit: 'count' },
  wall: { type: 'wall', unit: 'nanoseconds' },
}

/** Of one sample type of the series with this `profile_type`. */
export function profileTypeIdOf(profileType: string, { type, unit }: SampleType): ProfileTypeId {
  const period = periods[storedTypesOf(profileType)[0]!] ?? { type, unit }
  return {
    name: grafanaNames[profileType] ?? profileType,
    sampleType: type,
    sampleUnit: unit,
    periodType: period.type,
    periodUnit: period.unit,
  }
}

export function formatProfileTypeId(id: ProfileTypeId): string {
  return [id.name, id.sampleType, id.sampleUnit, id.periodType, id.periodUnit].join(':')
}

/** Throws a SyntaxError. A sixth part, which says that values are differences, changes nothing here. */
export function parseProfileTypeId(text: string): ProfileTypeId {
  const [name = '', sampleType = '', sampleUnit = '', periodType = '', periodUnit = '', ...rest] =
    text.split(':')
  if (name === '' || sampleType === '' || rest.length > 1 || text.split(':').length < 5) {
    throw new SyntaxError(
      `profile type ${JSON.stringify(text)}: want <name>:<sample type>:<unit>:<period type>:<period unit>`,
    )
  }
  return { name, sampleType, sampleUnit, periodType, periodUnit }
}

/** Values of the label `profile_type` that a name stands for, the usual one first. */
export function storedTypesOf(name: string): readonly string[] {
  const ours = Object.entries(grafanaNames).find(([, grafanas]) => grafanas === name)?.[0]
  return ours === undefined ? [name] : [ours, name]
}
