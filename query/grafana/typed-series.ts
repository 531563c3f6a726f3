import { type Labels, sortLabels } from '../../profile/labels.ts'
import type { SampleType } from '../../profile/symbols.ts'
import { formatProfileTypeId, type ProfileTypeId, profileTypeIdOf } from './profile-type-id.ts'

/** One sample type of one series: what the protocol calls a series. */
export interface TypedSeries {
  /** With `service_name`, without those that begin with `__`. */
  readonly labels: Labels
  readonly id: ProfileTypeId
}

/** Labels that every series of the protocol has beside its own, and what they say. */
const idLabels: Readonly<Record<string, (id: ProfileTypeId) => string>> = {
  __name__: ({ name }) => name,
  __period_type__: ({ periodType }) => periodType,
  __period_unit__: ({ periodUnit }) => periodUnit,
  __profile_type__: formatProfileTypeId,
  __type__: ({ sampleType }) => sampleType,
  __unit__: ({ sampleUnit }) => sampleUnit,
}

export const idLabelNames: readonly string[] = Object.keys(idLabels)
export const serviceLabel = 'service_name'

/** The protocol's label with this name; "" where it has none. */
export function labelOf({ labels, id }: TypedSeries, name: string): string {
  return idLabels[name]?.(id) ?? labels[name] ?? ''
}

export function labelNamesOf({ labels }: TypedSeries): string[] {
  return [...Object.keys(labels), ...idLabelNames]
}

export function typedSeries(labels: Labels, sampleTypes: readonly SampleType[]): TypedSeries[] {
  const named = withServiceName(labels)
  return sampleTypes.map((sampleType) => ({
    labels: named,
    id: profileTypeIdOf(labels['profile_type'] ?? '', sampleType),
  }))
}

/** Grafana lists services by this label, so there is none without: as collectors of ours would have named it. */
export function withServiceName(labels: Labels): Labels {
  if (labels[serviceLabel] !== undefined) return labels
  const { namespace, workload, pod, job } = labels
  const owner = workload ?? pod
  const name = namespace !== undefined && owner !== undefined ? `${namespace}/${owner}` : (job ?? owner)
  return sortLabels(Object.entries({ ...labels, [serviceLabel]: name ?? 'unknown_service' }))
}
