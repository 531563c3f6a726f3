import { instance } from '@viz-js/viz'
import { answerQuestions } from './ask-worker.ts'

const graphviz = instance()

/** DOT in, SVG out. Graphviz takes seconds for large graphs, which a page must not. */
answerQuestions<string, string>(async (dot) => ({
  // Graphviz knows how wide Arial's letters are, and of no other font like it.
  answer: (await graphviz).renderString(dot.replaceAll('"sans-serif"', '"Arial"'), { format: 'svg' }),
}))
