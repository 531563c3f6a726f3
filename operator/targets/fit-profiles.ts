import { spareMs } from '../../collector/config/profile-types.ts'
import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import * as fields from './annotation-fields.ts'
import type { AnnotationReader, FoundValue } from './annotation-reader.ts'
import { ownPrefix } from './keep-annotations.ts'
import { maxIntervalMs, type TargetSettings } from './settings.ts'
import { writeShortDuration } from './short-duration.ts'

/**
 * Makes interval and seconds fit each other and the namespace's limits. What does not fit is ignored: first the
 * interval that was asked for, then the seconds.
 */
export function fitProfiles(
  reader: AnnotationReader,
  from: {
    readonly settings: TargetSettings
    /** What was asked for, by type. */
    readonly seconds: ReadonlyMap<string, FoundValue<number>>
    readonly profilesWith: (seconds: ReadonlyMap<string, FoundValue<number>>) => readonly PprofTypeConfig[]
  },
): { readonly intervalMs: number; readonly profiles: readonly PprofTypeConfig[] } {
  const { defaults, limits } = from.settings
  const { perNamespace } = limits
  const asked = reader.cosmetic(`${ownPrefix}interval`, fields.interval)
  let intervalMs = asked?.value ?? defaults.intervalMs
  let profiles = from.profilesWith(from.seconds)

  for (const { type, seconds = 0 } of profiles) {
    const given = from.seconds.get(type)
    if (given === undefined || perNamespace.maxSeconds === 0 || seconds <= perNamespace.maxSeconds) continue
    reader.problem(given, `a namespace gets at most ${perNamespace.maxSeconds}, which is used`, limitReason)
  }
  profiles = capSeconds(profiles, perNamespace.maxSeconds)

  if (asked !== undefined && neededMs(profiles) > intervalMs) {
    reader.problem(asked, `${needText(profiles)}; it is ignored`)
    intervalMs = defaults.intervalMs
  }
  if (neededMs(profiles) > intervalMs && from.seconds.size > 0) {
    for (const { type } of profiles) {
      const given = from.seconds.get(type)
      if (given !== undefined) {
        const interval = writeShortDuration(intervalMs)
        reader.problem(given, `${needText(profiles)}, and the interval is ${interval}; it is ignored`)
      }
    }
    profiles = capSeconds(from.profilesWith(new Map()), perNamespace.maxSeconds)
  }
  // Only where somebody turned on many timed profiles, each of which is right by itself.
  intervalMs = Math.min(Math.max(intervalMs, neededMs(profiles)), maxIntervalMs)

  if (intervalMs < perNamespace.minIntervalMs) {
    const least = writeShortDuration(perNamespace.minIntervalMs)
    if (asked?.value === intervalMs) {
      reader.problem(asked, `a namespace gets no less than ${least}, which is used`, limitReason)
    }
    intervalMs = perNamespace.minIntervalMs
  }
  return { intervalMs, profiles }
}

/** 0: no limit. */
export function capSeconds(
  profiles: readonly PprofTypeConfig[],
  maxSeconds: number,
): readonly PprofTypeConfig[] {
  if (maxSeconds === 0) return profiles
  return profiles.map((profile) =>
    profile.seconds !== undefined && profile.seconds > maxSeconds
      ? { ...profile, seconds: maxSeconds }
      : profile,
  )
}

/** The shortest interval: timed profiles of a target take turns. */
export function neededMs(profiles: readonly PprofTypeConfig[]): number {
  const timed = profiles.filter(({ seconds }) => seconds !== undefined)
  return timed.length === 0 ? 0 : timed.reduce((sum, { seconds = 0 }) => sum + seconds * 1000, spareMs)
}

/** `cpu 10s and 5s to spare need at least 15s`. */
export function needText(profiles: readonly PprofTypeConfig[]): string {
  const timed = profiles.filter(({ seconds }) => seconds !== undefined)
  const list = timed.map(({ type, seconds }) => `${type} ${seconds}s`).join(', ')
  return `${list} and ${writeShortDuration(spareMs)} to spare need at least ${writeShortDuration(neededMs(profiles))}`
}

export const limitReason = 'ProfileLimitApplied'
