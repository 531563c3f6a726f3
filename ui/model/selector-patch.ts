import { chosenValue } from './selector-edit.ts'
import { closeSelection, type UrlPatch } from './url-state.ts'

/** The selector changes: what was open no longer belongs to it, nor does the sample type to another profile type. */
export function selectorPatch(before: string, now: string): UrlPatch {
  const sameType = chosenValue(before, 'profile_type') === chosenValue(now, 'profile_type')
  return { q: now, hide: '', ...closeSelection, ...(sameType ? {} : { type: '' }) }
}
