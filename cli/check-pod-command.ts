import type { Command } from 'commander'

/** `conprof check pod`: why is it scraped, or not? The operator knows. */
export function addCheckPodCommand(check: Command): void {
  check
    .command('pod')
    .argument('<namespace/pod>', 'such as shop/cart-0')
    .option('--operator.url <url>', 'where the operator answers', 'http://127.0.0.1:8080')
    .option('--web.token-file <file>', "the operator's token; inside its pod found by itself")
    .description('Print why a pod is scraped or not, step by step, how it went last, and what helps.')
    .addHelpText(
      'after',
      `
Exit code: 0 scraped and all is well, 1 not so, 2 unknown pod or no operator.

Inside a cluster:
  kubectl exec deploy/<release>-operator -- conprof check pod <namespace>/<pod>`,
    )
    .action(async (pod: string, values: Record<string, string | undefined>) => {
      const { checkPod } = await import('./check-pod.ts')
      const { text, exitCode } = await checkPod(pod, {
        operatorUrl: values['operator.url'] ?? '',
        tokenFile: values['web.tokenFile'],
      })
      const stream = exitCode === 2 ? process.stderr : process.stdout
      stream.write(exitCode === 2 ? `conprof: ${text.trimEnd().replaceAll('\n', '\n  ')}\n` : text)
      process.exitCode = exitCode
    })
}
