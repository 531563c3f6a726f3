import type { Command, Option } from 'commander'
import { addFlags, reading } from './flags.ts'
import {
  baseOptions,
  checkSelector,
  filterOptions,
  fractionOption,
  jsonOption,
  nodeCountOption,
  outputOption,
  profileOptions,
  sortOption,
  sourceOptions,
  textOptions,
} from './show/show-flags.ts'
import type { ShowFormat } from './show/show-profile.ts'
import type { ShowValues } from './show/show-request.ts'

interface ShowKind {
  readonly summary: string
  readonly description: string
  /** What is asked for beside a selector. */
  readonly pattern?: string
  readonly options: () => readonly Option[]
  readonly examples: string
}

const selector = `'{service_name="shop/cart", profile_type="cpu"}'`

const kinds: Readonly<Record<ShowFormat, ShowKind>> = {
  top: {
    summary: 'the functions that take most, as go tool pprof -top',
    description: 'Print the functions that take most: flat in themselves, cum with all that they call.',
    options: () => [nodeCountOption('20'), sortOption(), jsonOption()],
    examples: `
  conprof show top '{service_name="shop/cart", profile_type="heap"}'
      what holds the memory of a service, in the last hour
  conprof show top --at 2026-11-28T03:04:00Z --sort cum ${selector}
      what it did that night
  conprof show top --file heap.pb.gz --sample_index alloc_space --focus encoding/json
      of a file, as go tool pprof would`,
  },
  diff: {
    summary: 'which functions take more or less than before',
    description:
      'Print what changed most between two times, selectors or files: by default between the time asked for and the time before it.',
    options: () => [nodeCountOption('20'), sortOption(), jsonOption()],
    examples: `
  conprof show diff --base-ago 1d ${selector}
      the last hour against the same hour yesterday
  conprof show diff --base '{service_name="shop/cart", version="v1"}' '{service_name="shop/cart", version="v2"}'
      two versions, at the same time
  conprof show diff --file new.pb.gz --base-file old.pb.gz
      two files`,
  },
  flamegraph: {
    summary: 'all stacks as an indented tree',
    description: 'Print all stacks as an indented tree; what is small is one line for each parent.',
    options: () => [fractionOption('node', '0.01'), jsonOption()],
    examples: `
  conprof show flamegraph --nodefraction 0.05 ${selector}
      what takes a twentieth of the whole or more`,
  },
  tree: {
    summary: 'each function between its callers and callees',
    description: 'Print each function between what calls it and what it calls, as go tool pprof -tree.',
    options: () => [
      nodeCountOption('80'),
      fractionOption('node', '0.005'),
      fractionOption('edge', '0.001'),
      jsonOption(),
    ],
    examples: `
  conprof show tree --nodecount 10 ${selector}`,
  },
  peek: {
    summary: 'the callers and callees of some functions',
    description: 'Print the callers and callees of functions whose name matches, as go tool pprof -peek.',
    pattern: 'of the names of functions',
    options: () => [jsonOption()],
    examples: `
  conprof show peek 'runtime.mallocgc$' ${selector}
      who allocates?`,
  },
  source: {
    summary: 'lines of functions, with their text where it is found',
    description:
      'Print what each line of some functions takes, as go tool pprof -list; with --source-path the text beside it.',
    pattern: 'of the names of functions',
    options: () => [...textOptions(), jsonOption()],
    examples: `
  conprof show source 'cart.*Total' --source-path ~/src/shop ${selector}
      paths such as /build/shop/cart/total.go are found as ~/src/shop/cart/total.go`,
  },
  tags: {
    summary: 'labels of samples, as go tool pprof -tags',
    description: 'Print which labels samples carry, and how much each value takes.',
    options: () => [jsonOption()],
    examples: `
  conprof show tags ${selector}`,
  },
  traces: {
    summary: 'each stack by itself, as go tool pprof -traces',
    description: 'Print each distinct stack with its labels and its amount.',
    options: () => [],
    examples: `
  conprof show traces --focus main.handle ${selector} | less`,
  },
  dot: {
    summary: 'the call graph, for Graphviz',
    description: 'Print the call graph in the language of Graphviz.',
    options: () => [nodeCountOption('80'), fractionOption('node', '0.005'), fractionOption('edge', '0.001')],
    examples: `
  conprof show dot ${selector} | dot -Tsvg > graph.svg`,
  },
  collapsed: {
    summary: 'a line per stack, for flame graph scripts',
    description: 'Print a line per stack, outermost;…;innermost value.',
    options: () => [],
    examples: `
  conprof show collapsed -o stacks.txt ${selector}`,
  },
  speedscope: {
    summary: 'a file for speedscope',
    description: 'Write a file for https://www.speedscope.app, which conprof also serves below /speedscope/.',
    options: () => [],
    examples: `
  conprof show speedscope -o cart.speedscope.json ${selector}`,
  },
  pprof: {
    summary: 'a file for go tool pprof',
    description: 'Write a pprof file; filters and a base are in it already.',
    options: () => [],
    examples: `
  conprof show pprof -o cart.pb.gz --focus shop/ ${selector}
  go tool pprof -http=: cart.pb.gz`,
  },
  pgo: {
    summary: 'a CPU profile for go build -pgo',
    description:
      'Write merged CPU profiles for go build -pgo: of the last day unless --start says otherwise.',
    options: () => [],
    examples: `
  conprof show pgo -o default.pgo '{service_name="shop/cart"}'
  go build -pgo=default.pgo ./cmd/cart`,
  },
}

/** `conprof show …`: a view of stored profiles or of a file, in the terminal. */
export function addShowCommand(program: Command): void {
  const show = program.command('show').usage('<view> [flags] [selector]').helpCommand(false)
  show.summary(`profiles in the terminal: ${Object.keys(kinds).slice(0, 6).join(', ')}, …`)
  show.description(
    'Show profiles in the terminal: of a running conprof, of a bucket, or of a file. Filters have the names of go tool pprof.',
  )
  // What is relative is relative to one moment.
  const nowMs = Date.now()
  for (const [name, kind] of Object.entries(kinds)) addView(show, name as ShowFormat, kind, nowMs)
}

function addView(show: Command, name: ShowFormat, kind: ShowKind, nowMs: number): void {
  const { pattern, summary, description, examples } = kind
  const command = show.command(name).summary(summary).description(description)
  if (pattern !== undefined) command.argument('<regex>', pattern)
  command.argument('[selector]', 'which profiles; {} for all of one profile type', reading(checkSelector))
  command.usage(`[flags] ${pattern === undefined ? '' : '<regex> '}[selector]`)
  addFlags(command, 'Which profiles:', profileOptions(nowMs))
  if (name !== 'pgo') {
    addFlags(command, 'Compared with what:', baseOptions(nowMs))
    addFlags(command, 'What of them:', filterOptions())
  }
  addFlags(command, 'How it is shown:', [...kind.options(), outputOption()])
  addFlags(command, 'From where:', sourceOptions())
  command.addHelpText('after', `\nExamples:${examples}\n`)
  const run = async (given: { selector: string | undefined; pattern?: string }, values: ShowValues) => {
    const { showProfile } = await import('./show/show-profile.ts')
    await showProfile(name, given, { values, nowMs })
  }
  if (pattern === undefined)
    command.action((selector: string | undefined, values: ShowValues) => run({ selector }, values))
  else
    command.action((regex: string, selector: string | undefined, values: ShowValues) =>
      run({ selector, pattern: regex }, values),
    )
}
