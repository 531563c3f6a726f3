import { defaultRange } from './time-range.ts'

/** All that the page shows, as the query string holds it. "" means not said. */
export interface UrlState {
  /** Selector; undefined means that nobody chose one yet. */
  readonly q: string | undefined
  /** Sample type. */
  readonly type: string
  readonly from: string
  readonly to: string
  /** `utc`, else the browser's zone. */
  readonly tz: string
  /** The profile that is open. */
  readonly id: string
  /** The merged range that is open, unix ms. */
  readonly mfrom: string
  readonly mto: string
  /** What is searched for in the flame graph and the table. */
  readonly s: string
  /** The function marked in the table. */
  readonly fn: string
  /** Hash of the path of the frame zoomed to. */
  readonly zoom: string
  /** A tab of the open profile: `both`, `flame`, `top`, `graph`, `source`, `peek`, `callers` or `tags`. */
  readonly view: string
  /** Filters as `go tool pprof` has them, regular expressions: focus. */
  readonly f: string
  /** Ignore. */
  readonly i: string
  /** Hide. */
  readonly h: string
  /** Show only. */
  readonly so: string
  /** Show from. */
  readonly sf: string
  /** Tagfocus. */
  readonly tf: string
  /** Tagignore. */
  readonly ti: string
  /** What a row of the table stands for; "" is a function. */
  readonly g: string
  /** Nodes of the call graph; "" is as many as the server draws by itself. */
  readonly nodes: string
  /** `up` draws the root at the bottom. */
  readonly dir: string
  /** `1` begins at the leaves: what calls them lies beyond. */
  readonly inv: string
  /** `1` draws a function that calls itself as one frame. */
  readonly rec: string
  /** Order of the table: `flat`, `cum` or `name`. */
  readonly sort: string
  /** `failing` narrows the targets to those. */
  readonly health: string
  /** Hashes of series that the legend switched off, with commas. */
  readonly hide: string
  /** Seconds between reloads; "0" is off. */
  readonly refresh: string
  /** A moment that the plot marks, unix ms: when an alert fired. */
  readonly at: string
  /** The range that is compared with, unix ms. */
  readonly bfrom: string
  readonly bto: string
  /** Label that colours the dots and groups the legend and the breakdown. */
  readonly by: string
  /** `second`: durations are plotted per second covered, as cores in use. */
  readonly per: string
  /** Below the plot: `profiles` or `breakdown`. */
  readonly below: string
  /** Order of the profiles: `time`, or `value` for the largest first. */
  readonly order: string
  /** The overview's filter, its column and direction (`-cores`), and the span it compares with. */
  readonly find: string
  readonly osort: string
  readonly span: string
  /** Sides of a comparison, A the base: a selector with its range, or a profile's id, or `file-<number>` of an opened file. */
  readonly qa: string
  readonly fa: string
  readonly ta: string
  readonly ida: string
  readonly qb: string
  readonly fb: string
  readonly tb: string
  readonly idb: string
  /** What is compared: `abs`, `share` or `sec`; "" chooses by the sample type. */
  readonly norm: string
  /** Percent of the total below which a change is noise. */
  readonly th: string
  /** `redgreen` instead of blue and orange. */
  readonly colors: string
  /** `total` colours a frame by what its change is of the total, else of the frame itself. */
  readonly shade: string
}

export type UrlPatch = { readonly [Key in keyof UrlState]?: string | undefined }

const defaults: UrlState = {
  q: undefined,
  type: '',
  from: defaultRange.from,
  to: defaultRange.to,
  tz: '',
  id: '',
  mfrom: '',
  mto: '',
  s: '',
  fn: '',
  zoom: '',
  view: 'both',
  f: '',
  i: '',
  h: '',
  so: '',
  sf: '',
  tf: '',
  ti: '',
  g: '',
  nodes: '',
  dir: '',
  inv: '',
  rec: '',
  sort: 'flat',
  health: '',
  hide: '',
  refresh: '10',
  at: '',
  bfrom: '',
  bto: '',
  by: '',
  per: '',
  below: 'profiles',
  order: 'time',
  find: '',
  osort: '',
  span: 'day',
  qa: '',
  fa: '',
  ta: '',
  ida: '',
  qb: '',
  fb: '',
  tb: '',
  idb: '',
  norm: '',
  th: '0.1',
  colors: '',
  shade: '',
}

export function parseUrlState(search: string): UrlState {
  const params = new URLSearchParams(search)
  const entries = Object.entries(defaults).map(([key, fallback]) => [key, params.get(key) ?? fallback])
  return Object.fromEntries(entries) as unknown as UrlState
}

/**
 * The query string with `patch` applied. Keys it does not know stay as they are, for whoever put them there;
 * a key that holds its default is left out.
 */
export function patchSearch(search: string, patch: UrlPatch): string {
  const params = new URLSearchParams(search)
  for (const [key, value] of Object.entries(patch)) {
    const fallback = defaults[key as keyof UrlState]
    if (value === undefined || value === fallback) params.delete(key)
    else params.set(key, value)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** No filter. */
export const clearFilters: UrlPatch = { f: '', i: '', h: '', so: '', sf: '', tf: '', ti: '' }

/** What closes the open profile or range, and leaves how it was looked at for the one that is opened next. */
export const openOther: UrlPatch = { id: '', mfrom: '', mto: '', bfrom: '', bto: '' }

/** What closes the open profile or range, with all that belongs to it. */
export const closeSelection: UrlPatch = {
  ...openOther,
  ...clearFilters,
  zoom: '',
  fn: '',
  inv: '',
  rec: '',
}
