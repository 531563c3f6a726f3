import { z } from 'zod'
import type { ViewOptions } from '../views/view-options.ts'
import { count, flag, sampleType, selector, time } from './parameters.ts'
import { aggregations } from './types.ts'
import { granularities } from './view-types.ts'

export const profileFormats = [
  'pprof',
  'flamegraph',
  'top',
  'peek',
  'source',
  'dot',
  'tags',
  'traces',
  'collapsed',
  'speedscope',
] as const
export type ProfileFormat = (typeof profileFormats)[number]

const text = z.string().optional()
const fraction = z
  .string()
  .regex(/^(0?\.\d{1,9}|[01](\.\d{0,9})?)$/, 'want a number from 0 to 1')
  .transform(Number)
  .pipe(z.number().max(1, 'want a number from 0 to 1'))
  .optional()
/** 0 is all. */
const nodes = z
  .string()
  .regex(/^[0-9]{1,9}$/, 'want a whole number')
  .transform(Number)
  .optional()

/** pprof's short names and its long ones, which mean the same. */
const filters = {
  f: text,
  focus: text,
  i: text,
  ignore: text,
  h: text,
  hide: text,
  s: text,
  show: text,
  sf: text,
  show_from: text,
  prunefrom: text,
  prune_from: text,
  tf: text,
  tagfocus: text,
  ti: text,
  tagignore: text,
  ts: text,
  tagshow: text,
  th: text,
  taghide: text,
  g: z.enum(granularities).optional(),
  granularity: z.enum(granularities).optional(),
  noinlines: flag.optional(),
  norm: flag.optional(),
  normalize: flag.optional(),
  sort: z.enum(['flat', 'cum']).optional(),
  n: nodes,
  nodecount: nodes,
  nf: fraction,
  nodefraction: fraction,
  ef: fraction,
  edgefraction: fraction,
  peek: text,
  list: text,
  max_nodes: count(10_000_000).optional(),
  path: text,
}

const base = {
  base_id: text,
  base_query: selector.optional(),
  base_start: time.optional(),
  base_end: time.optional(),
}

export const profileParameters = z.strictObject({
  id: text,
  query: selector.optional(),
  start: time.optional(),
  end: time.optional(),
  ...base,
  side: z.enum(['profile', 'base']).default('profile'),
  format: z.enum(profileFormats).default('pprof'),
  agg: z.enum(aggregations).optional(),
  ...sampleType,
  ...filters,
})
export type ProfileParameters = z.output<typeof profileParameters>

export const pgoParameters = z.strictObject({
  query: selector,
  start: time.optional(),
  end: time.optional(),
})
export type PgoParameters = z.output<typeof pgoParameters>

/** What of a request is about the view rather than about the profiles. */
export function viewOptionsOf(given: ProfileParameters): ViewOptions {
  const options = {
    focus: given.f ?? given.focus,
    ignore: given.i ?? given.ignore,
    hide: given.h ?? given.hide,
    show: given.s ?? given.show,
    showFrom: given.sf ?? given.show_from,
    pruneFrom: given.prunefrom ?? given.prune_from,
    tagFocus: given.tf ?? given.tagfocus,
    tagIgnore: given.ti ?? given.tagignore,
    tagShow: given.ts ?? given.tagshow,
    tagHide: given.th ?? given.taghide,
    granularity: given.g ?? given.granularity,
    noInlines: given.noinlines,
    normalize: given.norm ?? given.normalize,
    sort: given.sort,
    nodeCount: given.n ?? given.nodecount,
    nodeFraction: given.nf ?? given.nodefraction,
    edgeFraction: given.ef ?? given.edgefraction,
    peek: given.peek,
    list: given.list,
    maxNodes: given.max_nodes,
    path: given.path,
  }
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== ''),
  ) as ViewOptions
}
