// Plain JavaScript and old syntax, so that a Node that cannot read the rest can say why.
const wanted = 26
if (Number(process.versions.node.split('.')[0]) < wanted) {
  console.error(
    `conprof: this is Node ${process.versions.node}, want ${wanted} or newer. npm ci brings it for npm scripts, ` +
      'as an optional dependency on Linux and Apple silicon; elsewhere install it from nodejs.org.',
  )
  process.exit(1)
}
