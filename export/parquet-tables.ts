import type { Column } from './parquet-file.ts'

/** The labels that are columns of `samples`; every label is in `series`. */
export const labelColumns = [
  'service_name',
  'workload',
  'pod',
  'container',
  'node',
  'version',
  'job',
  'instance',
  'profile_type',
] as const

/** One row per profile (or step), sample type and stack that is not 0. See docs/format/parquet.md. */
export const sampleColumns: readonly Column[] = [
  { name: 'time', type: 'time' },
  { name: 'series_id', type: 'text' },
  ...labelColumns.map((name): Column => ({ name, type: 'text', isOptional: true })),
  { name: 'sample_type', type: 'text' },
  { name: 'unit', type: 'text' },
  { name: 'kind', type: 'text' },
  { name: 'stack_id', type: 'int64' },
  { name: 'value', type: 'int64' },
  { name: 'delta', type: 'int64', isOptional: true },
  { name: 'profiles', type: 'int32' },
  { name: 'covered_ms', type: 'int64' },
  { name: 'container_id', type: 'text', isOptional: true },
  { name: 'restart_count', type: 'int32', isOptional: true },
  { name: 'process_start', type: 'time', isOptional: true },
  { name: 'image', type: 'text', isOptional: true },
  { name: 'memory_limit_bytes', type: 'int64', isOptional: true },
  { name: 'cpu_limit_millicores', type: 'int64', isOptional: true },
]

/** One row per stack that a partition's samples name. */
export const stackColumns: readonly Column[] = [
  { name: 'stack_id', type: 'int64' },
  { name: 'leaf_function', type: 'text', isOptional: true },
  { name: 'leaf_file', type: 'text', isOptional: true },
  { name: 'root_function', type: 'text', isOptional: true },
  { name: 'depth', type: 'int32' },
  { name: 'functions', type: 'texts' },
  { name: 'files', type: 'texts' },
  { name: 'lines', type: 'int64s' },
]

/** One row per series of a partition. */
export const seriesColumns: readonly Column[] = [
  { name: 'series_id', type: 'text' },
  { name: 'service_name', type: 'text', isOptional: true },
  { name: 'profile_type', type: 'text', isOptional: true },
  { name: 'labels', type: 'map' },
  { name: 'profiles', type: 'int64' },
  { name: 'covered_ms', type: 'int64' },
  { name: 'first_time', type: 'time' },
  { name: 'last_time', type: 'time' },
]
