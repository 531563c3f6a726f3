import { accessSync, constants } from 'node:fs'
import type { Kubectl } from '../support/kubectl.ts'

const variable = 'CONPROF_TEST_KUBECONFIG'

/** The kubeconfig of a cluster of somebody else's that tests are to use; undefined where they use ours. */
export function givenKubeconfig(): string | undefined {
  const path = process.env[variable]
  if (!path) return undefined
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    const { code } = error as { code?: string }
    throw new Error(`${variable}: "${path}": ${code}, want the kubeconfig of a cluster that runs`)
  }
  return path
}

/** Rejects where its API server does not answer, or does not let us in. */
export async function requireAnswer(path: string, kubectl: Kubectl): Promise<void> {
  const { code, stderr } = await kubectl.run(['get', 'nodes', '--request-timeout=10s'])
  if (code === 0) return
  const said = stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^error: /, '')
  throw new Error(`${variable}: "${path}": ${said}: want a cluster that runs, and an administrator of it`)
}

/**
 * As `skip` of a test that needs the node, `cluster.node`: why it cannot run in a cluster of somebody else's, else
 * false.
 */
export function skipWhereGiven(): string | false {
  if (!process.env[variable]) return false
  return `${variable} is set, and this test stops or reads what runs on the node of a cluster of ours: unset it`
}
