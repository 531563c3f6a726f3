import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { debianProgram } from '../support/debian-package.ts'
import { bothHelms, chart } from '../support/helm.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
}

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}

const promtool = await debianProgram({ program: 'promtool', package: 'prometheus' })
const own = parse(readFileSync(join(chart, 'files/alerts.yaml'), 'utf8')) as Rules
const helms = await bothHelms(t)

/** The spec of the PrometheusRule. */
async function renderRules(helm: (typeof helms)[number], ...values: string[]): Promise<Rules> {
  const text = await helm.must([
    ...['template', 'rel', chart, '--kube-version=1.34.0', '--api-versions=monitoring.coreos.com/v1'],
    ...['--show-only=templates/prometheus-rule.yaml', '--set=prometheusRule.enabled=true'],
    ...values.map((value) => `--set=${value}`),
  ])
  return (parseAllDocuments(text).at(-1)!.toJS() as { spec: Rules }).spec
}

t.test('alerts fire when they should, as both Helms render them', async (t) => {
  for (const helm of helms) {
    const rules = await renderRules(helm)
    t.same(rules, own, `helm ${helm.major} changes nothing without values`)
    const folder = t.testdir({
      'alerts.yaml': stringify(rules),
      'test.yaml': readFileSync(new URL('alerts-test.yaml', import.meta.url), 'utf8'),
    })
    const check = await promisify(execFile)(promtool, ['check', 'rules', join(folder, 'alerts.yaml')])
    t.match(check.stdout, `SUCCESS: ${own.groups[0]!.rules.length} rules found`)
    const tested = await promisify(execFile)(promtool, ['test', 'rules', join(folder, 'test.yaml')]).catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    t.match(tested.stdout, 'SUCCESS', tested.stdout + tested.stderr)
  }
})

t.test('values change labels and links, and leave alerts out', async (t) => {
  const [group] = (
    await renderRules(
      helms.at(-1)!,
      'prometheusRule.runbookUrl=https://example.com/runbooks',
      'prometheusRule.alertLabels.team=platform',
      'prometheusRule.alertLabels.severity=page',
      'prometheusRule.disabled={ConprofNoLeader}',
    )
  ).groups
  t.same(
    group!.rules.map(({ alert }) => alert),
    own.groups[0]!.rules.map(({ alert }) => alert).filter((name) => name !== 'ConprofNoLeader'),
  )
  for (const { alert, labels, annotations } of group!.rules) {
    t.same(labels, { severity: 'page', team: 'platform' })
    t.equal(annotations['runbook_url'], `https://example.com/runbooks#${alert.toLowerCase()}`)
  }
})

t.test('each alert says what, and its runbook is there', async (t) => {
  const page = readFileSync('docs/runbooks.md', 'utf8')
  const parts = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part]),
  )
  for (const { alert, annotations, labels } of own.groups.flatMap(({ rules }) => rules)) {
    t.match(labels['severity'], /^(warning|critical)$/, alert)
    t.match(annotations, { summary: /\w/, description: /\.$/ }, alert)
    t.equal(annotations['runbook_url'], `docs/runbooks.md#${alert.toLowerCase()}`)
    for (const heading of ['**Means:**', '**Look:**', '**Do:**'])
      t.ok(parts.get(alert)?.replace('**Do**,', '**Do:**').includes(heading), `${alert}: ${heading}`)
  }
  t.equal(parts.size, own.groups[0]!.rules.length, 'no runbook without an alert')
})
