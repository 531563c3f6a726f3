import type { MergedProfile } from '../../profile/merged-profile.ts'
import type { TagsAnswer } from '../api/view-types.ts'
import { compareSums } from './frame-order.ts'
import { NetSums } from './net-sums.ts'
import { isNumeric } from './sample-tags.ts'
import type { ComparedOptions } from './view-options.ts'
import { viewStacks } from './view-stacks.ts'

interface TagValues {
  readonly key: string
  readonly unit: string
  readonly values: Map<string, number>
}

/**
 * The numbers of `go tool pprof -tags`: per key of samples' labels how much carries each value. Numbers are told as
 * they are, with their unit beside; pprof joins those that it prints alike. Of a comparison it is the difference.
 */
export function tags(merged: MergedProfile, sampleType: number, options: ComparedOptions = {}): TagsAnswer {
  const stacks = viewStacks(merged, sampleType, options)
  const { symbols, values, tagUnits } = stacks
  const ofKey = new Map<string, TagValues>()
  const sums = NetSums.zeros(0, values.base !== undefined)
  let count = 0
  const placesOfSet = new Map<number, readonly number[]>()
  const placeOf = (key: string, unit: string, value: string): number => {
    const id = `${unit}\0${key}`
    const found = ofKey.get(id) ?? { key, unit, values: new Map<string, number>() }
    ofKey.set(id, found)
    let place = found.values.get(value)
    if (place === undefined) {
      place = count++
      sums.grow(count)
      found.values.set(value, place)
    }
    return place
  }
  const placesOf = (labelSet: number): readonly number[] => {
    let places = placesOfSet.get(labelSet)
    if (places === undefined) {
      places = symbols.labelSet(labelSet).flatMap((label) => {
        const key = symbols.string(label.name)
        if (label.text !== 0) return [placeOf(key, '', symbols.string(label.text))]
        return isNumeric(label) ? [placeOf(key, tagUnits.get(key) ?? '', label.number.toString())] : []
      })
      placesOfSet.set(labelSet, places)
    }
    return places
  }
  for (let key = 0; key < symbols.keyCount; key++) {
    const labelSet = symbols.keyLabelSet[key]!
    if (labelSet === 0 || values.isEmpty(key)) continue
    for (const place of placesOf(labelSet)) sums.accumulate(place, values, key)
  }
  const answers = [...ofKey.values()].map(({ key, unit, values: places }) => {
    const total = NetSums.zeros(1, values.base !== undefined)
    for (const place of places.values()) total.accumulate(0, sums, place)
    const ordered = [...places].sort(
      ([a, left], [b, right]) => compareSums(sums, left, right) || (a < b ? -1 : 1),
    )
    return {
      total,
      answer: {
        key,
        unit,
        total: total.format(0),
        values: ordered.map(([value, place]) => ({ value, total: sums.format(place) })),
      },
    }
  })
  return {
    ...stacks.head,
    total: stacks.total.toString(),
    tags: answers.map(({ answer }) => answer).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
  }
}
