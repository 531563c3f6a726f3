import {
  acceptCompletion,
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  startCompletion,
} from '@codemirror/autocomplete'
import { history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, LRLanguage, syntaxHighlighting } from '@codemirror/language'
import { Annotation, EditorState, Prec, StateEffect, StateField } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  placeholder,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { parser } from '@prometheus-io/lezer-promql'
import { fetchLabels, fetchLabelValues, seconds } from '../api.ts'
import { othersAt, spotAt } from '../model/selector-edit.ts'
import type { ResolvedRange } from '../model/time-range.ts'

export interface SelectorView {
  readonly setText: (text: string) => void
  /** Underlines what the server could not read. */
  readonly setError: (at: { readonly from: number; readonly to: number } | undefined) => void
  readonly close: () => void
}

export function createSelectorView(
  host: HTMLElement,
  options: {
    readonly text: string
    readonly range: () => ResolvedRange
    readonly onChange: (text: string) => void
    readonly onApply: (text: string) => void
  },
): SelectorView {
  const apply = (view: EditorView) => {
    options.onApply(view.state.doc.toString())
    return true
  }
  const view = new EditorView({
    parent: host,
    doc: options.text,
    extensions: [
      oneLine,
      promql,
      syntaxHighlighting(colors),
      bracketMatching(),
      closeBrackets(),
      drawSelection(),
      errorMark,
      history(),
      autocompletion({ override: [completeSelector(options.range)], icons: false, interactionDelay: 0 }),
      EditorView.contentAttributes.of({ 'aria-label': 'Selector', spellcheck: 'false' }),
      placeholder('{service_name="…", profile_type="cpu"}'),
      Prec.highest(
        keymap.of([
          {
            key: 'Enter',
            run: (current) =>
              completionStatus(current.state) === 'active' ? acceptCompletion(current) : apply(current),
          },
          { key: 'Mod-Enter', run: apply },
          { key: 'Tab', run: acceptCompletion },
          {
            key: 'Escape',
            run: (current) => {
              if (completionStatus(current.state) !== null) return false
              current.contentDOM.blur()
              return true
            },
          },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap]),
      EditorView.updateListener.of((update) => {
        const told = update.transactions.some((transaction) => transaction.annotation(fromOutside) === true)
        if (update.docChanged && !told) options.onChange(update.state.doc.toString())
      }),
    ],
  })
  return {
    setText(text) {
      const current = view.state.doc.toString()
      if (current !== text)
        view.dispatch({
          changes: { from: 0, to: current.length, insert: text },
          annotations: fromOutside.of(true),
        })
    },
    setError(at) {
      view.dispatch({ effects: markError.of(at) })
    },
    close: () => view.destroy(),
  }
}

const fromOutside = Annotation.define<boolean>()

const promql = LRLanguage.define({ parser }).extension

const oneLine = EditorState.transactionFilter.of((transaction) =>
  transaction.newDoc.lines > 1
    ? [transaction, { changes: newlines(transaction.newDoc.toString()), sequential: true }]
    : transaction,
)

function newlines(text: string): { from: number; to: number; insert: string }[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => ({ from: index, to: index + 1, insert: ' ' }))
}

const colors = HighlightStyle.define([
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.operator, color: 'var(--code-operator)' },
  { tag: tags.compareOperator, color: 'var(--code-operator)' },
  { tag: tags.invalid, color: 'var(--danger)' },
])

const markError = StateEffect.define<{ readonly from: number; readonly to: number } | undefined>()

const errorMark = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = transaction.docChanged ? Decoration.none : marks
    for (const effect of transaction.effects) {
      if (!effect.is(markError)) continue
      const at = effect.value
      const length = transaction.newDoc.length
      if (at === undefined || length === 0) now = Decoration.none
      else {
        const from = Math.min(at.from, length - 1)
        const to = Math.min(length, Math.max(at.to, from + 1))
        now = Decoration.set([Decoration.mark({ class: 'selector-error' }).range(from, to)])
      }
    }
    return now
  },
  provide: (field) => EditorView.decorations.from(field),
})

/** Names and values that the series in the range really have, under the matchers already written. */
function completeSelector(range: () => ResolvedRange) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString()
    const spot = spotAt(text, context.pos)
    if (spot.kind === 'none') return null
    if (
      spot.kind === 'name' &&
      spot.from === context.pos &&
      !context.explicit &&
      !/[{,]\s*$/.test(text.slice(0, context.pos))
    ) {
      return null
    }
    const abort = new AbortController()
    context.addEventListener('abort', () => abort.abort())
    const { startMs, endMs } = range()
    const times = { start: seconds(startMs), end: seconds(endMs) }
    const match = othersAt(text, context.pos)
    try {
      const { data } =
        spot.kind === 'name'
          ? await fetchLabels(match, times, abort.signal)
          : await fetchLabelValues(spot.label, match, times, abort.signal)
      const options = data.map(
        (label): Completion =>
          spot.kind === 'name' ? nameCompletion(label) : valueCompletion(label, spot.quoted),
      )
      return {
        from: spot.from,
        to: spot.to,
        options,
        validFor: spot.kind === 'name' ? /^\w*$/ : /^[^"'`,{}]*$/,
      }
    } catch {
      // Without an answer there is nothing to offer; typing goes on.
      return null
    }
  }
}

function nameCompletion(label: string): Completion {
  const written = /^[A-Za-z_]\w*$/.test(label) ? label : JSON.stringify(label)
  return {
    label,
    apply: (view, _completion, from, to) => {
      const after = view.state.sliceDoc(to, to + 2)
      const insert = /^\s*[=!]/.test(after) ? written : `${written}=""`
      const anchor = from + insert.length - (insert === written ? 0 : 1)
      view.dispatch({ changes: { from, to, insert }, selection: { anchor }, userEvent: 'input.complete' })
      // Straight on to the values: the cursor is between their quotes.
      if (insert !== written) startCompletion(view)
    },
  }
}

function valueCompletion(value: string, quoted: boolean): Completion {
  const inner = JSON.stringify(value).slice(1, -1)
  return {
    label: value,
    apply: (view, _completion, from, to) => {
      const insert = quoted ? inner : `"${inner}"`
      const closed = quoted && /^["'`]/.test(view.state.sliceDoc(to, to + 1))
      view.dispatch({
        changes: { from, to, insert: quoted && !closed ? `${insert}"` : insert },
        selection: { anchor: from + insert.length + (quoted ? 1 : 0) },
        userEvent: 'input.complete',
      })
    },
  }
}
