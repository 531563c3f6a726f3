import type { SuccessAnswer } from '../../query/api/types.ts'
import type { TreeAnswer } from '../../query/api/view-types.ts'
import { graftRest } from '../model/flame-graft.ts'
import { pictureOf } from '../model/flame-picture.ts'
import { type FlameTree, readTree } from '../model/flame-tree.ts'
import { answerQuestions } from './ask-worker.ts'
import type { FlamePicture, FlameQuestion, FlameReply, OpenedAnswer } from './flame-messages.ts'

const trees = new Map<number, FlameTree>()

answerQuestions<FlameQuestion, FlameReply>(async (question) => {
  switch (question.kind) {
    case 'open': {
      const { data, warnings = [] } = parse(question.bytes)
      const tree = readTree(data)
      trees.set(question.tree, tree)
      return { answer: opened(tree, data, warnings) }
    }
    case 'graft': {
      const tree = known(question.tree)
      const restRow = [...tree.rest].find(([, { path }]) => path === question.path)?.[0]
      if (restRow === undefined) throw new RangeError(`no frame is left out at ${question.path}`)
      const { data, warnings = [] } = parse(question.bytes)
      const grafted = graftRest(tree, restRow, readTree(data))
      trees.set(question.tree, grafted)
      return { answer: opened(grafted, data, warnings) }
    }
    case 'picture': {
      const tree = known(question.tree)
      const { names, ...layout } = pictureOf(tree, question.shape)
      const answer: FlamePicture = names === tree.names ? layout : { ...layout, names }
      const columns = [layout.name, layout.depth, layout.parent, layout.start, layout.width, layout.self]
      const rest = [layout.total, layout.levelStart, layout.path, layout.base?.self, layout.base?.total]
      const buffers = [...columns, ...rest].flatMap((column) => (column === undefined ? [] : [column.buffer]))
      return { answer, transfer: [...new Set(buffers)] }
    }
    case 'close':
      trees.delete(question.tree)
      return { answer: undefined }
  }
})

function known(number: number): FlameTree {
  const tree = trees.get(number)
  if (tree === undefined) throw new RangeError(`flame graph ${number} is closed`)
  return tree
}

function parse(bytes: ArrayBuffer): SuccessAnswer<TreeAnswer> {
  return JSON.parse(new TextDecoder().decode(bytes))
}

function opened(tree: FlameTree, data: TreeAnswer, warnings: readonly string[]): OpenedAnswer {
  const { names: _, depth, name, self, total, baseSelf, baseTotal, rest, ...head } = data
  return {
    head,
    warnings,
    names: tree.names,
    rows: tree.name.length,
    restNodes: [...tree.rest.values()].reduce((sum, { nodes }) => sum + nodes, 0),
  }
}
