#!/usr/bin/env node
import './require-node.js'

await import('../cli.ts')
