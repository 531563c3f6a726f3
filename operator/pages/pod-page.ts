import type { PodAnswer } from './explain-pod.ts'
import { html } from './html.ts'
import { page } from './page.ts'

/** What `conprof check pod` prints, for those who came by a link. */
export function podPage(answer: PodAnswer): string {
  const { namespace, pod, workload, node, verdict, isHealthy, lines } = answer
  return page(`${namespace}/${pod}`, [
    html`<p><a href="../../targets">← all targets</a></p>
<h1>${namespace}/${pod}</h1>
<p class="muted">${workload}${node === '' ? '' : ` on ${node}`}</p>
<p class="${isHealthy ? 'good' : 'warn'}"><strong>${verdict}</strong></p>
<pre>${lines.join('\n')}</pre>
<p class="muted">The same on a terminal: <code>conprof check pod ${namespace}/${pod}</code>; as JSON:
<a href="../../api/v1/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}">api/v1/pods</a>.</p>`,
  ])
}
