#!/usr/bin/env node
// Plain JavaScript, so that a Node too old to read cli.ts can say so.
const wanted = 26
const [major] = process.versions.node.split('.').map(Number)
if (major < wanted) {
  console.error(
    `conprof: this is Node ${process.versions.node}, want ${wanted} or newer: npm ci brings it for npm scripts ` +
      '(unless run with --omit=optional), or install it from nodejs.org',
  )
  process.exit(1)
}
await import('../cli.ts')
