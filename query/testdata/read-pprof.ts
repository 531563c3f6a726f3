/** What `go tool pprof` prints, as sorted lines without what is for the eye alone. */

/** `flat cum name`. Amounts are in the unit asked for. */
export function readTop(text: string): string[] {
  return section(text, /^\s*flat\s+flat%/)
    .map((row) => /^\s*(\S+)\s+\S+\s+\S+\s+(\S+)\s+\S+ {2}(.*)$/.exec(row))
    .filter((match) => match !== null)
    .map(([, flat, cum, name]) => `${amount(flat!)} ${amount(cum!)} ${withoutInline(name!)}`)
    .filter((line) => !line.startsWith('0 0 '))
    .sort()
}

export function readTotal(text: string): number {
  return amount(/(\S+) total/.exec(text)?.[1] ?? '0')
}

/** Of `peek` and `tree`: `flat cum name < value caller… > value callee…`, in their order. */
export function readPeek(text: string): string[] {
  const nodes: string[] = []
  let callers: string[] = []
  let node: string | undefined
  let callees: string[] = []
  for (const row of section(text, /^\s*flat\s+flat%/)) {
    if (row.startsWith('-----')) {
      if (node !== undefined) nodes.push(peekLine(node, callers, callees))
      node = undefined
      callers = []
      callees = []
      continue
    }
    const bar = row.indexOf('|')
    const figures = row.slice(0, bar).trim().split(/\s+/)
    const name = row.slice(bar + 1).trim()
    if (figures.length === 5) node = `${amount(figures[0]!)} ${amount(figures[3]!)} ${name}`
    else (node === undefined ? callers : callees).push(`${amount(figures[0]!)} ${name}`)
  }
  return nodes.sort()
}

export function peekLine(node: string, callers: readonly string[], callees: readonly string[]): string {
  return `${node} < ${[...callers].sort().join(', ')} > ${[...callees].sort().join(', ')}`
}

/** Nodes as `flat (of) cum name`, edges as `value caller → callee`, and labels hung on nodes. Amounts as they stand. */
export function readDot(text: string): string[] {
  const names = new Map<string, string>()
  const labels = new Map<string, string>()
  const lines: string[] = []
  const rows = text.split('\n')
  for (const row of rows) {
    const [, id, rest = ''] = /^(N[\w]+) \[(.*)\]$/.exec(row) ?? []
    if (id === undefined) continue
    const label = /label ?= ?"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? ''
    const tooltip = /tooltip="((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? ''
    if (!/^N\d+$/.test(id)) {
      labels.set(id, label)
      continue
    }
    const [, name, cum] = /^(.*) \((\S+)\)$/.exec(tooltip)!
    const figures = label.split('\\n').findLast((line) => !line.startsWith('of '))!
    const flat = /^\S+/.exec(figures)![0]
    names.set(id, name!)
    lines.push(`${flat} ${cum} ${name}`)
  }
  const hungOn = new Map<string, string>()
  for (const row of rows) {
    const [, from, to, rest = ''] = /^(N[\w]+) -> (N[\w]+) \[(.*)\]$/.exec(row) ?? []
    if (from === undefined || to === undefined) continue
    const value = /label=" (\S+?)(\\n ?\(inline\))?"/.exec(rest)!
    if (labels.has(to)) {
      const on = hungOn.get(from) ?? names.get(from)!
      hungOn.set(to, on)
      lines.push(`${value[1]} ${labels.get(to)} on ${on}`)
    } else if (names.has(from) && names.has(to)) {
      const arrow = /style="?dotted/.test(rest) ? '…' : '→'
      lines.push(
        `${value[1]} ${names.get(from)} ${arrow} ${names.get(to)}${value[2] === undefined ? '' : ' (inline)'}`,
      )
    }
  }
  return lines.sort()
}

/** `key total` and `key: value total`, without the label that marks samples of a base. */
export function readTags(text: string): string[] {
  const lines: string[] = []
  let key = ''
  for (const row of text.split('\n')) {
    const whole = /^\s*(\S.*): Total (\S+) of/.exec(row)
    if (whole !== null) {
      key = whole[1]!
      lines.push(`${key} ${amount(whole[2]!)}`)
      continue
    }
    const value = /^\s+(\S+?)(?: \(\s*\S+%\))?: (.*)$/.exec(row)
    if (value !== null) lines.push(`${key}: ${value[2]} ${amount(value[1]!)}`)
  }
  return lines.filter((line) => !line.endsWith(' 0') && !line.startsWith('pprof::base')).sort()
}

/** Each stack once, with what its samples come to where that is told without a unit. */
export function readTraces(text: string): string[] {
  const sums = new Map<string, number>()
  for (const block of text.split(/^-{11}\+-+\n/m).slice(1)) {
    const [, value] = /^ {0,9}(\S+) {3}\S/m.exec(block) ?? []
    if (value === undefined || value === '0') continue
    const rest = block.replace(value, '').trimEnd().replaceAll(/\n\s*/g, ' | ').trimStart()
    const isBare = /^-?\d+$/.test(value)
    const key = isBare ? rest : `${value} ${rest}`
    sums.set(key, (sums.get(key) ?? 0) + (isBare ? Number(value) : 1))
  }
  return [...sums].map(([key, sum]) => `${sum} ${key}`).sort()
}

/** Of `list`, which need not find any source: `flat cum name in file`, and lines as `name line flat cum`. */
export function readList(text: string): string[] {
  const lines: string[] = []
  let place = ''
  for (const row of text.split('\n')) {
    const routine = /^ROUTINE =+ (.*)$/.exec(row)
    if (routine !== null) place = routine[1]!
    const figures = /^\s*(\S+)\s+(\S+) \(flat, cum\)/.exec(row)
    if (figures !== null) lines.push(`${amount(figures[1]!)} ${amount(figures[2]!)} ${place}`)
    const line = /^\s*(\S+)\s+(\S+)\s+(\d+):/.exec(row)
    if (line !== null && (line[1] !== '.' || line[2] !== '.'))
      lines.push(`${amount(line[1]!)} ${amount(line[2]!)} ${place}:${line[3]}`)
  }
  return lines.filter((line) => !line.startsWith('0 0 ')).sort()
}

function section(text: string, head: RegExp): string[] {
  const rows = text.split('\n')
  return rows.slice(rows.findIndex((row) => head.test(row)) + 1).filter((row) => row !== '')
}

function amount(text: string): number {
  return text === '.' ? 0 : Number.parseFloat(text)
}

function withoutInline(name: string): string {
  return name.replace(/ \((?:partial-)?inline\)$/, '')
}
