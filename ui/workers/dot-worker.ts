import { instance } from '@viz-js/viz'
import { answerQuestions } from './ask-worker.ts'

const graphviz = instance()

/** DOT in, SVG out. Graphviz takes seconds for large graphs, which a page must not. */
answerQuestions<string, string>(async (dot) => ({
  answer: (await graphviz).renderString(dot, { format: 'svg' }),
}))
